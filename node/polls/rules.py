"""What a poll may be, when it is over, and when it is to be told or asked again. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from node.text.writing import clean_source, count_characters

MIN_OPTIONS: Final = 2
MAX_OPTIONS: Final = 8
MAX_OPTION_LENGTH: Final = 100
MIN_SECONDS: Final = 300
MAX_SECONDS: Final = 2_629_746
"""A month."""

TELL_EVERY: Final = timedelta(minutes=3)
"""Counts of ours go out at most this often, and once more at the end (OBJ-10)."""

ASK_EVERY: Final = timedelta(minutes=1)
"""A remote poll is asked for at most this often, however many people look at it (INB-7)."""

_MAX_TYPED: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PollDraft:
    """A poll as its author wants it. `expires_in` is in seconds; None, in an edit, leaves the end where it is."""

    options: tuple[str, ...]
    expires_in: int | None = None
    multiple: bool = False
    hide_totals: bool = False


def check_poll(draft: PollDraft, *, editing: bool = False) -> tuple[PollDraft, list[str]]:
    """Return the draft cleaned, and every rule it breaks."""
    options = tuple(" ".join(clean_source(option[:_MAX_TYPED]).split()) for option in draft.options)
    options = tuple(option for option in options if option)
    problems = []
    if len(options) < MIN_OPTIONS:
        problems.append("Options must have more than one item")
    if len(options) > MAX_OPTIONS:
        problems.append(f"Options can't contain more than {MAX_OPTIONS} items")
    if any(count_characters(option) > MAX_OPTION_LENGTH for option in options):
        problems.append(f"Options cannot be longer than {MAX_OPTION_LENGTH} characters each")
    if len({option.casefold() for option in options}) < len(options):
        problems.append("Options contain duplicate items")
    if draft.expires_in is None:
        if not editing:
            problems.append("Expires at can't be blank")
    elif draft.expires_in < MIN_SECONDS:
        problems.append("Expires at is too soon")
    elif draft.expires_in > MAX_SECONDS:
        problems.append("Expires at is too far into the future")
    return replace(draft, options=options), problems


def is_over(*, closes_at: datetime | None, closed_at: datetime | None, now: datetime) -> bool:
    """Whether nobody may vote any more."""
    return closed_at is not None or (closes_at is not None and closes_at <= now)


def tell_again_at(*, told_at: datetime | None, closes_at: datetime | None, now: datetime) -> datetime:
    """Return when counts that change now are told; never later than the end."""
    wanted = now if told_at is None else max(now, told_at + TELL_EVERY)
    return wanted if closes_at is None else min(wanted, closes_at)


def is_worth_asking(
    *, fetched_at: datetime | None, closes_at: datetime | None, closed_at: datetime | None, now: datetime
) -> bool:
    """Whether a remote poll may have other counts by now: not asked for a minute, and not since its end."""
    if fetched_at is None:
        return True
    ended_at = min((moment for moment in (closes_at, closed_at) if moment is not None and moment <= now), default=None)
    if ended_at is not None and fetched_at >= ended_at + TELL_EVERY:
        return False
    return fetched_at <= now - ASK_EVERY
