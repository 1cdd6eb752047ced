"""Explore: what is talked about here, whom one might like to follow, and what others put together. And waving away."""

from typing import Any

from quart import Blueprint

from node.accounts.views import account_view
from node.base.paging import Page
from node.http.context import runtime
from node.moments.queries import list_moments
from node.posts.rendering import card_views, render_posts
from node.posts.tag_views import day_views, hashtag_views
from node.starter_packs.queries import list_packs
from node.suggestions.service import dismiss, suggest
from node.timelines.queries import list_welcome_among
from node.trends.queries import list_days, list_hashtags
from node.trends.service import trending_card_ids, trending_post_ids, trending_tag_ids
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
    """Show what moves people here now, and whom and what there is to find."""
    node = runtime()
    viewer_id = visitor.account_id if visitor else None
    card_ids = (await trending_card_ids(node))[:LINKS]
    post_ids = await trending_post_ids(node)
    async with node.read() as reader:
        cards = await card_views(node, reader, card_ids)
        days = {id_: day_views(await list_days(reader, id_, node.now())) for id_ in card_ids if id_ in cards}
        welcome = await list_welcome_among(reader, post_ids, viewer_id, node.now())
        posts = await render_posts(
            node, reader, [id_ for id_ in post_ids if id_ in welcome][:POSTS], viewer_id=viewer_id
        )
    return await show(
        "pages/explore.html",
        visitor,
        cards=[trend_card(cards[id_], days[id_]) for id_ in days],
        posts_list=posts,
        filter_context="public",
        found=await discoveries(visitor),
    )


async def discoveries(visitor: Visitor | None) -> dict[str, Any]:
    """Return whom and what there is to find: hashtags that trend, people with the reasons, starter packs, moments."""
    node = runtime()
    viewer_id = visitor.account_id if visitor else None
    tag_ids = (await trending_tag_ids(node))[:TAGS]
    async with node.read() as reader:
        tags = await list_hashtags(reader, tag_ids)
        shown = await hashtag_views(node, reader, [tags[id_] for id_ in tag_ids if id_ in tags], viewer_id)
        suggested = await suggest(node, reader, viewer_id, limit=PEOPLE) if viewer_id is not None else []
        packs = await list_packs(reader, Page(limit=CARDS), viewer_id=viewer_id, featured=True)
        moments = await list_moments(reader, Page(limit=CARDS), viewer_id=viewer_id)
        return {
            "tags": [trend_card(tag, tag["history"]) for tag in shown],
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
