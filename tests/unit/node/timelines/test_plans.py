"""The public timelines walk an index of theirs, newest first: a page costs the same however many posts there are."""

from typing import Any

import pytest
from sqlalchemy import event

from node.base.paging import Page
from node.base.runtime import Runtime
from node.timelines.public_queries import list_public_ids
from tests.support.make import make_account, make_post
from tests.support.plans import explaining


@pytest.mark.parametrize(("local", "index"), [(False, "ix_posts_public"), (True, "ix_posts_public_local")])
async def test_a_public_page_reads_its_own_index(runtime: Runtime, local: bool, index: str) -> None:
    ann = await make_account(runtime, "ann")
    await make_post(runtime, ann)
    seen: list[tuple[str, Any]] = []
    engine = runtime.database.reader.sync_engine
    event.listen(
        engine, "before_cursor_execute", lambda _c, _k, statement, values, *_: seen.append((statement, values))
    )
    async with runtime.read() as reader:
        page = Page(limit=20, max_id=None, since_id=None, min_id=None)
        await list_public_ids(
            reader, page, viewer_id=None, now=runtime.now(), local=local, remote=False, only_media=False
        )
        statement, values = seen[-1]
        prefix = "EXPLAIN QUERY PLAN " if reader.dialect == "sqlite" else "EXPLAIN "
    async with explaining(runtime) as connection:
        rows = (await connection.exec_driver_sql(prefix + statement, values)).all()
    plan = "\n".join(str(row) for row in rows)
    # On PostgreSQL statistics decide, and one post has none, or those of an earlier test.
    good = [index] if runtime.database.dialect == "sqlite" else ["ix_posts_public", "Backward using pk_posts"]
    assert any(name in plan for name in good), plan
    assert "TEMP B-TREE FOR ORDER BY" not in plan
