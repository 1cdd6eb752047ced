"""Signatures in both directions: does the host believe ours, and what became of those it sent us.

A GET that is answered proves nothing where nobody has to sign, so the inbox is knocked at as well, with an activity
that has no effect anywhere: a View of the actor by this node's own actor. A server answers 401 to a signature that
it cannot verify, whatever it thinks of the activity.
"""

import re
from typing import Final

import orjson

from admin.inspection.identity import signer_of
from admin.inspection.inquiry import Finding, Inquiry, excerpt, span
from federation.answers import Probe
from federation.errors import EgressRefused, FederationError
from federation.origins import host_of
from federation.signatures.request import Scheme
from federation.vocabulary import AS_CONTEXT
from node.base.exchange_log import Evidence
from node.base.ids import new_id
from node.uris import instance_actor_uri

SCHEMES: Final[tuple[Scheme, ...]] = ("cavage", "rfc9421")
_REFUSED: Final = frozenset({400, 401, 403})
_THEIR_HOST = re.compile(r"(?:\bhost\\?\"?: |for host ')\"?([A-Za-z0-9.:\[\]-]{1,200})")
_WORDS = {"cavage": "draft-cavage", "rfc9421": "RFC 9421"}


async def try_ours(inquiry: Inquiry) -> Finding:
    """Sign requests with the instance actor, by both schemes, and say which the host takes (SIG-13)."""
    url = inquiry.actor_uri or inquiry.url
    if not url:
        return Finding("skipped", "nothing is known there to ask for")
    signer = await signer_of(inquiry)
    lines: list[str] = []
    answers: dict[str, Probe] = {}
    try:
        plain = await inquiry.client.probe(url)
        lines.append(f"GET unsigned: {plain.status}")
        for scheme in SCHEMES:
            answers[scheme] = await inquiry.client.probe(url, signer=signer, scheme=scheme)
            lines.append(f"GET signed, {_WORDS[scheme]}: {answers[scheme].status}")
        inbox = await _knock(inquiry, lines)
    except FederationError as error:
        return Finding("problem", f"the request broke off: {error.detail}", lines=tuple(lines))
    for scheme in SCHEMES:
        lines += ["", f"what we signed ({_WORDS[scheme]}, key {signer.key_id}):"]
        lines += [f"  {part}" for part in answers[scheme].signing_string.split("\n")]
    taken = [scheme for scheme in SCHEMES if answers[scheme].status < 400]
    if inbox is not None and inbox[1].status in _REFUSED:
        return _not_believed(inquiry, inbox[1], lines)
    if not taken:
        return _not_believed(inquiry, answers["cavage"], lines)
    believed = "" if inbox is None else f"; its inbox believes our signature ({_WORDS[inbox[0]]})"
    if plain.status < 400:
        return Finding("ok", f"it shows public documents to everybody{believed}", lines=tuple(lines))
    schemes = " and ".join(_WORDS[scheme] for scheme in taken)
    return Finding("ok", f"it wants signed requests and takes {schemes}{believed}", lines=tuple(lines))


async def _knock(inquiry: Inquiry, lines: list[str]) -> tuple[Scheme, Probe] | None:
    """Post a View to the inbox, by one scheme and where that is refused by the other; None when not wanted."""
    if inquiry.actor is None or not inquiry.knock or inquiry.is_own:
        return None
    node = instance_actor_uri(inquiry.runtime.settings)
    view = {
        "@context": AS_CONTEXT,
        "id": f"{node}#views/{new_id()}",
        "type": "View",
        "actor": node,
        "object": inquiry.actor.id,
        "to": [inquiry.actor.id],
    }
    body, signer = orjson.dumps(view), await signer_of(inquiry)
    first: Probe | None = None
    for scheme in SCHEMES:
        probe = await inquiry.client.probe(inquiry.actor.inbox, signer=signer, scheme=scheme, body=body)
        lines.append(f"POST of a View to the inbox, {_WORDS[scheme]}: {probe.status}")
        if probe.status not in _REFUSED:
            return scheme, probe
        first = first or probe
    assert first is not None
    return "cavage", first


