"""The FILL lane: runs that complete accounts, lists of the followed, and threads; side by side, a few seconds a turn.

A thread takes as many turns as it needs; between them its row says where it stands. Threads never take all places,
so an account that somebody is looking at right now does not wait for them. The lane has its own drain because runs
last long: nothing else waits for one.
"""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Final

import structlog

from federation.errors import FederationError
from node.base.db.claims import claim_due
from node.base.errors import Unavailable
from node.base.lanes import FILL
from node.base.runtime import Runtime
from node.base.work import drain
from node.completion.followings import complete_following
from node.completion.models import Completion
from node.completion.outboxes import complete_account
from node.completion.queries import list_completions, list_due_kinds
from node.completion.rules import ACCOUNT, FOLLOWING, MAX_ATTEMPTS, THREAD
from node.completion.service import finish
from node.completion.threads import complete_thread

SECONDS: Final = 90
WORK_SECONDS: Final = 6.0
"""After this nothing is begun: other lanes of this worker want their turn."""
PLACES: Final = {ACCOUNT: 6, FOLLOWING: 2, THREAD: 3}
LOOK_EVERY_SECONDS: Final = 0.1

_LEASE: Final = timedelta(seconds=90)
_RUN_SECONDS: Final = 60.0
_OF_KIND: Final = {kind: (Completion.finished_at.is_(None), Completion.kind == kind) for kind in PLACES}

_COMPLETE: Final = {ACCOUNT: complete_account, FOLLOWING: complete_following, THREAD: complete_thread}

log = structlog.get_logger(__name__)


async def is_due(runtime: Runtime, now: datetime) -> bool:
    """Say whether any run is due."""
    async with runtime.read() as reader:
        return bool(await list_due_kinds(reader, now))


@drain(FILL, seconds=SECONDS, is_due=is_due)
async def complete_due(runtime: Runtime) -> bool:
    """Give due runs a turn; True when stopped with work left."""
    stop_at = time.monotonic() + WORK_SECONDS
    under_way: dict[asyncio.Task[None], str] = {}
    while True:
        has_time = time.monotonic() < stop_at
        if has_time:
            for run in await _claim(runtime, list(under_way.values())):
                under_way[asyncio.create_task(_turn(runtime, run))] = run.kind
        if not under_way:
            return not has_time
        done, _ = await asyncio.wait(under_way, timeout=LOOK_EVERY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            del under_way[task]


async def _claim(runtime: Runtime, busy: list[str]) -> list[Completion]:
    """Claim runs for the places that are free."""
    async with runtime.read() as reader:
        due = await list_due_kinds(reader, runtime.now())
    ids: list[int] = []
    for kind in sorted(due):
        free = PLACES[kind] - busy.count(kind)
        if free > 0:
            async with runtime.write() as uow:
                ids += await claim_due(
                    uow, Completion, now=runtime.now(), lease=_LEASE, limit=free, where=_OF_KIND[kind]
                )
    if not ids:
        return []
    async with runtime.read() as reader:
        return list(await list_completions(reader, ids))


async def _turn(runtime: Runtime, run: Completion) -> None:
    """Let a run take a turn. What fails for good, or killed its worker each time, is over."""
    detail = ""
    if run.attempts > MAX_ATTEMPTS:
        detail = "its turns never came to an end"
    else:
        try:
            async with asyncio.timeout(_RUN_SECONDS):
                await _COMPLETE[run.kind](runtime, run)
        except FederationError as error:
            detail = str(error)
        except TimeoutError:
            detail = "took too long"
        except Unavailable:
            return  # the database is busy; the lease brings it back
        except Exception as error:  # a document that trips us must not come back for ever (row 114)
            log.exception("completion_failed", kind=run.kind)
            detail = type(error).__name__
    if detail:
        async with runtime.write() as uow:
            await finish(uow, run.id, now=runtime.now(), detail=detail)
