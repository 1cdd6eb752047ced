"""What an announcement may say, and how many reactions it may have. Pure."""

from datetime import datetime
from typing import Final

from node.base.errors import Invalid

MAX_TEXT: Final = 10_000
MAX_SHOWN: Final = 50
"""Announcements that may be up at a time."""
MAX_REACTIONS: Final = 8
"""Different emoji one announcement may have."""


def checked_text(text: str) -> str:
    """Return the text as it is kept. Raises Invalid."""
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text:
        raise Invalid(fields={"text": ["The text is missing."]})
    if len(text) > MAX_TEXT:
        raise Invalid(fields={"text": [f"The text is too long (at most {MAX_TEXT} characters)."]})
    return text


def check_times(starts_at: datetime | None, ends_at: datetime | None) -> None:
    """Raise Invalid unless the end, if there is one, comes after the beginning."""
    if ends_at is not None and starts_at is None:
        raise Invalid(fields={"starts_at": ["Say when it begins, too."]})
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        raise Invalid(fields={"ends_at": ["The end is before the beginning."]})
