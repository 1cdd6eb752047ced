"""How a trend is drawn: its last seven days as a line, with the same in words for who does not see it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

WIDTH: Final = 96
HEIGHT: Final = 28
_EDGE: Final = 3
"""Room for the stroke."""


def trend_card(subject: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the pages show of a hashtag or link: the entity with its history, its line, and why it trends."""
    people = [int(day["accounts"]) for day in reversed(subject["history"])]
    reason = subject["trend"]["text"] if "trend" in subject else ""
    return {"subject": subject, "points": points_of(people), "words": words_of(people), "reason": reason}


def points_of(counts: Sequence[int]) -> str:
    """Return the points of an SVG polyline through these counts, the oldest on the left; "" for fewer than two."""
    if len(counts) < 2:
        return ""
    top = max(*counts, 1)
    step = (WIDTH - 2 * _EDGE) / (len(counts) - 1)
    rise = HEIGHT - 2 * _EDGE
    return " ".join(
        f"{_EDGE + place * step:.1f},{HEIGHT - _EDGE - count / top * rise:.1f}" for place, count in enumerate(counts)
    )


def words_of(counts: Sequence[int]) -> str:
    """Return the same in words."""
    if not counts:
        return ""
    people = "1 person" if counts[-1] == 1 else f"{counts[-1]} people"
    before = ", ".join(str(count) for count in counts[:-1])
    return f"{people} today" + (f"; on the days before {before}" if before else "")
