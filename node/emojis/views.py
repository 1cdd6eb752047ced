"""Custom emoji in the shape of Mastodon's API, and how a post or profile refers to them. Pure.

A row of a post, profile or poll keeps references (id, shortcode, version), not addresses: what they become is
always an address of ours, so that no page or app of ours makes somebody's browser call a third party.
"""

from collections.abc import Iterable
from typing import Any

from node.base.settings import Settings
from node.emojis.models import Emoji
from node.uris import emoji_picture_url

Reference = dict[str, Any]


def reference_to(emoji: Emoji) -> Reference:
    """Return what a row keeps of an emoji that stands in its text."""
    return {"id": emoji.id, "shortcode": emoji.shortcode, "version": emoji.version}


def referred_ids(references: Iterable[Any]) -> list[int]:
    """Return the ids of the emoji that a row refers to."""
    return [entry["id"] for entry in references if isinstance(entry, dict) and isinstance(entry.get("id"), int)]


def emoji_views(references: Iterable[Any], *, settings: Settings) -> list[dict[str, Any]]:
    """Return the CustomEmoji entities of a post or profile. What has no id (rows of old) stays text."""
    return [
        {
            "shortcode": str(entry["shortcode"]),
            "url": emoji_picture_url(settings, entry["id"], int(entry.get("version", 1))),
            "static_url": emoji_picture_url(settings, entry["id"], int(entry.get("version", 1)), still=True),
            "visible_in_picker": False,
        }
        for entry in references
        if isinstance(entry, dict) and isinstance(entry.get("id"), int)
    ]


def picker_view(emoji: Emoji, *, settings: Settings) -> dict[str, Any]:
    """Return one of ours as `GET /api/v1/custom_emojis` lists it."""
    view: dict[str, Any] = {
        "shortcode": emoji.shortcode,
        "url": emoji_picture_url(settings, emoji.id, emoji.version),
        "static_url": emoji_picture_url(settings, emoji.id, emoji.version, still=True),
        "visible_in_picker": emoji.in_picker,
    }
    if emoji.category:
        view["category"] = emoji.category
    return view
