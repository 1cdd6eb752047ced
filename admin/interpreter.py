"""How Python runs in the processes that serve, work and sweep: how its threads take turns, when it looks for garbage,
how many files and connections it may have open."""

import contextlib
import gc
import resource
import sys
from typing import Final

from admin.memory import give_back_regularly
from node.base.db.sqlite import SWITCH_SECONDS

GARBAGE: Final = (4_000, 500, 10)
"""After how many objects more than were freed the collector looks at the young, after how many such looks at those that
outlived one, and so on. Python's own measure means several looks a request, but everybody waits for each: at 4 000
objects for some milliseconds, at 20 000 for 13 on a slow machine. A look at those that outlived one takes a few
milliseconds, in a worker perhaps while it keeps the database from others, but 300 where thousands of requests wait:
it comes once a minute there."""
OPEN_FILES: Final = 65_536
"""How many files and connections a process has open at most, if the system lets it. What it is given unasked is often
1 024, and more callers than that at once would be hung up on."""


def settle() -> None:
    """Set a process up once everything that lasts is there: nobody need look through that again."""
    sys.setswitchinterval(SWITCH_SECONDS)
    _ask_for_files()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    give_back_regularly()


def _ask_for_files() -> None:
    given, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    if given != resource.RLIM_INFINITY and given < wanted:
        with contextlib.suppress(OSError, ValueError):  # a system that promises more than it gives
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
