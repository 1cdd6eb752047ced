"""Blocks end follows both ways (ACV-7); mutes change only what their owner reads, and run out."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from node.accounts.service import suspend_account
from node.base.errors import Invalid
from node.base.paging import Page
from node.base.runtime import Runtime
from node.blocks.models import Block, Mute
from node.blocks.queries import (
    find_block_by_uri,
    is_blocked_between,
    list_blocks,
    list_mute_ends,
    list_mutes,
)
from node.blocks.service import block, mute, remove_some, unblock, unmute
from node.events import AccountBlocked, AccountUnblocked, FollowRejected, Unfollowed
from node.follows.models import Follow
from node.follows.service import follow
from tests.support.make import make_account
from tests.support.nodes import clock_of
from tests.unit.node.accounts.actors import fresh, recorded, stranger


async def test_a_block_ends_follows_and_requests_both_ways(runtime: Runtime) -> None:
    ann, alice = await make_account(runtime, "ann"), await stranger(runtime)
    async with runtime.write() as uow:
        asked = await follow(uow, runtime.settings, ann, alice, now=runtime.now())
        held = await follow(uow, runtime.settings, alice, ann, uri="https://good.test/f", now=runtime.now())
    async with runtime.write() as uow:
        row = await block(uow, runtime.settings, ann, alice, now=runtime.now())
        assert (await block(uow, runtime.settings, ann, alice, now=runtime.now())).id == row.id
    assert row.uri == f"http://localhost:8000/blocks/{row.id}"
    assert (await recorded(runtime))[-3:] == [
        Unfollowed(asked.id, asked.uri, ann.id, alice.id),
        FollowRejected(held.id, "https://good.test/f", alice.id, ann.id),
        AccountBlocked(row.id, ann.id, alice.id),
    ]
    assert (await fresh(runtime, ann)).followers_count == 0
    async with runtime.read() as reader:
        assert await reader.scalars(select(Follow)) == []
        assert await is_blocked_between(reader, alice.id, ann.id)
        assert not await is_blocked_between(reader, alice.id, 12345)


async def test_unblocking_restores_nothing_and_says_so_once(runtime: Runtime) -> None:
    ann, alice = await make_account(runtime, "ann"), await stranger(runtime)
    async with runtime.write() as uow:
        row = await block(uow, runtime.settings, alice, ann, uri="https://good.test/b", now=runtime.now())
        assert (await find_block_by_uri(uow, "https://good.test/b")) is not None
        assert await find_block_by_uri(uow, "") is None
        assert await unblock(uow, alice.id, ann.id)
        assert not await unblock(uow, alice.id, ann.id)
    assert (await recorded(runtime))[-1] == AccountUnblocked(row.id, "https://good.test/b", alice.id, ann.id)


async def test_a_follow_and_a_block_at_once_never_both_stand(runtime: Runtime) -> None:
    pairs = [(await make_account(runtime, f"a{n}"), await make_account(runtime, f"b{n}")) for n in range(6)]

    async def start(number: int) -> None:
        async with runtime.write() as uow:
            await follow(uow, runtime.settings, *pairs[number], now=runtime.now())

    async def stop(number: int) -> None:
        async with runtime.write() as uow:
            await block(uow, runtime.settings, *reversed(pairs[number]), now=runtime.now())

    await asyncio.gather(*(act(n) for n in range(6) for act in (start, stop)), return_exceptions=True)
    async with runtime.read() as reader:
        assert await reader.scalar(select(func.count()).select_from(Block)) == 6
        assert await reader.scalars(select(Follow)) == []
    for one, other in pairs:
        assert (await fresh(runtime, one)).following_count == (await fresh(runtime, other)).followers_count == 0


async def test_nobody_blocks_or_mutes_themselves(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    async with runtime.write() as uow:
        with pytest.raises(Invalid):
            await block(uow, runtime.settings, ann, ann, now=runtime.now())
        with pytest.raises(Invalid):
            await mute(uow, ann, ann, now=runtime.now())


async def test_a_mute_runs_out_and_new_terms_replace_old_ones(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    async with runtime.write() as uow:
        await mute(uow, ann, bo, duration=timedelta(hours=1), notifications=False, now=runtime.now())
        assert [entry.account_id for entry in await list_mutes(uow, ann.id, Page(), now=runtime.now())] == [bo.id]
        assert list(await list_mute_ends(uow, ann.id, [bo.id])) == [bo.id]
    clock_of(runtime).advance(hours=2)
    async with runtime.read() as reader:
        assert await list_mutes(reader, ann.id, Page(), now=runtime.now()) == []
    async with runtime.write() as uow:
        await mute(uow, ann, bo, now=runtime.now())
        assert await list_mute_ends(uow, ann.id, [bo.id]) == {}
        assert [entry.account_id for entry in await list_mutes(uow, ann.id, Page())] == [bo.id]
        assert await unmute(uow, ann.id, bo.id)
        assert not await unmute(uow, ann.id, bo.id)


async def test_the_list_is_the_owners_newest_first_without_the_gone(runtime: Runtime) -> None:
    ann, bo, cy, dee = [await make_account(runtime, name) for name in ("ann", "bo", "cy", "dee")]
    async with runtime.write() as uow:
        for target in (bo, cy, dee):
            await block(uow, runtime.settings, ann, target, now=runtime.now())
        await suspend_account(uow, cy.id, now=runtime.now())
    async with runtime.read() as reader:
        entries = await list_blocks(reader, ann.id, Page(limit=1))
        assert [entry.account_id for entry in entries] == [dee.id]
        assert [e.account_id for e in await list_blocks(reader, ann.id, Page(max_id=entries[0].id))] == [bo.id]
        assert await list_blocks(reader, bo.id, Page()) == []


async def test_the_end_of_an_account_takes_its_blocks_along(runtime: Runtime) -> None:
    ann, bo, cy = [await make_account(runtime, name) for name in ("ann", "bo", "cy")]
    async with runtime.write() as uow:
        await block(uow, runtime.settings, ann, bo, now=runtime.now())
        await block(uow, runtime.settings, cy, bo, now=runtime.now())
        await mute(uow, bo, ann, now=runtime.now())
        assert not await remove_some(uow, ann.id)
        assert len(await uow.scalars(select(Block))) == 1
        assert await uow.scalars(select(Mute)) == []
