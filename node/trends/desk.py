"""What moderators see of trends: everything that trends with its reason and what was decided, in the shapes of the API
for moderators. The pages and the API are built on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.posts.models import Hashtag
from node.posts.rendering import card_views, render_posts
from node.posts.tag_queries import DayUse
from node.posts.tag_views import day_views, hashtag_views
from node.trends.day_queries import list_link_days
from node.trends.rules import Kind, Trend
from node.trends.ruling_queries import ABOUT, Rulings, read_rulings
from node.trends.service import read_board
from node.trends.views import reason_view


@dataclass(frozen=True, slots=True)
class Judged:
    """A trend, and whether it was allowed or excluded, by itself or with who published it."""

    trend: Trend
    verdict: bool | None


async def list_judged(runtime: Runtime, kind: Kind) -> list[Judged]:
    """Return everything that trends, what waits or was excluded too."""
    board = await read_board(runtime, kind)
    return [Judged(trend, board.verdicts[trend.id]) for trend in board.trends]


def flags_view(runtime: Runtime, verdict: bool | None) -> dict[str, Any]:
    """Return what moderators read about any trend: whether it may be shown, and whether it waits for them."""
    waits = verdict is None and runtime.settings.trends_review
    return {"trendable": verdict is not False and not waits, "requires_review": waits}


async def admin_tag_views(
    runtime: Runtime, reader: Reader, tags: Sequence[Hashtag], viewer_id: int
) -> list[dict[str, Any]]:
    """Return hashtags as moderators see them."""
    trends = {judged.trend.id: judged.trend for judged in await list_judged(runtime, "tags")}
    rulings = await read_rulings(reader)
    views = await hashtag_views(runtime, reader, tags, viewer_id)
    return [
        view
        | flags_view(runtime, rulings.settles("tags", tag.id, name=tag.name))
        | {
            "usable": rulings.about_tag("use", tag.name) is not False,
            "listable": rulings.about_tag("listing", tag.name) is not False,
            "trend": reason_view(trends[tag.id], "tags") if tag.id in trends else None,
        }
        for view, tag in zip(views, tags, strict=True)
    ]


async def admin_link_views(runtime: Runtime, reader: Reader, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return links as moderators see them."""
    judged = {one.trend.id: one for one in await list_judged(runtime, "links")}
    rulings = await read_rulings(reader)
    cards = await card_views(runtime, reader, ids)
    found = []
    for id_ in ids:
        if id_ not in cards:
            continue
        verdict = judged[id_].verdict if id_ in judged else None
        days: list[DayUse] = await list_link_days(reader, id_, runtime.now())
        found.append(
            cards[id_]
            | flags_view(runtime, _own(rulings, "links", id_, verdict))
            | {
                "id": str(id_),
                "history": day_views(days),
                "trend": reason_view(judged[id_].trend, "links") if id_ in judged else None,
            }
        )
    return found


async def admin_post_views(
    runtime: Runtime, reader: Reader, ids: Sequence[int], viewer_id: int
) -> list[dict[str, Any]]:
    """Return posts as moderators see them; only public ones trend, so nobody sees more than they may."""
    judged = {one.trend.id: one for one in await list_judged(runtime, "posts")}
    rulings = await read_rulings(reader)
    found = []
    for post in await render_posts(runtime, reader, ids, viewer_id=viewer_id):
        id_ = int(post["id"])
        verdict = judged[id_].verdict if id_ in judged else None
        trend = reason_view(judged[id_].trend, "posts") if id_ in judged else None
        found.append(post | flags_view(runtime, _own(rulings, "posts", id_, verdict)) | {"trend": trend})
    return found


def _own(rulings: Rulings, kind: Kind, id_: int, verdict: bool | None) -> bool | None:
    """Return the newest decision about the subject itself, or else the one the board knows."""
    found = rulings.find(ABOUT[kind], id_)
    return found if found is not None else verdict
