"""How the processes of a node get their memory from the system. Called by `cli.py`, first of all.

Where glibc finds threads that allocate at once it gives each a region of its own (up to eight a CPU), and what is
freed in one of them serves no other. Threads of a node take turns under the interpreter's lock, so two do; that is a
tenth of what a busy node keeps.
"""

import contextlib
import ctypes
import os
import sys
from typing import Final

_M_ARENA_MAX: Final = -8
ARENAS: Final = 2


def share_regions() -> None:
    """Keep this process and its children to `ARENAS` regions, unless the environment says how many."""
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
