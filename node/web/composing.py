"""From the composer to a draft: text, warning, and up to four files, new ones and those kept from a refusal.

Files are stored before the post is tried, so that a refused post comes back with them: a browser cannot be
handed a file again. Called by `compose` only.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from node.auth.queries import get_user
from node.base.errors import Invalid
from node.base.settings import Settings
from node.http.context import runtime
from node.http.limits import MEDIA, Bucket, spend
from node.media.attaching import change_media
from node.media.models import FAILED, Media
from node.media.queries import list_attachable
from node.media.rules import MediaChange
from node.media.uploads import PAGE_SECONDS, receive_upload
from node.media.views import media_view
from node.polls.rules import MAX_OPTIONS, PollDraft
from node.posts.drafts import MAX_MEDIA, Draft
from node.posts.views import VISIBILITY_FROM_WORD, VISIBILITY_WORDS
from node.web.forms import Errors, Form, errors_of
from node.web.visitors import Visitor
from node.web.words import LANGUAGES, POLL_LENGTHS
from node.web.zones import moment_in

CODES = frozenset(code for code, _ in LANGUAGES)
SPANS = {str(seconds): seconds for seconds, _ in POLL_LENGTHS}


async def collect(form: Form, visitor: Visitor, *, editing: bool = False) -> tuple[Draft, list[int], Errors]:
    """Return the draft a form describes, the files stored for it, and what is wrong with those.

    Descriptions of files that no post has yet are stored at once; those of a post under edit go with the draft.
    """
    removed = set(form.ids("media_remove"))
    kept = [id_ for id_ in form.ids("media_ids") if id_ not in removed]
    uploads, errors = await _store(form, visitor, room=MAX_MEDIA - len(kept))
    media_ids = [*kept, *uploads]
    changes = [
        MediaChange(id_, description=form.text(f"media_description_{id_}"))
        for id_ in kept
        if f"media_description_{id_}" in form
    ]
    if not editing:
        errors |= await _describe(visitor, changes)
    visibility = form.text("visibility")
    if visibility and visibility not in VISIBILITY_FROM_WORD:
        errors["visibility"] = "Choose who can see the post from the list."
    parents, quoted = form.ids("in_reply_to_id"), form.ids("quoted_id")
    draft = Draft(
        text=form.text("text"),
        visibility=VISIBILITY_FROM_WORD.get(visibility),
        spoiler_text=form.text("spoiler_text") if form.is_set("has_warning") else "",
        sensitive=form.is_set("sensitive") and bool(media_ids),
        language=form.text("language") if form.text("language") in CODES else None,
        in_reply_to_id=parents[0] if parents else None,
        media_ids=tuple(media_ids),
        media_changes=tuple(changes) if editing else (),
        poll=_poll(form),
        quoted_id=quoted[0] if quoted else None,
        quote_policy="" if editing else form.text("quote_policy"),
        local_only=not editing and form.is_set("local_only"),
    )
    return draft, media_ids, errors


def is_blank(draft: Draft) -> bool:
    """Whether nothing was written."""
    return not (draft.text.strip() or draft.media_ids or draft.poll)


async def time_asked(form: Form, visitor: Visitor) -> tuple[datetime | None, Errors]:
    """Return when a post is to appear, None for at once. The time is one of the person's zone, or the browser's."""
    word = form.line("scheduled_at")
    if not word:
        return None, {}
    async with runtime().read() as reader:
        user = await get_user(reader, visitor.account_id)
    moment = moment_in(word, form.line("time_zone") or user.time_zone)
    return moment, {} if moment else {"scheduled_at": "Choose a day and a time."}


def typed_of(draft: Draft, media: Mapping[int, Media], *, settings: Settings) -> dict[str, Any]:
    """Return a draft as the composer's fields."""
    typed: dict[str, Any] = {
        "text": draft.text,
        "spoiler_text": draft.spoiler_text,
        "visibility": VISIBILITY_WORDS[draft.visibility] if draft.visibility else "",
        "language": draft.language or "",
        "sensitive": "1" if draft.sensitive else "",
        "quote_policy": draft.quote_policy,
        "local_only": "1" if draft.local_only else "",
        "media": [media_view(media[id_], settings=settings) for id_ in draft.media_ids if id_ in media],
    }
    if draft.poll is not None:
        typed |= {f"poll_option_{n}": title for n, title in enumerate(draft.poll.options, 1)}
        typed |= {
            "has_poll": "1",
            "poll_expires_in": str(draft.poll.expires_in or ""),
            "poll_multiple": "1" if draft.poll.multiple else "",
            "poll_hide_totals": "1" if draft.poll.hide_totals else "",
        }
    return typed


def _poll(form: Form) -> PollDraft | None:
    if not form.is_set("has_poll"):
        return None
    return PollDraft(
        options=tuple(form.line(f"poll_option_{n}") for n in range(1, MAX_OPTIONS + 1)),
        expires_in=SPANS.get(form.text("poll_expires_in")),
        multiple=form.is_set("poll_multiple"),
        hide_totals=form.is_set("poll_hide_totals"),
    )


async def _store(form: Form, visitor: Visitor, *, room: int) -> tuple[list[int], Errors]:
    """Store every new file; return the ids, and the first refusal."""
    stored: list[int] = []
    for n in range(1, MAX_MEDIA + 1):
        upload = form.file(f"media_file_{n}")
        if upload is None:
            continue
        if len(stored) >= room:
            return stored, {"media": f"At most {MAX_MEDIA} files fit in one post."}
        await spend(runtime(), Bucket(MEDIA, f"account:{visitor.account_id}"))
        try:
            media = await receive_upload(
                runtime(),
                visitor.account_id,
                upload.stream,
                description=form.text(f"media_alt_{n}"),
                wait_seconds=PAGE_SECONDS,
            )
        except Invalid as problem:
            said = next(iter(errors_of(problem, default="media").values()))
            return stored, {"media": f"“{(upload.filename or 'The file')[:60]}”: {said}"}
        finally:
            upload.close()
        stored.append(media.id)
    return stored, {}


async def _describe(visitor: Visitor, changes: list[MediaChange]) -> Errors:
    if not changes:
        return {}
    try:
        async with runtime().write() as uow:
            own = await list_attachable(uow, visitor.account_id, [change.media_id for change in changes])
            await change_media(uow, visitor.account_id, [change for change in changes if change.media_id in own])
    except Invalid as problem:
        return {"media": next(iter(errors_of(problem).values()))}
    return {}


async def typed_again(form: Form, visitor: Visitor, media_ids: list[int]) -> dict[str, Any]:
    """Return what was typed with the files that are stored by now, for drawing the composer again."""
    node = runtime()
    async with node.read() as reader:
        own = await list_attachable(reader, visitor.account_id, media_ids)
    typed = {name: value for name, value in form.typed().items() if not name.startswith("media_")}
    if not form.is_set("has_warning"):
        typed["spoiler_text"] = ""
    return typed | {
        "media": [
            media_view(own[id_], settings=node.settings) for id_ in media_ids if id_ in own and own[id_].state != FAILED
        ]
    }
