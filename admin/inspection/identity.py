"""Who is there: WebFinger with host-meta, NodeInfo, the actor document and its keys."""

from dataclasses import replace
from typing import Final
from urllib.parse import quote, urljoin

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from admin.inspection.inquiry import Finding, Inquiry, excerpt
from admin.inspection.reach import connect, judge_addresses, look_up_name
from admin.queries import find_known_actor
from federation.answers import FetchedBytes, Probe
from federation.discovery import alternate_link, public_key_of
from federation.documents import load_document, objects_of, text_of, type_of
from federation.errors import DiscoveryFailed, FederationError, FetchFailed, FetchGone, KeyUnavailable
from federation.origins import Handle, host_of, is_http_uri, parse_origin, same_origin, without_fragment
from federation.parsing import parse_actor
from federation.signatures import SigningKey
from federation.vocabulary import ACTOR_TYPES, POST_TYPES, is_activity_json
from federation.webfinger import WebFingerAnswer, look_up
from node.accounts.keys import instance_signing_key
from node.accounts.queries import find_account_by_handle

MAX_HOPS: Final = 3
_PAGE_ACCEPT: Final = 'application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


async def find_by_webfinger(inquiry: Inquiry) -> Finding:
    """Ask the domain of the handle who it belongs to (DISC-3, DISC-4)."""
    handle = inquiry.handle
    if handle is None or handle.domain is None:
        return await _without_handle(inquiry)
    url = f"/.well-known/webfinger?resource=acct:{quote(handle.username, safe='')}@{handle.domain}"
    try:
        answer = await look_up(inquiry.client, handle.username, handle.domain)
    except FederationError as error:
        return await _not_found(inquiry, handle, url, error)
    inquiry.actor_uri = answer.self_uri
    lines = (f"subject: acct:{answer.subject.acct}", f"self:    {answer.self_uri}")
    if answer.is_for(handle.username, handle.domain):
        if parse_origin(answer.self_uri).host_port == handle.domain:
            return Finding("ok", f"{handle} leads to {answer.self_uri}", lines=lines)
        return Finding("ok", f"{handle} leads to {answer.self_uri}, on another host (a split domain)", lines=lines)
    return await _other_subject(inquiry, handle, answer, lines)


async def _other_subject(inquiry: Inquiry, handle: Handle, answer: WebFingerAnswer, lines: tuple[str, ...]) -> Finding:
    domain = answer.subject.domain or ""
    try:
        second = await look_up(inquiry.client, answer.subject.username, domain)
    except FederationError as error:
        return Finding(
            "problem",
            f"WebFinger calls {handle} {answer.subject}, and {domain} does not confirm it: {error.detail}",
            f"The domain of the handle, {domain}, must answer /.well-known/webfinger itself, or redirect it.",
            lines,
        )
    if second.is_for(answer.subject.username, domain) and second.self_uri == answer.self_uri:
        return Finding("ok", f"{handle} is {answer.subject}: its domain confirms the same actor", lines=lines)
    return Finding(
        "problem",
        f"WebFinger says {answer.subject} for {handle}, and {domain} says {second.self_uri} for that",
        "Both domains must name the same actor under the same subject; nobody can be found by such a handle.",
        lines,
    )


async def _not_found(inquiry: Inquiry, handle: Handle, url: str, error: FederationError) -> Finding:
    known = await _known_uri(inquiry, handle)
    inquiry.actor_uri = known
    kept = f" (we know {known} from before)" if known else ""
    where = f"{handle.domain}{url}"
    if isinstance(error, DiscoveryFailed) and error.reason == "not_found":
        return Finding(
            "problem",
            f"WebFinger is missing: {where} and host-meta answer 404{kept}",
            "Either nobody has this name there, or the path /.well-known/webfinger does not reach their server "
            "software: a proxy that serves /.well-known itself is the usual cause.",
        )
    if isinstance(error, FetchGone):
        return Finding("problem", f"{where} answers {error.status}: the account is gone{kept}", "They left for good.")
    advice = {
        "no_self_link": "The answer needs a link of rel `self` and type application/activity+json to the actor.",
        "bad_subject": "The answer needs a subject such as acct:ann@example.com.",
        "bad_webfinger": "The answer must be JSON (application/jrd+json); a proxy may have put a page there.",
        "bad_host_meta": "host-meta needs an lrdd template; or serve /.well-known/webfinger itself.",
        "unauthorised": "WebFinger must be open to everybody, without signature or password.",
        "forbidden": "WebFinger must be open to everybody; a firewall or bot filter may refuse us.",
    }.get(error.reason, "Their server software, or the proxy before it, must answer /.well-known/webfinger.")
    return Finding("problem", f"{where}: {error.detail}{kept}", advice)


