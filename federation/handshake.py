"""A connection looked at closely, for `rookery inspect`: who answers at an address, what is wrong with its certificate.

The guard of `egress` judges every address first and the connection goes to what it judged, as everywhere. Nothing
is asked over it: it is closed as soon as TLS stands. Where the certificate does not pass, a second connection that
trusts nobody reads it, so that the fault can be named.
"""

import asyncio
import contextlib
import ipaddress
import ssl
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509

from federation.egress import Address, EgressPolicy
from federation.origins import literal_address

SECONDS: Final = 5.0
_WRONG_NAME: Final = frozenset({62, 64})
_NOT_KNOWN: Final = frozenset({2, 18, 19, 20, 21, 24})


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says."""

    subject: str
    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    self_signed: bool


@dataclass(frozen=True, slots=True)
class Handshake:
    """How connecting went. `faults` are short words: no_connection, timeout, no_tls, expired, not_yet_valid,
    wrong_name, self_signed, unknown_authority, tls_failed; none means that it is well."""

    address: str
    faults: tuple[str, ...] = ()
    detail: str = ""
    version: str = ""
    certificate: Certificate | None = None


async def shake_hands(
    egress: EgressPolicy, host: str, port: int, *, context: ssl.SSLContext | None, now: datetime
) -> Handshake:
    """Connect to a host and close again; without `context` there is no TLS. EgressRefused, FetchFailed by `egress`."""
    scheme = "http" if context is None else "https"
    address = (await egress.resolve_and_check(host, port, scheme=scheme))[0]
    try:
        return Handshake(str(address), version=await _connect(address, host, port, context))
    except ssl.SSLCertVerificationError as error:
        certificate = await _read_certificate(address, host, port)
        faults = _faults(certificate, error.verify_code, host, now)
        return Handshake(str(address), faults, error.verify_message or str(error), certificate=certificate)
    except ssl.SSLError as error:
        fault = "no_tls" if error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"} else "tls_failed"
        return Handshake(str(address), (fault,), error.reason or str(error))
    except TimeoutError:
        return Handshake(str(address), ("timeout",), f"no answer in {SECONDS:.0f} s")
    except (ConnectionResetError, asyncio.IncompleteReadError) as error:
        return Handshake(str(address), ("tls_failed" if context else "no_connection",), str(error))
    except OSError as error:
        return Handshake(str(address), ("no_connection",), error.strerror or str(error))


async def _connect(address: Address, host: str, port: int, context: ssl.SSLContext | None) -> str:
    """Connect and close; return the version of TLS."""
    name = host.removeprefix("[").removesuffix("]") if context is not None else None
    async with asyncio.timeout(SECONDS):
        _, writer = await asyncio.open_connection(str(address), port, ssl=context, server_hostname=name)
    tls = writer.get_extra_info("ssl_object")
    version = tls.version() or "" if tls is not None else ""
    await _close(writer)
    return version


async def _read_certificate(address: Address, host: str, port: int) -> Certificate | None:
    """Return the certificate of a server whoever issued it: to show it, for nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    name = host.removeprefix("[").removesuffix("]")
    try:
        async with asyncio.timeout(SECONDS):
            _, writer = await asyncio.open_connection(str(address), port, ssl=context, server_hostname=name)
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        await _close(writer)
        return _facts(x509.load_der_x509_certificate(der))
    except (OSError, TimeoutError, ValueError):
        return None


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1):
            await writer.wait_closed()


def _facts(certificate: x509.Certificate) -> Certificate:
    names: list[str] = []
    with contextlib.suppress(x509.ExtensionNotFound, ValueError):
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))]
    return Certificate(
        subject=certificate.subject.rfc4514_string()[:200],
        names=tuple(name[:255] for name in names[:20]),
        issuer=certificate.issuer.rfc4514_string()[:200],
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        self_signed=certificate.issuer == certificate.subject,
    )


def _faults(certificate: Certificate | None, code: int, host: str, now: datetime) -> tuple[str, ...]:
    """Return everything that is wrong, not only what was found first."""
    faults = []
    if certificate is not None:
        if now > certificate.not_after:
            faults.append("expired")
        if now < certificate.not_before:
            faults.append("not_yet_valid")
        if not _is_for(certificate, host):
            faults.append("wrong_name")
    if code in _NOT_KNOWN:
        faults.append("self_signed" if certificate is not None and certificate.self_signed else "unknown_authority")
    if not faults:
        named = {10: "expired", 9: "not_yet_valid"}
        faults.append("wrong_name" if code in _WRONG_NAME else named.get(code, "tls_failed"))
    return tuple(faults)


def _is_for(certificate: Certificate, host: str) -> bool:
    address = literal_address(host)
    if address is not None:
        return any(_address(name) == address for name in certificate.names)
    labels = host.split(".")
    for name in certificate.names:
        parts = name.lower().split(".")
        if parts == labels or (parts[0] == "*" and parts[1:] == labels[1:]):
            return True
    return False


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
