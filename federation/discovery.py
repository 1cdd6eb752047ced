"""From what people write and servers claim to who it is: handles, pasted links, signature keys.

A name never stands alone. A handle counts only when the domain in it points at the actor *and* the actor,
asked the other way round, arrives at the same handle (DISC-4, row 70); a key only when its owner, fetched
from the key's own host, lists it (SIG-14, row 11). At most two WebFinger look-ups a question.

Nothing is cached: the callers keep actors, keys and failures.
"""

import html
import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urljoin

from federation.answers import FetchedBytes, FetchedDocument, read_document
from federation.client import FederationClient
from federation.documents import Document, first_id, ids_of, text_of, type_of
from federation.errors import DiscoveryFailed, FederationError, KeyUnavailable, MalformedDocument
from federation.keys import PublicKey, decode_multikey, load_public_key
from federation.origins import Handle, host_of, is_http_uri, parse_handle, same_origin, without_fragment
from federation.parsing import ActorKey, RemoteActor, parse_actor, parse_keys
from federation.signatures import SigningKey
from federation.vocabulary import ACTOR_TYPES, AP_TYPE, LD_TYPE, MAX_BODY, MAX_KEYS, is_activity_json
from federation.webfinger import WebFingerAnswer, look_up

_LINK_ACCEPT: Final = f"{AP_TYPE}, {LD_TYPE}, text/html;q=0.5"
_LINK_TAG = re.compile(r"<link\s([^<>]{1,2000})>", re.I)
_ATTRIBUTE = re.compile(r"([a-zA-Z-]{1,20})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")


@dataclass(frozen=True, slots=True)
class DiscoveredActor:
    """An actor with the handle that both its domain and itself confirm."""

    username: str
    domain: str
    actor: RemoteActor
    document: Document

    @property
    def handle(self) -> Handle:
        return Handle(self.username, self.domain)


@dataclass(frozen=True, slots=True)
class ResolvedKey:
    """A public key and the actor that lists it."""

    key: ActorKey
    public_key: PublicKey
    actor: RemoteActor
    document: Document


class _LookUps:
    """The WebFinger look-ups of one question: each handle asked once, two in all and one for the way in."""

    def __init__(self, client: FederationClient, budget: int) -> None:
        self._client = client
        self._left = budget
        self._known: dict[tuple[str, str], WebFingerAnswer] = {}

    async def ask(self, username: str, domain: str) -> WebFingerAnswer:
        key = (username.lower(), domain)
        if key not in self._known:
            if not self._left:
                raise DiscoveryFailed("too_many_lookups", f"{username}@{domain} leads on and on")
            self._left -= 1
            self._known[key] = await look_up(self._client, username, domain)
        return self._known[key]


async def find_actor_by_handle(
    client: FederationClient, handle: str | Handle, *, signer: SigningKey | None
) -> DiscoveredActor:
    """Find the actor of `user@domain` (DISC-3, DISC-4).

    DiscoveryFailed: `bad_handle`, `not_found`, `handle_mismatch`, `not_an_actor` and those of `webfinger`; the
    client's errors as they come, FetchGone for a handle that is gone for good.
    """
    try:
        asked = parse_handle(handle) if isinstance(handle, str) else handle
    except MalformedDocument as error:
        raise DiscoveryFailed("bad_handle", error.detail) from error
    if asked.domain is None:
        raise DiscoveryFailed("bad_handle", f"{asked} names no domain")
    look_ups = _LookUps(client, budget=3)
    answer = await look_ups.ask(asked.username, asked.domain)
    subject = answer.subject
    if not answer.is_for(asked.username, asked.domain):
        answer = await _confirm(look_ups, subject)
    fetched = await client.fetch_document(answer.self_uri, signer=signer)
    try:
        actor = parse_actor(fetched.document)
    except MalformedDocument as error:
        raise DiscoveryFailed("not_an_actor", error.detail) from error
    if actor.id != answer.self_uri:
        raise DiscoveryFailed("handle_mismatch", f"{subject} points at {answer.self_uri}, which is {actor.id}")
    verified = await _verify(look_ups, actor)
    if verified is None or verified.domain is None or not answer.is_for(verified.username, verified.domain):
        raise DiscoveryFailed("handle_mismatch", f"{actor.id} does not call itself {subject}")
    return DiscoveredActor(verified.username, verified.domain, actor, fetched.document)


async def verify_handle(client: FederationClient, actor: RemoteActor) -> Handle | None:
    """Return the handle that an actor's domain confirms, or None (DISC-4); at most two look-ups.

    Only what speaks against the handle gives None. When a host cannot be asked right now, the client's
    FetchFailed comes through, so that a caller does not take an outage for a refusal.
    """
    return await _verify(_LookUps(client, budget=2), actor)


async def find_object(client: FederationClient, url: str, *, signer: SigningKey | None) -> FetchedDocument:
    """Fetch the document behind a pasted link, by way of a page's alternate link if need be (DISC-11).

    DiscoveryFailed (`no_document`) when there is only a page.
    """
    fetched = await client.fetch_bytes(without_fragment(url), accept=_LINK_ACCEPT, limit=MAX_BODY, signer=signer)
    if is_activity_json(fetched.content_type):
        found, document_id = read_document(url, fetched)
        return found or await client.fetch_document(document_id, signer=signer)
    alternate = alternate_link(fetched)
    if alternate is None:
        raise DiscoveryFailed("no_document", f"{fetched.final_url[:200]} is no post or profile of the fediverse")
    return await client.fetch_document(alternate, signer=signer)


