"""The lines of the benchmark's table: measured beside budget, and how a figure grew with ten times the data."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from node.base.runtime import Runtime
    from tests.bench.stage import Stage


@dataclass(frozen=True)
class Row:
    """One line of the table. What is compared across sizes is the first number of `measured`."""

    what: str
    measured: str
    budget: str = ""
    within: bool | None = None

    @property
    def verdict(self) -> str:
        """A word for whether the budget holds."""
        return "" if self.within is None else "within" if self.within else "over"

    @property
    def line(self) -> str:
        """The row as one line of text."""
        budget = f" ({self.budget})" if self.budget else ""
        return f"{self.what}: {self.measured}{budget} {self.verdict}".rstrip()

    @property
    def value(self) -> float | None:
        """The first number of what was measured."""
        found = re.search(r"\d[\d,]*\.?\d*", self.measured)
        return float(found[0].replace(",", "")) if found else None


Measure = Callable[["Stage", "Runtime"], Awaitable[list[Row]]]
"""One group of lines. Its docstring is said while it is measured; `heavy` ones are left out of `--quick`."""


def budget_table(title: str, rows: Sequence[Row]) -> Table:
    """Return the table of what was measured."""
    table = Table(title=title)
    for column in ("what", "measured", "budget or peer limit", ""):
        table.add_column(column)
    for row in rows:
        table.add_row(row.what, row.measured, row.budget, row.verdict)
    return table


def growth_table(title: str, small: Sequence[Row], large: Sequence[Row]) -> Table:
    """Return how each figure changed between two sizes of data: "x 1.0" is a cost that does not grow."""
    table = Table(title=title)
    for column in ("what", "with a tenth of the data", "with all of it", "grows"):
        table.add_column(column)
    before = {row.what: row for row in small}
    for row in large:
        earlier = before.get(row.what)
        if earlier is not None and earlier.value and row.value is not None:
            table.add_row(row.what, earlier.measured, row.measured, f"x {row.value / earlier.value:.2f}")
    return table
