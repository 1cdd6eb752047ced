"""The time, passed in. Tests hand over a clock that they move; a running node has `system_clock`."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present moment, UTC-aware."""
    return datetime.now(UTC)
