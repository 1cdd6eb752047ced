"""What is thrown away, and what must stay."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from admin.pruning import prune
from inbox.models import ReceivedActivity, Tombstone
from node.auth.apps import register_app
from node.auth.models import OAuthApp
from node.auth.service import create_token
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import floor_id, id_at
from node.base.runtime import Runtime, open_runtime
from node.posts.recounting import recount_busy
from node.trends.day_queries import day_number
from node.trends.models import TrendDay
from outbox.models import Delivery, OutgoingActivity


async def count(runtime: Runtime, table: type) -> int:
    async with runtime.read() as reader:
        return int(await reader.scalar(select(func.count()).select_from(table)))


def received(runtime: Runtime, *, days: int, done: bool) -> ReceivedActivity:
    at = runtime.now() - timedelta(days=days)
    number = id_at(at)
    return ReceivedActivity(
        id=number,
        signer_uri="https://b.example/users/1",
        actor_uri="https://b.example/users/1",
        activity_uri=f"https://b.example/{number}",
        kind="Create",
        host="b.example",
        body="",
        received_at=at,
        due_at=at,
        done_at=at if done else None,
    )


async def test_done_activities_are_remembered_for_30_days(runtime: Runtime) -> None:
    """INB-3: a replay within 30 days is known; what was never done is never dropped."""
    async with runtime.write() as uow:
        uow.add(received(runtime, days=31, done=True))
        uow.add(received(runtime, days=29, done=True))
        uow.add(received(runtime, days=400, done=False))
    assert await prune(runtime) == {"received_activities": 1}
    assert await count(runtime, ReceivedActivity) == 2


async def test_parked_activities_go_after_30_days(runtime: Runtime) -> None:
    """Row 114: what failed too often is kept for the operator, and not for ever."""
    async with runtime.write() as uow:
        for days in (31, 29):
            row = received(runtime, days=days, done=False)
            row.parked_at = row.received_at
            uow.add(row)
    assert await prune(runtime) == {"parked_activities": 1}
    assert await count(runtime, ReceivedActivity) == 1


async def test_an_activity_stays_while_somebody_waits_for_it(runtime: Runtime) -> None:
    old = runtime.now() - timedelta(days=3)
    async with runtime.write() as uow:
        for number in (1, 2):
            uow.add(
                OutgoingActivity(
                    id=floor_id(old) + number,
                    uri=f"https://a/{number}",
                    account_id=1,
                    kind="Create",
                    object_key="1",
                    body="{}",
                    created_at=old,
                )
            )
        await uow.flush()
        uow.add(
            Delivery(
                id=1,
                activity_id=floor_id(old) + 1,
                account_id=1,
                inbox_url="https://b.example/inbox",
                host="b.example",
                object_key="1",
                created_at=old,
                due_at=old,
            )
        )
    assert await prune(runtime) == {"outgoing_activities": 1}
    assert await count(runtime, Delivery) == 1


async def test_expired_tombstones_go(runtime: Runtime) -> None:
    now = runtime.now()
    async with runtime.write() as uow:
        for uri, expires in (("https://b/1", now - timedelta(days=1)), ("https://b/2", now + timedelta(days=1))):
            uow.add(Tombstone(uri=uri, actor_uri="https://b/a", expires_at=expires))
    assert await prune(runtime) == {"tombstones": 1}
    assert await prune(runtime) == {}


async def test_apps_that_nobody_let_in_go_after_30_days(runtime: Runtime) -> None:
    """Anybody may register one. An app that holds a token, its own or a revoked one too, stays: posts may name it."""
    async with runtime.write() as uow:
        for days, is_used in ((31, False), (31, True), (29, False)):
            at = runtime.now() - timedelta(days=days)
            made = await register_app(uow, name="Crow", redirect_uris=["crow://"], now=at)
            if is_used:
                await create_token(uow, None, "read", app_id=made.app.id, now=at)
    assert await prune(runtime) == {"oauth_apps": 1}
    assert await count(runtime, OAuthApp) == 2


async def test_days_of_the_trends_go_after_five_weeks(runtime: Runtime) -> None:
    today = day_number(runtime.now())
    async with runtime.write() as uow:
        for day in (today - 36, today - 35, today - 1):
            uow.add(TrendDay(kind="tags", subject_id=1, day=day, uses=2, accounts=2))
    assert await prune(runtime) == {"trend_days": 1}
    assert await count(runtime, TrendDay) == 2


async def test_many_rows_go_in_small_batches(runtime: Runtime) -> None:
    old = runtime.now() - timedelta(days=1)
    async with runtime.write() as uow:
        for number in range(1201):
            uow.add(Tombstone(uri=f"https://b/{number}", actor_uri="https://b/a", expires_at=old))
    assert await prune(runtime) == {"tombstones": 1201}


async def test_who_looks_for_what_is_over_keeps_nobody_from_writing(runtime: Runtime) -> None:
    """To look through a large table takes seconds, and on SQLite one writes at a time."""
    async with runtime.write() as uow:
        uow.add(received(runtime, days=29, done=True))
        uow.add(Tombstone(uri="https://b/1", actor_uri="https://b/a", expires_at=runtime.now() + timedelta(days=1)))
    scheduler = open_runtime(runtime.settings, clock=runtime.clock)
    async with runtime.write() as uow, asyncio.timeout(10):
        uow.add(Tombstone(uri="https://b/2", actor_uri="https://b/a", expires_at=runtime.now() + timedelta(days=1)))
        await uow.flush()
        assert await prune(scheduler) == {}
        assert await recount_busy(scheduler) == 0
    await scheduler.close()


async def test_what_comes_to_life_while_it_is_looked_for_stays(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the deletion somebody lets an app in: what is deleted is asked once more."""
    old = runtime.now() - timedelta(days=31)
    async with runtime.write() as uow:
        app = (await register_app(uow, name="Crow", redirect_uris=["crow://"], now=old)).app
    write = Runtime.write

    @asynccontextmanager
    async def let_in_first(self: Runtime) -> AsyncIterator[UnitOfWork]:
        monkeypatch.setattr(Runtime, "write", write)
        async with self.write() as uow:
            await create_token(uow, None, "read", app_id=app.id, now=self.now())
        async with self.write() as uow:
            yield uow

    monkeypatch.setattr(Runtime, "write", let_in_first)
    assert await prune(runtime) == {}
    assert await count(runtime, OAuthApp) == 1
