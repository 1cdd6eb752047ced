"""The INBOX drain: stored activities take effect, each exactly once.

Rows are claimed in batches. Each goes through its handler's `verify`, which may read and fetch, and then in ONE
transaction through `receive` and to `done_at`: either both or neither, so a worker killed anywhere leaves a row
that is simply taken up again when its lease is over. Rows that are ready at the same moment share a transaction
(`together`).

Order. Activities of one actor, and activities about one object, are taken one after another in the order they
arrived (a Like must not overtake the Create it waited behind); everything else runs side by side, so a host
that answers slowly holds up only what depends on it. What many do to one object at once, none of which changes it,
runs side by side too: a post that goes round is liked by thousands.

Failure. What may be over soon comes due again after a growing wait. After `MAX_ATTEMPTS` claims a row is parked
with its reason; since a claim counts before the work begins, so is one that kills its worker each time.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import bindparam, update

from federation.consent import REQUEST_TYPES
from federation.errors import FederationError
from federation.origins import host_of
from inbox.context import Context, read_activity
from inbox.dispatch import Handler, handler_for
from inbox.forwarding import find_forwarding
from inbox.metrics import count_processed
from inbox.models import ReceivedActivity
from inbox.outcomes import DONE, IGNORED, PARKED, REFUSED, RETRY, Ignored, Refused, TryLater
from inbox.queries import OPEN, has_due, list_received
from node.accounts.models import Account
from node.accounts.queries import list_accounts_by_uri
from node.base.db.claims import claim_due
from node.base.db.prepared import Prepared
from node.base.db.together import Together
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import RookeryError, Unavailable
from node.base.lanes import INBOX
from node.base.runtime import Runtime
from node.base.work import drain
from node.events import ReplyReceived
from node.moderation.queries import read_policy_book
from node.moderation.rules import PolicyBook
from node.remote.actors import is_stale
from node.remote.arrivals import note_end
from node.remote.errors import is_passing
from node.remote.tasks import ACTOR, queue_fetch, refresh_delay

SECONDS: Final = 60
BATCH: Final = 50
CONCURRENCY: Final = 16
MAX_ATTEMPTS: Final = 8

_LEASE: Final = timedelta(seconds=60)
_ROW_SECONDS: Final = 40.0
_BEGIN_SECONDS: Final = 18.0
"""A row that has not been begun so long after its claim is given back: its lease must cover its work."""
_WORK_SECONDS: Final = 40.0
_FIRST_WAIT: Final = timedelta(seconds=10)
_LONGEST_WAIT: Final = timedelta(hours=2)
_DETAIL: Final = 1000

_HARMLESS: Final = frozenset(
    {"Create", "Follow", "Like", "EmojiReact", "Announce", "Accept", "Reject", "Undo", "Block"} | set(REQUEST_TYPES)
)
"""Types that leave their actor's own row as it was read."""
_SIDE_BY_SIDE: Final = frozenset({"Like", "EmojiReact", "Announce", "Follow"})
"""Types whose order does not matter where several do them to one object."""

