"""What apps send to have a post written, as types, and from there to a `Draft`. Called by `statuses` and its kin."""

import io
from dataclasses import replace
from datetime import datetime
from typing import Final

from quart import request

from node.auth.models import User
from node.auth.queries import PostingDefaults
from node.base.db.unit_of_work import Reader
from node.base.errors import BadRequest, Invalid
from node.base.ids import read_id
from node.base.runtime import Runtime
from node.http.limits import MEDIA
from node.http.principals import Viewer, pay
from node.http.requests import Identifier, Request
from node.media.queries import list_media
from node.media.rules import MediaChange, parse_data_url, parse_focus
from node.media.uploads import store_thumbnail
from node.polls.queries import find_poll
from node.polls.rules import PollDraft
from node.posts.drafts import Draft
from node.posts.models import Post
from node.posts.views import VISIBILITY_FROM_WORD

LONGEST_KEY: Final = 255


class AskedPoll(Request, frozen=True, kw_only=True):
    """A poll; in an edit what is not sent of it stays as it is."""

    options: list[str] | None = None
    expires_in: int | None = None
    multiple: bool | None = None
    hide_totals: bool | None = None


class AskedMedia(Request, frozen=True, kw_only=True):
    """New words, a new focal point or a new picture to stand for a file of an edited post.

    `thumbnail` is a file as text, `data:image/png;base64,...`.
    """

    id: Identifier | None = None
    description: str | None = None
    focus: str | None = None
    thumbnail: str | None = None


class AskedWords(Request, frozen=True, kw_only=True):
    """What every post has, alone or in a thread."""

    status: str | None = None
    media_ids: list[str] | None = None
    poll: AskedPoll | None = None
    sensitive: bool | None = None
    spoiler_text: str | None = None
    language: str | None = None


class AskedPost(AskedWords, frozen=True, kw_only=True):
    """A post as apps ask for it."""

    in_reply_to_id: Identifier | None = None
    visibility: str | None = None
    quoted_status_id: str | None = None
    quote_id: str | None = None
    """Another name for `quoted_status_id` that some apps use."""
    quote_approval_policy: str | None = None
    local_only: bool | None = None


class NewPost(AskedPost, frozen=True, kw_only=True):
    """A post to be published now, or at `scheduled_at`."""

    scheduled_at: datetime | None = None


class ChangedPost(AskedWords, frozen=True, kw_only=True):
    """An edit: what is not sent stays as it is."""

    quote_approval_policy: str | None = None
    media_attributes: list[AskedMedia] | None = None


class NewThread(Request, frozen=True, kw_only=True):
    """A whole thread: its posts in order, and what holds for all of them."""

    statuses: list[AskedWords]
    in_reply_to_id: Identifier | None = None
    visibility: str | None = None
    quote_approval_policy: str | None = None
    local_only: bool | None = None


def draft_from(asked: AskedPost, user: User | PostingDefaults, *, app_id: int | None = None) -> Draft:
    """Return a new post as it was asked for, its gaps filled from the person's defaults. Raises Invalid."""
    visibility = _visibility(asked.visibility)
    if visibility is None and asked.in_reply_to_id is None:
        visibility = user.default_visibility
    return Draft(
        text=asked.status or "",
        visibility=visibility,
        spoiler_text=asked.spoiler_text or "",
        sensitive=user.default_sensitive if asked.sensitive is None else asked.sensitive,
        language=asked.language or user.default_language,
        in_reply_to_id=asked.in_reply_to_id,
        media_ids=_media_ids(asked),
        poll=_poll(asked.poll),
        quoted_id=_quoted_id(asked),
        quote_policy=quote_policy_from(asked.quote_approval_policy) or user.default_quote_policy,
        application_id=app_id,
        local_only=bool(asked.local_only),
    )


def thread_from(asked: NewThread, user: User | PostingDefaults, *, app_id: int | None = None) -> list[Draft]:
    """Return the posts of a thread as they were asked for. Raises Invalid."""
    return [
        draft_from(
            AskedPost(
                status=words.status,
                media_ids=words.media_ids,
                poll=words.poll,
                sensitive=words.sensitive,
                spoiler_text=words.spoiler_text,
                language=words.language,
                in_reply_to_id=asked.in_reply_to_id if number == 0 else None,
                visibility=asked.visibility,
                quote_approval_policy=asked.quote_approval_policy,
                local_only=asked.local_only,
            ),
            user,
            app_id=app_id,
        )
        for number, words in enumerate(asked.statuses)
    ]


