"""Posts: raw objects to `RemotePost`, without I/O. Reached through `parsing`, which re-exports it.

Here stand the readings that differ between servers: visibility (AUD-2), content warnings and titles (OBJ-3,
OBJ-8), language (OBJ-2), quotes (OBJ-12), votes and polls (OBJ-9, OBJ-10). Attachments, tags and emoji are
in `tag_parsing`. HTML stays as received; the caller sanitises.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from federation.consent import Policy, parse_policy
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
from federation.errors import MalformedDocument, OriginMismatch
from federation.origins import is_http_uri, same_origin
from federation.tag_parsing import (
    MentionTag,
    RemoteAttachment,
    RemoteEmoji,
    parse_attachments,
    parse_emojis,
    parse_hashtags,
    parse_mentions,
)
from federation.vocabulary import (
    AP_TYPE,
    AS_CONTEXT,
    MAX_CONTENT,
    MAX_NAME,
    MAX_POLL_OPTIONS,
    MAX_RECIPIENTS,
    MAX_TAGS,
    MAX_URI,
    MAX_WARNING,
    POST_TYPES,
    PUBLIC,
    TITLED_TYPES,
    is_public,
)

__all__ = [
    "MentionTag",
    "PollOption",
    "RemoteAttachment",
    "RemoteEmoji",
    "RemoteEvent",
    "RemotePoll",
    "RemotePost",
    "Visibility",
    "parse_emojis",
    "parse_post",
    "read_visibility",
]

Visibility = Literal["public", "unlisted", "followers", "direct"]

DEFAULT_WARNING = "Sensitive content"
"""Stands in for Misskey's content warning of one zero-width space (OBJ-3)."""

_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")


@dataclass(frozen=True, slots=True)
class PollOption:
    """One answer; `votes` is a hint until it comes from the poll's own host."""

    name: str
    votes: int


@dataclass(frozen=True, slots=True)
class RemotePoll:
    """The poll of a Question (OBJ-9); without `closes_at` it is endless."""

    options: tuple[PollOption, ...]
    multiple: bool
    closes_at: datetime | None
    closed: bool
    voters_count: int | None


@dataclass(frozen=True, slots=True)
class RemoteEvent:
    """When and where an Event takes place (OBJ-8)."""

    starts_at: datetime | None
    ends_at: datetime | None
    place: str


@dataclass(frozen=True, slots=True)
class RemotePost:
    """A post of another server."""

    id: str
    type: str
    attributed_to: str
    url: str
    content_html: str
    """As received, not sanitised; Markdown when `content_is_markdown`."""
    content_is_markdown: bool
    summary: str | None
    """The content warning, or None."""
    title: str | None
    sensitive: bool
    language: str | None
    published: datetime | None
    updated: datetime | None
    in_reply_to: str | None
    context: str | None
    """A grouping hint only (OBJ-17); need not be an http(s) URI."""
    visibility: Visibility
    to: tuple[str, ...]
    cc: tuple[str, ...]
    mentions: tuple[MentionTag, ...]
    hashtags: tuple[str, ...]
    emojis: tuple[RemoteEmoji, ...]
    attachments: tuple[RemoteAttachment, ...]
    replies_uri: str | None
    replies_count: int | None
    likes_count: int | None
    shares_count: int | None
    quote_uri: str | None
    quote_is_legacy: bool
    """True when the quote came without consent data (OBJ-12)."""
    quote_authorization: str | None
    quote_deleted: bool
    poll: RemotePoll | None
    is_vote: bool
    """A Note that is an answer to a poll and never a post (OBJ-10); `vote_name` is the option."""
    vote_name: str | None
    raw: Document
    link: str | None = None
    """The page elsewhere that a titled post is about: Lemmy's link posts."""
    event: RemoteEvent | None = None
    """When and where, of an Event."""
    interaction_policy: Policy = field(default_factory=dict)
    """Who may do what with it, as its author wishes (OBJ-16)."""


