"""When something is completed, and how much of it: pure decisions and every budget (COL-7, COL-8, row 50, row 51)."""

from datetime import datetime, timedelta
from typing import Final

ACCOUNT: Final = "account"
THREAD: Final = "thread"
FOLLOWING: Final = "following"

# An account's outbox (COL-8).
NEWEST_POSTS: Final = 40
NEWEST_PAGES: Final = 2
OLDER_POSTS: Final = 40
OLDER_PAGES: Final = 3
UNFOLLOWED_LIFE: Final = timedelta(minutes=30)
"""How long what was read of an account's outbox holds while nobody here follows it, so that nothing is delivered."""
FOLLOWED_LIFE: Final = timedelta(hours=24)
FAILED_LIFE: Final = timedelta(minutes=10)
PROFILE_LIFE: Final = timedelta(hours=24)
"""Older than this, a profile that is looked at is fetched again (ACT-6)."""
FOLLOW_IS_NEW: Final = timedelta(hours=1)

# Whom an account follows in public, for suggestions.
FOLLOWING_LIFE: Final = timedelta(days=7)
FOLLOWING_PAGES: Final = 10
MAX_FOLLOWING: Final = 400
"""Names that are kept of one account's list."""
MAX_MET: Final = 40
"""People of one list who are fetched in one run, of one host no more than `MAX_MET_PER_HOST`."""
MAX_MET_PER_HOST: Final = 30
ENOUGH_MET: Final = 15
"""No more are fetched when so many were met who want to be found."""
MET_AT_ONCE: Final = 4
ENOUGH_NEIGHBOURS: Final = 25
"""People of a server's directory who are met, where lists tell of too few."""
DIRECTORY_LIFE: Final = timedelta(days=1)
"""How long a worker does not ask the same server for its directory again."""
MAX_DIRECTORY_BYTES: Final = 1024 * 1024

# A thread (COL-7).
SETTLED: Final = timedelta(minutes=5)
"""How old a post that was delivered must be: before that its replies are still on their way by themselves."""
THREAD_LIFE: Final = timedelta(minutes=15)
THREAD_REST: Final = timedelta(minutes=1)
"""Between two runs on one thread, whichever of its posts they begin with."""
MAX_PAGES: Final = 500
MAX_POSTS: Final = 1_000
MAX_PER_POST: Final = 500
MAX_UPWARD: Final = 30
MAX_NEW_ACTORS: Final = 400
"""Authors unknown here that one run may make us fetch (ACT-6)."""
MAX_QUOTES: Final = 50
"""Posts of one run whose quotes are looked into: each of them is a fetch from a host that the post names."""
MAX_BEGINNINGS: Final = 100
WALL: Final = timedelta(minutes=5)

# Politeness, whatever is asked for.
PER_HOST: Final = 2
"""Requests to one host at a time for threads; 4 with everything else, by the client (COL-8)."""
HOST_WINDOW: Final = timedelta(minutes=1)
HOST_REQUESTS: Final = 400
"""Requests to one host in a minute, from one worker."""
REQUEST_SECONDS: Final = 10.0
"""A host that takes longer for one document is not waited for."""
MAX_ATTEMPTS: Final = 3


def may_check_thread(
    *, is_local: bool, is_fetched: bool, published_at: datetime, checked_at: datetime | None, now: datetime
) -> bool:
    """Say whether a post's replies are worth asking for: it is remote, settled, and was not asked about lately.

    A post that we fetched ourselves is settled at once, since nothing of its thread will be delivered.
    """
    if is_local or (checked_at is not None and checked_at > now - THREAD_LIFE):
        return False
    return is_fetched or published_at <= now - SETTLED


def is_outbox_stale(*, read_at: datetime | None, tried_at: datetime, is_followed: bool, now: datetime) -> bool:
    """Say whether the newest posts of an account are to be read again; `tried_at` is the end of the last run."""
    if read_at is None:
        return tried_at <= now - FAILED_LIFE
    return max(read_at, tried_at) <= now - (FOLLOWED_LIFE if is_followed else UNFOLLOWED_LIFE)