async def changed_draft(reader: Reader, post: Post, asked: ChangedPost) -> Draft:
    """Return `post` with what was sent put in its place. Raises Invalid."""
    if asked.media_ids is None:
        media_ids = tuple(media.id for media in await list_media(reader, post.id))
    else:
        media_ids = _media_ids(asked)
    return Draft(
        text=post.text if asked.status is None else asked.status,
        visibility=post.visibility,
        spoiler_text=post.spoiler_text if asked.spoiler_text is None else asked.spoiler_text,
        sensitive=post.sensitive if asked.sensitive is None else asked.sensitive,
        language=post.language if asked.language is None else asked.language or None,
        in_reply_to_id=post.in_reply_to_id,
        media_ids=media_ids,
        media_changes=tuple(_media_changes(asked)),
        poll=await _changed_poll(reader, post, asked.poll),
        local_only=post.local_only,
    )


def quote_policy_from(word: str | None) -> str:
    """Return who may quote the post as it was asked for, "" if it was not. Raises Invalid."""
    if word and word not in ("public", "followers", "nobody"):
        raise Invalid("Validation failed: Quote approval policy is not one of public, followers, nobody")
    return word or ""


def idempotency_key() -> str | None:
    """Return the request's `Idempotency-Key`. Raises BadRequest for one that is too long."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > LONGEST_KEY:
        raise BadRequest(f"Idempotency-Key must be at most {LONGEST_KEY} characters")
    return key.replace("\x00", "") or None


def _quoted_id(asked: AskedPost) -> int | None:
    """Return what is quoted; what is no id is kept as one that nobody has, so that it is refused."""
    word = asked.quoted_status_id or asked.quote_id
    return (read_id(word) or 0) if word else None


def _visibility(word: str | None) -> str | None:
    if not word:
        return None
    if word not in VISIBILITY_FROM_WORD:
        raise Invalid("Validation failed: Visibility is not one of public, unlisted, private, direct")
    return VISIBILITY_FROM_WORD[word]


def _poll(asked: AskedPoll | None) -> PollDraft | None:
    if asked is None or asked == AskedPoll():
        return None
    return PollDraft(
        options=tuple(asked.options or ()),
        expires_in=asked.expires_in,
        multiple=bool(asked.multiple),
        hide_totals=bool(asked.hide_totals),
    )


async def _changed_poll(reader: Reader, post: Post, asked: AskedPoll | None) -> PollDraft | None:
    """Return the poll as it is to be; what is not sent of it stays as it is."""
    wanted = _poll(asked)
    stored = await find_poll(reader, post.id) if wanted is not None else None
    if wanted is None or stored is None or asked is None:
        return wanted
    return PollDraft(
        options=tuple(title for title, _ in stored.options) if asked.options is None else wanted.options,
        expires_in=wanted.expires_in,
        multiple=stored.multiple if asked.multiple is None else asked.multiple,
        hide_totals=stored.hide_totals if asked.hide_totals is None else asked.hide_totals,
    )


def _media_ids(asked: AskedWords) -> tuple[int, ...]:
    """Return the media asked for. What is no id is kept as one that nobody has, so that it is refused."""
    return tuple(read_id(text) or 0 for text in asked.media_ids or () if text)


async def with_thumbnails(node: Runtime, viewer: Viewer, draft: Draft, asked: ChangedPost) -> Draft:
    """Store the pictures that are to stand for files of an edited post; nothing else of the draft changes."""
    sent = {entry.id: entry.thumbnail for entry in asked.media_attributes or () if entry.thumbnail}
    changes = []
    for change in draft.media_changes:
        text = sent.get(change.media_id)
        if text and change.media_id in draft.media_ids:
            await pay(viewer, MEDIA)
            stored = await store_thumbnail(node, io.BytesIO(parse_data_url(text)))
            changes.append(replace(change, thumbnail=stored))
        else:
            changes.append(change)
    return replace(draft, media_changes=tuple(changes))


def _media_changes(asked: ChangedPost) -> list[MediaChange]:
    return [
        MediaChange(entry.id, entry.description, parse_focus(entry.focus or ""))
        for entry in asked.media_attributes or ()
        if entry.id is not None
    ]
