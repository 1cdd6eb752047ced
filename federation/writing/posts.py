"""Notes as we send and serve them, their audience, and what stands where one was (section 4.1, AUD)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from federation.documents import Document, format_time
from federation.post_parsing import Visibility
from federation.vocabulary import AS_CONTEXT, LD_TYPE, POST_CTX, PUBLIC
from federation.writing.polls import PollFacts, question_terms


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionFacts:
    """A mentioned actor; `acct` is `user@domain`."""

    uri: str
    acct: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HashtagFacts:
    """A hashtag without its `#`, in display case, and its page."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmojiFacts:
    """A custom emoji; `id` is "" where another server gave it none."""

    id: str
    shortcode: str
    url: str
    media_type: str
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentFacts:
    """A medium of a post."""

    url: str
    media_type: str
    description: str = ""
    blurhash: str | None = None
    focus: tuple[float, float] | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    icon_url: str | None = None
    """A picture that stands for a film or sound."""
    icon_type: str = "image/jpeg"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteFacts:
    """What a post quotes. `authorization` is the stamp, once there is one; `author_uri` is to hear of it (DLV-1)."""

    uri: str
    url: str
    author_uri: str = ""
    authorization: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFacts:
    """A local post, seen from the wire."""

    id: str
    author_uri: str
    followers_uri: str
    url: str
    content_html: str
    published: datetime
    visibility: Visibility
    updated: datetime | None = None
    """When it was edited; None for a post as first written (OBJ-1)."""
    in_reply_to: str | None = None
    summary: str = ""
    """The content warning, plain text."""
    sensitive: bool = False
    language: str | None = None
    source_text: str | None = None
    context_uri: str | None = None
    audience_uri: str | None = None
    """The community it is posted to (FEP-1b12)."""
    mentions: tuple[MentionFacts, ...] = ()
    hashtags: tuple[HashtagFacts, ...] = ()
    emojis: tuple[EmojiFacts, ...] = ()
    attachments: tuple[AttachmentFacts, ...] = ()
    poll: PollFacts | None = None
    """Makes it a Question (OBJ-9)."""
    likes_count: int = 0
    shares_count: int = 0
    quote: QuoteFacts | None = None
    may_quote: tuple[str, ...] = ()
    """Who may quote it at once; nobody but the author if empty (OBJ-16)."""
    may_ask_to_quote: tuple[str, ...] = ()
    reply_authorization: str = ""
    """The stamp of the author it answers, where one was needed (OBJ-16)."""


