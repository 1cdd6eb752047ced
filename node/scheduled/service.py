"""Scheduling posts: put one down, move it, take it back. Publishing them is `jobs`.

What can be known to be wrong already is refused at once; all of it is checked again when the time has come. The media
of a scheduled post are its own from then on (`media.attaching.hold_media`).
"""

from datetime import datetime

from sqlalchemy import delete, update

from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Forbidden
from node.base.ids import new_id
from node.base.settings import Settings
from node.media.attaching import hold_media
from node.media.queries import list_attachable
from node.posts.drafts import Draft, check_draft, check_media, stored_form
from node.posts.idempotency import KeyUsed, claim_key, free_key
from node.posts.queries import get_visible_post
from node.posts.quotes import REFUSED, quote_allowance
from node.scheduled.models import ScheduledPost
from node.scheduled.queries import count_scheduled, find_scheduled
from node.scheduled.rules import check_room, check_time


async def schedule(
    uow: UnitOfWork,
    settings: Settings,
    author: Account,
    draft: Draft,
    *,
    at: datetime,
    now: datetime,
    idempotency_key: str | None = None,
) -> ScheduledPost:
    """Put a post down for later.

    The same key within an hour returns the first one (client-api 8), KeyUsed when it made a post. Raises Invalid with
    fields, NotFound or Forbidden for what it answers or quotes.
    """
    check_time(at, now)
    scheduled_id = new_id()
    if idempotency_key:
        earlier_id = await claim_key(uow, author.id, idempotency_key, scheduled_id, now)
        if earlier_id is not None:
            earlier = await find_scheduled(uow, earlier_id)
            if earlier is None:
                raise KeyUsed(earlier_id)
            return earlier
    in_all, that_day = await count_scheduled(uow, author.id, at)
    check_room(in_all=in_all, that_day=that_day)
    draft = check_draft(draft, settings)
    check_media(draft.media_ids, await list_attachable(uow, author.id, draft.media_ids))
    if draft.in_reply_to_id is not None:
        await get_visible_post(uow, draft.in_reply_to_id, author.id)
    if draft.quoted_id is not None:
        quoted = await get_visible_post(uow, draft.quoted_id, author.id)
        if await quote_allowance(uow, author, quoted) == "denied":
            raise Forbidden(REFUSED)
    row = ScheduledPost(
        id=scheduled_id,
        account_id=author.id,
        draft=stored_form(draft),
        scheduled_at=at,
        due_at=at,
        created_at=now,
    )
    uow.add(row)
    await uow.flush()
    await hold_media(uow, author.id, draft.media_ids, now=now, scheduled_id=scheduled_id)
    return row


async def reschedule(uow: UnitOfWork, row: ScheduledPost, *, at: datetime, now: datetime) -> None:
    """Give a scheduled post another time; one that failed is tried again then. Raises Invalid."""
    check_time(at, now)
    in_all, that_day = await count_scheduled(uow, row.account_id, at, without_id=row.id)
    check_room(in_all=in_all, that_day=that_day)
    row.scheduled_at = row.due_at = at
    row.attempts, row.failed_at, row.failure = 0, None, ""
    uow.add(row)
    await uow.flush()


async def cancel(uow: UnitOfWork, row: ScheduledPost, *, now: datetime) -> bool:
    """Take a scheduled post back; return whether it was still there. Its media are uploads again for a day."""
    gone = await uow.write(delete(ScheduledPost).where(ScheduledPost.id == row.id))
    if not gone:
        return False
    await hold_media(uow, row.account_id, (), now=now, scheduled_id=row.id)
    await free_key(uow, row.account_id, row.id)
    return True


async def mark_failed(uow: UnitOfWork, scheduled_id: int, reason: str, *, now: datetime) -> None:
    """Say why a post could not be published; its author sees it."""
    await uow.write(
        update(ScheduledPost)
        .where(ScheduledPost.id == scheduled_id)
        .values(failed_at=now, failure=reason[:1000])
        .execution_options(synchronize_session=False)
    )


async def forget_scheduled(uow: UnitOfWork, account_id: int) -> None:
    """Forget everything that somebody has scheduled: the account is deleted."""
    await uow.write(
        delete(ScheduledPost).where(ScheduledPost.account_id == account_id).execution_options(synchronize_session=False)
    )
