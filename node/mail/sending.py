"""Handing messages to the operator's mail server. Blocking: called in a thread by the drain.

`smtps://` speaks TLS from the first byte; `smtp://` asks for STARTTLS and goes on without it where the server has
none, but a password goes over an encrypted connection, or over loopback, or not at all. Certificates are checked.
"""

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from ipaddress import ip_address
from typing import Literal
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 10.0

Outcome = Literal["sent", "later", "never"]


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails go: `smtp_url`, taken apart."""

    host: str
    port: int
    username: str
    password: str
    is_tls: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the server took a message. `reason` holds its words, never a password."""

    outcome: Outcome
    reason: str = ""


def server_of(smtp_url: str) -> MailServer:
    """Take a `smtp://` or `smtps://` URL apart. Raises ValueError."""
    parts = urlsplit(smtp_url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("not an smtp:// or smtps:// address")
    is_tls = parts.scheme == "smtps"
    return MailServer(
        host=parts.hostname,
        port=parts.port or (465 if is_tls else 587 if parts.username else 25),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        is_tls=is_tls,
    )


def send(server: MailServer, messages: Sequence[EmailMessage], *, sender: str) -> list[Verdict]:
    """Send messages over one connection and return a verdict on each, in order. Never raises for the server's sake."""
    verdicts: list[Verdict] = []
    try:
        with _connect(server) as connection:
            for message in messages:
                verdicts.append(_send_one(connection, message, sender))
    except (OSError, smtplib.SMTPException, ssl.SSLError) as error:
        # the connection broke, or never stood: whatever has no verdict yet waits
        verdicts += [Verdict("later", _words(error))] * (len(messages) - len(verdicts))
    return verdicts


def _connect(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.is_tls:
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.ehlo()
        is_encrypted = server.is_tls
        if not is_encrypted and connection.has_extn("starttls"):
            connection.starttls(context=context)
            connection.ehlo()
            is_encrypted = True
        if server.username:
            if not is_encrypted and not _is_loopback(server.host):
                raise smtplib.SMTPNotSupportedError("it offers no encryption, so it gets no password")
            connection.login(server.username, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _send_one(connection: smtplib.SMTP, message: EmailMessage, sender: str) -> Verdict:
    try:
        connection.send_message(message, from_addr=sender)
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        return Verdict("never" if code >= 500 else "later", f"{code} {words.decode('utf-8', 'replace')}")
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        is_final = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500
        return Verdict("never" if is_final else "later", _words(error))
    return Verdict("sent")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "it refuses our user name and password"  # some servers quote both in their answer
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
    return f"{type(error).__name__}: {error}"
