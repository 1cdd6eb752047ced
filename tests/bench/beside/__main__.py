"""Fill a server, measure it, or print several beside each other: `python -m tests.bench.beside --help`."""

import argparse
import asyncio
import sys
from pathlib import Path

import httpx
import orjson
from rich.console import Console

from tests.bench.beside.arriving import abroad, arrivals
from tests.bench.beside.filling import POSTS, fill
from tests.bench.beside.reading import fetches, reads
from tests.bench.beside.server import Server
from tests.bench.beside.table import Figures, Measured, cpu_table, note_table, read, time_table, write
from tests.bench.beside.writing import writes

PARTS = ("reads", "fetches", "writes", "arrivals", "memory")


async def _fill(arguments: argparse.Namespace) -> None:
    server = _server(arguments)
    await server.watch_idle()
    filled = await fill(server, arguments.posts)
    arguments.filled.write_bytes(orjson.dumps(filled))
    print({name: value for name, value in filled.items() if isinstance(value, int)})


async def _measure(arguments: argparse.Namespace) -> None:
    server = _server(arguments)
    filled = orjson.loads(arguments.filled.read_bytes())
    wanted = arguments.only.split(",")
    await server.home()
    await server.watch_idle()
    rows = [Figures("CPU of a second in which nobody asks", cpu_ms=server.idle * 1000)]
    memory = server.memory_mb()
    async with abroad(arguments.stranger) as foreign:
        parts = {
            "reads": lambda: reads(server, filled),
            "fetches": lambda: fetches(server, filled, foreign.key()),
            "writes": lambda: writes(server),
            "arrivals": lambda: arrivals(server, foreign),
        }
        for name in wanted:
            try:
                rows += await parts[name]() if name in parts else []
            except (AssertionError, httpx.HTTPError) as error:  # what it cannot do must not hide what it can
                rows.append(Figures(name, note=f"failed: {error!r}"[:300]))
            write(arguments.out, Measured(arguments.name or server.url, rows))
    if "memory" in wanted:
        rows.append(Figures("memory", note=f"{memory:.0f} MB before, {server.memory_mb():.0f} MB after (PSS)"))
    write(arguments.out, Measured(arguments.name or server.url, rows))


def _server(arguments: argparse.Namespace) -> Server:
    tokens = arguments.tokens.read_text().split()
    return Server(arguments.url, tokens, [int(pid) for pid in arguments.pids.split(",")])


def _print(arguments: argparse.Namespace) -> None:
    servers = [read(path) for path in arguments.files]
    console = Console(width=None if sys.stdout.isatty() else 190)
    for server in servers:
        console.print(server.name)
    for table in (cpu_table(servers), time_table(servers), note_table(servers)):
        console.print(table)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.beside", description=__doc__)
    verbs = parser.add_subparsers(required=True)
    of_server = argparse.ArgumentParser(add_help=False)
    of_server.add_argument("url")
    of_server.add_argument("tokens", type=Path, help="a file of bearer tokens of 60 accounts; the first is the reader")
    of_server.add_argument("filled", type=Path, help="a file for what was filled in")
    of_server.add_argument("--pids", required=True, help="its processes (their children count too): 12,34")
    filling = verbs.add_parser("fill", parents=[of_server], help="make follows, posts, replies and likes")
    filling.add_argument("--posts", type=int, default=POSTS)
    filling.set_defaults(run=lambda arguments: asyncio.run(_fill(arguments)))
    measuring = verbs.add_parser("measure", parents=[of_server], help="drive it, and write the figures")
    measuring.add_argument("out", type=Path)
    measuring.add_argument("--name", default="", help="for the table: name and version, then after a comma the rest")
    measuring.add_argument("--stranger", default="127.0.0.1:0", help="where a foreign server is played")
    measuring.add_argument("--only", default=",".join(PARTS), help="parts: " + ", ".join(PARTS))
    measuring.set_defaults(run=lambda arguments: asyncio.run(_measure(arguments)))
    printing = verbs.add_parser("table", help="print servers beside each other")
    printing.add_argument("files", type=Path, nargs="+")
    printing.set_defaults(run=_print)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