async def _without_handle(inquiry: Inquiry) -> Finding:
    """For a bare domain or an address: try the handle of somebody there whom we know."""
    if inquiry.url:
        return Finding("info", "asked by address: the handle is looked at with the actor")
    async with inquiry.runtime.read() as reader:
        known = await find_known_actor(reader, inquiry.host)
    if known is None:
        return Finding(
            "info", "nobody of this server is known here", "Inspect a handle (@name@domain) to try its WebFinger."
        )
    inquiry.handle = Handle(known.username, known.domain)
    inquiry.actor_uri = known.uri
    return await find_by_webfinger(inquiry)


async def _known_uri(inquiry: Inquiry, handle: Handle) -> str:
    async with inquiry.runtime.read() as reader:
        known = await find_account_by_handle(reader, handle.username, handle.domain or "")
    return "" if known is None or known.is_local else known.uri


async def read_nodeinfo(inquiry: Inquiry) -> Finding:
    """Say what runs there; only to be shown (DISC-6)."""
    try:
        index = await inquiry.client.fetch_bytes(
            f"{inquiry.origin}/.well-known/nodeinfo", accept="application/json", limit=65_536
        )
        links = objects_of(load_document(index.body).get("links"))
        hrefs = [text_of(link.get("href")) for link in links if "nodeinfo" in (text_of(link.get("rel")) or "")]
        href = next((href for href in reversed(hrefs) if href and same_origin(href, index.final_url)), None)
        if href is None:
            return Finding("info", "NodeInfo names no document of this host; nothing depends on it")
        found = await inquiry.client.fetch_bytes(href, accept="application/json", limit=262_144)
        software = load_document(found.body).get("software")
    except FederationError as error:
        return Finding("info", f"no NodeInfo ({excerpt(error.detail, 120)}); nothing depends on it")
    facts = software if isinstance(software, dict) else {}
    return Finding(
        "info", f"it says that it is {excerpt(str(facts.get('name')), 60)} {excerpt(str(facts.get('version')), 60)}"
    )


async def read_actor(inquiry: Inquiry) -> Finding:
    """Fetch the document as deliveries and profiles need it (INB-5): content type, id, inbox, keys."""
    url = inquiry.actor_uri or inquiry.url
    if not url:
        return Finding("skipped", "no actor is known to look at")
    try:
        probe, way = await _follow(inquiry, url)
    except FederationError as error:
        return await _unreached(inquiry, url, error)
    if probe.status != 200:
        return _refused(probe)
    if not is_activity_json(probe.headers.get("content-type", "")):
        alternate = alternate_link(FetchedBytes(probe.body, "", probe.url)) if not inquiry.actor_uri else None
        if alternate is not None and alternate != url:
            inquiry.url = alternate
            return await read_actor(inquiry)
        return Finding(
            "problem",
            f"{probe.url} came as {probe.headers.get('content-type', 'nothing')!r}, not as ActivityPub",
            "Asked with Accept: application/activity+json it must answer with that content type; a cache that "
            "forgets `Vary: Accept`, or a proxy that serves the page, is the usual cause.",
            way,
        )
    return _judged(inquiry, probe, url, way)


async def _unreached(inquiry: Inquiry, url: str, error: FederationError) -> Finding:
    """Say why a document could not be had; on another host than the handle's, what is wrong with that one."""
    if error.reason == "blocked_domain":
        return Finding("problem", f"{error.detail}, and {url} stands there", "See `rookery domain list`.")
    if parse_origin(url) != inquiry.origin:
        there = replace(inquiry, origin=parse_origin(url))
        for look in (look_up_name, judge_addresses, connect):
            found = await look(there)
            if found.verdict == "problem":
                return replace(found, seen=f"the documents stand at {there.host}: {found.seen}")
    seen = f"{url}: {error.detail} ({error.reason})"
    return Finding("problem", seen, "Their server must answer it, in time and in full.")


def _judged(inquiry: Inquiry, probe: Probe, asked: str, way: tuple[str, ...]) -> Finding:
    try:
        document = load_document(probe.body)
    except FederationError as error:
        return Finding(
            "problem", f"{probe.url} is no JSON we can read: {error.detail}", "Their software is at fault.", way
        )
    id_ = document.get("id")
    if not isinstance(id_, str) or not is_http_uri(id_):
        return Finding("problem", f"{probe.url} has no id", "Their software, or a proxy, is at fault.", way)
    if without_fragment(id_) not in {without_fragment(asked), probe.url} or not same_origin(id_, probe.url):
        return Finding("problem", f"{probe.url} calls itself {id_}", _id_advice(probe.url, id_), way)
    inquiry.document = document
    if type_of(document, POST_TYPES) and not inquiry.actor_uri:
        inquiry.is_post = True
        author = text_of(document.get("attributedTo")) or ""
        return Finding("ok", f"a {document.get('type')} of {author or 'nobody'}", lines=way)
    if not type_of(document, ACTOR_TYPES):
        return Finding("problem", f"{id_} is a {document.get('type')!r}, neither actor nor post", lines=way)
    try:
        actor = inquiry.actor = parse_actor(document)
    except FederationError as error:
        return Finding("problem", f"{id_} is no usable actor: {error.detail}", "Their software is at fault.", way)
    inquiry.actor_uri = actor.id
    if inquiry.handle is None:
        inquiry.handle = Handle(actor.preferred_username, host_of(actor.id))
    lines = (*way, f"inbox:  {actor.inbox}", f"shared: {actor.shared_inbox or 'none'}")
    moved = f", moved to {actor.moved_to}" if actor.moved_to else ""
    return Finding("ok", f"{actor.id} ({actor.type} {actor.preferred_username}{moved})", lines=lines)


