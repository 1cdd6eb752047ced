"""The table of deliveries as a queue: claim in batches, record many results in one transaction.

A delivery costs its share of three statements, not three statements (the budget is 2.5 ms of CPU for a signed
POST, all in). Nothing here waits for the network: `deliver` claims, sends outside any transaction, and records.

What may be claimed: due, of the asked lane, the oldest of its actor, host and object (DLV-6), and of a host that no
other round of a drain has in hand, in whichever process (DLV-7). A Create that waits for a sick host so holds up the
Delete of the same post and nothing else. A claimed Create or Update whose object has a Delete behind it is dropped
unsent: nobody is to receive what its author took back.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import ColumnElement, Table, bindparam, delete, exists, func, literal_column, select, update
from sqlalchemy.orm import aliased

from federation.signatures import SigningKey
from node.accounts.keys import signing_key
from node.base.db.claims import claim_due
from node.base.db.locks import lock_use
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.runtime import Runtime
from outbox.followers_sync import read_claims
from outbox.models import Delivery, OutgoingActivity
from outbox.outcomes import KEPT_FOR, LEASE
from outbox.peers import Health, read_health
from outbox.queries import list_suspended_hosts

BATCH = 200
_KEYS_KEPT, _KEYS_SECONDS = 2_000, 300.0
_REVOCABLE = ("Create", "Update")


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claimed delivery with all that sending it takes. `tries` counts this one."""

    id: int
    activity_id: int
    account_id: int
    inbox_url: str
    host: str
    tries: int
    urgent: bool
    body: bytes
    key: SigningKey
    synchronization: str | None = None
    """What its header says of the author's followers there (COL-9)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one claim brought: parcels to send and how their hosts were. `claimed` counts the dropped ones too."""

    parcels: list[Parcel]
    health: dict[str, Health]
    claimed: int


@dataclass(frozen=True, slots=True)
class Again:
    """A delivery that is tried again at `due_at`; None: once its host is back."""

    id: int
    due_at: datetime | None
    error: str
    slow: bool


@dataclass(frozen=True, slots=True)
class Unsent:
    """A claimed delivery that was not tried: it gets its try back."""

    id: int
    host: str
    slow: bool


@cache
def claimable(*, slow: bool) -> list[ColumnElement[bool]]:
    """Return what, beside being due, lets a delivery of a lane go out now in the round `mark_holder`."""
    earlier, held = aliased(Delivery), aliased(Delivery)
    return [
        Delivery.slow.is_(slow),
        ~exists(
            select(earlier.id).where(
                earlier.host == Delivery.host,
                earlier.account_id == Delivery.account_id,
                earlier.object_key == Delivery.object_key,
                earlier.activity_id < Delivery.activity_id,
            )
        ),
        # The first of them and not whether there is one: held are none or thousands, and PostgreSQL, where it last
        # counted none, joins each that is due with all of those.
        select(held.id)
        .where(
            held.host == Delivery.host,
            held.holder.is_not(None),
            held.holder != bindparam("mark_holder"),
            held.due_at > bindparam("due_by"),
        )
        .limit(literal_column("1"))
        .correlate_except(held)
        .scalar_subquery()
        .is_(None),
    ]


async def has_due(reader: Reader, *, slow: bool, now: datetime) -> bool:
    """Whether a claim would find something."""
    return (await reader.rows(_due(slow=slow), {"due_by": now, "mark_holder": 0}))[0][0] is not None


@cache
def _due(*, slow: bool) -> Prepared:
    """The first of either kind, as their index has them: what waits for hosts that are away is not looked through."""
    first = [
        select(Delivery.id)
        .where(Delivery.due_at <= bindparam("due_by"), *_wanted(slow=slow, urgent=urgent))
        .order_by(*_ORDER)
        .limit(literal_column("1"))
        .scalar_subquery()
        for urgent in (True, False)
    ]
    return Prepared(select(func.coalesce(*first)))


@cache
def _wanted(*, slow: bool, urgent: bool) -> tuple[ColumnElement[bool], ...]:
    return (Delivery.urgent.is_(urgent), *claimable(slow=slow))


_ORDER: Final = (Delivery.due_at.asc(), Delivery.id.asc())


_FAREWELLS: Final = frozenset({"Reject", "Undo"})
"""What a suspended domain is still sent: that our people follow its people no more, nor may be followed (MOD-2)."""


