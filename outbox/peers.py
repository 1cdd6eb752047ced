"""Our memory of other hosts: who is well, who is paused, who is not tried any more (DLV-5).

`Health` is a value and its changes are pure; the functions below them keep it in the `peers` table. Holding a
host back moves the `due_at` of its waiting deliveries, or takes it away while the host is paused (`resting.py`), so
that claiming needs to know nothing of hosts and what waits keeps its place.

    well --5 failures within 10 min--> paused 30 min --one probe--> fails: paused again
                                                                    succeeds: well, its rows released at 1/s
    failures on 7 distinct days --> unavailable: nothing new is queued for it, one probe a day
    any success, any verified request of theirs (`PeerHeard`) --> well
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from node.base.db.prepared import Prepared, in_lists
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.db.whole_rows import whole
from outbox.models import Delivery, Peer

BREAKER_FAILURES = 5
BREAKER_WINDOW = timedelta(minutes=10)
PAUSE = timedelta(minutes=30)
UNAVAILABLE_DAYS = 7
PROBE_EVERY = timedelta(days=1)
BREATHER = timedelta(seconds=15)
_SUCCESS_NOTED_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Health:
    """How a host has been. The default is a host we know nothing about: well."""

    consecutive_failures: int = 0
    first_failure_at: datetime | None = None
    failure_days: int = 0
    last_failure_at: datetime | None = None
    last_success_at: datetime | None = None
    last_seen_at: datetime | None = None
    paused_until: datetime | None = None
    has_resting: bool = False
    unavailable_since: datetime | None = None
    last_error: str = ""
    signature_scheme: str = ""
    scheme_proven_at: datetime | None = None

    @property
    def is_failing(self) -> bool:
        """Whether its deliveries belong into the slow lane."""
        return self.consecutive_failures > 0 or self.paused_until is not None or self.unavailable_since is not None

    def held_until(self, now: datetime) -> datetime | None:
        """When a host that just failed is tried again; None for a well one."""
        if self.paused_until is not None:
            return self.paused_until
        return now + BREATHER * self.consecutive_failures if self.consecutive_failures else None

    def takes_new(self, now: datetime) -> bool:
        """Whether a new delivery is queued at all: not for an unavailable host, unless a probe is due."""
        return self.unavailable_since is None or (self.paused_until or now) <= now

    def first_due(self, now: datetime) -> datetime | None:
        """When a new delivery may be tried; None: it rests."""
        return None if self.paused_until is not None and self.paused_until > now else now


def after_failure(health: Health, *, now: datetime, error: str) -> Health:
    """Return the health after a network failure or 5xx."""
    in_window = health.first_failure_at is not None and now - health.first_failure_at <= BREAKER_WINDOW
    was_paused = health.paused_until is not None
    counting = in_window or was_paused
    failures = health.consecutive_failures + 1 if counting else 1
    new_day = health.last_failure_at is None or health.last_failure_at.date() != now.date()
    days = health.failure_days + (1 if new_day else 0)
    unavailable = health.unavailable_since or (now if days >= UNAVAILABLE_DAYS else None)
    if unavailable is not None:
        paused = now + PROBE_EVERY
    elif was_paused or failures >= BREAKER_FAILURES:
        paused = now + PAUSE
    else:
        paused = None
    return replace(
        health,
        consecutive_failures=failures,
        first_failure_at=health.first_failure_at if counting else now,
        failure_days=days,
        last_failure_at=now,
        paused_until=paused,
        has_resting=health.has_resting or paused is not None,
        unavailable_since=unavailable,
        last_error=error[:500],
    )


def after_success(health: Health, *, now: datetime) -> Health:
    """Return the health after a 2xx, or after they spoke to us: everything bad is forgotten."""
    return replace(
        health,
        consecutive_failures=0,
        first_failure_at=None,
        failure_days=0,
        last_success_at=now,
        paused_until=None,
        unavailable_since=None,
        last_error="",
    )


def is_worth_noting(before: Health, after: Health) -> bool:
    """Whether a change is worth a write: every change but a success soon after another."""
    if before == after:
        return False
    if before.is_failing or after.is_failing or before.signature_scheme != after.signature_scheme:
        return True
    if before.scheme_proven_at != after.scheme_proven_at or before.failure_days:
        return True
    last, latest = before.last_success_at, after.last_success_at
    return last is None or latest is None or latest - last >= _SUCCESS_NOTED_EVERY


_HEALTH = Prepared(
    select(Peer.host, *(getattr(Peer, name) for name in Health.__dataclass_fields__)).where(
        Peer.host.in_(bindparam("hosts", expanding=True))
    )
)


async def read_health(reader: Reader, hosts: Iterable[str]) -> dict[str, Health]:
    """Return the health of every host asked for; unknown ones are well."""
    wanted = set(hosts)
    known: dict[str, Health] = {}
    for some in in_lists(wanted):
        known |= {row[0]: Health(*row[1:]) for row in await reader.rows(_HEALTH, {"hosts": some})}
    return {host: known.get(host, Health()) for host in wanted}


async def save_health(uow: UnitOfWork, changed: Mapping[str, Health], *, now: datetime) -> None:
    """Write what is now known about these hosts. That something may rest for one is only taken back by `resting.py`."""
    if not changed:
        return
    rows = [{"host": host, "created_at": now, **asdict(health)} for host, health in sorted(changed.items())]
    await uow.write_all(_save(uow.dialect), [whole(Peer, row) for row in rows])


@cache
def _save(dialect: str) -> Prepared:
    table = Peer.metadata.tables[Peer.__tablename__]
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    columns: dict[str, Any] = {name: statement.excluded[name] for name in Health.__dataclass_fields__}
    columns["has_resting"] = or_(table.c.has_resting, statement.excluded.has_resting)
    return Prepared(statement.on_conflict_do_update(index_elements=["host"], set_=columns))


async def hear(uow: UnitOfWork, host: str, *, scheme: str, now: datetime) -> bool:
    """Note that a host sent a request whose signature held: it is well (DLV-5), and RFC 9421 is proven by use
    (SIG-13). Return whether deliveries to it rest."""
    before = (await read_health(uow, [host]))[host]
    after = replace(after_success(before, now=now), last_success_at=before.last_success_at, last_seen_at=now)
    if scheme == "rfc9421":
        after = replace(after, signature_scheme=scheme, scheme_proven_at=now)
    await save_health(uow, {host: after}, now=now)
    return before.has_resting


async def hold(uow: UnitOfWork, hosts: Collection[str], *, until: datetime) -> None:
    """Let everything that waits for these hosts wait until then, in its order."""
    await uow.write(
        update(Delivery)
        .where(Delivery.host.in_(hosts), Delivery.due_at < until)
        .values(due_at=until, slow=True)
        .execution_options(synchronize_session=False)
    )


async def demote(uow: UnitOfWork, hosts: Collection[str]) -> None:
    """Move what waits for these hosts into the slow lane."""
    await uow.write(
        update(Delivery)
        .where(Delivery.host.in_(hosts), Delivery.slow.is_(False))
        .values(slow=True)
        .execution_options(synchronize_session=False)
    )
