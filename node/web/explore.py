"""Explore: what is talked about here, whom one might like to follow, and what others put together. And waving away."""

from typing import Any

from quart import Blueprint, request

from node.accounts.views import account_view
from node.base.paging import Page
from node.http.context import runtime
from node.moments.queries import list_moments
from node.posts.rendering import render_posts
from node.starter_packs.queries import list_packs
from node.suggestions.service import dismiss, suggest
from node.timelines.queries import list_welcome_among
from node.trends.pool import pooled_trends
from node.trends.rules import NO_LANGUAGE, language_of
from node.trends.service import current_trends, list_still_trending, trends_for
from node.trends.views import link_trend_views, tag_trend_views
from node.web.accounts import standings
from node.web.moments import moment_cards
from node.web.showing import install, show
from node.web.starter_packs import pack_cards
from node.web.trending import trend_card
from node.web.visitors import Answer, Visitor, anybody, back, signed_in

TAGS = 10
LINKS = 5
POSTS = 10
PEOPLE = 8
CARDS = 4

blueprint = Blueprint("web_explore", __name__)
blueprint.record_once(install)


@blueprint.get("/explore")
@anybody
async def explore(visitor: Visitor | None) -> Answer:
    """Show what moves people here now, and whom and what there is to find; `?language=`: what is said in one."""
    node = runtime()
    viewer_id = visitor.account_id if visitor else None
    spoken = language_of(request.args.get("language", "")[:35])
    language = "" if spoken == NO_LANGUAGE else spoken
    link_trends = (await current_trends(node, "links", language=language))[:LINKS]
    if language:
        post_trends = await current_trends(node, "posts", language=language)
    else:
        post_trends = await trends_for(node, "posts", viewer_id)
    post_ids = [trend.id for trend in post_trends]
    async with node.read() as reader:
        cards = await link_trend_views(node, reader, link_trends)
        welcome = await list_welcome_among(reader, post_ids, viewer_id, node.now())
        welcome &= await list_still_trending(node, reader, post_ids)
        posts = await render_posts(
            node, reader, [id_ for id_ in post_ids if id_ in welcome][:POSTS], viewer_id=viewer_id
        )
    return await show(
        "pages/explore.html",
        visitor,
        cards=[trend_card(card) for card in cards],
        posts_list=posts,
        elsewhere=await pooled_trends(node),
        language=language,
        filter_context="public",
        found=await discoveries(visitor, language),
    )


async def discoveries(visitor: Visitor | None, language: str = "") -> dict[str, Any]:
    """Return whom and what there is to find: hashtags that trend, people with the reasons, starter packs, moments."""
    node = runtime()
    viewer_id = visitor.account_id if visitor else None
    tag_trends = (await current_trends(node, "tags", language=language))[:TAGS]
    async with node.read() as reader:
        shown = await tag_trend_views(node, reader, tag_trends, viewer_id)
        suggested = await suggest(node, reader, viewer_id, limit=PEOPLE) if viewer_id is not None else []
        packs = await list_packs(reader, Page(limit=CARDS), viewer_id=viewer_id, featured=True)
        moments = await list_moments(reader, Page(limit=CARDS), viewer_id=viewer_id)
        return {
            "tags": [trend_card(tag) for tag in shown],
            "suggestions": [
                {"account": account_view(one.account, settings=node.settings), "reasons": one.reasons}
                for one in suggested
            ],
            "relationships": await standings(reader, visitor, [one.account.id for one in suggested]),
            "packs": [card for card in await pack_cards(reader, packs, viewer_id) if card["accounts_count"]],
            "moments": [card for card in await moment_cards(reader, moments, viewer_id) if card["statuses_count"]],
        }


@blueprint.post("/web/suggestions/<id:account_id>/dismiss")
@signed_in
async def wave_away(visitor: Visitor, account_id: int) -> Answer:
    """Suggest somebody no more."""
    node = runtime()
    async with node.write() as uow:
        await dismiss(uow, node, visitor.account_id, account_id)
    return await back("/explore")
