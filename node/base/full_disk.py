"""A disk without room, told from other failures: it passes once somebody makes room, so nothing is given up over it.

Used wherever something is written: requests are answered with `NO_ROOM`, background work waits without counting a try.
"""

import errno
import sqlite3
from typing import Final

NO_ROOM: Final = "There is no room left on this server's disk. Please try again later."

_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SQLITE: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE})
_POSTGRES: Final = "53100"


def is_full(error: BaseException | None) -> bool:
    """Say whether this, or what it comes of, is a disk without room."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _ERRNOS:
            return True
        cause = getattr(error, "orig", None) or error
        if getattr(cause, "sqlite_errorcode", None) in _SQLITE or getattr(cause, "sqlstate", None) == _POSTGRES:
            return True
        error = error.__cause__
    return False
