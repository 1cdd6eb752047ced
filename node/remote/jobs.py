"""The FETCH lane: missing parents of posts that arrived, actors that have grown stale, results of
polls.

A task that fails is tried three times more, after 6, 15 and 30 minutes (by then the negative cache has let go of
it), and then stays parked for an hour, which is the memory that it cannot be had (INB-7). A 404 or 410 parks at
once. Success deletes the row.
"""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, update

from federation.errors import FederationError, FetchGone
from node.base.db.claims import claim_due
from node.base.errors import Unavailable
from node.base.lanes import FETCH
from node.base.runtime import Runtime
from node.base.work import drain
from node.remote.actors import fetch_actor
from node.remote.errors import is_passing
from node.remote.featured import sync_featured
from node.remote.followers_sync import sync_followers
from node.remote.models import FetchTask
from node.remote.polls import refresh_poll_of
from node.remote.posts import fetch_post
from node.remote.profile_links import verify_profile_links
from node.remote.queries import has_due_tasks, list_tasks
from node.remote.quotes import check_quote
from node.remote.tasks import ACTOR, FEATURED, FOLLOWERS, POLL, POST, PROFILE_LINKS, QUOTE

SECONDS: Final = 60
BATCH: Final = 32
CONCURRENCY: Final = 8
WAITS: Final = (timedelta(minutes=6), timedelta(minutes=15), timedelta(minutes=30))

_LEASE: Final = timedelta(minutes=5)
_TASK_SECONDS: Final = 90.0
_WORK_SECONDS: Final = 40.0

_OPEN: Final = (FetchTask.parked_at.is_(None),)

log = structlog.get_logger(__name__)


async def is_due(runtime: Runtime, now: datetime) -> bool:
    """Say whether any fetch is due."""
    async with runtime.read() as reader:
        return await has_due_tasks(reader, now)


@drain(FETCH, seconds=SECONDS, is_due=is_due, patient=True)
async def fetch_due(runtime: Runtime) -> bool:
    """Work off due fetches; True when time ran out with work left."""
    stop_at = time.monotonic() + _WORK_SECONDS
    while time.monotonic() < stop_at:
        async with runtime.write() as uow:
            ids = await claim_due(
                uow,
                FetchTask,
                now=runtime.now(),
                lease=_LEASE,
                limit=BATCH,
                where=_OPEN,
            )
        if not ids:
            return False
        async with runtime.read() as reader:
            tasks = await list_tasks(reader, ids)
        turns = asyncio.Semaphore(CONCURRENCY)
        await asyncio.gather(*(_in_turn(turns, runtime, task) for task in tasks))
    return True


async def _in_turn(turns: asyncio.Semaphore, runtime: Runtime, task: FetchTask) -> None:
    async with turns:
        try:
            async with asyncio.timeout(_TASK_SECONDS):
                await _fetch(runtime, task)
        except FederationError as error:
            await _failed(runtime, task, error.reason, for_good=isinstance(error, FetchGone) or not is_passing(error))
        except (TimeoutError, Unavailable):
            await _failed(runtime, task, "timeout", for_good=False)
        except Exception as error:  # a document that trips us must not come back for ever (row 114)
            log.exception("fetch_task_failed", kind=task.kind)
            await _failed(runtime, task, type(error).__name__, for_good=False)
        else:
            async with runtime.write() as uow:
                await uow.write(delete(FetchTask).where(FetchTask.id == task.id))


async def _fetch(runtime: Runtime, task: FetchTask) -> None:
    if task.kind == ACTOR:
        await fetch_actor(runtime, task.uri, force=True)
    elif task.kind == QUOTE:
        await check_quote(runtime, task.uri, depth=task.depth)
    elif task.kind == POST:
        await fetch_post(runtime, task.uri, depth=task.depth, root=task.budget_key)
    elif task.kind == FEATURED:
        await sync_featured(runtime, await fetch_actor(runtime, task.uri))
    elif task.kind == FOLLOWERS:
        await sync_followers(runtime, await fetch_actor(runtime, task.uri), task.budget_key)
    elif task.kind == POLL:
        await refresh_poll_of(runtime, task.uri)
    elif task.kind == PROFILE_LINKS:
        await verify_profile_links(runtime, task.uri)
    else:
        log.warning("unknown_fetch_task", kind=task.kind)


async def _failed(runtime: Runtime, task: FetchTask, reason: str, *, for_good: bool) -> None:
    now = runtime.now()
    is_over = for_good or task.attempts > len(WAITS)
    changes = (
        {"parked_at": now, "detail": reason}
        if is_over
        else {"due_at": now + WAITS[task.attempts - 1], "detail": reason}
    )
    async with runtime.write() as uow:
        await uow.write(update(FetchTask).where(FetchTask.id == task.id).values(**changes))