def _not_believed(inquiry: Inquiry, probe: Probe, lines: list[str]) -> Finding:
    words = excerpt(probe.body.decode("utf-8", "replace"), 600)
    if words:
        lines.insert(0, f"they say: {words}")
    seen = f"it does not believe our signature: {probe.url} answers {probe.status}"
    asked = host_of(probe.url)
    rebuilt = _THEIR_HOST.search(words)
    if rebuilt is not None and rebuilt[1].lower() != asked:
        return Finding(
            "problem",
            f"{seen}; it saw Host {rebuilt[1]} where we asked for {asked}",
            "A proxy of theirs rewrites Host, so no signature fits: it must hand on the Host it was asked for "
            "(nginx: `proxy_set_header Host $host`; Apache: `ProxyPreserveHost On`).",
            tuple(lines),
        )
    if "host" in words.lower():
        return Finding(
            "problem",
            f"{seen} and names the host",
            "A proxy of theirs probably rewrites Host (nginx: `proxy_set_header Host $host`; Apache: "
            "`ProxyPreserveHost On`).",
            tuple(lines),
        )
    if inquiry.clock_ahead is not None and abs(inquiry.clock_ahead) > 30:
        return Finding(
            "problem", seen, "The clocks differ (see that step); that alone can be the reason.", tuple(lines)
        )
    if probe.status == 403:
        return Finding("problem", seen, "They may have blocked this server; ask their moderators.", tuple(lines))
    return Finding(
        "problem",
        seen,
        "The usual causes, in this order: a proxy of theirs rewrites Host or the path (it must hand both on as they "
        "came); they cannot fetch our key (inspect your own domain); their clock; they have blocked this server.",
        tuple(lines),
    )


async def judge_theirs(inquiry: Inquiry) -> Finding:
    """Say what became of the last signed requests of the host, and which part of a refused one differed."""
    host = host_of(inquiry.actor_uri) if inquiry.actor_uri else inquiry.host
    found = await inquiry.runtime.exchanges.read_evidence(host)
    if not found:
        return Finding("info", "no signed request of theirs is on record (kept for a week, in Redis)")
    newest = found[0]
    ago = span((inquiry.runtime.now() - newest.at).total_seconds())
    lines = _shown(newest)
    if newest.proven:
        return Finding("ok", f"the last one, {ago} ago, was believed ({_WORDS[newest.scheme]})", lines=lines)
    exchanges = await inquiry.runtime.exchanges.read(host) or []
    refused = next((one for one in exchanges if not one.proven and one.verdict == "refused"), None)
    if refused is None:
        return Finding("info", f"the last one, {ago} ago, was not judged", lines=lines)
    believed = next((one for one in found if one.proven), None)
    verdict = "problem"
    if believed is not None and (newest.at - believed.at).total_seconds() < 3600:
        verdict = "warning"  # an hour ago they were believed: somebody may only use their name
    seen = f"the last one, {ago} ago, was refused: {refused.reason}. {refused.detail}"
    return Finding(
        "problem" if verdict == "problem" else "warning", seen, advice_for(inquiry, newest, refused.reason), lines
    )


def advice_for(inquiry: Inquiry, evidence: Evidence, reason: str) -> str:
    """Say what to change where a request of theirs was refused for `reason`."""
    settings = inquiry.runtime.settings
    if reason in {"wrong_host", "signature_mismatch"} and "Host" in evidence.differs:
        return _own_proxy(settings.web_host, evidence)
    if reason == "wrong_host":
        if evidence.seen_host in settings.local_domains:
            return f"They deliver to {evidence.seen_host}, not to {settings.web_host}: the inbox stands at the latter."
        if evidence.forwarded_host or _looks_inner(evidence.seen_host):
            return _own_proxy(settings.web_host, evidence)
        return (
            f"Requests arrive here for {evidence.seen_host!r} instead of {settings.web_host}. Either the proxy before "
            "this node rewrites Host (nginx: `proxy_set_header Host $host`), or ROOKERY_PUBLIC_URL is not the address "
            "that others use, or somebody passed on a request meant for another server."
        )
    if evidence.differs:
        return "A proxy on the way changes requests: it must hand on Host, path, query and headers as they came."
    return {
        "clock_skew": "One of the two clocks is wrong: see the step about clocks.",
        "expired": "One of the two clocks is wrong, or a proxy or queue held the request back for over an hour.",
        "digest_mismatch": "The body changed on the way: a proxy that filters or re-encodes bodies, or a forgery.",
        "digest_missing": "They sign no digest of the body: their software is too old, or a proxy removes the header.",
        "too_little_covered": "Their software signs too little to be believed (SIG-5): it needs an update.",
        "header_absent": "A header that they signed did not arrive: a proxy removes it.",
        "missing_signature": "A proxy removes the Signature header, or it was no server at all.",
        "unknown_algorithm": "They use an algorithm that is not taken here: rsa-sha256 or ed25519 are.",
        "signature_mismatch": "Their key here is another than they sign with, or a proxy changes requests on the way "
        "(Host, path, query, Content-Type). A key that changed is fetched again within five minutes.",
        "key_away": "Their key could not be fetched: see whether their server answers.",
        "key_gone": "The key's owner is deleted there.",
        "owner_mismatch": "The key does not belong to the actor it says: their software is at fault, or a forgery.",
        "key_not_listed": "The actor does not list that key: it changed, or a forgery.",
        "refetch_limited": "Their key was asked for a moment ago and did not fit; again in five minutes.",
        "blocked_domain": "Their domain is blocked here: see the step about policy.",
    }.get(reason, "See the reason; the log has more.")


