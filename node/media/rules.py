"""What may be said about a medium: its description, focal point and the picture that stands for it. Pure."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from node.base.errors import Invalid
from node.text.writing import clean_source

MAX_DESCRIPTION: Final = 1500


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture that stands for a film or sound, stored already."""

    key: str
    blurhash: str
    size: Mapping[str, Any]
    bytes_: int


@dataclass(frozen=True, slots=True)
class MediaChange:
    """New words, a new focal point or a new picture to stand for a medium; None leaves it as it is."""

    media_id: int
    description: str | None = None
    focus: tuple[float, float] | None = None
    thumbnail: Thumbnail | None = None


def parse_data_url(text: str) -> bytes:
    """Read a file that was sent as text, `data:image/png;base64,...`; its type is not believed. Raises Invalid."""
    head, _, encoded = text.partition(",")
    try:
        if not (head.startswith("data:") and head.endswith(";base64")):
            raise ValueError("no data URL")
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Invalid(fields={"thumbnail": ["Thumbnail is not a picture we can show"]}) from None


def check_description(text: str) -> str:
    """Return an alt text as it is stored. Raises Invalid when it is too long."""
    cleaned = clean_source(text)
    if len(cleaned) > MAX_DESCRIPTION:
        raise Invalid(fields={"description": [f"Description is longer than {MAX_DESCRIPTION} characters"]})
    return cleaned


def check_focus(focus: tuple[float, float]) -> tuple[float, float]:
    """Return a focal point within the picture. Raises Invalid for what is no pair of numbers from -1 to 1."""
    x, y = focus
    if not (-1 <= x <= 1 and -1 <= y <= 1):
        raise Invalid(fields={"focus": ["Focus is not two numbers from -1 to 1"]})
    return x, y


def parse_focus(text: str) -> tuple[float, float] | None:
    """Read `"x,y"` as apps send it; "" is None. Raises Invalid."""
    if not text.strip():
        return None
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise Invalid(fields={"focus": ["Focus is not two numbers from -1 to 1"]}) from None
    return check_focus((x, y))
