"""A policy reaches the accounts of a large domain piece by piece, and goes by what is decided by then (MOD-2)."""

import pytest
from sqlalchemy import select

from node.accounts.models import Account
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.events import DomainPolicyChanged
from node.follows.models import Follow
from node.follows.service import follow
from node.moderation import reaching
from node.moderation.queries import list_known_domains, list_split_accounts
from node.moderation.service import moderate_account
from node.notifications.models import Severance
from outbox.relay import relay
from tests.support.make import make_account
from tests.support.plans import effort
from tests.unit.node.accounts.actors import actor, fresh, recorded, store, stranger
from tests.unit.node.moderation.test_moderation import decide, gone, lift


@pytest.fixture
async def crowd(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> list[Account]:
    """Accounts that a policy for bad.test reaches, with room for two of them in a piece, and one follow."""
    monkeypatch.setattr(reaching, "ACCOUNTS", 2)
    monkeypatch.setattr(reaching, "PAIRS", 1)
    hosts = ["bad.test"] * 5 + ["bad.test:8443", "a.bad.test", "z.bad.test"]
    handled = [await stranger(runtime, f"p{number}", host) for number, host in enumerate(hosts)]
    hosted = [
        await store(runtime, actor(f"s{number}", "web.bad.test"), handle=f"@s{number}@fine.test") for number in range(5)
    ]
    return [*handled, *hosted]


async def others(runtime: Runtime) -> list[Account]:
    """Return accounts that look alike."""
    found = [await stranger(runtime, "x", host) for host in ("notbad.test", "bad.test.evil.org", "fine.test")]
    return [*found, await store(runtime, actor("bad.test", "web.fine.test"), handle="@bad.test@fine.test")]


async def come_to_the_end(runtime: Runtime) -> None:
    while any(isinstance(event, DomainPolicyChanged) for event in await recorded(runtime)):
        await relay(runtime)
    await relay(runtime)


async def test_a_large_domain_is_suspended_piece_by_piece(runtime: Runtime, crowd: list[Account]) -> None:
    """All of its accounts and no other; who lost follows by it is told once, with their number."""
    neighbours = await others(runtime)
    ann, bob = await make_account(runtime, "ann"), await make_account(runtime, "bob")
    async with runtime.write() as uow:
        for account in (crowd[0], crowd[4], crowd[7], crowd[9]):
            await follow(uow, runtime.settings, account, ann, uri=f"{account.uri}/f", now=runtime.now())
            await follow(uow, runtime.settings, bob, account, now=runtime.now())
        await follow(uow, runtime.settings, neighbours[0], ann, uri="https://notbad.test/f", now=runtime.now())
    await relay(runtime)
    await decide(runtime, "bad.test", "suspend")
    first = await gone(runtime, *crowd)
    assert first.count(True) == 2, "the decision waits for no more than a piece"
    await come_to_the_end(runtime)
    assert await gone(runtime, *crowd) == [True] * len(crowd)
    assert await gone(runtime, *neighbours, ann) == [False] * 5
    async with runtime.read() as reader:
        assert [row.follower_id for row in await reader.scalars(select(Follow))] == [neighbours[0].id]
        (told,) = list(await reader.scalars(select(Severance)))
    assert (told.account_id, told.followers_count, told.following_count) == (ann.id, 4, 0), "Bob's were only asked for"
    assert (await fresh(runtime, ann)).followers_count == 1


async def test_a_decision_is_taken_back_before_it_came_to_its_end(runtime: Runtime, crowd: list[Account]) -> None:
    singled_out = crowd[6]
    async with runtime.write() as uow:
        await moderate_account(uow, singled_out.id, "suspend", now=runtime.now())
    runtime.clock.advance(minutes=1)  # type: ignore[attr-defined]
    await decide(runtime, "bad.test", "suspend")
    assert await lift(runtime, "bad.test")
    await come_to_the_end(runtime)
    assert [account.id for account in crowd if (await fresh(runtime, account)).is_gone] == [singled_out.id]


async def test_another_decision_is_made_before_the_first_came_to_its_end(
    runtime: Runtime, crowd: list[Account]
) -> None:
    await decide(runtime, "bad.test", "suspend")
    await decide(runtime, "bad.test", "silence")
    await come_to_the_end(runtime)
    after = [await fresh(runtime, account) for account in crowd]
    assert [(one.is_gone, one.silenced_at is not None) for one in after] == [(False, True)] * len(crowd)
    assert await lift(runtime, "bad.test")
    await come_to_the_end(runtime)
    assert all([(await fresh(runtime, account)).silenced_at is None for account in crowd])


async def test_to_allow_a_part_of_what_is_suspended_frees_it(runtime: Runtime) -> None:
    alice, bob = await stranger(runtime, "a", "good.isp.test"), await stranger(runtime, "b", "isp.test")
    await decide(runtime, "isp.test", "suspend")
    await decide(runtime, "good.isp.test", "allow")
    assert await gone(runtime, alice, bob) == [False, True]
    assert await lift(runtime, "good.isp.test")
    assert await gone(runtime, alice, bob) == [True, True]


async def test_a_later_decision_is_told_by_itself(runtime: Runtime) -> None:
    """Only the pieces of one decision are added up."""
    ann, alice = await make_account(runtime, "ann"), await stranger(runtime, "a", "bad.test")
    for _ in range(2):
        async with runtime.write() as uow:
            await follow(uow, runtime.settings, alice, ann, uri="https://bad.test/f", now=runtime.now())
        await decide(runtime, "bad.test", "suspend")
        await relay(runtime)
        assert await lift(runtime, "bad.test")
        runtime.clock.advance(minutes=11)  # type: ignore[attr-defined]
    async with runtime.read() as reader:
        told = await reader.scalars(select(Severance.followers_count).where(Severance.account_id == ann.id))
        assert list(told) == [1, 1]


async def test_whom_a_policy_reaches_is_found_by_indexes(runtime: Runtime) -> None:
    """However many accounts the node knows, of however many hosts."""

    async def look(reader: Reader) -> None:
        assert await list_known_domains(reader, "bad.test", after="") == ["a.bad.test"]
        assert len(await list_split_accounts(reader, "bad.test", after_uri="", limit=10)) == 1

    await stranger(runtime, "a", "a.bad.test")
    await store(runtime, actor("s", "web.bad.test"), handle="@s@fine.test")
    for number in range(10):
        await stranger(runtime, f"p{number}", "large.test")
    before = await effort(runtime, look)
    for number in range(10, 210):
        await stranger(runtime, f"p{number}", "large.test")
    assert await effort(runtime, look) < 2 * before
