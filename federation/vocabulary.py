"""The words of the wire: media types, type names, contexts and the limits of GEN-6.

Constants and the two questions about media types; nothing that reads a document. Imported by everyone.
"""

from collections.abc import Iterator
from typing import Final

PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"
AS_CONTEXT: Final = "https://www.w3.org/ns/activitystreams"
DATA_INTEGRITY_CONTEXT: Final = "https://w3id.org/security/data-integrity/v2"
AP_TYPE: Final = "application/activity+json"
LD_TYPE: Final = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
JRD_TYPE: Final = "application/jrd+json"
XRD_TYPE: Final = "application/xrd+xml"

ACTOR_TYPES: Final = frozenset({"Person", "Service", "Application", "Group", "Organization"})
POST_TYPES: Final = frozenset(
    {"Note", "Question", "Article", "Page", "Video", "Audio", "Image", "Event", "ChatMessage"}
)
"""`ChatMessage` is Pleroma's private message, shown as a direct post (ACV-9)."""
TITLED_TYPES: Final = POST_TYPES - {"Note", "Question", "ChatMessage"}
"""Shown as a title and text; their `summary` is an excerpt and never a content warning (OBJ-8)."""
ACTIVITY_TYPES: Final = frozenset(
    {
        "Accept", "Add", "Announce", "AnnounceRequest", "Block", "Create", "Delete", "EmojiReact", "Flag", "Follow",
        "Like", "LikeRequest", "Move", "QuoteRequest", "Reject", "Remove", "ReplyRequest", "Undo", "Update",
    }
)  # fmt: skip

# GEN-6. A longer list or text is cut, not refused; only the first five lead to a refusal.
MAX_BODY: Final = 1024 * 1024
MAX_DEPTH: Final = 64
MAX_URI: Final = 2_048
MAX_USERNAME: Final = 2_048
MAX_PEM: Final = 8_192
MAX_NAME: Final = 2_048
MAX_BIO: Final = 20_000
MAX_FIELDS: Final = 50
MAX_FIELD_TEXT: Final = 2_047
MAX_ALIASES: Final = 256
MAX_POLL_OPTIONS: Final = 500
MAX_DESCRIPTION: Final = 10_000
MAX_TAGS: Final = 64
MAX_ATTACHMENTS: Final = 16
MAX_RECIPIENTS: Final = 1_024
MAX_KEYS: Final = 10
MAX_CONTENT: Final = 500_000
MAX_WARNING: Final = 5_000
MAX_DOMAINS: Final = 100
"""Sites that one actor may list as naming it."""
MAX_HASHTAG: Final = 256
INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
)
"""What shows nothing, as the inside of a character class. Joiners (U+200C, U+200D) are among it."""

ACTOR_CONTEXT: Final[list[object]] = [
    AS_CONTEXT,
    "https://w3id.org/security/v1",
    "https://www.w3.org/ns/cid/v1",
    "https://purl.archive.org/socialweb/webfinger",
    {
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "sensitive": "as:sensitive",
        "Hashtag": "as:Hashtag",
        "movedTo": {"@id": "as:movedTo", "@type": "@id"},
        "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
        "toot": "http://joinmastodon.org/ns#",
        "Emoji": "toot:Emoji",
        "discoverable": "toot:discoverable",
        "indexable": "toot:indexable",
        "memorial": "toot:memorial",
        "suspended": "toot:suspended",
        "featured": {"@id": "toot:featured", "@type": "@id"},
        "featuredTags": {"@id": "toot:featuredTags", "@type": "@id"},
        "attributionDomains": {"@id": "toot:attributionDomains", "@container": "@set"},
        "schema": "http://schema.org#",
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
        "implements": {"@id": "https://w3id.org/fep/844e#implements", "@type": "@id", "@container": "@set"},
    },
]
"""Verbatim on every actor we emit (ACT-2). Shared, never to be changed in place."""

