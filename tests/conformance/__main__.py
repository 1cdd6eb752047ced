"""Run the suites of real clients against a live node: `python -m tests.conformance [suite ...] [-k expression]`.

Fails when a test does not pass that `left.toml` does not name, or when fewer pass than must.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.conformance.stage import live_node
from tests.conformance.suites import FOLDER, SUITES, Outcome, install, known_left, run


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="suite", help=", ".join(suite.name for suite in SUITES))
    parser.add_argument("-k", default="", help="only the tests that match this expression of pytest's")
    arguments = parser.parse_args()
    chosen = [suite for suite in SUITES if not arguments.suites or suite.name in arguments.suites]
    if not chosen:
        parser.error(f"there is no such suite: {', '.join(arguments.suites)}")
    console = Console()
    console.log("Fetching the suites")
    await asyncio.to_thread(install, chosen)
    good = True
    left = known_left()
    table = Table("suite", "passed", "must pass", "skipped", "left, with a reason", "failed")
    for suite in chosen:
        with tempfile.TemporaryDirectory(prefix="rookery-conformance-") as folder:
            console.log("Starting a node")
            async with live_node(Path(folder)) as node:
                console.log(f"Running the suite of {suite.requirement}; its log: {FOLDER / suite.name}.log")
                outcome = await asyncio.to_thread(run, suite, node.settings.public_url, only=arguments.k)
                (FOLDER / f"{suite.name}.node.log").write_bytes(node.log_path.read_bytes())
        reasons = left.get(suite.name, {})
        surprises = {test: words for test, words in outcome.failed.items() if test not in reasons}
        table.add_row(
            suite.requirement,
            str(len(outcome.passed)),
            str(suite.must_pass),
            str(len(outcome.skipped)),
            str(len(outcome.failed) - len(surprises)),
            str(len(surprises)),
        )
        _tell(console, outcome, reasons, surprises)
        good &= not surprises and (bool(arguments.k) or len(outcome.passed) >= suite.must_pass)
    console.print(table)
    return 0 if good else 1


def _tell(console: Console, outcome: Outcome, reasons: dict[str, str], surprises: dict[str, str]) -> None:
    for test, words in surprises.items():
        console.print(f"[red]failed[/red] {test}: {words}", markup=True, highlight=False)
    for test in outcome.failed:
        if test in reasons:
            console.print(f"left {test}: {reasons[test]}", highlight=False)
    for test in outcome.passed:
        if test in reasons:
            console.print(f"passes now, though left.toml has it: {test}", highlight=False)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
