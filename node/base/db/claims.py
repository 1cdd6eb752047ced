"""Claiming due rows: how several workers share a table of work without a lock server.

A table of work has `id`, `due_at` and `attempts`. To claim is to move `due_at` one lease into the future and
count an attempt, in one statement; a worker that dies simply lets the lease run out. PostgreSQL skips rows
that another claim holds (`SKIP LOCKED`); on SQLite the one writer makes the statement atomic.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, select, update

from node.base.db.unit_of_work import UnitOfWork


async def claim_due(
    uow: UnitOfWork,
    table: Any,
    *,
    now: datetime,
    lease: timedelta,
    limit: int,
    where: Sequence[ColumnElement[bool]] = (),
    order_by: Sequence[ColumnElement[Any]] = (),
) -> list[int]:
    """Claim up to `limit` rows of `table` that are due, oldest first, and return their ids in order."""
    order = list(order_by) or [table.id]
    due: Select[Any] = select(table.id).where(table.due_at <= now, *where).order_by(*order).limit(limit)
    if uow.dialect == "postgresql":
        # A plain sub-select may be run once per row of the table and then locks and claims more than `limit` rows;
        # one with a lock in a WITH is run once.
        due = select(due.with_for_update(skip_locked=True).cte("due").c.id)
    result = await uow.execute(
        update(table)
        .where(table.id.in_(due))
        .values(due_at=now + lease, attempts=table.attempts + 1)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(result.scalars().all())
