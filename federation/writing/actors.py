"""Actor documents: people and the instance actor (ACT-1, ACT-2, DISC-8)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from federation.documents import Document, format_time
from federation.vocabulary import ACTOR_CONTEXT
from federation.writing.posts import EmojiFacts, emoji_tag

_GENERATOR: Final[Document] = {
    "type": "Application",
    "implements": [
        {"href": "https://datatracker.ietf.org/doc/html/rfc9421", "name": "RFC-9421: HTTP Message Signatures"},
        {
            "href": "https://datatracker.ietf.org/doc/html/rfc9421#name-eddsa-using-curve-edwards25",
            "name": "RFC-9421 signatures using the Ed25519 algorithm",
        },
    ],
}
"""What our inboxes accept, for peers that ask before they sign (FEP-844e). Shared, never to be changed in place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """An avatar or header as it is served."""

    url: str
    media_type: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorFacts:
    """What a local account shows of itself. URIs are given, not derived: `node.uris` mints them."""

    id: str
    username: str
    domain: str
    """The domain of the handle, which may differ from the host of the id (DISC-2)."""
    name: str
    summary_html: str
    url: str
    inbox: str
    outbox: str
    followers: str
    following: str
    shared_inbox: str
    key_id: str
    public_key_pem: str
    published: datetime
    type: str = "Person"
    liked: str | None = None
    featured: str | None = None
    featured_tags: str | None = None
    key_multibase: str | None = None
    """The Ed25519 key as a multikey, where the account has one."""
    locked: bool = False
    discoverable: bool = False
    indexable: bool = False
    memorial: bool = False
    suspended: bool = False
    fields: tuple[tuple[str, str], ...] = ()
    """(name, value as HTML)."""
    icon: PictureFacts | None = None
    image: PictureFacts | None = None
    emojis: tuple[EmojiFacts, ...] = ()
    moved_to: str | None = None
    also_known_as: tuple[str, ...] = ()
    attribution_domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceActorFacts:
    """The actor that stands for the node itself."""

    id: str
    host: str
    """The web host, which is its user name too (DISC-8)."""
    domain: str
    url: str
    inbox: str
    outbox: str
    shared_inbox: str
    key_id: str
    public_key_pem: str
    followers: str | None = None
    following: str | None = None
    key_multibase: str | None = None


def actor_document(facts: ActorFacts) -> Document:
    """Write an actor with every key of the golden document in section 2 of the specification."""
    document: Document = {
        "@context": ACTOR_CONTEXT,
        "id": facts.id,
        "type": facts.type,
        "webfinger": f"{facts.username}@{facts.domain}",
        "preferredUsername": facts.username,
        "name": facts.name,
        "summary": facts.summary_html,
        "url": facts.url,
        "inbox": facts.inbox,
        "outbox": facts.outbox,
        "followers": facts.followers,
        "following": facts.following,
        "endpoints": {"sharedInbox": facts.shared_inbox},
        "publicKey": _public_key(facts.id, facts.key_id, facts.public_key_pem),
        "manuallyApprovesFollowers": facts.locked,
        "discoverable": facts.discoverable,
        "indexable": facts.indexable,
        "published": format_time(facts.published.replace(hour=0, minute=0, second=0, microsecond=0)),
        "attachment": [{"type": "PropertyValue", "name": name, "value": value} for name, value in facts.fields],
        "tag": [emoji_tag(emoji) for emoji in facts.emojis],
        "generator": _GENERATOR,
    }
    optional: Document = {
        "liked": facts.liked,
        "featured": facts.featured,
        "featuredTags": facts.featured_tags,
        "icon": _picture(facts.icon),
        "image": _picture(facts.image),
        "movedTo": facts.moved_to,
        "alsoKnownAs": list(facts.also_known_as),
        "memorial": facts.memorial,
        "suspended": facts.suspended,
    }
    if facts.attribution_domains:
        document["attributionDomains"] = list(facts.attribution_domains)
    document.update({key: value for key, value in optional.items() if value})
    document.update(_assertion_method(facts.id, facts.key_multibase))
    return document


def instance_actor_document(facts: InstanceActorFacts) -> Document:
    """Write the instance actor: an Application that follows nobody by itself and hides nothing."""
    document: Document = {
        "@context": ACTOR_CONTEXT,
        "id": facts.id,
        "type": "Application",
        "webfinger": f"{facts.host}@{facts.domain}",
        "preferredUsername": facts.host,
        "name": facts.host,
        "summary": "",
        "url": facts.url,
        "inbox": facts.inbox,
        "outbox": facts.outbox,
        "endpoints": {"sharedInbox": facts.shared_inbox},
        "publicKey": _public_key(facts.id, facts.key_id, facts.public_key_pem),
        "manuallyApprovesFollowers": True,
        "generator": _GENERATOR,
    }
    for key, value in (("followers", facts.followers), ("following", facts.following)):
        if value is not None:
            document[key] = value
    document.update(_assertion_method(facts.id, facts.key_multibase))
    return document


def _public_key(owner: str, key_id: str, pem: str) -> Document:
    lines = pem.replace("\r\n", "\n").strip()
    return {"id": key_id, "owner": owner, "publicKeyPem": f"{lines}\n"}


def _assertion_method(owner: str, multibase: str | None) -> Document:
    """Return the Ed25519 key as FEP-521a lists it, or nothing where there is none (ACT-7)."""
    if multibase is None:
        return {}
    key = {"id": f"{owner}#ed25519-key", "type": "Multikey", "controller": owner, "publicKeyMultibase": multibase}
    return {"assertionMethod": [key]}


def _picture(facts: PictureFacts | None) -> Document | None:
    if facts is None:
        return None
    document: Document = {"type": "Image", "mediaType": facts.media_type, "url": facts.url}
    if facts.description:
        document["summary"] = facts.description
    return document
