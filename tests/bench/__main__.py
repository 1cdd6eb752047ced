"""Run the benchmark: `python -m tests.bench [--quick]`."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import rows
from tests.bench.stage import FULL, QUICK, set_stage


async def run(*, quick: bool, only: str) -> None:
    """Measure every row (or those of the measures named in `only`) and print the table."""
    console = Console()
    size = QUICK if quick else FULL
    table = Table(title=f"{size.people} people, {size.follows_each} follows each, {size.posts} posts")
    for column in ("what", "measured", "budget", ""):
        table.add_column(column)
    with tempfile.TemporaryDirectory(prefix="rookery-bench-") as folder:
        console.log("Filling and starting a node")
        async with set_stage(Path(folder), size) as (stage, runtime):
            for measure in rows.ROWS:
                if only and measure.__name__ not in only.split(","):
                    continue
                console.log(measure.__doc__ or measure.__name__)
                for row in await measure(stage, runtime):
                    table.add_row(row.what, row.measured, row.budget, row.verdict)
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small node, about a minute")
    parser.add_argument("--only", default="", help="names of measures: " + ", ".join(m.__name__ for m in rows.ROWS))
    arguments = parser.parse_args()
    asyncio.run(run(quick=arguments.quick, only=arguments.only))


if __name__ == "__main__":
    main()