_ROWS = ReceivedActivity.metadata.tables[ReceivedActivity.__tablename__]
_MARK = (
    update(_ROWS)
    .where(_ROWS.c.id == bindparam("row_id"), _ROWS.c.done_at.is_(None))
    .values(outcome=bindparam("new_outcome"), detail=bindparam("new_detail"))
)
_FINISH = Prepared(_MARK.values(done_at=bindparam("now"), body=""))
_PARK = Prepared(_MARK.values(parked_at=bindparam("now")))

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """A verified activity that has only to take effect."""

    row: ReceivedActivity
    context: Context
    handler: Handler[Any]
    verified: Any
    forwarding: ReplyReceived | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What the rows of a claim have in common: what is read once for all, and their transactions."""

    actors: dict[str, Account]
    policies: PolicyBook
    together: Together[Ready]


async def is_due(runtime: Runtime, now: datetime) -> bool:
    """Say whether anything waits to be processed."""
    async with runtime.read() as reader:
        return await has_due(reader, now)


@drain(INBOX, seconds=SECONDS, is_due=is_due)
async def process_due(runtime: Runtime) -> bool:
    """Process what is due; True when time ran out with work left."""
    stop_at = time.monotonic() + _WORK_SECONDS
    while time.monotonic() < stop_at:
        if not await is_due(runtime, runtime.now()):  # a look costs a twentieth of a transaction that finds nothing
            return False
        begin_by = time.monotonic() + _BEGIN_SECONDS
        async with runtime.write() as uow:
            ids = await claim_due(
                uow,
                ReceivedActivity,
                now=runtime.now(),
                lease=_LEASE,
                limit=BATCH,
                where=OPEN,
            )
        if not ids:
            return False
        async with runtime.read() as reader:
            rows = await list_received(reader, ids)
            actors = await list_accounts_by_uri(reader, {row.actor_uri for row in rows})
            batch = batch_of(runtime, actors, await read_policy_book(reader, runtime.settings))
        turns = asyncio.Semaphore(CONCURRENCY)
        await asyncio.gather(*(_in_order(turns, runtime, chain, batch, begin_by) for chain in chains_of(rows)))
    return True


def batch_of(runtime: Runtime, actors: dict[str, Account], policies: PolicyBook) -> Batch:
    """Return what the rows of a claim have in common."""
    return Batch(actors, policies, Together(partial(_commit, runtime)))


def chains_of(rows: Sequence[ReceivedActivity]) -> list[list[ReceivedActivity]]:
    """Split rows into chains that share no actor and no object, each in the order of arrival (INB-9)."""
    chain_of: dict[str, int] = {}
    chains: dict[int, list[ReceivedActivity]] = {}
    for number, row in enumerate(rows):
        keys = [key for key in (row.actor_uri, row.object_uri) if key]
        joined = sorted({chain_of[key] for key in keys if key in chain_of})
        home = joined[0] if joined else number
        merged = [item for other in joined for item in chains.pop(other)]
        chains[home] = sorted([*merged, row], key=lambda item: item.id)
        for item in chains[home]:
            chain_of.update(dict.fromkeys((key for key in (item.actor_uri, item.object_uri) if key), home))
    return list(chains.values())


def steps_of(chain: Sequence[ReceivedActivity]) -> list[list[ReceivedActivity]]:
    """Split a chain into steps: what is in one may be taken in any order."""
    steps: list[list[ReceivedActivity]] = []
    for row in chain:
        if steps and _is_beside(row, steps[-1]):
            steps[-1].append(row)
        else:
            steps.append([row])
    return steps


def _is_beside(row: ReceivedActivity, step: Sequence[ReceivedActivity]) -> bool:
    first = step[0]
    kinds_allow = row.kind in _SIDE_BY_SIDE and first.kind in _SIDE_BY_SIDE
    return kinds_allow and row.object_uri == first.object_uri and all(row.actor_uri != one.actor_uri for one in step)


async def _in_order(
    turns: asyncio.Semaphore, runtime: Runtime, chain: list[ReceivedActivity], batch: Batch, begin_by: float
) -> None:
    for step in steps_of(chain):
        await asyncio.gather(*(_in_turn(turns, runtime, row, batch, begin_by) for row in step))


async def _in_turn(
    turns: asyncio.Semaphore, runtime: Runtime, row: ReceivedActivity, batch: Batch, begin_by: float
) -> None:
    async with turns:
        if time.monotonic() > begin_by:
            await _give_back(runtime, row)
            return
        await process_row(runtime, row, batch)
        if row.kind not in _HARMLESS:
            batch.actors.pop(row.actor_uri, None)  # it may be another, or gone, from now on


async def _give_back(runtime: Runtime, row: ReceivedActivity) -> None:
    """Let a row that was claimed and not begun come due again, as if it had not been claimed."""
    try:
        async with runtime.write() as uow:
            await uow.write(
                update(_ROWS)
                .where(_ROWS.c.id == row.id, _ROWS.c.attempts == row.attempts, *OPEN)
                .values(due_at=runtime.now(), attempts=row.attempts - 1)
            )
    except Unavailable:
        log.warning("activity_left_claimed", id=row.id)  # the lease brings it back


async def process_row(runtime: Runtime, row: ReceivedActivity, batch: Batch) -> None:
    """Let one claimed row take effect, or record why it does not. Never raises."""
    try:
        if row.attempts > MAX_ATTEMPTS:
            await _end(runtime, row, PARKED, "too_many_attempts", row.detail)
            return
        try:
            async with asyncio.timeout(_ROW_SECONDS):
                await _take_effect(runtime, row, batch)
        except Ignored as verdict:
            await _end(runtime, row, IGNORED, verdict.reason, verdict.detail)
        except Refused as verdict:
            await _end(runtime, row, REFUSED, verdict.reason, verdict.detail)
        except TryLater as verdict:
            await _later_or_ignored(runtime, row, verdict)
        except FederationError as error:
            if is_passing(error):
                await _again(runtime, row, error.reason, error.detail)
            else:
                await _end(runtime, row, REFUSED, error.reason, error.detail)
        except (TimeoutError, Unavailable) as error:
            await _again(runtime, row, "unavailable", str(error))
        except RookeryError as error:
            # A service says no (blocked, not found): the sender's wish, and not ours.
            await _end(runtime, row, REFUSED, type(error).__name__.lower(), error.message)
        except Exception as error:  # a body that trips us must not come back for ever (row 114)
            log.exception("activity_failed", kind=row.kind, host=row.host)
            await _again(runtime, row, "failed", f"{type(error).__name__}: {error}")
    except Unavailable:
        log.warning("activity_left_claimed", id=row.id)  # the lease brings it back


async def _take_effect(runtime: Runtime, row: ReceivedActivity, batch: Batch) -> None:
    context = Context(
        runtime=runtime,
        activity=read_activity(row),
        signer_uri=row.signer_uri,
        inbox_owner_id=row.inbox_owner_id,
        now=runtime.now(),
        attempts=row.attempts,
        known_actor=batch.actors.get(row.actor_uri),
    )
    if batch.policies.is_suspended(host_of(row.actor_uri)) or batch.policies.is_suspended(row.host):
        raise Refused("blocked_domain", f"{row.host} is suspended here")
    handler = handler_for(context)
    verified = await handler.verify(context)
    ready = Ready(row, context, handler, verified, await find_forwarding(context, row))
    await batch.together.take(ready, alone=row.attempts > 1)  # what failed before shall not harm its neighbours
    count_processed(row.kind, DONE)


async def _commit(runtime: Runtime, group: Sequence[Ready]) -> int:
    """Let activities take effect and end their rows, in one transaction; return how many: fewer than all where somebody
    publishes meanwhile.

    The row comes first: on PostgreSQL that is the lock that keeps a second worker out.
    """
    taken = 0
    async with runtime.write() as uow:
        for run in _runs(group):
            standing = []
            for ready in run:
                if await _end_row(uow, ready.row, DONE, "", now=runtime.now()):  # else its lease ran out: another did
                    standing.append(ready)
                taken += 1
                is_over = runtime.must_give_way()
                if is_over:
                    break
            await _receive(uow, standing)
            if is_over or runtime.must_give_way():
                break
    return taken


def _runs(group: Sequence[Ready]) -> list[list[Ready]]:
    """Split into what takes effect at once: neighbours of a handler that takes several, each other by itself."""
    runs: list[list[Ready]] = []
    for ready in group:
        if runs and ready.handler.receive_all is not None and runs[-1][0].handler == ready.handler:
            runs[-1].append(ready)
        else:
            runs.append([ready])
    return runs


async def _receive(uow: UnitOfWork, run: Sequence[Ready]) -> None:
    """Let a run of activities take effect, with what follows of each."""
    if len(run) > 1 and run[0].handler.receive_all is not None:
        await run[0].handler.receive_all(uow, [(ready.context, ready.verified) for ready in run])
    else:
        for ready in run:
            await ready.handler.receive(uow, ready.context, ready.verified)
    for ready in run:
        if ready.forwarding is not None:
            await uow.record(ready.forwarding)
        actor, now = ready.context.known_actor, ready.context.now
        if actor is not None and is_stale(actor, now):
            await queue_fetch(uow, ACTOR, uri=actor.uri, now=now, delay=refresh_delay())  # ACT-6


async def _end_row(uow: UnitOfWork, row: ReceivedActivity, outcome: str, detail: str, *, now: datetime) -> bool:
    """Set the end of a row inside the caller's transaction; return whether it had not ended already."""
    values = {"row_id": row.id, "now": now, "new_outcome": outcome, "new_detail": detail}
    return bool(await uow.write(_PARK if outcome == PARKED else _FINISH, values))


