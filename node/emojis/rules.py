"""What a shortcode is, where one stands in a text, and when a remote picture has changed. Pure."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from node.base.errors import Invalid

MAX_IN_A_TEXT: Final = 64
"""Different emoji looked for in one text of ours; as many as we read from others (GEN-6)."""

_SHORTCODE = re.compile(r"[A-Za-z0-9_]{2,64}")
"""What ours may be: every server we know of takes that. Others' may be more (OBJ-6)."""

_IN_TEXT = re.compile(r"(?<![A-Za-z0-9:]):([A-Za-z0-9_]{2,64}):(?![A-Za-z0-9:])")


def check_shortcode(shortcode: str) -> str:
    """Return the shortcode of a new emoji of ours, its colons dropped. Raises Invalid."""
    bare = shortcode.strip().strip(":")
    if not _SHORTCODE.fullmatch(bare):
        raise Invalid(fields={"shortcode": ["Shortcode must be 2 to 64 letters, digits or _"]})
    return bare


def shortcodes_in(texts: Iterable[str]) -> frozenset[str]:
    """Return what may be emoji in the texts of a post or profile; linear in their length."""
    found: dict[str, None] = {}
    for text in texts:
        if ":" in text:
            found.update(dict.fromkeys(match[1] for match in _IN_TEXT.finditer(text)))
    return frozenset(list(found)[:MAX_IN_A_TEXT])


def is_replaced(
    *, image_url: str, updated: datetime | None, known_image_url: str, known_updated: datetime | None
) -> bool:
    """Say whether a remote emoji changed: a newer `updated`, or another picture that is not older (OBJ-6)."""
    if updated is not None and known_updated is not None:
        return updated > known_updated
    return image_url != known_image_url or (updated is not None and known_updated is None)
