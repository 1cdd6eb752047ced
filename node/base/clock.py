"""The time, passed in. Tests hand over a clock that they move; a running node has `system_clock`."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present moment, UTC-aware."""
    return datetime.now(UTC)


def time_word(moment: datetime | None) -> str | None:
    """Return `2026-11-20T23:57:00.000Z`: UTC and exactly three fraction digits (client-api 10)."""
    if moment is None:
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
