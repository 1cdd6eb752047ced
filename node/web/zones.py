"""Times as people type and read them: in their own zone, as the IANA names it."""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_NOT_PLACES = ("Etc/", "SystemV/", "posix/", "right/", "US/", "posixrules")


@cache
def zones() -> tuple[str, ...]:
    """Return the zones people may choose, by name."""
    places = {name for name in available_timezones() if "/" in name and not name.startswith(_NOT_PLACES)}
    return ("UTC", *sorted(places))


def zone_of(name: str) -> ZoneInfo:
    """Return a zone; UTC for a name that is none."""
    return ZoneInfo(name if name in available() else "UTC")


@cache
def available() -> frozenset[str]:
    """Return every name of a zone that is known here."""
    return frozenset(available_timezones())


def moment_in(word: str, zone: str) -> datetime | None:
    """Return the moment that a `datetime-local` field means in a zone; None for what is none."""
    try:
        return datetime.fromisoformat(word[:30]).replace(tzinfo=zone_of(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def local_word(moment: datetime, zone: str) -> str:
    """Return a moment as a `datetime-local` field wants it."""
    return moment.astimezone(zone_of(zone)).strftime("%Y-%m-%dT%H:%M")


def spoken(moment: datetime, zone: str) -> str:
    """Return a moment in words."""
    there = moment.astimezone(zone_of(zone))
    return f"{there.day} {there:%B %Y, %H:%M} ({zone_of(zone).key})"
