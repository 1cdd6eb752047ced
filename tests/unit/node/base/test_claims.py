"""Whether there is work, and taking some: as cheap with a million rows that wait as with none."""

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from inbox.models import ReceivedActivity
from inbox.queries import OPEN
from node.base.db.claims import _statement, first_due
from node.base.db.event_log import EventRow
from node.base.db.prepared import Prepared
from node.base.runtime import Runtime
from node.cards.models import LinkCard
from node.completion.models import Completion
from node.mail.models import OutgoingMail
from node.polls.models import Poll
from node.remote.models import FetchTask
from node.search.models import SearchTask
from outbox.queue import _due
from tests.support.nodes import open_node
from tests.support.redis_server import RedisServer

TABLES: dict[Any, Any] = {
    EventRow: (EventRow.parked_at.is_(None),),
    ReceivedActivity: OPEN,
    FetchTask: (FetchTask.parked_at.is_(None),),
    Completion: (Completion.finished_at.is_(None),),
    LinkCard: (LinkCard.wanted.is_(True),),
    OutgoingMail: (OutgoingMail.parked_at.is_(None),),
    Poll: (),
    SearchTask: (),
}


async def test_looks_and_claims_walk_the_index_of_due_rows(
    redis_server: RedisServer, new_postgres_url: Callable[[], str]
) -> None:
    """Planned for any moment, as PostgreSQL does once a statement has run a few times: nothing read from end to end,
    nothing sorted; of deliveries not each that waits for a host that is away."""
    asked: list[tuple[Any, str]] = [(_due(slow=slow), "ix_deliveries_due") for slow in (True, False)]
    for table, conditions in TABLES.items():
        index = next(index.name for index in table.__table__.indexes if index.name.endswith("due"))
        claim = _statement("postgresql", table, conditions, (), ())
        asked += [(first_due(table, *conditions), str(index)), (claim, str(index))]
    async with open_node(redis_server, database_url=new_postgres_url()) as runtime:
        for statement, index in asked:
            plan = await _generic_plan(runtime, statement)
            assert plan.count(index) == (2 if index == "ix_deliveries_due" else 1), plan
            assert "Seq Scan" not in plan, plan
            assert "Sort" not in plan, plan


async def _generic_plan(runtime: Runtime, statement: Any) -> str:
    """Return the plan for any parameters of one who has to walk an index (a table without rows is else just read)."""
    plain = statement.statement if isinstance(statement, Prepared) else statement
    compiled = str(plain.compile(dialect=runtime.database.writer.sync_engine.dialect))
    async with runtime.database.writer.connect() as connection:
        for setting in ("enable_seqscan = off", "enable_bitmapscan = off", "plan_cache_mode = force_generic_plan"):
            await connection.exec_driver_sql(f"SET LOCAL {setting}")
        await connection.exec_driver_sql(f"PREPARE asked AS {compiled}")
        given = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", compiled))))
        rows = (await connection.execute(text(f"EXPLAIN EXECUTE asked ({given})"))).all()
        await connection.exec_driver_sql("DEALLOCATE asked")
        await connection.rollback()
    return "\n".join(row[0] for row in rows)
