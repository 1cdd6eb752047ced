"""How Python runs in the processes that serve and work: how its threads take turns, when it looks for garbage."""

import gc
import sys
from typing import Final

from node.base.db.sqlite import SWITCH_SECONDS

GARBAGE: Final = (20_000, 20, 50)
"""After how many objects more than were freed the collector looks at the young, after how many such looks at the older
ones, and so on: a page of posts makes some thousand, so that Python's own measure means several looks a request; and
one through everything takes 10 ms, in a worker perhaps while it keeps the database from others."""


def settle() -> None:
    """Set a process up once everything that lasts is there: nobody need look through that again."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
