"""The SCHEDULED lane: posts whose time has come are published, each exactly once.

A row is leased first, since the accounts that a text names may have to be asked for at other servers, outside any
transaction. Then one transaction takes the row away and publishes the post: a process that dies before its commit
leaves the row to the next one, after it there is nothing left to publish. Everything is checked anew: what can not be
published any more stays with its reason. A post found days after its time, the node having been off, is published too.
"""

import time
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, update

from node.accounts.models import Account
from node.accounts.queries import find_account
from node.base.db.claims import claim_due
from node.base.errors import Forbidden, Invalid, NotFound, RookeryError
from node.base.lanes import SCHEDULED
from node.base.runtime import Runtime
from node.base.work import drain
from node.posts.drafts import from_stored
from node.posts.idempotency import pass_key
from node.posts.service import publish
from node.remote.mentions import resolve_mentions
from node.scheduled.models import ScheduledPost
from node.scheduled.queries import find_scheduled, has_due_scheduled
from node.scheduled.service import mark_failed
from node.timelines.fanout import push_own

SECONDS: Final = 60
BATCH: Final = 10
MAX_TRIES: Final = 8

_LEASE: Final = timedelta(minutes=3)
_WORK_SECONDS: Final = 40.0
_OPEN: Final = (ScheduledPost.failed_at.is_(None),)

GONE: Final = "What it answers or quotes is gone, or you may not see it any more"
SUSPENDED: Final = "Your account was suspended when its time came"
TROUBLE: Final = "It could not be published: something is wrong on our side"

log = structlog.get_logger(__name__)


async def is_due(runtime: Runtime, now: datetime) -> bool:
    """Say whether the time of any scheduled post has come."""
    async with runtime.read() as reader:
        return await has_due_scheduled(reader, now)


@drain(SCHEDULED, seconds=SECONDS, is_due=is_due)
async def publish_due(runtime: Runtime) -> bool:
    """Publish what is due; True when time ran out with work left."""
    stop_at = time.monotonic() + _WORK_SECONDS
    while time.monotonic() < stop_at:
        async with runtime.write() as uow:
            ids = await claim_due(uow, ScheduledPost, now=runtime.now(), lease=_LEASE, limit=BATCH, where=_OPEN)
        if not ids:
            return False
        for scheduled_id in ids:
            await _attempt(runtime, scheduled_id)
    return True


async def _attempt(runtime: Runtime, scheduled_id: int) -> None:
    try:
        await publish_scheduled(runtime, scheduled_id)
    except (Invalid, Forbidden) as error:
        await _failed(runtime, scheduled_id, error.message)
    except NotFound:
        await _failed(runtime, scheduled_id, GONE)
    except Exception as error:  # one post that trips us must not hold up the others, nor be lost
        passing = isinstance(error, RookeryError)
        log.log(30 if passing else 40, "scheduled_post_waits", id=scheduled_id, exc_info=not passing)
        await _wait(runtime, scheduled_id)


async def publish_scheduled(runtime: Runtime, scheduled_id: int) -> int | None:
    """Publish a scheduled post; return the post's id, None when there is nothing to publish (any more).

    Raises Invalid, Forbidden, NotFound when it cannot be published as things stand.
    """
    async with runtime.read() as reader:
        row = await find_scheduled(reader, scheduled_id)
        author = await find_account(reader, row.account_id) if row is not None else None
    if row is None:
        return None
    _check_author(author)
    assert author is not None
    mentions = await resolve_mentions(runtime, from_stored(row.draft).text, author)
    now = runtime.now()
    async with runtime.write() as uow:
        row = await find_scheduled(uow, scheduled_id)
        if row is None or row.scheduled_at > now or row.failed_at is not None:
            return None  # taken back, moved or published while its names were looked up
        author = await find_account(uow, row.account_id)
        _check_author(author)
        assert author is not None
        taken = await uow.write(
            delete(ScheduledPost)
            .where(ScheduledPost.id == scheduled_id, ScheduledPost.scheduled_at == row.scheduled_at)
            .execution_options(synchronize_session=False)
        )
        if not taken:
            return None
        draft = from_stored(row.draft)
        post = await publish(
            uow, runtime.settings, author, draft, mentions=mentions, now=now, scheduled_id=scheduled_id
        )
        await pass_key(uow, author.id, scheduled_id, post.id)
        account_id, post_id = author.id, post.id
        uow.after_commit(lambda: push_own(runtime, account_id, post_id))
    return post_id


def _check_author(author: Account | None) -> None:
    if author is None or author.is_gone:
        raise Forbidden(SUSPENDED)


async def _failed(runtime: Runtime, scheduled_id: int, reason: str) -> None:
    log.info("scheduled_post_failed", id=scheduled_id, reason=reason)
    async with runtime.write() as uow:
        await mark_failed(uow, scheduled_id, reason, now=runtime.now())


async def _wait(runtime: Runtime, scheduled_id: int) -> None:
    """Try again later, after a growing wait; give up in the end, where its author can see it."""
    async with runtime.write() as uow:
        row = await find_scheduled(uow, scheduled_id)
        if row is None:
            return
        if row.attempts >= MAX_TRIES:
            await mark_failed(uow, scheduled_id, TROUBLE, now=runtime.now())
            return
        await uow.write(
            update(ScheduledPost)
            .where(ScheduledPost.id == scheduled_id)
            .values(due_at=runtime.now() + timedelta(seconds=5 * 2**row.attempts))
            .execution_options(synchronize_session=False)
        )