async def find_key(client: FederationClient, key_id: str, *, signer: SigningKey | None) -> ResolvedKey:
    """Fetch the key that a signature names, with the actor that owns it (SIG-14).

    The key id may lead to the actor, to a key document, or to a partial actor; in each case the owner must be
    of the key's origin and list the key. KeyUnavailable (`bad_key_id`, `owner_mismatch`, `key_not_listed`,
    `bad_key`, `weak_key`); the client's errors as they come: their `status` decides what a 404 or 410 means.
    """
    if not is_http_uri(key_id):
        raise KeyUnavailable("bad_key_id", f"{key_id[:100]!r} is no http(s) URI")
    fetched = await client.fetch_document(key_id, signer=signer)
    key_document: Document = {}
    if not type_of(fetched.document, ACTOR_TYPES):
        key_document = fetched.document
        owner = first_id(fetched.document.get("owner")) or first_id(fetched.document.get("controller"))
        if owner is None or not same_origin(owner, key_id):
            raise KeyUnavailable("owner_mismatch", f"the key {key_id[:200]} names the owner {str(owner)[:200]}")
        fetched = await client.fetch_document(owner, signer=signer)
    try:
        actor = parse_actor(fetched.document)
    except MalformedDocument as error:
        raise KeyUnavailable("owner_mismatch", f"the owner of {key_id[:200]}: {error.detail}") from error
    if not same_origin(actor.id, key_id):
        raise KeyUnavailable("owner_mismatch", f"the key {key_id[:200]} leads to the actor {actor.id[:200]}")
    for key in parse_keys(fetched.document, actor.id):
        if key.id == key_id:
            return ResolvedKey(key, public_key_of(key), actor, fetched.document)
    referenced = _referenced_key(key_id, key_document, fetched.document, actor)
    if referenced is not None:
        actor = replace(actor, keys=(*actor.keys, referenced))
        return ResolvedKey(referenced, public_key_of(referenced), actor, fetched.document)
    raise KeyUnavailable("key_not_listed", f"{actor.id[:200]} does not list the key {key_id[:200]}")


def _referenced_key(key_id: str, key: Document, owner: Document, actor: RemoteActor) -> ActorKey | None:
    """Return a key that stands in a document of its own, where its owner lists no more than its id (ACT-7)."""
    if key.get("id") != key_id or len(actor.keys) >= MAX_KEYS:
        return None
    if key_id in ids_of(owner.get("publicKey")) and (pem := text_of(key.get("publicKeyPem"))):
        return ActorKey(key_id, actor.id, pem)
    multibase = text_of(key.get("publicKeyMultibase"))
    if multibase and key_id in ids_of(owner.get("assertionMethod")) and type_of(key, {"Multikey"}):
        return ActorKey(key_id, actor.id, None, multibase)
    return None


def public_key_of(key: ActorKey) -> PublicKey:
    """Parse the key that an actor lists; KeyUnavailable if it is not one we trust."""
    return load_public_key(key.pem) if key.pem is not None else decode_multikey(key.multibase or "")


def alternate_link(page: FetchedBytes) -> str | None:
    """Return the first alternate link of an ActivityPub type in a page's head, made absolute."""
    text = page.body[: 512 * 1024].decode("utf-8", "replace")
    for tag in _LINK_TAG.finditer(text):
        found = {match[1].lower(): match[2] or match[3] or match[4] or "" for match in _ATTRIBUTE.finditer(tag[1])}
        is_alternate = "alternate" in found.get("rel", "").lower().split()
        if is_alternate and is_activity_json(html.unescape(found.get("type", ""))):
            url = urljoin(page.final_url, html.unescape(found.get("href", "")).strip())
            return url if is_http_uri(url) else None
    return None


async def _verify(look_ups: _LookUps, actor: RemoteActor) -> Handle | None:
    try:
        claimed = parse_handle(actor.webfinger or f"{actor.preferred_username}@{host_of(actor.id)}")
        answer = await look_ups.ask(claimed.username, claimed.domain or host_of(actor.id))
        if not answer.is_for(claimed.username, claimed.domain or ""):
            answer = await _confirm(look_ups, answer.subject)
    except (DiscoveryFailed, MalformedDocument):
        return None
    except FederationError as error:
        if getattr(error, "status", None) in {404, 410}:
            return None
        raise
    return answer.subject if answer.self_uri == actor.id else None


async def _confirm(look_ups: _LookUps, subject: Handle) -> WebFingerAnswer:
    """Ask the domain of another subject once more; it must use that subject itself."""
    domain = subject.domain or ""
    answer = await look_ups.ask(subject.username, domain)
    if not answer.is_for(subject.username, domain):
        raise DiscoveryFailed("handle_mismatch", f"{subject} is called {answer.subject} by its own domain")
    return answer
