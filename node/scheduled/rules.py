"""When a post may be scheduled, and how many. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Final

from node.base.errors import Invalid

SOONEST: Final = timedelta(minutes=5)
MOST: Final = 300
MOST_A_DAY: Final = 25
"""Caps for one person, as in Mastodon (attack row 59). A day is one of UTC."""


def check_time(at: datetime, now: datetime) -> None:
    """Raise Invalid unless the time is far enough ahead."""
    if at < now + SOONEST:
        raise Invalid(fields={"scheduled_at": ["Scheduled at must be at least 5 minutes from now"]})


def check_room(*, in_all: int, that_day: int) -> None:
    """Raise Invalid when somebody has scheduled too much already."""
    if in_all >= MOST:
        raise Invalid(fields={"scheduled_at": [f"You have exceeded the limit of {MOST} scheduled posts"]})
    if that_day >= MOST_A_DAY:
        raise Invalid(
            fields={"scheduled_at": [f"You have exceeded the limit of {MOST_A_DAY} scheduled posts for that day"]}
        )


def day_of(at: datetime) -> tuple[datetime, datetime]:
    """Return the first moment of the day and the first after it."""
    start = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return start, start + timedelta(days=1)
    except OverflowError:
        raise Invalid(fields={"scheduled_at": ["Scheduled at is too far away"]}) from None