def parse_post(
    doc: Document,
    *,
    followers_url: str | None = None,
    activity_to: tuple[str, ...] = (),
    activity_cc: tuple[str, ...] = (),
) -> RemotePost:
    """Read a post.

    `followers_url` is the author's, needed to tell a followers-only post from a direct one; without it the
    narrower reading holds. The activity's audience counts only when the object has none of its own (AUD-2).
    MalformedDocument when it has no id, no known type or no author; OriginMismatch when id and authors are of
    different origins (row 21).
    """
    kind = type_of(doc, POST_TYPES)
    if kind is None:
        raise MalformedDocument("not_a_post", f"types {types_of(doc)[:5]} are none of a post")
    post_id = doc.get("id", doc.get("@id"))
    if not isinstance(post_id, str) or not is_http_uri(post_id):
        raise MalformedDocument("bad_id", "a post without an http(s) id")
    author = _author(doc, post_id)
    content, language = _content(doc, kind)
    summary, sensitive = _warning(doc, kind)
    to, cc = _addresses(doc, activity_to, activity_cc)
    quote_uri, quote_is_legacy, quote_deleted = _quote(doc)
    name = natural_text(doc, "name")[0]
    in_reply_to = _http(first_id(doc.get("inReplyTo")))
    is_vote = kind == "Note" and bool(name) and not content and in_reply_to is not None
    context = first_id(doc.get("context")) or first_id(doc.get("conversation"))
    return RemotePost(
        id=post_id,
        type=kind,
        attributed_to=author,
        url=_http(link_url(doc.get("url"))) or post_id,
        content_html=content[:MAX_CONTENT],
        content_is_markdown=text_of(doc.get("mediaType")) == "text/markdown",
        summary=summary,
        title=name.strip()[:MAX_NAME] if name and kind in TITLED_TYPES else None,
        sensitive=sensitive,
        language=language,
        published=parse_time(doc.get("published")),
        updated=parse_time(doc.get("updated")),
        in_reply_to=in_reply_to,
        context=context if context is None or len(context) <= MAX_URI else None,
        visibility="direct" if kind == "ChatMessage" else read_visibility(to, cc, followers_url),
        to=to,
        cc=cc,
        mentions=parse_mentions(doc.get("tag")),
        hashtags=parse_hashtags(doc.get("tag")),
        emojis=parse_emojis(doc.get("tag")),
        attachments=parse_attachments(doc, kind),
        replies_uri=_http(first_id(doc.get("replies"))),
        replies_count=_total(doc.get("replies")),
        likes_count=_total(doc.get("likes")),
        shares_count=_total(doc.get("shares")),
        quote_uri=quote_uri,
        quote_is_legacy=quote_is_legacy,
        quote_authorization=_http(first_id(doc.get("quoteAuthorization"))),
        quote_deleted=quote_deleted,
        poll=_poll(doc) if kind == "Question" else None,
        is_vote=is_vote,
        vote_name=name[:MAX_NAME] if is_vote and name else None,
        raw=doc,
        link=_link(doc) if kind in TITLED_TYPES else None,
        event=_event(doc) if kind == "Event" else None,
        interaction_policy=parse_policy(doc.get("interactionPolicy")),
    )


def read_visibility(to: tuple[str, ...], cc: tuple[str, ...], followers_url: str | None) -> Visibility:
    """Tell the visibility from an audience (AUD-2); in doubt the narrower. `audience` never widens it."""
    if any(map(is_public, to)):
        return "public"
    if any(map(is_public, cc)):
        return "unlisted"
    if followers_url is not None and (followers_url in to or followers_url in cc):
        return "followers"
    return "direct"


def _author(doc: Document, post_id: str) -> str:
    entries = as_list(doc.get("attributedTo")) or as_list(doc.get("actor"))
    ids = ids_of(entries)
    if not ids:
        raise MalformedDocument("no_author", "a post without attributedTo")
    foreign = [author for author in ids if not same_origin(author, post_id)]
    if foreign:
        raise OriginMismatch("origin_mismatch", f"post {post_id[:200]} names the author {foreign[0][:200]}")
    person = next((entry for entry in objects_of(entries) if type_of(entry, {"Person"})), None)
    return first_id(person) or ids[0]


def _content(doc: Document, kind: str) -> tuple[str, str | None]:
    content, language = natural_text(doc, "content")
    if content is None and kind in TITLED_TYPES:
        preview = object_of(doc.get("preview"))
        content = (natural_text(preview, "content")[0] if preview else None) or natural_text(doc, "summary")[0]
    if language is None:
        named = object_of(doc.get("language"))
        language = text_of(named.get("identifier")) if named is not None else None
    if language is not None and (not _LANGUAGE.fullmatch(language) or language.lower() == "und"):
        language = None
    return content or "", language