POST_CTX: Final[list[object]] = [
    AS_CONTEXT,
    {
        "sensitive": "as:sensitive",
        "Hashtag": "as:Hashtag",
        "quoteUrl": "as:quoteUrl",
        "toot": "http://joinmastodon.org/ns#",
        "Emoji": "toot:Emoji",
        "blurhash": "toot:blurhash",
        "focalPoint": {"@id": "toot:focalPoint", "@container": "@list"},
        "votersCount": "toot:votersCount",
        "ostatus": "http://ostatus.org#",
        "conversation": "ostatus:conversation",
        "litepub": "http://litepub.social/ns#",
        "directMessage": "litepub:directMessage",
        "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
        "quoteAuthorization": {"@id": "https://w3id.org/fep/044f#quoteAuthorization", "@type": "@id"},
        "quoteUri": "http://fedibird.com/ns#quoteUri",
        "_misskey_quote": "https://misskey-hub.net/ns#_misskey_quote",
        "gts": "https://gotosocial.org/ns#",
        "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
        "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
        "canReply": {"@id": "gts:canReply", "@type": "@id"},
        "canLike": {"@id": "gts:canLike", "@type": "@id"},
        "canAnnounce": {"@id": "gts:canAnnounce", "@type": "@id"},
        "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
        "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
        "approvedBy": {"@id": "gts:approvedBy", "@type": "@id"},
        "replyAuthorization": {"@id": "gts:replyAuthorization", "@type": "@id"},
    },
]
"""Verbatim on every post, and on every activity that inlines one (section 4.1). Never changed in place."""

CONSENT_CTX: Final[dict[str, object]] = {
    "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
    "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
    "gts": "https://gotosocial.org/ns#",
    "LikeRequest": "gts:LikeRequest",
    "ReplyRequest": "gts:ReplyRequest",
    "AnnounceRequest": "gts:AnnounceRequest",
    "LikeAuthorization": "gts:LikeAuthorization",
    "ReplyAuthorization": "gts:ReplyAuthorization",
    "AnnounceAuthorization": "gts:AnnounceAuthorization",
    "approvedBy": {"@id": "gts:approvedBy", "@type": "@id"},
    "likeAuthorization": {"@id": "gts:likeAuthorization", "@type": "@id"},
    "announceAuthorization": {"@id": "gts:announceAuthorization", "@type": "@id"},
    "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
    "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
}
"""The words of requests and stamps (OBJ-13, OBJ-14, OBJ-16), beside another context. Never changed in place."""

REACTION_CONTEXT: Final[list[object]] = [
    AS_CONTEXT,
    {
        "toot": "http://joinmastodon.org/ns#",
        "Emoji": "toot:Emoji",
        "misskey": "https://misskey-hub.net/ns#",
        "_misskey_reaction": "misskey:_misskey_reaction",
    },
]
"""On a Like that says with which emoji (ACV-6). Never changed in place."""

_PUBLIC_SPELLINGS = frozenset({PUBLIC, "as:Public", "Public"})


def is_public(uri: str) -> bool:
    """Say whether an address means everybody, in any of its three spellings (GEN-4)."""
    return uri in _PUBLIC_SPELLINGS


def is_activity_json(content_type: str | None) -> bool:
    """Say whether a Content-Type is AP_TYPE, or LD_TYPE with the ActivityStreams profile (INB-5).

    Plain `application/json` and profile-less `application/ld+json` are not: user uploads can be served so.
    """
    if not content_type:
        return False
    media_type, parameters = _media_type(content_type)
    if media_type == AP_TYPE:
        return True
    return media_type == "application/ld+json" and AS_CONTEXT in parameters.get("profile", "").split()


def accepts_activity_json(accept_header: str | None) -> bool:
    """Say whether an Accept header prefers ActivityPub JSON to a web page (DISC-10).

    A bare `application/ld+json` counts, and so does a tie, which goes to whichever is named first: Misskey
    sends `application/activity+json, application/ld+json` and Lemmy the same with `text/html` behind it.
    Wildcards never ask for JSON: a browser sends them too.
    """
    best_json = best_html = (0.0, 0)
    for position, entry in enumerate(_split_quoted((accept_header or "")[:4096], ",")):
        media_type, parameters = _media_type(entry)
        weight = (_quality(parameters.get("q", "1")), -position)
        if media_type == AP_TYPE or (
            media_type == "application/ld+json"
            and ("profile" not in parameters or AS_CONTEXT in parameters["profile"].split())
        ):
            best_json = max(best_json, weight) if best_json[0] else weight
        elif media_type in {"text/html", "application/xhtml+xml"}:
            best_html = max(best_html, weight) if best_html[0] else weight
    if not best_json[0]:
        return False
    return not best_html[0] or best_json > best_html


def _quality(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0.0 < value <= 1.0 else 0.0


def _media_type(text: str) -> tuple[str, dict[str, str]]:
    first, *rest = _split_quoted(text, ";")
    parameters: dict[str, str] = {}
    for part in rest:
        name, _, value = part.partition("=")
        parameters.setdefault(name.strip().lower(), value.strip().strip("\"'"))
    return first.strip().lower(), parameters


def _split_quoted(text: str, separator: str) -> Iterator[str]:
    """Split at a separator that does not stand inside double quotes; linear in the length."""
    start, quoted = 0, False
    for index, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            yield text[start:index]
            start = index + 1
    yield text[start:]
