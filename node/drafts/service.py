"""Keeping drafts: save, save again, throw away. A draft may be half done, so only what could do harm is refused."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import delete

from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.base.settings import Settings
from node.drafts.models import KeptDraft
from node.drafts.queries import count_drafts
from node.media.attaching import hold_media
from node.media.queries import list_attachable
from node.posts.drafts import MAX_MEDIA, Draft, check_media_count, stored_form
from node.posts.thread_publishing import MAX_POSTS

MOST: Final = 200
"""Drafts one person may keep (attack row 59)."""
ROOM: Final = 4
"""How many times the length of a post a draft may have: it is still to be shortened."""
MAX_OPTIONS: Final = 20
MAX_SHORT: Final = 500


async def save_draft(
    uow: UnitOfWork, settings: Settings, account_id: int, posts: Sequence[Draft], *, now: datetime
) -> KeptDraft:
    """Keep a new draft. Raises Invalid with fields."""
    if await count_drafts(uow, account_id) >= MOST:
        raise Invalid(fields={"status": [f"You have {MOST} drafts already: delete some first"]})
    row = KeptDraft(id=new_id(), account_id=account_id, created_at=now, updated_at=now)
    await _fill(uow, settings, row, posts, now=now)
    return row


async def change_draft(
    uow: UnitOfWork, settings: Settings, row: KeptDraft, posts: Sequence[Draft], *, now: datetime
) -> None:
    """Put other words in a draft's place. Raises Invalid with fields."""
    await _fill(uow, settings, row, posts, now=now)


async def throw_away(uow: UnitOfWork, row: KeptDraft, *, now: datetime) -> None:
    """Delete a draft. Its media are uploads again, for a day."""
    await uow.write(delete(KeptDraft).where(KeptDraft.id == row.id))
    await hold_media(uow, row.account_id, (), now=now, draft_id=row.id)


async def forget_drafts(uow: UnitOfWork, account_id: int) -> None:
    """Forget all that somebody began: the account is deleted."""
    await uow.write(
        delete(KeptDraft).where(KeptDraft.account_id == account_id).execution_options(synchronize_session=False)
    )


async def _fill(uow: UnitOfWork, settings: Settings, row: KeptDraft, posts: Sequence[Draft], *, now: datetime) -> None:
    if not posts or len(posts) > MAX_POSTS:
        raise Invalid(fields={"thread": [f"A draft has from 1 to {MAX_POSTS} posts"]})
    longest = settings.max_post_length * ROOM
    for post in posts:
        options = post.poll.options if post.poll else ()
        if len(post.text) > longest or len(post.spoiler_text) > longest:
            raise Invalid(fields={"status": [f"Text is longer than {longest} characters, which is too much to keep"]})
        if len(options) > MAX_OPTIONS or any(len(option) > MAX_SHORT for option in options):
            raise Invalid(fields={"poll": ["The poll is too large to keep"]})
        if len(post.language or "") > MAX_SHORT or len(post.media_ids) > MAX_MEDIA:
            raise Invalid(fields={"media_ids": [f"Cannot attach more than {MAX_MEDIA} files"]})
    clean = [replace(post, media_ids=tuple(dict.fromkeys(post.media_ids))) for post in posts]
    wanted = tuple(id_ for post in clean for id_ in post.media_ids)
    check_media_count(wanted, await list_attachable(uow, row.account_id, wanted))
    row.posts, row.updated_at = [stored_form(post) for post in clean], now
    uow.add(row)
    await uow.flush()
    await hold_media(uow, row.account_id, wanted, now=now, draft_id=row.id)
