"""Pure decisions about pulled accounts: who is one, how often it is read, how long a failure is waited for."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final, Literal

from node.base.settings import Settings

Choice = Literal["auto", "on", "off"]
Reason = Literal["", "chosen", "reported", "followed here"]

CHOICES: Final[tuple[Choice, ...]] = ("auto", "on", "off")

SHORTEST: Final = timedelta(minutes=2)
LONGEST: Final = timedelta(hours=6)
SETTLING: Final = timedelta(minutes=2)
"""How long a switch takes to be heard of by every process: caches of tiers live half as long."""
AROUND: Final = timedelta(hours=1)
"""Whoever was here within this time is around; `last_active_at` moves in steps of ten minutes."""
ASLEEP: Final = timedelta(minutes=3)
"""How often an account whose followers are all away is looked at, to see whether one is back."""
SAMPLE: Final = 10
"""Newest posts whose distances tell an account's rate."""
DELIVERED_FACTOR: Final = 1.5
MAX_DELIVERED: Final = 4
STAYS_LARGE: Final = 0.8
"""Of the reported followers that made an account a pulled one, so many may leave before it is none."""
NEWS_LIFE: Final = timedelta(hours=24)
"""What is older when it is pulled is kept, but rings nobody."""
HOST_WINDOW: Final = timedelta(hours=1)
BUSY_REST: Final = timedelta(minutes=15)
"""How long a host is left alone that says it is asked too often and not for how long."""
PATIENCE: Final = 3
"""Failures in a row, of whichever accounts, after which a host is left alone."""


def why_pulled(choice: str, *, reported: int, local_followers: int, settings: Settings, was: str = "") -> Reason:
    """Say why a remote account is pulled; "" when it is not. An operator's word goes before all counts.

    `was` is why it has been so far: whoever goes around the limit is not switched to and fro.
    """
    if choice == "off":
        return ""
    if choice == "on":
        return "chosen"
    enough = settings.pull_reported_followers * (STAYS_LARGE if was == "reported" else 1)
    if reported >= enough:
        return "reported"
    return "followed here" if local_followers > settings.active_limit else ""


def interval_of(published: Sequence[datetime], *, delivered: int, now: datetime) -> timedelta:
    """Return how long to wait before an outbox is read again, by the times of its newest posts, newest first.

    Half of the usual distance between two posts, or a quarter of the silence if that is longer: whoever writes every
    ten minutes is read every five, and less and less once they stopped. Each of the first `MAX_DELIVERED` turns whose
    news had all been delivered before makes it longer by half: an account whose server delivers is asked less. A date
    to come counts as now, so that it hurries nobody for ever.
    """
    times = sorted((min(moment, now) for moment in published), reverse=True)[: SAMPLE + 1]
    if not times:
        return LONGEST
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(times)]
    silence = (now - times[0]).total_seconds()
    usual = max(median(gaps) / 2 if gaps else 0.0, silence / 4)
    seconds = usual * DELIVERED_FACTOR ** min(delivered, MAX_DELIVERED)
    return min(max(timedelta(seconds=seconds), SHORTEST), LONGEST)


def wait_after(failures: int) -> timedelta:
    """Return how long an account, or a host, is left alone after so many failures in a row."""
    doubled: int = 2 ** min(failures, 10)
    return min(SHORTEST * doubled, LONGEST)


def spread(wait: timedelta) -> timedelta:
    """Return a wait longer by up to a tenth, so that a host's accounts do not come due together."""
    return wait * random.uniform(1.0, 1.1)  # noqa: S311