def _warning(doc: Document, kind: str) -> tuple[str | None, bool]:
    sensitive = as_bool(doc.get("sensitive"))
    summary = natural_text(doc, "summary")[0] if kind not in TITLED_TYPES else None
    if not summary:
        return None, sensitive
    if _INVISIBLE.fullmatch(summary):
        return (DEFAULT_WARNING, True) if summary.strip() else (None, sensitive)
    return summary.strip()[:MAX_WARNING], True


def _addresses(
    doc: Document, activity_to: tuple[str, ...], activity_cc: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    to, cc = ids_of(doc.get("to")), ids_of(doc.get("cc"))
    if not to and not cc:
        to, cc = activity_to, activity_cc
    return _spelled(to), _spelled(cc)


def _spelled(uris: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(PUBLIC if is_public(uri) else uri for uri in uris[:MAX_RECIPIENTS]))


def _quote(doc: Document) -> tuple[str | None, bool, bool]:
    quoted = doc.get("quote")
    if isinstance(quoted, dict) and type_of(quoted, {"Tombstone"}):
        return _http(first_id(quoted)), False, True
    governed = _http(first_id(quoted))
    if governed is not None:
        return governed, False, False
    for key in ("_misskey_quote", "quoteUrl", "quoteUri"):
        legacy = _http(first_id(doc.get(key)))
        if legacy is not None:
            return legacy, True, False
    for tag in objects_of(doc.get("tag"))[:MAX_TAGS]:
        media_type = text_of(tag.get("mediaType")) or ""
        is_quote = any("quote" in rel.lower() for rel in as_list(tag.get("rel")) if isinstance(rel, str))
        if type_of(tag, {"Link"}) and is_quote and (media_type == AP_TYPE or AS_CONTEXT in media_type):
            return _http(first_id(tag.get("href"))), True, False
    return None, False, False


def _link(doc: Document) -> str | None:
    for entry in objects_of(doc.get("attachment"))[:MAX_TAGS]:
        media_type = text_of(entry.get("mediaType")) or "text/html"
        if type_of(entry, {"Link"}) and media_type.startswith("text/html"):
            return _http(link_url(entry.get("href", entry.get("url"))))
    return None


def _event(doc: Document) -> RemoteEvent | None:
    """Return when and where; a place is its name, with the address where there is one."""
    location = object_of(doc.get("location")) or {}
    address = location.get("address")
    parts = [text_of(location.get("name"))]
    if isinstance(address, dict):
        parts += [text_of(address.get(part)) for part in ("streetAddress", "postalCode", "addressLocality")]
    else:
        parts.append(text_of(address))
    place = ", ".join(dict.fromkeys(part.strip() for part in parts if part and part.strip()))[:MAX_NAME]
    event = RemoteEvent(parse_time(doc.get("startTime")), parse_time(doc.get("endTime")), place)
    return event if event.starts_at is not None or place else None


def _poll(doc: Document) -> RemotePoll | None:
    multiple = "anyOf" in doc and not objects_of(doc.get("oneOf"))
    options = tuple(
        PollOption(name[:MAX_NAME], _total(entry.get("replies")) or 0)
        for entry in objects_of(doc.get("anyOf" if multiple else "oneOf"))[:MAX_POLL_OPTIONS]
        if (name := natural_text(entry, "name")[0] or natural_text(entry, "content")[0])
    )
    if not options:
        return None
    closed_at = parse_time(doc.get("closed"))
    ends = [moment for moment in (parse_time(doc.get("endTime")), closed_at) if moment is not None]
    return RemotePoll(
        options=options,
        multiple=multiple,
        closes_at=min(ends, default=None),
        closed=closed_at is not None or as_bool(doc.get("closed")),
        voters_count=as_int(doc.get("votersCount")),
    )


def _total(value: Any) -> int | None:
    collection = object_of(value)
    return as_int(collection.get("totalItems")) if collection else None


def _http(uri: str | None) -> str | None:
    return uri if uri is not None and is_http_uri(uri) else None
