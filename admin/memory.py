"""How the processes of a node get their memory from the system, and give it back.

Where glibc finds threads that allocate at once it gives each a region of its own (up to eight a CPU), and what is
freed in one of them serves no other. Threads of a node take turns under the interpreter's lock, so two do; that is a
tenth of what a busy node keeps. And of what is freed it gives back only what lies at a region's end, although what
a rush needed for a moment lies everywhere: nearly another tenth.
"""

import contextlib
import ctypes
import os
import sys
import threading
import time
from typing import Final

_M_ARENA_MAX: Final = -8
ARENAS: Final = 2
GIVE_BACK_SECONDS: Final = 60.0
"""How often free pages go back to the system. It takes some milliseconds where tens of MB do, and as long again when
they are needed anew."""


def share_regions() -> None:
    """Keep this process and its children to `ARENAS` regions, unless the environment says how many. Called by
    `cli.py`, first of all."""
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)


def give_back_regularly(seconds: float = GIVE_BACK_SECONDS) -> None:
    """Give back what is free, now and then, from a thread that ends with the process."""
    with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
        trim = ctypes.CDLL(None).malloc_trim

        def go_on() -> None:
            while True:
                time.sleep(seconds)
                trim(0)

        threading.Thread(target=go_on, name="memory", daemon=True).start()
