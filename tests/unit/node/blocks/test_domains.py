"""A person's block of a whole server ends follows and takes back what was told, piece by piece (MOD-4)."""

import pytest
from sqlalchemy import func, select

from node.accounts.models import Account
from node.base.db.unit_of_work import Reader
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.blocks import domains
from node.blocks.domains import block_domain, unblock_domain
from node.blocks.queries import list_related
from node.events import DomainBlocked
from node.follows.models import Follow
from node.follows.service import follow
from node.notifications import withdrawing
from node.notifications.models import Notification, Severance
from outbox.relay import relay
from tests.support.make import make_account
from tests.support.plans import effort
from tests.unit.node.accounts.actors import recorded, stranger


@pytest.fixture
async def ann(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Somebody who is followed by six of bad.test and six of fine.test, by turns, and follows two of each."""
    monkeypatch.setattr(domains, "LOOKED", 4)
    monkeypatch.setattr(domains, "PAIRS", 2)
    monkeypatch.setattr(withdrawing, "LOOKED", 3)
    ann = await make_account(runtime, "ann")
    for number in range(6):
        for host in ("bad.test", "fine.test"):
            other = await stranger(runtime, f"p{number}", host)
            async with runtime.write() as uow:
                await follow(uow, runtime.settings, other, ann, uri=f"{other.uri}/f", now=runtime.now())
                if number < 2:
                    sent = {"id": new_id(), "follower_id": ann.id, "followee_id": other.id, "created_at": runtime.now()}
                    uow.add(Follow(**sent, accepted_at=runtime.now() if number else None))
    await relay(runtime)
    return ann


async def come_to_the_end(runtime: Runtime) -> int:
    """Let the node work; return in how many pieces the block was done."""
    pieces = 0
    while any(isinstance(event, DomainBlocked) for event in await recorded(runtime)):
        pieces += 1
        await relay(runtime)
    await relay(runtime)
    return pieces


async def related_hosts(runtime: Runtime) -> list[str]:
    async with runtime.read() as reader:
        follows = await reader.execute(select(Follow.follower_id, Follow.followee_id))
        ids = {account_id for row in follows for account_id in row}
        rows = await reader.scalars(select(Account.domain).where(Account.id.in_(ids), Account.domain != ""))
        return sorted(rows)


async def test_all_of_the_server_and_nobody_else(runtime: Runtime, ann: Account) -> None:
    async with runtime.read() as reader:
        assert await reader.scalar(select(func.count()).select_from(Notification)) == 12
    async with runtime.write() as uow:
        assert await block_domain(uow, runtime.settings, ann, "bad.test", now=runtime.now())
    assert await come_to_the_end(runtime) > 0
    assert await related_hosts(runtime) == ["fine.test"] * 6
    async with runtime.read() as reader:
        (told,) = list(await reader.scalars(select(Severance)))
        senders = select(Account.domain).join(Notification, Notification.from_account_id == Account.id)
        assert set(await reader.scalars(senders.where(Notification.kind == "follow"))) == {"fine.test"}
    assert (told.kind, told.followers_count, told.following_count) == ("user_domain_block", 6, 1), "one was a request"


async def test_a_block_that_is_taken_back_ends_no_more(runtime: Runtime, ann: Account) -> None:
    async with runtime.write() as uow:
        await block_domain(uow, runtime.settings, ann, "bad.test", now=runtime.now())
        await unblock_domain(uow, runtime.settings, ann.id, "bad.test")
    await come_to_the_end(runtime)
    assert await related_hosts(runtime) == ["bad.test"] * 6 + ["fine.test"] * 6


async def test_a_piece_looks_at_no_more_than_it_says(runtime: Runtime) -> None:
    """However many follow somebody."""
    ann = await make_account(runtime, "ann")

    async def look(reader: Reader) -> None:
        for follows in (True, False):
            for held in (True, False):
                await list_related(reader, ann.id, follows=follows, held=held, after_id=0, limit=5)

    async def followed_by(names: range) -> None:
        for number in names:
            other = await stranger(runtime, f"p{number}", "large.test")
            async with runtime.write() as uow:
                await follow(uow, runtime.settings, other, ann, uri=f"{other.uri}/f", now=runtime.now())

    await followed_by(range(10))
    before = await effort(runtime, look)
    await followed_by(range(10, 160))
    assert await effort(runtime, look) < 2 * before