async def _end(runtime: Runtime, row: ReceivedActivity, outcome: str, reason: str, detail: str) -> None:
    said = f"{reason}: {detail}"[:_DETAIL] if detail else reason
    async with runtime.write() as uow:
        await _end_row(uow, row, outcome, said, now=runtime.now())
    count_processed(row.kind, outcome)
    note_end(
        runtime,
        host=row.host,
        kind=row.kind,
        verdict="ignored" if outcome == IGNORED else "refused" if outcome == REFUSED else "failed",
        reason=reason,
        detail=detail,
    )
    if outcome != IGNORED:
        log.info("activity_" + outcome, kind=row.kind[:64], host=row.host, reason=reason, detail=detail[:300])


async def _again(runtime: Runtime, row: ReceivedActivity, reason: str, detail: str) -> None:
    if row.attempts >= MAX_ATTEMPTS:
        await _end(runtime, row, PARKED, reason, detail)
        return
    await _postpone(runtime, row, min(_FIRST_WAIT * 3 ** (row.attempts - 1), _LONGEST_WAIT), reason, detail)


async def _later_or_ignored(runtime: Runtime, row: ReceivedActivity, verdict: TryLater) -> None:
    if row.attempts > verdict.tries:
        await _end(runtime, row, IGNORED, verdict.reason, verdict.detail)
    else:
        await _postpone(runtime, row, verdict.delay, verdict.reason, verdict.detail)


async def _postpone(runtime: Runtime, row: ReceivedActivity, wait: timedelta, reason: str, detail: str) -> None:
    async with runtime.write() as uow:
        await uow.write(
            update(ReceivedActivity)
            .where(ReceivedActivity.id == row.id, ReceivedActivity.done_at.is_(None))
            .values(due_at=runtime.now() + wait, outcome=RETRY, detail=f"{reason}: {detail}"[:_DETAIL])
            .execution_options(synchronize_session=False)
        )
    count_processed(row.kind, RETRY)
