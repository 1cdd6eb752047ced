"""From a name to a connection: DNS, the guard's rules, TCP and TLS, and what time it is over there."""

import asyncio
import ctypes
from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Final

from admin.inspection.inquiry import Finding, Inquiry, span
from federation.answers import Probe
from federation.egress import Address
from federation.errors import EgressRefused, FederationError, FetchFailed
from federation.exchanges import clock_difference
from federation.handshake import Certificate, Handshake, shake_hands
from federation.origins import literal_address
from node.base.clock import system_clock
from node.base.exchange_log import ClockSample
from node.base.runtime import Runtime

CLOSE: Final = 60
LATE: Final = 240
"""Seconds: beyond it servers with a narrow window refuse; Mastodon's (SIG-7) is an hour and five minutes."""
_WINDOW: Final = 3600
_FEW: Final = 3
_CLOCK_UNSYNCHRONISED: Final = 5

_TLS_WORDS: Final = {
    "no_connection": ("nobody listens there", "Their server is down, or a firewall lets nothing in on this port."),
    "timeout": ("no answer", "Their server is down or very slow, or a firewall drops what we send."),
    "no_tls": ("what answers there does not speak TLS", "They must serve https on this port."),
    "expired": ("the certificate has expired", "They must renew it; nobody can federate with them until then."),
    "not_yet_valid": ("the certificate is not valid yet", "Their certificate, or the clock of this machine, is wrong."),
    "wrong_name": (
        "the certificate is for another name",
        "They must get one for this name, or serve the right one of several (SNI).",
    ),
    "self_signed": (
        "the certificate is self-signed",
        "Servers of the fediverse believe public authorities only: they need one from such an authority (it is free).",
    ),
    "unknown_authority": (
        "the certificate is from an authority that nobody here knows, or comes without its chain",
        "They must serve the full chain (fullchain.pem), from a public authority.",
    ),
    "tls_failed": ("TLS cannot be agreed on", "Their TLS is broken or too old: they should offer TLS 1.2 or 1.3."),
}


async def look_up_name(inquiry: Inquiry) -> Finding:
    """Resolve the name."""
    host, port = inquiry.origin.host, inquiry.origin.port
    if literal_address(host) is not None:
        return Finding("ok", f"{host} is an address itself")
    try:
        addresses = await inquiry.client.egress.resolve(host, port)
    except FetchFailed:
        return Finding(
            "problem",
            f"the name {host} has no address",
            "Look for a typing error. If it is right, their DNS is broken or the server is gone.",
        )
    except EgressRefused as error:
        return Finding("problem", error.detail, _guard_advice(inquiry))
    return Finding("ok", f"{host} is at {_listed(addresses)}")


async def judge_addresses(inquiry: Inquiry) -> Finding:
    """Hold the addresses against the rules of the guard (SIG-20, rows 61 to 66)."""
    egress, origin = inquiry.client.egress, inquiry.origin
    try:
        egress.check_origin(origin)
        addresses = await egress.resolve_and_check(origin.host, origin.port, scheme=origin.scheme)
    except (EgressRefused, FetchFailed) as error:
        return Finding("problem", f"{error.detail} ({error.reason}): no packet is sent there", _guard_advice(inquiry))
    if all(egress.is_insecure(address) for address in addresses):
        return Finding("ok", f"{_listed(addresses)}, let in by ROOKERY_INSECURE_PEERS")
    return Finding("ok", "on the public internet" if not inquiry.is_own else _listed(addresses))


async def connect(inquiry: Inquiry) -> Finding:
    """Make a connection and judge the certificate."""
    origin = inquiry.origin
    secure = origin.scheme == "https"
    context = inquiry.client.tls_context() if secure else None
    now = inquiry.runtime.now()
    try:
        done = await shake_hands(inquiry.client.egress, origin.host, origin.port, context=context, now=now)
    except FederationError as error:
        return Finding("problem", error.detail)
    where = f"{done.address} port {origin.port}"
    if not done.faults:
        return Finding("ok", f"{where} answers, {done.version or 'plain http'}")
    words = [_TLS_WORDS[fault] for fault in done.faults]
    seen = f"{where}: " + "; ".join(
        _with_facts(fault, said[0], done) for fault, said in zip(done.faults, words, strict=True)
    )
    return Finding(
        "problem",
        seen,
        " ".join(dict.fromkeys(_turned(inquiry, said[1]) for said in words)),
        _shown(done.certificate),
    )


async def compare_clocks(inquiry: Inquiry) -> Finding:
    """Compare their Date header with our clock, and say which of the two is likely wrong (SIG-7)."""
    try:
        probe = await inquiry.client.probe(f"{inquiry.origin}/.well-known/nodeinfo", accept="application/json")
    except FederationError as error:
        return Finding("problem", f"no answer to a first request: {error.detail}", "See whether their server is well.")
    return await judge_clock(inquiry, probe)


