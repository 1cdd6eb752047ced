"""The INDEX lane: posts that changed become documents, a second or so after they did; a rebuild goes on beside it.

One process indexes at a time (the engine's turn); another one that drains the lane finds it taken and leaves. So a
claim needs no lease: what whoever has the turn finds claimed was left by a process that was killed, and is taken up at
the next look, a second later. Under load the drain waits a moment between its batches, so that each is worth a commit.
It goes on beside the other work of its worker, which looks for posts every second by itself: nobody nudges for them,
and a queue of more urgent work holds them up no longer. Upkeep and a rebuild let new posts go first.
"""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import update

from node.base.db.claims import claim_due
from node.base.db.unit_of_work import Reader
from node.base.full_disk import is_full
from node.base.lanes import INDEX
from node.base.runtime import Runtime
from node.base.work import drain
from node.search.choosing import engine_of
from node.search.engines import OFF, Engine, engine_name, made_as
from node.search.indexing import begin_rebuild, forget, index_posts, put_off, rebuild_some
from node.search.models import SearchTask
from node.search.task_queries import find_rebuild, has_due_tasks, list_post_ids_of, list_tasks

SECONDS: Final = 300
BATCH: Final = 200
ACCOUNT_PART: Final = 400
RETRY_AFTER: Final = timedelta(seconds=3)
MAX_ATTEMPTS: Final = 8
NEVER_BUILT: Final = "it was never built"

_WORK_SECONDS: Final = 20.0
_BUSY_COMMITS: Final = 10
"""Batches in ten seconds from which the drain takes breath, so that they grow."""
_BREATH_SECONDS: Final = 0.5
_REST: Final = 0.5
"""How long a rebuild rests, by the time that a piece took: other work of this process is as long undisturbed."""
_LOOK_SECONDS: Final = 0.5

log = structlog.get_logger(__name__)


async def is_due(runtime: Runtime, now: datetime) -> bool:
    """Say whether a post waits, or the index is to be built."""
    if engine_name(runtime.settings) == OFF:
        return False
    if engine_of(runtime).ailment():
        return True
    async with runtime.read() as reader:
        return await has_due_tasks(reader, now) or await _reason_to_build(runtime, reader) != ""


async def _reason_to_build(runtime: Runtime, reader: Reader) -> str:
    """Return why the index is to be built, "" where it stands: it never was, or with another engine, or not to its
    end."""
    rebuild = await find_rebuild(reader)
    if rebuild is None:
        return NEVER_BUILT
    if rebuild.engine != made_as(engine_name(runtime.settings)):
        return "the engine is another one now, or reads posts in another way"
    return rebuild.reason if rebuild.finished_at is None else ""


@drain(INDEX, seconds=SECONDS, is_due=is_due, patient=True, alone=True, late=timedelta())
async def index_due(runtime: Runtime) -> bool:
    """Index what waits, then go on with a rebuild or the upkeep; True when time ran out with work left."""
    if engine_name(runtime.settings) == OFF:
        return False
    engine = engine_of(runtime)
    stop_at = time.monotonic() + _WORK_SECONDS
    if not await _begin_if_needed(runtime, engine):
        return False
    batches: list[float] = []
    while time.monotonic() < stop_at:
        done = await _some_tasks(runtime, engine)
        if done is None:
            return False
        if done:
            batches = [at for at in batches if at > time.monotonic() - 10] + [time.monotonic()]
            if len(batches) > _BUSY_COMMITS:
                await asyncio.sleep(_BREATH_SECONDS)
            continue
        started = time.monotonic()
        if not await rebuild_some(runtime, engine):
            return await _tidy(runtime, engine)
        await asyncio.sleep(_REST * (time.monotonic() - started))
    return True


async def _tidy(runtime: Runtime, engine: Engine) -> bool:
    """Do a piece of upkeep, and index meanwhile what comes; say whether there is more."""
    upkeep = asyncio.create_task(engine.tidy())
    try:
        while not (await asyncio.wait({upkeep}, timeout=_LOOK_SECONDS))[0]:
            await _some_tasks(runtime, engine)
        return upkeep.result()
    finally:
        upkeep.cancel()
        await asyncio.gather(upkeep, return_exceptions=True)


async def _begin_if_needed(runtime: Runtime, engine: Engine) -> bool:
    """Begin a rebuild where there is none under way and the index needs one; False when another process is writing."""
    async with runtime.read() as reader:
        rebuild = await find_rebuild(reader)
        reason = engine.ailment() or await _reason_to_build(runtime, reader)
    is_under_way = rebuild is not None and rebuild.finished_at is None and rebuild.engine == made_as(engine.name)
    return is_under_way or not reason or await begin_rebuild(runtime, engine, reason)


async def _some_tasks(runtime: Runtime, engine: Engine) -> bool | None:
    """Do a batch, if it is our turn; False when none is due, None when it is another one's or there is no room."""
    async with engine.turn() as is_ours:
        return await _batch(runtime, engine) if is_ours else None


async def _batch(runtime: Runtime, engine: Engine) -> bool | None:
    async with runtime.write() as uow:
        ids = await claim_due(uow, SearchTask, now=runtime.now(), lease=timedelta(), limit=BATCH)
        tasks = await list_tasks(uow, ids) if ids else []
    if not tasks:
        return False
    posts = [task for task in tasks if task.post_id is not None]
    try:
        if posts:
            await _posts(runtime, engine, posts)
        for task in tasks:
            if task.account_id is not None:
                await _alone(runtime, task, _part_of_account(runtime, engine, task, task.account_id))
    except Exception as error:
        if not is_full(error):
            raise
        log.warning("search_waits_for_room", posts=len(posts))
        async with runtime.write() as uow:
            await put_off(uow, tasks, due_at=runtime.now() + RETRY_AFTER, attempts=1)
        return None
    return True


async def _posts(runtime: Runtime, engine: Engine, tasks: Sequence[SearchTask]) -> None:
    try:
        await index_posts(runtime, engine, [task.post_id for task in tasks if task.post_id], tasks)
    except Exception as error:
        if is_full(error):
            raise
        log.exception("search_batch_failed", posts=len(tasks))
        for task in tasks:
            await _alone(runtime, task, index_posts(runtime, engine, [task.post_id or 0], [task]))


async def _alone(runtime: Runtime, task: SearchTask, work: Awaitable[None]) -> None:
    """Do one task: if it trips us it must not hold up the others, nor come back for ever (row 114)."""
    try:
        await work
    except Exception as error:
        if is_full(error):
            raise
        log.exception("search_task_failed", subject=task.subject, attempt=task.attempts)
        async with runtime.write() as uow:
            if task.attempts >= MAX_ATTEMPTS:
                await forget(uow, [task])
            else:
                await put_off(uow, [task], due_at=runtime.now() + RETRY_AFTER, attempts=task.attempts)


async def _part_of_account(runtime: Runtime, engine: Engine, task: SearchTask, account_id: int) -> None:
    """Look at some posts of an account again, and come back for the next."""
    async with runtime.read() as reader:
        ids = await list_post_ids_of(reader, account_id, after_id=task.after_id, limit=ACCOUNT_PART)
    if ids:
        await index_posts(runtime, engine, ids, ())
    async with runtime.write() as uow:
        if len(ids) < ACCOUNT_PART:
            await forget(uow, [task])
        else:
            await uow.write(
                update(SearchTask)
                .where(SearchTask.id == task.id, SearchTask.version == task.version)
                .values(after_id=ids[-1], due_at=runtime.now(), attempts=0)
                .execution_options(synchronize_session=False)
            )