def _id_advice(url: str, id_: str) -> str:
    asked, named = parse_origin(url), parse_origin(id_)
    inner = named.host
    if asked.host == named.host and asked.scheme != named.scheme:
        return (
            "A proxy of theirs does not say that it was reached by https (X-Forwarded-Proto), or their software is "
            "configured with the wrong scheme."
        )
    if inner in {"localhost"} or "." not in inner or inner.startswith(("127.", "10.", "192.168.", "172.")):
        return (
            f"Their software believes that it is reached at {named.host}: a proxy of theirs rewrites Host. It must "
            "hand on the Host it was asked for (nginx: proxy_set_header Host $host)."
        )
    return "A document counts only under its own id: ask for that address, or they must serve it there."


async def _follow(inquiry: Inquiry, url: str) -> tuple[Probe, tuple[str, ...]]:
    """GET a document, signed by the instance actor, and by the other scheme where that is refused; return the way."""
    way: list[str] = []
    for _ in range(MAX_HOPS + 1):
        probe = await inquiry.client.probe(without_fragment(url), accept=_PAGE_ACCEPT, signer=await signer_of(inquiry))
        if probe.status in {401, 403}:
            second = await inquiry.client.probe(
                without_fragment(url), accept=_PAGE_ACCEPT, signer=await signer_of(inquiry), scheme="rfc9421"
            )
            probe = second if second.status == 200 else probe
        location = probe.headers.get("location")
        if probe.status not in {301, 302, 303, 307, 308} or not location:
            return probe, tuple(way)
        target = urljoin(url, location)
        way.append(f"{url} redirects to {target}")
        url = target
    raise FetchFailed("too_many_redirects", f"more than {MAX_HOPS} redirects")


async def signer_of(inquiry: Inquiry) -> SigningKey:
    """Return the key of the instance actor, which signs our GETs (SIG-18)."""
    if inquiry.signer is None:
        async with inquiry.runtime.read() as reader:
            inquiry.signer = await instance_signing_key(reader)
    return inquiry.signer


def _refused(probe: Probe) -> Finding:
    words = excerpt(probe.body.decode("utf-8", "replace"))
    advice = {
        401: "They do not believe our signature: see the step about it.",
        403: "They refuse us: they may have blocked this server, or a bot filter stands before theirs.",
        404: "There is nothing at this address; the account may have been renamed or deleted.",
        410: "It was deleted for good.",
        429: "They have had too many requests from us: wait a while.",
    }.get(probe.status, "Their server is not well; try again later." if probe.status >= 500 else "")
    return Finding("problem", f"{probe.url} answers {probe.status}", advice, (f"they say: {words}",) if words else ())


async def judge_keys(inquiry: Inquiry) -> Finding:
    """Look at the keys an actor lists (SIG-14, ACT-7)."""
    if inquiry.actor is None or inquiry.document is None:
        return Finding("skipped", "not an actor")
    if not inquiry.actor.keys:
        return Finding(
            "problem",
            "the actor lists no usable key",
            "It needs a publicKey whose owner is the actor; without one nothing of theirs can be verified.",
        )
    lines, bad, good = [], [], 0
    for key in inquiry.actor.keys:
        try:
            public = public_key_of(key)
        except KeyUnavailable as error:
            bad.append(error.detail)
            lines.append(f"{key.id}: {error.detail}")
            continue
        kind = f"RSA, {public.key_size} bit" if isinstance(public, RSAPublicKey) else "Ed25519"
        if key.owner != inquiry.actor.id or not same_origin(key.id, inquiry.actor.id):
            bad.append(f"{key.id} belongs to {key.owner}")
        else:
            good += 1
        lines.append(f"{key.id}: {kind}")
    if not good:
        return Finding("problem", bad[0], "They need a key of 2048 to 8192 bits RSA, owned by the actor.", tuple(lines))
    usable = f"{good} usable {'key' if good == 1 else 'keys'}"
    return Finding("warning" if bad else "ok", usable, "; ".join(bad), tuple(lines))
