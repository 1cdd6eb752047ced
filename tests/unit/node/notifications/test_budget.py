"""The budget over rows: what is beyond it is counted in its group, and reading a group costs the same however large."""

from typing import Any, cast

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.engine import Engine

from node.accounts.models import Account
from node.base.ids import new_id
from node.base.paging import Page
from node.base.runtime import Runtime
from node.blocks.service import block, mute
from node.notifications.group_queries import WINDOW, Wanted, find_group, list_groups
from node.notifications.models import Notification, NotificationGroup
from node.notifications.priorities import Made
from node.notifications.service import notify, notify_of_many
from node.notifications.withdrawing import clear, withdraw, withdraw_some_for_post
from tests.support.make import make_account, make_post
from tests.support.nodes import Clock, open_node
from tests.support.plans import explaining
from tests.support.redis_server import RedisServer
from tests.unit.node.accounts.actors import stranger


async def like(runtime: Runtime, ann: Account, fan: Account, post_id: int, kind: Any = "favourite") -> Made | None:
    async with runtime.write() as uow:
        return await notify(
            uow, runtime.settings, account_id=ann.id, kind=kind, from_account_id=fan.id, post_id=post_id,
            now=runtime.now(),
        )  # fmt: skip


async def counts(runtime: Runtime, ann: Account) -> list[tuple[str, int]]:
    async with runtime.read() as reader:
        groups = await list_groups(reader, ann.id, Page(), Wanted(), now=runtime.now())
    return [(group.newest.kind, group.count) for group in groups]


async def rows(runtime: Runtime) -> int:
    async with runtime.read() as reader:
        return int(await reader.scalar(select(func.count()).select_from(Notification)))


async def test_likes_beyond_the_budget_are_counted_and_nothing_is_lost(
    redis_server: RedisServer, database_url: str
) -> None:
    async with open_node(redis_server, database_url=database_url, notifications_per_hour=4, clock=Clock()) as runtime:
        ann = await make_account(runtime, "ann")
        fans = [await stranger(runtime, f"fan{number}") for number in range(8)]
        post, other = await make_post(runtime, ann, "hello"), await make_post(runtime, ann, "once more")
        made = [await like(runtime, ann, fan, post.id) for fan in fans]
        assert [new is not None and new.is_told for new in made] == [True] * 3 + [False] * 5
        assert await rows(runtime) == 3
        assert await counts(runtime, ann) == [("favourite", 8)]
        first = await like(runtime, ann, fans[0], other.id)
        assert first is not None
        assert not first.is_told, "the first of a group has a row, but does not ring"
        assert await counts(runtime, ann) == [("favourite", 1), ("favourite", 8)]
        followed = await like(runtime, ann, fans[0], 0, "follow")
        assert followed is not None
        assert followed.is_told, "likes leave room for followers"
        mentioned = await like(runtime, ann, fans[1], (await make_post(runtime, ann, "x")).id, "mention")
        assert mentioned is not None
        assert mentioned.is_told
        assert await like(runtime, ann, fans[1], post.id) is None
        assert (await counts(runtime, ann))[-1] == ("favourite", 8), "told twice is told once (row 115)"
        for fan in (fans[7], fans[0]):
            async with runtime.write() as uow:
                await withdraw(
                    uow, account_id=ann.id, kinds=["favourite"], from_account_id=fan.id, post_id=post.id,
                    now=runtime.now(),
                )  # fmt: skip
        assert (await counts(runtime, ann))[-1] == ("favourite", 6)
        cast(Clock, runtime.clock).advance(hours=1)
        again = await like(runtime, ann, fans[7], post.id)
        assert again is not None
        assert again.is_told
        async with runtime.write() as uow:
            await withdraw_some_for_post(uow, post.id)
        assert [kind for kind, _ in await counts(runtime, ann)] == ["mention", "follow", "favourite"]
        await clear(runtime, ann.id)
        assert await counts(runtime, ann) == []


async def test_many_at_once_are_told_of_as_one_after_the_other(redis_server: RedisServer, database_url: str) -> None:
    """Each by what stands between the two, in the order given, as far as the budget goes."""
    async with open_node(redis_server, database_url=database_url, notifications_per_hour=4, clock=Clock()) as runtime:
        ann = await make_account(runtime, "ann")
        fans = [await stranger(runtime, f"fan{number}") for number in range(7)]
        post = await make_post(runtime, ann, "hello")
        async with runtime.write() as uow:
            await block(uow, runtime.settings, ann, fans[1], now=runtime.now())
            await mute(uow, ann, fans[2], now=runtime.now())
        async with runtime.write() as uow:
            told = await notify_of_many(
                uow, runtime.settings, account_id=ann.id, kind="favourite", post_id=post.id, now=runtime.now(),
                from_accounts={fan.id: new_id() for fan in fans},
            )  # fmt: skip
        assert [(new.from_account_id, new.is_told) for new in told] == [(fans[number].id, True) for number in (0, 3, 4)]
        assert await counts(runtime, ann) == [("favourite", 5)]


async def test_a_large_group_is_read_as_cheaply_as_a_small_one(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every look is into an index and none sorts; of each group the newest members are read, the rest is counted."""
    monkeypatch.setattr("node.notifications.group_queries.WINDOW", 3)
    assert WINDOW == 100
    ann = await make_account(runtime, "ann")
    fans = [await stranger(runtime, f"fan{number}") for number in range(7)]
    post = await make_post(runtime, ann, "hello")
    for fan in fans:
        await like(runtime, ann, fan, post.id)
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    async with runtime.read() as reader:
        await reader.scalar(select(1))
        event.listen(Engine, "before_cursor_execute", note)
        try:
            (group,) = await list_groups(reader, ann.id, Page(), Wanted(), now=runtime.now())
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    assert (group.count, len(group.senders), group.newest.from_account_id) == (7, 3, fans[-1].id)
    assert len(seen) == 6
    if runtime.database.dialect != "sqlite":
        return
    async with explaining(runtime) as connection:
        for statement, values in seen:
            plan = "\n".join(
                str(row) for row in (await connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, values)).all()
            )
            assert "SCAN notifications" not in plan.replace("SCAN notifications USING", ""), plan
            assert "TEMP B-TREE FOR ORDER BY" not in plan, plan


async def test_a_group_in_which_nobody_is_heard_any_more_is_none(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    fan = await stranger(runtime, "fan")
    post = await make_post(runtime, ann, "hello")
    await like(runtime, ann, fan, post.id)
    async with runtime.read() as reader:
        key = await reader.scalar(select(NotificationGroup.group_key))
        assert await find_group(reader, ann.id, key, now=runtime.now()) is not None
    async with runtime.write() as uow:
        await uow.execute(text("UPDATE accounts SET suspended_at = created_at WHERE id = :id"), {"id": fan.id})
    async with runtime.read() as reader:
        assert await find_group(reader, ann.id, key, now=runtime.now()) is None
    assert await counts(runtime, ann) == []