def _own_proxy(web_host: str, evidence: Evidence) -> str:
    return (
        f"The proxy before this node rewrites Host: {evidence.seen_host!r} arrives where they asked for {web_host}. "
        "It must hand it on (nginx: `proxy_set_header Host $host`; Apache: `ProxyPreserveHost On`; Caddy and Traefik "
        "do it by themselves)."
    )


def _looks_inner(host: str) -> bool:
    name = host.rpartition(":")[0] or host
    return "." not in name or name.startswith(("127.", "10.", "192.168.", "172.", "[::1]"))


def _shown(evidence: Evidence) -> tuple[str, ...]:
    lines = [f"key:  {evidence.key_id}", f"Host: {evidence.seen_host}"]
    if evidence.forwarded_host:
        lines.append(f"X-Forwarded-Host: {evidence.forwarded_host}")
    if evidence.differs:
        lines.append(f"differs: {evidence.differs}")
    if evidence.signing_string:
        lines.append(f"what we rebuilt ({_WORDS.get(evidence.scheme, evidence.scheme)}):")
        lines += [f"  {part}" for part in evidence.signing_string.split("\n")]
    return tuple(lines)


async def try_own_door(inquiry: Inquiry) -> Finding:
    """Post to our own inbox from outside, signed by ourselves: it says which Host arrives, and believes nothing."""
    settings = inquiry.runtime.settings
    url, signer = f"{settings.public_url}/inbox", await signer_of(inquiry)
    node = instance_actor_uri(settings)
    body = orjson.dumps(
        {"@context": AS_CONTEXT, "id": f"{node}#views/{new_id()}", "type": "View", "actor": node, "object": node}
    )
    try:
        probe = await inquiry.client.probe(url, signer=signer, body=body)
    except (FederationError, EgressRefused) as error:
        return Finding("problem", f"{url}: {error.detail}", "Other servers deliver to this address; it must answer.")
    words = excerpt(probe.body.decode("utf-8", "replace"), 600)
    signed = [f"  {part}" for part in probe.signing_string.split("\n")]
    lines = (f"POST {url}: {probe.status}", f"it says: {words}", "what we signed:", *signed)
    if "own_host" in words:  # it came so far that it read whose key it is
        return Finding("ok", f"Host {settings.web_host} arrives as it was sent", lines=lines)
    arrived = _THEIR_HOST.search(words)
    if "wrong_host" in words:
        seen = arrived[1] if arrived else "another one"
        return Finding(
            "problem",
            f"Host {settings.web_host} was sent and {seen} arrives here",
            "The proxy before this node rewrites Host, or ROOKERY_PUBLIC_URL is not the address it serves. It must "
            "hand Host on (nginx: `proxy_set_header Host $host`; Apache: `ProxyPreserveHost On`).",
            lines,
        )
    if probe.status in {301, 302, 303, 307, 308}:
        return Finding(
            "problem",
            f"{url} redirects to {probe.headers.get('location', '')}",
            "Deliveries are not redirected: ROOKERY_PUBLIC_URL must be the address where the node answers.",
            lines,
        )
    return Finding(
        "problem", f"{url} answers {probe.status}, which no inbox of this node would", "A proxy answers for it.", lines
    )
