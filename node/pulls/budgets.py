"""What one host may be asked for by pulling: requests and bytes in an hour, shared by all processes, and its rests.

It stands in SQL: losing Redis must not make us forget that a host asked to be left alone. A budget that is used up, a
`Retry-After`, and failures one after the other come to the same: the host rests, and so do all accounts on it.
"""

from datetime import datetime, timedelta

from sqlalchemy import or_, update

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.base.settings import Settings
from node.pulls.models import PullHost
from node.pulls.queries import find_host
from node.pulls.rules import HOST_WINDOW, PATIENCE, wait_after


async def take_turn(uow: UnitOfWork, settings: Settings, host: str, *, now: datetime) -> datetime | None:
    """Count a request to a host; None when it may be made, else the moment from which on it may be."""
    await uow.write(
        update(PullHost)
        .where(PullHost.host == host, PullHost.window_began_at <= now - HOST_WINDOW)
        .values(window_began_at=now, requests=0, bytes_read=0)
        .execution_options(synchronize_session=False)
    )
    if await _count_request(uow, settings, host, now=now):
        return None
    values = {
        "id": new_id(),
        "host": host,
        "window_began_at": now,
        "requests": 0,
        "bytes_read": 0,
        "failures": 0,
        "rests_because": "",
    }
    if await insert_if_absent(uow, PullHost, values) and await _count_request(uow, settings, host, now=now):
        return None
    known = await find_host(uow, host)
    assert known is not None
    if known.rests_until is not None and known.rests_until > now:
        return known.rests_until
    return known.window_began_at + HOST_WINDOW


async def count_bytes(uow: UnitOfWork, host: str, number: int) -> None:
    """Count what a host answered with."""
    await uow.write(
        update(PullHost)
        .where(PullHost.host == host)
        .values(bytes_read=PullHost.bytes_read + number)
        .execution_options(synchronize_session=False)
    )


async def let_rest(uow: UnitOfWork, host: str, wait: timedelta, because: str, *, now: datetime) -> None:
    """Leave a host alone for a while, because it asked for that."""
    await uow.write(
        update(PullHost)
        .where(PullHost.host == host, or_(PullHost.rests_until.is_(None), PullHost.rests_until < now + wait))
        .values(rests_until=now + wait, rests_because=because[:64])
        .execution_options(synchronize_session=False)
    )


async def note_failure(uow: UnitOfWork, host: str, because: str, *, now: datetime) -> None:
    """Count that a host did not answer; after some in a row it is left alone, longer each time."""
    await uow.write(
        update(PullHost)
        .where(PullHost.host == host)
        .values(failures=PullHost.failures + 1)
        .execution_options(synchronize_session=False)
    )
    known = await find_host(uow, host)
    if known is not None and known.failures >= PATIENCE:
        await let_rest(uow, host, wait_after(known.failures), because, now=now)


async def note_answer(uow: UnitOfWork, host: str) -> None:
    """Forget the failures of a host that answers."""
    await uow.write(
        update(PullHost)
        .where(PullHost.host == host, PullHost.failures > 0)
        .values(failures=0)
        .execution_options(synchronize_session=False)
    )


async def _count_request(uow: UnitOfWork, settings: Settings, host: str, *, now: datetime) -> bool:
    counted = await uow.write(
        update(PullHost)
        .where(
            PullHost.host == host,
            or_(PullHost.rests_until.is_(None), PullHost.rests_until <= now),
            PullHost.requests < settings.pull_requests_per_host,
            PullHost.bytes_read < settings.pull_bytes_per_host,
        )
        .values(requests=PullHost.requests + 1)
        .execution_options(synchronize_session=False)
    )
    return bool(counted)
