"""Moving what was committed from SQLite's log (the WAL) into its database, in the scheduler's time.

Left to itself, SQLite does this in whichever commit fills the log's thousandth page, and somebody's request waits for
two syncs of the disk. Here the scheduler does it with every tick, on a connection of its own; writers do it only where
the log grew to `LONGEST` pages all the same (the scheduler is dead, or cannot keep up).

Whoever writes first to a log of which nothing is needed any more begins it anew, and syncs its first page. That is the
scheduler too: then a commit syncs nothing, and is short enough for an event loop's own thread (`sqlite.py`).
"""

import asyncio
import sqlite3
from typing import Final

import structlog

log = structlog.get_logger(__name__)

LONGEST: Final = 4_000
"""Pages of the log (16 MB) from which on a writer moves them itself."""


class Checkpointer:
    """One connection that does nothing else. Opened at the first use; `path` is the database's file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._raw: sqlite3.Connection | None = None

    async def run(self) -> int:
        """Move what no reader needs in the log any more; return how many of its pages are left. Waits for nobody."""
        try:
            return await asyncio.to_thread(self._run)
        except sqlite3.Error as error:  # a full disk, a file that is being copied: the next tick tries again
            log.info("checkpoint_failed", error=f"{error}")
            return 0

    def _run(self) -> int:
        if self._raw is None:
            self._raw = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            for pragma in ("busy_timeout=0", "synchronous=NORMAL", "cache_size=-500"):
                self._raw.execute(f"PRAGMA {pragma}")
        _, pages, moved = self._raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages == moved > 1:  # one is what was left here the last time
            _begin_anew(self._raw)
        return int(pages - moved)

    def close(self) -> None:
        """Close the connection."""
        raw, self._raw = self._raw, None
        if raw is not None:
            raw.close()


def _begin_anew(raw: sqlite3.Connection) -> None:
    """Write what stands there already, unless somebody else writes at this moment."""
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return
    try:
        (version,) = raw.execute("PRAGMA user_version").fetchone()
        raw.execute(f"PRAGMA user_version={version}")
        raw.execute("COMMIT")
    finally:
        raw.rollback()  # what failed on a full disk may be open still, and nobody else could write
