"""Run the benchmark: `python -m tests.bench [--quick]`."""

import argparse
import asyncio
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.bench.capacity import capacity_table, costs_of
from tests.bench.filling import FULL, QUICK, Size
from tests.bench.measures import GROWING, MEASURES
from tests.bench.stage import set_stage
from tests.bench.table import Row, budget_table, growth_table

NAMES = [measure.__name__ for measure in MEASURES]


async def measured(
    console: Console, size: Size, wanted: list[str], database_url: str, keep: Path | None = None
) -> list[Row]:
    """Fill (or take the kept) and start a node of that size and return the lines of every wanted measure."""
    rows: list[Row] = []
    changes = {"ROOKERY_DATABASE_URL": database_url} if database_url else {}
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=12), TimeElapsedColumn())
    with (
        nullcontext(str(keep)) if keep else tempfile.TemporaryDirectory(prefix="rookery-bench-") as folder,
        Progress(*columns, console=console) as progress,
    ):
        filling = progress.add_task("filling", total=1.0)

        def say(what: str, part: float) -> None:
            progress.update(filling, description=f"filling: {what}", completed=part)

        async with set_stage(Path(folder), size, say, **changes) as (stage, runtime):
            progress.update(filling, description="filled and started", completed=1.0)
            under_way = progress.add_task("", total=len(wanted))
            for measure in MEASURES:
                if measure.__name__ in wanted:
                    progress.update(under_way, description=(measure.__doc__ or measure.__name__)[:60])
                    found = await measure(stage, runtime)
                    rows += found
                    for row in found:  # what is measured stays, whatever becomes of the rest
                        console.print(row.line, highlight=False, markup=False, soft_wrap=True)
                    progress.advance(under_way)
    return rows


def _title(size: Size) -> str:
    return f"{size.people:,} people, {size.edges:,} follows, {size.posts:,} posts, {size.remote_hosts} remote hosts"


async def run(*, quick: bool, only: str, growth: bool, database_url: str, keep: Path | None) -> None:
    """Measure, and print the tables."""
    console = Console(width=None if sys.stdout.isatty() else 150)
    size = QUICK if quick else FULL
    wanted = only.split(",") if only else NAMES
    unknown = set(wanted) - set(NAMES)
    if unknown:
        raise SystemExit(f"There is no measure {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}.")
    small: list[Row] = []
    if growth and (growing := [name for name in wanted if name in GROWING]):
        small = await measured(console, size.tenth, growing, database_url)
    rows = await measured(console, size, wanted, database_url, keep)
    console.print(budget_table(_title(size), rows))
    if small:
        console.print(growth_table("What ten times the data cost", small, rows))
    costs = costs_of(rows)
    if costs is not None:
        console.print(capacity_table(costs))


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure, beside the budgets.")
    parser.add_argument("--quick", action="store_true", help="a small node, a few minutes")
    parser.add_argument("--only", default="", help="names of measures: " + ", ".join(NAMES))
    parser.add_argument("--no-growth", action="store_true", help="no run with a tenth of the data (quick has none)")
    parser.add_argument("--database-url", default="", help="an empty PostgreSQL database; else SQLite")
    parser.add_argument("--keep", type=Path, help="a folder: the filled node is left there, and taken from there again")
    arguments = parser.parse_args()
    growth = not (arguments.no_growth or arguments.quick or arguments.database_url)
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    asyncio.run(
        run(
            quick=arguments.quick,
            only=arguments.only,
            growth=growth,
            database_url=arguments.database_url,
            keep=arguments.keep,
        )
    )


if __name__ == "__main__":
    main()
