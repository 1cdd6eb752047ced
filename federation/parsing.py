"""Activities and actors: raw documents to frozen dataclasses, without I/O. Posts are in `post_parsing`.

Tolerant about shapes (GEN-1), strict about what identifies: an id that is no clear http(s) URI, an actor
without an inbox, or a type that is not known make a MalformedDocument. Texts are cut to the limits of GEN-6
and otherwise left as they came: HTML is *not* sanitised here, the one sanitiser does that when it is stored
and again when it is shown.

Nothing here checks who signed or fetched the document; `inbox` (INB-4) and `client` (INB-5) do.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from federation.documents import (
    Document,
    as_bool,
    as_int,
    as_list,
    first_id,
    ids_of,
    link_url,
    natural_text,
    object_of,
    objects_of,
    parse_time,
    text_of,
    type_of,
    types_of,
)
from federation.errors import MalformedDocument
from federation.origins import is_http_uri, parse_handle, same_origin, without_fragment
from federation.post_parsing import RemoteEmoji, RemotePost, parse_emojis, parse_post
from federation.vocabulary import (
    ACTIVITY_TYPES,
    ACTOR_TYPES,
    INVISIBLE,
    MAX_ALIASES,
    MAX_BIO,
    MAX_DOMAINS,
    MAX_FIELD_TEXT,
    MAX_FIELDS,
    MAX_KEYS,
    MAX_NAME,
    MAX_PEM,
    MAX_RECIPIENTS,
    MAX_USERNAME,
)

__all__ = [
    "Activity",
    "ActorKey",
    "RemoteActor",
    "RemoteEmoji",
    "RemotePost",
    "parse_activity",
    "parse_actor",
    "parse_post",
]

_UNWELCOME = re.compile(rf"[\s\x00-\x1f\x7f@/\\<>\"'?#%{INVISIBLE}]")


@dataclass(frozen=True, slots=True)
class Activity:
    """What somebody did, by the claim of the document alone."""

    id: str | None
    """None where the peer sent none (some do on Accept, Reject and Undo)."""
    type: str
    """The first known type, else the first type there is: unknown ones are dropped by the dispatcher."""
    actor: str
    object: Document | str | list[Any] | None
    object_id: str | None
    target: str | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    published: datetime | None
    raw: Document


@dataclass(frozen=True, slots=True)
class ActorKey:
    """A public key as an actor lists it; `pem` is set for `publicKey`, `multibase` for a Multikey (ACT-7)."""

    id: str
    owner: str
    pem: str | None
    multibase: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteActor:
    """An actor of another server (ACT-3)."""

    id: str
    type: str
    preferred_username: str
    webfinger: str | None
    """`user@domain` as the actor claims it (FEP-2c59); unverified until `discovery.verify_handle`."""
    name: str
    summary_html: str
    """As received, not sanitised."""
    url: str
    inbox: str
    shared_inbox: str | None
    outbox: str | None
    followers: str | None
    following: str | None
    featured: str | None
    featured_tags: str | None
    icon_url: str | None
    image_url: str | None
    fields: tuple[tuple[str, str], ...]
    """(name, value as HTML, not sanitised)."""
    locked: bool
    discoverable: bool
    indexable: bool
    memorial: bool
    suspended: bool
    moved_to: str | None
    also_known_as: tuple[str, ...]
    attribution_domains: tuple[str, ...]
    """Sites that may name it as an author; texts only (attack row 46)."""
    published: datetime | None
    keys: tuple[ActorKey, ...]
    emojis: tuple[RemoteEmoji, ...]

    @property
    def is_bot(self) -> bool:
        """Service and Application act by themselves."""
        return self.type in {"Service", "Application"}

    @property
    def delivery_inbox(self) -> str:
        """The inbox that a public delivery goes to."""
        return self.shared_inbox or self.inbox


def parse_activity(doc: Document) -> Activity:
    """Read an activity; MalformedDocument if it has no type or no actor.

    `bto` and `bcc` are not read (AUD-1). An id that is present must be an http(s) URI.
    """
    kinds = types_of(doc)
    if not kinds:
        raise MalformedDocument("no_type", "an activity without a type")
    actor = first_id(doc.get("actor"))
    if actor is None or not is_http_uri(actor):
        raise MalformedDocument("no_actor", "an activity without an actor")
    activity_id = _id_text(doc)
    if activity_id is not None and not is_http_uri(activity_id):
        raise MalformedDocument("bad_id", f"an activity whose id is no http(s) URI: {activity_id[:100]!r}")
    inner = doc.get("object")
    return Activity(
        id=activity_id,
        type=type_of(doc, ACTIVITY_TYPES) or kinds[0],
        actor=actor,
        object=inner if isinstance(inner, dict | str | list) else None,
        object_id=first_id(inner),
        target=first_id(doc.get("target")),
        to=ids_of(doc.get("to"))[:MAX_RECIPIENTS],
        cc=ids_of(doc.get("cc"))[:MAX_RECIPIENTS],
        published=parse_time(doc.get("published")),
        raw=doc,
    )


def parse_actor(doc: Document) -> RemoteActor:
    """Read an actor (ACT-3); MalformedDocument if it lacks an id, a known type, a name or an inbox.

    Inbox, shared inbox and collections must be of the actor's own origin: a foreign inbox refuses the actor,
    the others are ignored when foreign.
    """
    actor_id = _id_text(doc)
    if actor_id is None or not is_http_uri(actor_id):
        raise MalformedDocument("bad_id", "an actor without an http(s) id")
    kind = type_of(doc, ACTOR_TYPES)
    if kind is None:
        raise MalformedDocument("not_an_actor", f"types {types_of(doc)[:5]} are none of an actor")
    inbox = _own(doc.get("inbox"), actor_id)
    if inbox is None:
        raise MalformedDocument("no_inbox", "an actor without an inbox on its own host")
    username, webfinger = _names(doc)
    return RemoteActor(
        id=actor_id,
        type=kind,
        preferred_username=username,
        webfinger=webfinger,
        name=(natural_text(doc, "name")[0] or "").strip()[:MAX_NAME] or username,
        summary_html=(natural_text(doc, "summary")[0] or "")[:MAX_BIO],
        url=_own(link_url(doc.get("url")), actor_id) or actor_id,
        inbox=inbox,
        shared_inbox=_shared_inbox(doc, actor_id),
        outbox=_own(doc.get("outbox"), actor_id),
        followers=_own(doc.get("followers"), actor_id),
        following=_own(doc.get("following"), actor_id),
        featured=_own(first_id(_toot(doc, "featured")), actor_id),
        featured_tags=_own(first_id(_toot(doc, "featuredTags")), actor_id),
        icon_url=_picture(doc.get("icon")),
        image_url=_picture(doc.get("image")),
        fields=_fields(doc),
        locked=as_bool(doc.get("manuallyApprovesFollowers")),
        discoverable=as_bool(_toot(doc, "discoverable")),
        indexable=as_bool(_toot(doc, "indexable")),
        memorial=as_bool(_toot(doc, "memorial")),
        suspended=as_bool(_toot(doc, "suspended")),
        moved_to=_http(first_id(doc.get("movedTo"))),
        also_known_as=tuple(filter(is_http_uri, ids_of(doc.get("alsoKnownAs"))[:MAX_ALIASES])),
        attribution_domains=_domains(_toot(doc, "attributionDomains")),
        published=parse_time(doc.get("published")),
        keys=parse_keys(doc, actor_id),
        emojis=parse_emojis(doc.get("tag")),
    )


def _domains(value: object) -> tuple[str, ...]:
    """Return the plain names among what is listed; an object or an address is no name of a site."""
    listed = value if isinstance(value, list) else [value]
    names = (entry.strip().lower() for entry in listed[:MAX_DOMAINS] if isinstance(entry, str))
    return tuple(name for name in names if 0 < len(name) <= 300 and "/" not in name)


def parse_keys(doc: Document, owner: str) -> tuple[ActorKey, ...]:
    """Return the keys that a document lists for its owner, at most 10 (ACT-7); foreign entries are ignored.

    `publicKey` may be an object or an array; `assertionMethod` entries count when they are inline Multikeys.
    """
    found: dict[str, ActorKey] = {}
    for entry in objects_of(doc.get("publicKey"))[:MAX_KEYS]:
        key_id, pem = _id_text(entry), text_of(entry.get("publicKeyPem"))
        key_owner = first_id(entry.get("owner")) or first_id(entry.get("controller")) or owner
        if key_id and pem and len(pem) <= MAX_PEM and key_owner == owner and same_origin(key_id, owner):
            found.setdefault(key_id, ActorKey(key_id, owner, pem))
    for entry in objects_of(doc.get("assertionMethod"))[:MAX_KEYS]:
        key_id, multibase = _id_text(entry), text_of(entry.get("publicKeyMultibase"))
        if not key_id or not multibase or len(multibase) > MAX_PEM or not type_of(entry, {"Multikey"}):
            continue
        if first_id(entry.get("controller")) == owner and without_fragment(key_id) == without_fragment(owner):
            found.setdefault(key_id, ActorKey(key_id, owner, None, multibase))
    return tuple(found.values())[:MAX_KEYS]


def _names(doc: Document) -> tuple[str, str | None]:
    username = text_of(doc.get("preferredUsername"))
    webfinger = None
    claimed = text_of(doc.get("webfinger"))
    if claimed is not None:
        try:
            handle = parse_handle(claimed)
        except MalformedDocument:
            handle = None
        if handle is not None and handle.domain is not None:
            webfinger = handle.acct
            username = username or handle.username
    if not username:
        raise MalformedDocument("no_username", "an actor without preferredUsername")
    if _UNWELCOME.search(username):
        raise MalformedDocument("bad_username", "a user name with spaces, markup or separators")
    if len(username) > MAX_USERNAME:
        raise MalformedDocument("username_too_long", f"a user name of {len(username)} characters")
    return username, webfinger


def _shared_inbox(doc: Document, actor_id: str) -> str | None:
    endpoints = object_of(doc.get("endpoints"))
    nested = _own(endpoints.get("sharedInbox"), actor_id) if endpoints else None
    return nested or _own(doc.get("sharedInbox"), actor_id)


def _fields(doc: Document) -> tuple[tuple[str, str], ...]:
    pairs = []
    for entry in objects_of(doc.get("attachment")):
        if not any(kind.endswith("PropertyValue") for kind in types_of(entry)):
            continue
        name = (text_of(entry.get("name")) or "")[:MAX_FIELD_TEXT]
        value = (text_of(entry.get("value", entry.get("http://schema.org#value"))) or "")[:MAX_FIELD_TEXT]
        if name or value:
            pairs.append((name, value))
    return tuple(pairs[:MAX_FIELDS])


def _toot(doc: Document, name: str) -> Any:
    """Return a property of Mastodon's vocabulary, which some (Takahē) write with its prefix."""
    return doc.get(name, doc.get(f"toot:{name}"))


def _picture(value: Any) -> str | None:
    for item in sorted(as_list(value), key=_width, reverse=True):
        found = _http(link_url(item.get("url", item.get("href")), "image/png")) if isinstance(item, dict) else None
        if found is None and isinstance(item, str):
            found = _http(item)
        if found is not None:
            return found
    return None


def _width(picture: Any) -> int:
    """Return how wide a picture is said to be: of several sizes the largest is taken."""
    return (as_int(picture.get("width")) or 0) if isinstance(picture, dict) else 0


def _id_text(doc: Document) -> str | None:
    value = doc.get("id", doc.get("@id"))
    return value if isinstance(value, str) and value else None


def _own(value: Any, actor_id: str) -> str | None:
    found = first_id(value)
    return found if found is not None and same_origin(found, actor_id) else None


def _http(uri: str | None) -> str | None:
    return uri if uri is not None and is_http_uri(uri) else None
