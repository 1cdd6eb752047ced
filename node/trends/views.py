"""Trends in the shapes of Mastodon's API, with why each is one. For the API and the pages."""

from collections.abc import Sequence
from typing import Any, Final

from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.posts.rendering import card_views
from node.posts.tag_queries import DayUse
from node.posts.tag_views import day_views, hashtag_views
from node.trends.day_queries import day_number, list_counted_days, list_link_days
from node.trends.queries import list_hashtags
from node.trends.rules import Kind, Trend, explanation

_REMEMBERED: Final = 500
_SECONDS: Final = 60
"""How old figures of days, and the cards of links, may be."""


def reason_view(trend: Trend, kind: Kind) -> dict[str, Any]:
    """Return why something trends, in words and numbers."""
    return {
        "text": explanation(trend, kind),
        "posts": trend.uses,
        "people": trend.people,
        "hours": trend.hours,
        "times_usual": trend.times,
    }


async def tag_trend_views(
    runtime: Runtime, reader: Reader, trends: Sequence[Trend], viewer_id: int | None
) -> list[dict[str, Any]]:
    """Return Tag entities, each with its reason."""
    found = await list_hashtags(reader, [trend.id for trend in trends])
    known = [trend for trend in trends if trend.id in found]
    views = await hashtag_views(runtime, reader, [found[trend.id] for trend in known], viewer_id)
    return [view | {"trend": reason_view(trend, "tags")} for view, trend in zip(views, known, strict=True)]


async def link_trend_views(runtime: Runtime, reader: Reader, trends: Sequence[Trend]) -> list[dict[str, Any]]:
    """Return TrendsLink entities, each with its reason: the same for everybody, so kept for a moment."""
    cache = runtime.caches.get("trend_links", size=_REMEMBERED, seconds=_SECONDS)
    missing = [trend.id for trend in trends if cache.get(trend.id) is None]
    if missing:
        for id_, card in (await card_views(runtime, reader, missing)).items():
            cache.put(id_, card | {"history": day_views(await _link_history(runtime, reader, id_))})
    found = ((trend, cache.get(trend.id)) for trend in trends)
    return [card | {"trend": reason_view(trend, "links")} for trend, card in found if card is not None]


async def _link_history(runtime: Runtime, reader: Reader, card_id: int) -> list[DayUse]:
    """Return the last seven days of a link: those that are over as they were counted, where they were."""
    now = runtime.now()
    counted = await list_counted_days(reader, "links", card_id, now)
    return [counted.get(day_number(day.day), day) for day in await list_link_days(reader, card_id, now)]