async def claim(runtime: Runtime, *, slow: bool, holder: int) -> Batch:
    """Claim the next deliveries of a lane for the round `holder`: urgent ones first, then by when they came due."""
    now = runtime.now()
    async with runtime.write() as uow:
        await lock_use(uow, "claim deliveries")
        ids: list[int] = []
        for urgent in (True, False):
            if len(ids) < BATCH:
                ids += await claim_due(
                    uow,
                    Delivery,
                    now=now,
                    lease=LEASE,
                    limit=BATCH - len(ids),
                    where=_wanted(slow=slow, urgent=urgent),
                    order_by=_ORDER,
                    marks=("holder",),
                    parameters={"mark_holder": holder},
                )
        if not ids:
            return Batch([], {}, 0)
        rows = {
            row.id: row
            for row in await uow.execute(
                select(
                    Delivery.id,
                    Delivery.activity_id,
                    Delivery.account_id,
                    Delivery.inbox_url,
                    Delivery.host,
                    Delivery.attempts,
                    Delivery.urgent,
                    Delivery.created_at,
                    OutgoingActivity.kind,
                    OutgoingActivity.to_followers,
                )
                .join(OutgoingActivity, OutgoingActivity.id == Delivery.activity_id)
                .where(Delivery.id.in_(ids))
            )
        }
        dropped = await _superseded(uow, ids)
        hosts = {row.host for row in rows.values()}
        barred = await list_suspended_hosts(uow, hosts, settings=runtime.settings)
        dropped |= {
            row.id
            for row in rows.values()
            if now - row.created_at > KEPT_FOR or (row.host in barred and row.kind not in _FAREWELLS)
        }
        if dropped:
            await finish(uow, dropped, {rows[id_].activity_id for id_ in dropped})
        wanted = [rows[id_] for id_ in ids if id_ not in dropped]
        bodies = await _bodies(uow, {row.activity_id for row in wanted})
        keys = {account_id: await _key(runtime, uow, account_id) for account_id in {row.account_id for row in wanted}}
        health = await read_health(uow, {row.host for row in wanted})
    claims = await read_claims(runtime, {(row.account_id, row.host) for row in wanted if row.to_followers})
    parcels = [
        Parcel(
            id=row.id,
            activity_id=row.activity_id,
            account_id=row.account_id,
            inbox_url=row.inbox_url,
            host=row.host,
            tries=row.attempts,
            urgent=row.urgent,
            body=bodies[row.activity_id],
            key=keys[row.account_id],
            synchronization=claims[row.account_id, row.host] if row.to_followers else None,
        )
        for row in wanted
    ]
    return Batch(parcels, health, len(ids))


async def _superseded(uow: UnitOfWork, ids: Sequence[int]) -> set[int]:
    """Return those of `ids` that say something which a waiting Delete of the same object takes back."""
    later, later_activity = aliased(Delivery), aliased(OutgoingActivity)
    found = await uow.scalars(
        select(Delivery.id)
        .join(OutgoingActivity, OutgoingActivity.id == Delivery.activity_id)
        .join(
            later,
            (later.host == Delivery.host)
            & (later.account_id == Delivery.account_id)
            & (later.object_key == Delivery.object_key)
            & (later.activity_id > Delivery.activity_id),
        )
        .join(later_activity, later_activity.id == later.activity_id)
        .where(
            Delivery.id.in_(ids),
            OutgoingActivity.kind.in_(_REVOCABLE),
            later_activity.kind == "Delete",
            later.inbox_url == Delivery.inbox_url,
        )
    )
    return set(found)


async def _bodies(uow: UnitOfWork, activity_ids: set[int]) -> dict[int, bytes]:
    rows = await uow.execute(
        select(OutgoingActivity.id, OutgoingActivity.body).where(OutgoingActivity.id.in_(activity_ids))
    )
    return {id_: body.encode() for id_, body in rows}


async def _key(runtime: Runtime, uow: UnitOfWork, account_id: int) -> SigningKey:
    cache = runtime.caches.get("signing_keys", size=_KEYS_KEPT, seconds=_KEYS_SECONDS)
    key: SigningKey | None = cache.get(account_id)
    if key is None:
        key = await signing_key(uow, account_id)
        cache.put(account_id, key)
    return key


async def finish(uow: UnitOfWork, ids: Collection[int], activity_ids: Collection[int]) -> None:
    """Remove deliveries that are done with, and activities that nothing is left to deliver of."""
    if not ids:
        return
    await uow.write(delete(Delivery).where(Delivery.id.in_(ids)).execution_options(synchronize_session=False))
    await uow.write(
        delete(OutgoingActivity)
        .where(
            OutgoingActivity.id.in_(activity_ids),
            ~exists(select(Delivery.id).where(Delivery.activity_id == OutgoingActivity.id)),
        )
        .execution_options(synchronize_session=False)
    )


async def postpone(uow: UnitOfWork, retries: Sequence[Again]) -> None:
    """Write down when and where deliveries are tried again."""
    if not retries:
        return
    table = Delivery.__table__
    assert isinstance(table, Table)
    await uow.execute(
        update(table)
        .where(table.c.id == bindparam("row_id"))
        .values(
            due_at=bindparam("due"),
            last_error=bindparam("error"),
            slow=bindparam("lane"),
            holder=None,
        ),
        [
            {"row_id": again.id, "due": again.due_at, "error": again.error[:500], "lane": again.slow}
            for again in retries
        ],
    )


async def give_back(uow: UnitOfWork, unsent: Sequence[Unsent], *, due_at: datetime | None) -> None:
    """Return claimed deliveries that were not tried, due again now or once their host is back; their try is not
    counted."""
    for slow in (True, False):
        ids = [parcel.id for parcel in unsent if parcel.slow is slow]
        if ids:
            await uow.write(
                update(Delivery)
                .where(Delivery.id.in_(ids))
                .values(due_at=due_at, attempts=Delivery.attempts - 1, slow=slow, holder=None)
                .execution_options(synchronize_session=False)
            )
