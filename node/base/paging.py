"""Cursor paging by id: what every list of the product is read with, newest first."""

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import QueryableAttribute

S = TypeVar("S", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted. `max_id`: older than; `since_id`: newer than, newest first (may leave a gap);
    `min_id`: newer than, directly after the cursor."""

    limit: int = 20
    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None

    def apply(self, statement: S, column: ColumnElement[int] | QueryableAttribute[int]) -> S:
        """Return `statement` with this page's bounds, order and limit on `column`."""
        if self.max_id is not None:
            statement = statement.where(column < self.max_id)
        lower = self.min_id if self.min_id is not None else self.since_id
        if lower is not None:
            statement = statement.where(column > lower)
        order = column.asc() if self.min_id is not None else column.desc()
        return statement.order_by(order).limit(self.limit)

    def newest_first(self, rows: list[Any]) -> list[Any]:
        """Return `rows`, fetched with `apply`, newest first."""
        return rows[::-1] if self.min_id is not None else rows

    def pick(self, ids: list[int]) -> list[int]:
        """Return this page of `ids` (newest first, no doubles)."""
        if self.max_id is not None:
            ids = [id_ for id_ in ids if id_ < self.max_id]
        if self.min_id is not None:
            return [id_ for id_ in ids if id_ > self.min_id][-self.limit :]
        if self.since_id is not None:
            ids = [id_ for id_ in ids if id_ > self.since_id]
        return ids[: self.limit]
