"""A mail server on loopback that keeps what it is given, and refuses what a test tells it to.

async with SmtpSink() as sink:
    runtime = open_node(redis, smtp_url=sink.url)
    ...
    assert sink.mails[0].recipients == ["ann@example.com"]
"""

import asyncio
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Self


@dataclass(frozen=True, slots=True)
class Received:
    """A mail: its envelope and the message."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        parsed = message_from_bytes(self.raw, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def part(self, kind: str) -> str:
        """Return the text of the "plain" or "html" part."""
        body = self.message.get_body((kind,))
        assert body is not None
        return str(body.get_content())


@dataclass(slots=True)
class SmtpSink:
    """Use as an async context manager. `refuse` maps a recipient to the line it is answered with."""

    refuse: dict[str, str] = field(default_factory=dict)
    extensions: list[str] = field(default_factory=list)
    mails: list[Received] = field(default_factory=list)
    logins: int = 0
    port: int = 0
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        sender, recipients = "", list[str]()
        say("220 sink")
        while line := (await reader.readline()).decode().strip():
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case "EHLO":
                    say("250-sink")
                    for extension in self.extensions:
                        say(f"250-{extension}")
                    say("250 8BITMIME")
                case "AUTH":
                    self.logins += 1
                    say("235 welcome")
                case "MAIL":
                    sender, recipients = _address(rest), []
                    say("250 ok")
                case "RCPT":
                    refusal = self.refuse.get(_address(rest))
                    recipients += [] if refusal else [_address(rest)]
                    say(refusal or "250 ok")
                case "DATA":
                    say("354 go on")
                    raw = await reader.readuntil(b"\r\n.\r\n")
                    self.mails.append(Received(sender, recipients, raw[:-3].replace(b"\r\n..", b"\r\n.")))
                    say("250 kept")
                case "QUIT":
                    say("221 bye")
                    break
                case _:
                    say("250 ok")
        writer.close()


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]
