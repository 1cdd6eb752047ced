"""Claiming due rows: how several workers share a table of work without a lock server.

A table of work has `id`, `due_at` and `attempts`. To claim is to move `due_at` one lease into the future and
count an attempt, in one statement; a worker that dies simply lets the lease run out. PostgreSQL skips rows
that another claim holds (`SKIP LOCKED`); on SQLite the one writer makes the statement atomic.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, literal_column, select, update

from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import UnitOfWork


def first_due(table: Any, *where: ColumnElement[bool], name: str = "now") -> Prepared:
    """Return the SELECT of the row that is due first, by the parameter `name`: whether there is work at all.

    In order, and with no number for a limit. Else PostgreSQL, once it plans for any moment, takes a third of a table
    for due and looks for one from its start: through all of it where there is none.
    """
    due: Select[Any] = select(table.id).where(*where, table.due_at <= bindparam(name))
    return Prepared(due.order_by(*_index_of_due(table)).limit(literal_column("1")))


def _index_of_due(table: Any) -> list[Any]:
    """Return the columns of the index of due rows. All of them are the order, those too that a claim fixes: of
    `done_at IS NULL` PostgreSQL does not see that the rows are in order behind it, and would sort a backlog."""
    for index in table.__table__.indexes:
        if str(index.name).endswith("due"):
            return [getattr(table, column.name) for column in index.columns]
    return [table.due_at]


async def claim_due(
    uow: UnitOfWork,
    table: Any,
    *,
    now: datetime,
    lease: timedelta,
    limit: int,
    where: Sequence[ColumnElement[bool]] = (),
    order_by: Sequence[ColumnElement[Any]] = (),
    marks: Sequence[str] = (),
    parameters: Mapping[str, Any] | None = None,
) -> list[int]:
    """Claim up to `limit` rows of `table` that are due, longest due first, and return their ids in order.

    `marks` names columns that are set to the parameter `mark_<column>`; `parameters` holds these and what else the
    conditions ask for. Cheapest with conditions that are made once: the statement is kept by them.
    """
    statement = _statement(uow.dialect, table, tuple(where), tuple(order_by), tuple(marks))
    given = {"due_by": now, "leased_until": now + lease, "most": limit, **(parameters or {})}
    rows = await uow.rows(statement, given)
    return sorted(row[0] for row in rows)


@lru_cache(maxsize=64)
def _statement(
    dialect: str,
    table: Any,
    where: tuple[ColumnElement[bool], ...],
    order_by: tuple[ColumnElement[Any], ...],
    marks: tuple[str, ...],
) -> Prepared:
    order = order_by or _index_of_due(table)
    due: Select[Any] = select(table.id).where(table.due_at <= bindparam("due_by"), *where)
    due = due.order_by(*order).limit(bindparam("most"))
    if dialect == "postgresql":
        # A plain sub-select may be run once per row of the table and then locks and claims more than `limit` rows;
        # one with a lock in a WITH is run once.
        due = select(due.with_for_update(skip_locked=True).cte("due").c.id)
    return Prepared(
        update(table.__table__)
        .where(table.id.in_(due))
        .values(
            due_at=bindparam("leased_until"),
            attempts=table.attempts + 1,
            **{name: bindparam(f"mark_{name}") for name in marks},
        )
        .returning(table.__table__.c.id)
    )
