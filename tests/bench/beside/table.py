"""What was measured of one server, as a file, and several of them beside each other."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.table import Table


class Figures(msgspec.Struct, frozen=True):
    """One row of one server. Times are in milliseconds; a figure that was not taken is None."""

    what: str
    cpu_ms: float | None = None
    """CPU of all its processes for each request, asked by one client."""
    crowd_cpu_ms: float | None = None
    """The same, asked by many clients at once."""
    p50: float | None = None
    p95: float | None = None
    crowd_p95: float | None = None
    per_second: float | None = None
    note: str = ""


class Measured(msgspec.Struct, frozen=True):
    """Everything measured of one server."""

    name: str
    rows: list[Figures]


def read(path: Path) -> Measured:
    """Read what `write` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Measured)


def write(path: Path, found: Measured) -> None:
    """Keep what was measured."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found)))


def cpu_table(servers: Sequence[Measured]) -> Table:
    """Return the CPU of every row, and how many times the first server's it is."""
    table = _table("CPU milliseconds of all processes (one client; in a crowd); times the first server's", servers)
    for what in _whats(servers):
        first = _row(servers[0], what)
        cells = [_cpu(_row(server, what), first if number else None) for number, server in enumerate(servers)]
        if any(cells):
            table.add_row(what, *cells)
    return table


def time_table(servers: Sequence[Measured]) -> Table:
    """Return the answer times and rates of every row."""
    table = _table("milliseconds: p50 / p95 of one client, p95 in a crowd; answers a second", servers)
    for what in _whats(servers):
        cells = [_times(_row(server, what)) for server in servers]
        if any(cells):
            table.add_row(what, *cells)
    return table


def note_table(servers: Sequence[Measured]) -> Table:
    """Return what the answers held: a quick answer that holds little proves little."""
    table = _table("what was in the answers", servers)
    for what in _whats(servers):
        cells = [_row(server, what).note for server in servers]
        if any(cells):
            table.add_row(what, *cells)
    return table


def _table(title: str, servers: Sequence[Measured]) -> Table:
    table = Table(title=title)
    table.add_column("what")
    for server in servers:
        table.add_column(server.name.partition(",")[0])
    return table


def _whats(servers: Sequence[Measured]) -> list[str]:
    return list(dict.fromkeys(row.what for server in servers for row in server.rows))


def _row(server: Measured, what: str) -> Figures:
    return next((row for row in server.rows if row.what == what), Figures(what))


def _cpu(row: Figures, first: Figures | None) -> str:
    if row.cpu_ms is None:
        return ""
    text = f"{row.cpu_ms:.1f}" + ("" if row.crowd_cpu_ms is None else f"; {row.crowd_cpu_ms:.1f}")
    ours, theirs = (first.crowd_cpu_ms or first.cpu_ms, row.crowd_cpu_ms or row.cpu_ms) if first else (None, None)
    return f"{text}  x {theirs / ours:.2g}" if ours and theirs is not None else text


def _times(row: Figures) -> str:
    taken = [None if row.p50 is None else f"{row.p50:.1f} / {row.p95:.1f}"]
    taken.append(None if row.crowd_p95 is None else f"{row.crowd_p95:.0f}")
    rate = "" if row.per_second is None else f"; {row.per_second:.0f}/s"
    return ", ".join(part for part in taken if part) + rate
