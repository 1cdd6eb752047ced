"""Deliveries at rest: what waits for a paused host has no due time until the host is back (DLV-5).

That may be hundreds of thousands of rows, and whoever publishes waits for each transaction that touches them. So they
are touched twice, in pieces: when the host is paused and when it is back. Meanwhile one at a time is made due, as the
probe. A mark on the host (`Peer.has_resting`) says that there may be some: a worker that is killed leaves none behind.
Called by `deliver`; `address.store` inserts rows that are born at rest.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, bindparam, exists, or_, select, update

from node.base.db.prepared import Prepared, in_lists
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.runtime import Runtime
from outbox.models import Delivery, Peer

PIECE: Final = 100
"""Rows that a transaction touches: others wait for it."""
PROBE_LASTS: Final = timedelta(minutes=1)
"""When a paused host is probed again unless something came of the probe. It may have been dropped unsent."""
RELEASE_EVERY: Final = timedelta(seconds=1)
RELEASED: Final = 2_000
"""Deliveries that go out one by one, each `RELEASE_EVERY`; if there are more they do so in so many rows at once, so
that a host that is back has everything after half an hour."""
_MOST_HOSTS: Final = 50

_DELIVERIES: Final = Delivery.metadata.tables[Delivery.__tablename__]
_IS_WANTED: Final = and_(
    Peer.has_resting.is_(True), or_(Peer.paused_until.is_(None), Peer.paused_until <= bindparam("now"))
)
_WANTED: Final = Prepared(select(Peer.host).where(_IS_WANTED).limit(1))
_FIRST: Final = (
    select(Delivery.id)
    .where(Delivery.host == Peer.host, Delivery.due_at.is_(None))
    .order_by(Delivery.activity_id, Delivery.id)
    .limit(1)
    .scalar_subquery()
)
_TO_PROBE: Final = Prepared(
    select(Peer.host, _FIRST)
    .where(Peer.has_resting.is_(True), Peer.paused_until <= bindparam("now"))
    .order_by(Peer.paused_until)
    .limit(_MOST_HOSTS)
)
_BACK: Final = Prepared(
    select(Peer.host).where(Peer.has_resting.is_(True), Peer.paused_until.is_(None)).limit(_MOST_HOSTS)
)
_MARKED: Final = Prepared(
    select(Peer.host).where(Peer.host.in_(bindparam("hosts", expanding=True)), Peer.has_resting.is_(True))
)
_RESTING: Final = Prepared(
    select(Delivery.id)
    .where(Delivery.host == bindparam("host"), Delivery.due_at.is_(None))
    .order_by(Delivery.activity_id, Delivery.id)
    .limit(bindparam("most"))
)
_AWAKE: Final = Prepared(select(Delivery.id).where(Delivery.host == bindparam("host"), Delivery.due_at.is_not(None)))


async def has_wanted(reader: Reader, now: datetime) -> bool:
    """Whether `attend` would find something to do."""
    return bool(await reader.rows(_WANTED, {"now": now}))


async def attend(runtime: Runtime) -> None:
    """Probe paused hosts whose time has come, and let go what waits for those that are back."""
    await _probe(runtime)
    async with runtime.read() as reader:
        back = [row[0] for row in await reader.rows(_BACK, {})]
    for host in back:
        await let_go(runtime, host)


async def _probe(runtime: Runtime) -> None:
    now = runtime.now()
    async with runtime.read() as reader:
        found = dict(map(tuple, await reader.rows(_TO_PROBE, {"now": now})))
    probes = {host: id_ for host, id_ in found.items() if id_ is not None}
    if not found:
        return
    async with runtime.write() as uow:
        await _lock(uow, found)
        await _make_due(uow, [(id_, now) for id_ in probes.values()])
        await uow.write(
            update(Peer)
            .where(Peer.host.in_(probes), Peer.paused_until <= now)
            .values(paused_until=now + PROBE_LASTS)
            .execution_options(synchronize_session=False)
        )
        await _unmark(uow, found.keys() - probes.keys())


async def let_go(runtime: Runtime, host: str) -> None:
    """Make some of what rests for a host due, oldest first; `attend` goes on with the others."""
    start = runtime.now()
    for place in range(0, RELEASED, PIECE):
        async with runtime.write() as uow:
            await _lock(uow, [host])
            if not await uow.scalar(select(Peer.host).where(Peer.host == host, Peer.paused_until.is_(None))):
                return
            ids = [row[0] for row in await uow.rows(_RESTING, {"host": host, "most": PIECE})]
            await _make_due(
                uow, [(id_, start + RELEASE_EVERY * number) for number, id_ in enumerate(ids, start=place + 1)]
            )
            if len(ids) < PIECE:
                await _unmark(uow, [host])
                return


async def put_to_rest(runtime: Runtime, host: str) -> None:
    """Let all that waits for a host rest, now that it is paused. What is due before this comes to an end is tried."""
    async with runtime.read() as reader:
        ids = [row[0] for row in await reader.rows(_AWAKE, {"host": host})]
    for place in range(0, len(ids), PIECE):
        async with runtime.write() as uow:
            await _lock(uow, [host])
            if not await uow.scalar(select(Peer.host).where(Peer.host == host, Peer.paused_until.is_not(None))):
                return
            await uow.write(
                update(Delivery)
                .where(Delivery.id.in_(ids[place : place + PIECE]))
                .values(due_at=None, slow=True)
                .execution_options(synchronize_session=False)
            )


async def list_marked(uow: UnitOfWork, hosts: Collection[str]) -> set[str]:
    """Return those of `hosts` for which deliveries may be inserted at rest: none of them comes back before the end of
    this transaction."""
    await _lock(uow, hosts)
    return {row[0] for some in in_lists(hosts) for row in await uow.rows(_MARKED, {"hosts": some})}


async def _make_due(uow: UnitOfWork, dues: list[tuple[int, datetime]]) -> None:
    if dues:
        await uow.execute(
            update(_DELIVERIES)
            .where(_DELIVERIES.c.id == bindparam("row_id"), _DELIVERIES.c.due_at.is_(None))
            .values(due_at=bindparam("due"), slow=True, holder=None),
            [{"row_id": id_, "due": due} for id_, due in dues],
        )


async def _unmark(uow: UnitOfWork, hosts: Collection[str]) -> None:
    """Note of hosts for which nothing rests any more that it is so."""
    rests = select(Delivery.id).where(Delivery.host == Peer.host, Delivery.due_at.is_(None))
    if hosts:
        await uow.write(
            update(Peer)
            .where(Peer.host.in_(hosts), ~exists(rests))
            .values(has_resting=False)
            .execution_options(synchronize_session=False)
        )


async def _lock(uow: UnitOfWork, hosts: Collection[str]) -> None:
    """Let nobody else say of these hosts that nothing rests for them, or that something does."""
    if uow.dialect == "postgresql":
        await uow.execute(select(Peer.host).where(Peer.host.in_(hosts)).order_by(Peer.host).with_for_update())
