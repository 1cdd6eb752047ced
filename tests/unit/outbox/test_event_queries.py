"""What the effects of events ask, and how the database finds it."""

from typing import Any

import pytest
from sqlalchemy import event

from node.base.runtime import Runtime
from outbox.event_queries import list_bell_followers
from tests.support.make import make_account, make_post


async def test_who_asked_for_posts_is_found_among_a_hundred_thousand_followers(runtime: Runtime) -> None:
    """By the index of those who did: each post of an author asks."""
    if runtime.database.dialect != "sqlite":
        pytest.skip("PostgreSQL plans by what it counted")
    ann = await make_account(runtime, "ann")
    post = await make_post(runtime, ann)
    seen: list[tuple[str, Any]] = []
    engine = runtime.database.writer.sync_engine
    event.listen(
        engine, "before_cursor_execute", lambda _c, _k, statement, values, *_: seen.append((statement, values))
    )
    async with runtime.write() as uow:
        await list_bell_followers(uow, post.id, ann.id, after_id=0, limit=20)
    statement, values = seen[-1]
    async with runtime.database.writer.connect() as connection:
        rows = await connection.run_sync(
            lambda sync: sync.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, tuple(values)).all()
        )
    assert "ix_follows_bells" in "\n".join(str(row) for row in rows)
