"""What goes to very many servers: stored in pieces ahead of the event's end, each delivery once whatever fails."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from node.accounts.models import Account
from node.base.db.event_log import EventRow
from node.base.db.unit_of_work import UnitOfWork
from node.base.runtime import Runtime
from node.follows.models import Follow
from outbox import address, ahead, pace
from outbox import relay as relaying
from outbox.models import Delivery, OutgoingActivity
from outbox.occasion import Outgoing
from outbox.relay import relay
from tests.support.make import make_account, make_post
from tests.support.nodes import clock_of
from tests.unit.outbox.test_recipients import remote

HOSTS = 5


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "PIECE", 2)


@pytest.fixture
async def ann(runtime: Runtime) -> Account:
    """Followed from `HOSTS` servers."""
    account = await make_account(runtime, "ann")
    for number in range(HOSTS):
        await remote(runtime, "bo", f"h{number}.example", follows=account)
    await relay(runtime)
    await send_all(runtime)  # those followers were accepted
    return account


class Stored:
    """How many deliveries each insertion stored; `before` is called with the number of the one that begins."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self.before: Callable[[int], Any] | None = None
        for module in (ahead, relaying):
            monkeypatch.setattr(module, "store", self)

    async def __call__(self, uow: UnitOfWork, outgoing: Outgoing) -> set[str]:
        if self.before is not None:
            await self.before(len(self.sizes))
        self.sizes.append(len(outgoing.deliveries))
        return await address.store(uow, outgoing)


async def waiting(runtime: Runtime) -> list[str]:
    async with runtime.read() as reader:
        return sorted(await reader.scalars(select(Delivery.host)))


async def send_all(runtime: Runtime) -> None:
    """What `deliver` leaves when everything that waits has gone out."""
    async with runtime.write() as uow:
        await uow.write(delete(Delivery))
        await uow.write(delete(OutgoingActivity))


async def events(runtime: Runtime) -> int:
    async with runtime.read() as reader:
        return int(await reader.scalar(select(func.count()).select_from(EventRow)) or 0)


async def half_told(runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Post something whose event fails when it is stored for all servers but the last."""
    stored = Stored(monkeypatch)

    async def fails(number: int) -> None:
        if number == 2:
            raise ZeroDivisionError("killed")

    stored.before = fails
    await make_post(runtime, ann, "Hello")
    await relay(runtime)
    stored.before = None


async def test_no_transaction_stores_more_than_a_piece(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = Stored(monkeypatch)
    await make_post(runtime, ann, "Hello")
    await relay(runtime)
    assert stored.sizes == [2, 2, 1]
    assert await waiting(runtime) == [f"h{number}.example" for number in range(HOSTS)]
    assert await events(runtime) == 0


async def test_who_takes_over_goes_on_where_the_first_came_to(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stored may have gone out meanwhile: it does not go out again."""
    await half_told(runtime, ann, monkeypatch)
    assert await waiting(runtime) == ["h0.example", "h1.example", "h2.example", "h3.example"]
    assert await events(runtime) == 1
    await send_all(runtime)
    clock_of(runtime).advance(seconds=10)
    await relay(runtime)
    assert await waiting(runtime) == ["h4.example"]
    assert await events(runtime) == 0


async def test_one_that_goes_to_few_by_now_goes_on_where_the_first_came_to(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two tries most of those it was for may have left."""
    await half_told(runtime, ann, monkeypatch)
    await send_all(runtime)
    async with runtime.write() as uow:
        gone = [f"h{number}.example" for number in range(1, HOSTS - 1)]
        theirs = select(Account.id).where(Account.domain.in_(gone))
        await uow.write(delete(Follow).where(Follow.follower_id.in_(theirs)))
    clock_of(runtime).advance(seconds=10)
    await relay(runtime)
    assert await waiting(runtime) == ["h4.example"], "h0 has it"
    assert await events(runtime) == 0


async def test_one_that_another_worker_has_ended_is_left_alone(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = Stored(monkeypatch)
    await make_post(runtime, ann, "Hello")
    claimed = await relaying._claim(runtime)
    goes_on = ahead._store_most

    async def is_overtaken(*arguments: Any) -> Outgoing | None:
        monkeypatch.setattr(ahead, "_store_most", goes_on)
        await relaying.apply(runtime, claimed)
        await send_all(runtime)
        return await goes_on(*arguments)

    monkeypatch.setattr(ahead, "_store_most", is_overtaken)
    await relaying.apply(runtime, claimed)
    assert stored.sizes == [2, 2, 1]
    assert await waiting(runtime) == []


async def test_who_lags_behind_another_worker_stores_no_more(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both live; what the other one stored has gone out."""
    stored = Stored(monkeypatch)
    await make_post(runtime, ann, "Hello")
    claimed = await relaying._claim(runtime)

    async def is_overtaken(_: Runtime, lane: str) -> None:
        async with runtime.write() as uow:
            await uow.write(update(EventRow).values(stored_up_to="https://h3.example/inbox"))
        await send_all(runtime)

    monkeypatch.setattr(Runtime, "nudge", is_overtaken)
    await relaying.apply(runtime, claimed)
    assert stored.sizes == [2]
    assert await waiting(runtime) == []
    assert await events(runtime) == 1, "the other one ends it"


async def test_what_came_before_is_stored_before(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DLV-6: beginning and end of a thing might share a transaction, and only the end go to very many."""
    monkeypatch.setattr(pace, "UNKNOWN_SECONDS", 0.0001)
    stored = Stored(monkeypatch)
    await make_post(runtime, ann, "@bo@h0.example Psst", visibility="direct")
    await make_post(runtime, ann, "Hello")
    await relay(runtime)
    assert stored.sizes == [1, 2, 2, 1]
    async with runtime.read() as reader:
        rows = await reader.execute(select(Delivery.activity_id).order_by(Delivery.id))
    ids = [row.activity_id for row in rows]
    assert ids == sorted(ids)