def audience(visibility: Visibility, followers_uri: str, mention_uris: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return (to, cc) of a post and of its activity, which must be the same (AUD-1)."""
    mentioned = list(dict.fromkeys(mention_uris))
    if visibility == "public":
        return [PUBLIC], [followers_uri, *mentioned]
    if visibility == "unlisted":
        return [followers_uri], [PUBLIC, *mentioned]
    if visibility == "followers":
        return [followers_uri], mentioned
    return mentioned, []


def note_document(facts: PostFacts, *, with_context: bool = True) -> Document:
    """Write a Note, or a Question where there is a poll; `with_context=False` for one that an activity inlines."""
    named = [mention.uri for mention in facts.mentions]
    if facts.quote is not None and facts.quote.author_uri and facts.visibility in {"public", "unlisted"}:
        named.append(facts.quote.author_uri)
    to, cc = audience(facts.visibility, facts.followers_uri, named)
    content = facts.content_html + (_quote_line(facts.quote) if facts.quote is not None else "")
    document: Document = {"@context": POST_CTX} if with_context else {}
    document |= {
        "id": facts.id,
        "type": "Note",
        "attributedTo": facts.author_uri,
        "url": facts.url,
        "published": format_time(facts.published),
        "inReplyTo": facts.in_reply_to,
        "to": to,
        "cc": cc,
        "sensitive": facts.sensitive or bool(facts.summary),
        "content": content,
        "tag": _tags(facts),
        "attachment": [_attachment(attachment) for attachment in facts.attachments],
    }
    if facts.poll is not None:
        document |= question_terms(facts.poll)
    if facts.updated is not None:
        document["updated"] = format_time(facts.updated)
    if facts.summary:
        document["summary"] = facts.summary
    if facts.language:
        document["contentMap"] = {facts.language: content}
    if facts.source_text is not None:
        document["source"] = {"content": facts.source_text, "mediaType": "text/plain"}
    if facts.context_uri is not None:
        document["context"] = document["conversation"] = facts.context_uri
    if facts.audience_uri is not None:
        document["audience"] = facts.audience_uri
    if facts.visibility == "direct":
        document["directMessage"] = True
    can_quote: Document = {"automaticApproval": list(facts.may_quote) or [facts.author_uri]}
    if facts.may_ask_to_quote:
        can_quote["manualApproval"] = list(facts.may_ask_to_quote)
    document["interactionPolicy"] = {"canQuote": can_quote}
    if facts.quote is not None:
        document["quote"] = document["quoteUrl"] = facts.quote.uri
        document["quoteUri"] = document["_misskey_quote"] = facts.quote.uri
        if facts.quote.authorization:
            document["quoteAuthorization"] = facts.quote.authorization
    if facts.reply_authorization:
        document["replyAuthorization"] = document["approvedBy"] = facts.reply_authorization
    document["replies"] = _replies(f"{facts.id}/replies")
    document["likes"] = _counted(f"{facts.id}/likes", facts.likes_count)
    document["shares"] = _counted(f"{facts.id}/shares", facts.shares_count)
    return document


def tombstone_document(uri: str, *, deleted: datetime | None = None, with_context: bool = True) -> Document:
    """Write what is served with 410 where a post was (ACV-4)."""
    document: Document = {"@context": AS_CONTEXT} if with_context else {}
    document |= {"id": uri, "type": "Tombstone"}
    if deleted is not None:
        document["deleted"] = format_time(deleted)
    return document


def emoji_tag(facts: EmojiFacts) -> Document:
    """Write a custom emoji as a tag."""
    document: Document = {
        "type": "Emoji",
        "name": f":{facts.shortcode}:",
        "icon": {"type": "Image", "mediaType": facts.media_type, "url": facts.url},
    }
    if facts.id:
        document["id"] = facts.id
    if facts.updated is not None:
        document["updated"] = format_time(facts.updated)
    return document


def emoji_document(facts: EmojiFacts) -> Document:
    """Write a custom emoji as it stands at its own id."""
    return {"@context": POST_CTX, **emoji_tag(facts)}


def hashtag_document(facts: HashtagFacts) -> Document:
    """Write a hashtag, of a post or featured by an actor (OBJ-5)."""
    return {"type": "Hashtag", "href": facts.url, "name": f"#{facts.name}"}


def _tags(facts: PostFacts) -> list[Document]:
    mentions = [{"type": "Mention", "href": mention.uri, "name": f"@{mention.acct}"} for mention in facts.mentions]
    hashtags = [hashtag_document(tag) for tag in facts.hashtags]
    quotes = [_quote_tag(facts.quote)] if facts.quote is not None else []
    return [*mentions, *hashtags, *map(emoji_tag, facts.emojis), *quotes]


def _quote_tag(quote: QuoteFacts) -> Document:
    """Write a quote as an object link (FEP-e232)."""
    rel = "https://misskey-hub.net/ns#_misskey_quote"
    return {"type": "Link", "mediaType": LD_TYPE, "rel": rel, "href": quote.uri, "name": f"RE: {quote.url}"}


def _quote_line(quote: QuoteFacts) -> str:
    """Return what stands for the quote where quotes are not known."""
    url = escape(quote.url)
    return f'<p class="quote-inline">RE: <a href="{url}">{url}</a></p>'


def _attachment(facts: AttachmentFacts) -> Document:
    document: Document = {"type": "Document", "mediaType": facts.media_type, "url": facts.url}
    if facts.description:
        # snac reads only the first, GoToSocial the second (OBJ-7).
        document["name"] = document["summary"] = facts.description
    if facts.blurhash:
        document["blurhash"] = facts.blurhash
    if facts.focus is not None:
        document["focalPoint"] = list(facts.focus)
    if facts.width and facts.height:
        document["width"], document["height"] = facts.width, facts.height
    if facts.duration:
        document["duration"] = f"PT{facts.duration:.3f}".rstrip("0").rstrip(".") + "S"
    if facts.icon_url:
        document["icon"] = {"type": "Image", "mediaType": facts.icon_type, "url": facts.icon_url}
    return document


def _replies(uri: str) -> Document:
    page = {"type": "CollectionPage", "partOf": uri, "items": [], "next": f"{uri}?page=true"}
    return {"id": uri, "type": "Collection", "first": page}


def _counted(uri: str, total: int) -> Document:
    return {"id": uri, "type": "Collection", "totalItems": total}
