"""Cursor paging by id: what every list of the product is read with, newest first."""

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, bindparam
from sqlalchemy.orm import QueryableAttribute

S = TypeVar("S", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True, slots=True)
class PageForm:
    """Which bounds a page has, whatever they are: there are few forms, so a statement for each is built once and given
    the page's `parameters`."""

    bounds: frozenset[str]
    oldest_first: bool

    def apply(self, statement: S, column: ColumnElement[int] | QueryableAttribute[int]) -> S:
        """Return `statement` with the bounds, order and limit of such pages on `column`."""
        if "older_than" in self.bounds:
            statement = statement.where(column < bindparam("older_than"))
        if "newer_than" in self.bounds:
            statement = statement.where(column > bindparam("newer_than"))
        return statement.order_by(column.asc() if self.oldest_first else column.desc()).limit(bindparam("limit"))


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted. `max_id`: older than; `since_id`: newer than, newest first (may leave a gap);
    `min_id`: newer than, directly after the cursor."""

    limit: int = 20
    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None

    @property
    def _bounds(self) -> dict[str, Any]:
        lower = self.min_id if self.min_id is not None else self.since_id
        bounds = {"older_than": self.max_id, "newer_than": lower}
        return {name: bound for name, bound in bounds.items() if bound is not None}

    @property
    def form(self) -> PageForm:
        """Its form, for statements that are built once."""
        return PageForm(frozenset(self._bounds), self.min_id is not None)

    @property
    def parameters(self) -> dict[str, Any]:
        """What such a statement is given."""
        return {"limit": self.limit, **self._bounds}

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
