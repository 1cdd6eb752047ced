"""`python -m node.search.whoosh_compaction HERE THERE`: merge the slice in one folder into one segment in another.

A process of its own, the last in turn for the CPU: merging keeps Python's interpreter busy for many seconds, and a
worker has better to do. Started by `whoosh_engine`; what a killed one leaves is cleared away.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

NICE: Final = 15


async def compact_aside(here: Path, there: Path) -> bool:
    """Have a process compact a slice; False where it failed. Cancelled, it ends the process."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "node.search.whoosh_compaction",
        str(here),
        str(there),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        return await child.wait() == 0
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def main() -> None:
    """Compact one slice."""
    from node.search.whoosh_writing import compact

    os.nice(NICE)
    here, there = sys.argv[1:]
    compact(Path(here), Path(there))


if __name__ == "__main__":
    main()
