"""Hashtags by themselves in the shape of Mastodon's API, as the viewer stands to them, and how much they are used."""

from collections.abc import Sequence
from typing import Any, Final

from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.posts.models import Hashtag
from node.posts.tag_queries import DayUse, list_featured_among, list_followed_among, tag_history
from node.uris import tag_url

_REMEMBERED: Final = 5_000
_SECONDS: Final = 300
"""How old the figures of a hashtag may be."""


async def hashtag_views(
    runtime: Runtime, reader: Reader, tags: Sequence[Hashtag], viewer_id: int | None
) -> list[dict[str, Any]]:
    """Return Tag entities."""
    ids = [tag.id for tag in tags]
    followed = await list_followed_among(reader, viewer_id, ids) if viewer_id and ids else set()
    featured = await list_featured_among(reader, viewer_id, ids) if viewer_id and ids else set()
    return [
        unused_view(runtime, tag.display, tag.name)
        | {
            "id": str(tag.id),
            "history": await _history_view(runtime, reader, tag.id),
            "following": tag.id in followed,
            "featuring": tag.id in featured,
        }
        for tag in tags
    ]


def unused_view(runtime: Runtime, display: str, folded: str) -> dict[str, Any]:
    """Return the Tag entity of a hashtag that nobody here has used yet."""
    return {
        "id": "0",
        "name": display,
        "url": tag_url(runtime.settings, folded),
        "history": [],
        "following": False,
        "featuring": False,
    }


async def _history_view(runtime: Runtime, reader: Reader, hashtag_id: int) -> list[dict[str, str]]:
    known = runtime.caches.get("tag_history", size=_REMEMBERED, seconds=_SECONDS)
    days: list[DayUse] | None = known.get(hashtag_id)
    if days is None:
        days = await tag_history(reader, hashtag_id, now=runtime.now())
        known.put(hashtag_id, days)
    return day_views(days)


def day_views(days: Sequence[DayUse]) -> list[dict[str, str]]:
    """Return a History: all three are words of digits."""
    return [
        {"day": str(int(entry.day.timestamp())), "uses": str(entry.uses), "accounts": str(entry.accounts)}
        for entry in days
    ]