async def judge_clock(inquiry: Inquiry, probe: Probe) -> Finding:
    """Judge the Date header of an answer."""
    ahead = inquiry.clock_ahead = clock_difference(probe.headers.get("date", ""), probe.sent_at)
    if ahead is None:
        return Finding("info", "their answers carry no Date, so their clock cannot be read")
    if abs(ahead) <= CLOSE and inquiry.is_own:
        return Finding("ok", "what answers at our address has the same time")
    if abs(ahead) <= CLOSE:
        return Finding("ok", f"their clock and ours agree within {max(abs(ahead), 1)} s")
    seen = f"their clock is {span(ahead)} {'ahead of' if ahead > 0 else 'behind'} ours"
    whose = await likely_wrong(inquiry.runtime, ahead, without=inquiry.host)
    if abs(ahead) <= LATE:
        return Finding("warning", f"{seen}; {whose}", "Small, but it grows: run NTP (chrony, systemd-timesyncd).")
    reach = (
        "Beyond an hour most servers refuse each other's signatures"
        if abs(ahead) > _WINDOW
        else "Servers with a narrow window refuse signatures that are off by this much"
    )
    if "ours is likely wrong" in whose:
        remedy = "Set the clock of this machine: run NTP (chrony, systemd-timesyncd)."
    elif "theirs is likely wrong" in whose:
        remedy = "Ask their operator to run NTP (chrony, systemd-timesyncd)."
    else:
        remedy = "Compare `date -u` on both machines with a good clock; the wrong one needs NTP (chrony, timesyncd)."
    return Finding(
        "problem", f"{seen}; {whose}", f"{reach} (here: dated up to 1 h ahead, or up to 65 min old). {remedy}"
    )


async def likely_wrong(runtime: Runtime, ahead: int, *, without: str) -> str:
    """Say which clock is likely wrong, by what other hosts' clocks say."""
    now: datetime = runtime.now()
    others = [sample for sample in await runtime.exchanges.read_clocks(now) if sample.host != without]
    if len(others) < _FEW:
        if runtime.clock is system_clock and await asyncio.to_thread(is_kept_by_ntp):
            return "this machine's clock is kept by NTP, so theirs is likely wrong"
        return "too few other servers were heard lately to say which of the two is wrong"
    middle = typical_difference(others)
    if abs(middle) <= CLOSE:
        return f"ours agrees with {len(others)} other servers, so theirs is likely wrong"
    if abs(middle - ahead) <= LATE:
        return f"{len(others)} other servers differ from ours in the same way, so ours is likely wrong"
    return "other servers agree with neither, so both may be wrong"


def is_kept_by_ntp() -> bool:
    """Say whether the kernel's clock is synchronised, as far as the system tells (glibc's ntp_gettime)."""
    try:
        state = ctypes.CDLL(None).ntp_gettime(ctypes.create_string_buffer(256))
    except (OSError, AttributeError):
        return False
    return bool(0 <= state < _CLOCK_UNSYNCHRONISED)


def typical_difference(samples: Sequence[ClockSample]) -> int:
    """Return how far the clocks of others are ahead of ours, by the one in the middle."""
    return int(median(sample.ahead for sample in samples))


def _guard_advice(inquiry: Inquiry) -> str:
    if inquiry.is_own:
        return "Other servers must reach this node at a public address: check the DNS records of its name."
    return (
        "Servers of the fediverse are on public addresses, on https. Only for development: "
        "ROOKERY_INSECURE_PEERS lets a network in."
    )


def _turned(inquiry: Inquiry, advice: str) -> str:
    """Say it to ourselves where the server is our own."""
    if not inquiry.is_own:
        return advice
    return advice.replace("They must", "You must").replace("they need", "you need").replace("Their ", "Your ")


def _with_facts(fault: str, words: str, done: Handshake) -> str:
    found = done.certificate
    if found is None:
        return f"{words} ({done.detail})" if done.detail else words
    if fault == "expired":
        return f"{words} on {found.not_after:%d %B %Y}"
    if fault == "not_yet_valid":
        return f"{words} before {found.not_before:%d %B %Y}"
    if fault == "wrong_name":
        return f"{words} ({', '.join(found.names[:5]) or found.subject})"
    return words


def _shown(certificate: Certificate | None) -> tuple[str, ...]:
    if certificate is None:
        return ()
    return (
        f"for:    {', '.join(certificate.names) or certificate.subject}",
        f"from:   {certificate.issuer}",
        f"valid:  {certificate.not_before:%Y-%m-%d %H:%M} to {certificate.not_after:%Y-%m-%d %H:%M} UTC",
    )


def _listed(addresses: list[Address]) -> str:
    return ", ".join(map(str, addresses[:6]))
