"""Reactions with an emoji: the paths of Pleroma and Akkoma, and those of Glitch, Chuckya and Iceshrimp.

An emoji is named by itself (also percent-encoded), by the shortcode of one of ours, or as `shortcode@host` by one of
another server's that stands at the post already. Answers carry the new counts (behaviour 32).
"""

from typing import Any
from urllib.parse import unquote

from quart import Blueprint

from node.accounts.queries import get_account, list_accounts
from node.accounts.views import account_view
from node.api.answers import post_answer
from node.api.entities.statuses import EmojiReaction, Status
from node.http.context import runtime
from node.http.principals import Viewer, needs, optional
from node.http.requests import answers
from node.posts.queries import get_visible_post
from node.posts.reacting import choose_emoji, react, unreact
from node.reactions.queries import list_reactors, list_tallies
from node.reactions.views import reaction_views

MAX_REACTORS = 400

blueprint = Blueprint("api_reactions", __name__, url_prefix="/api/v1")


@blueprint.put("/pleroma/statuses/<id:post_id>/reactions/<name>")
@blueprint.patch("/pleroma/statuses/<id:post_id>/reactions/<name>")
@blueprint.post("/statuses/<id:post_id>/react/<name>", endpoint="react")
@needs("write:favourites")
@answers(Status)
async def add(viewer: Viewer, post_id: int, name: str) -> dict[str, Any]:
    """React to a post."""
    node = runtime()
    async with node.write() as uow:
        me = await get_account(uow, viewer.account_id)
        post = await get_visible_post(uow, post_id, me.id)
        chosen, emoji = await choose_emoji(uow, post.boost_of_id or post.id, unquote(name))
        await react(uow, node.settings, me, post, name=chosen, emoji=emoji, now=node.now())
    return await post_answer(node, viewer, post_id)


@blueprint.delete("/pleroma/statuses/<id:post_id>/reactions/<name>")
@blueprint.post("/statuses/<id:post_id>/unreact/<name>", endpoint="unreact")
@needs("write:favourites")
@answers(Status)
async def remove(viewer: Viewer, post_id: int, name: str) -> dict[str, Any]:
    """Take a reaction back."""
    node = runtime()
    async with node.write() as uow:
        post = await get_visible_post(uow, post_id, viewer.account_id)
        chosen, emoji = await choose_emoji(uow, post.boost_of_id or post.id, unquote(name))
        await unreact(uow, viewer.account_id, post, name=chosen, emoji_id=emoji.id if emoji is not None else 0)
    return await post_answer(node, viewer, post_id)


@blueprint.get("/pleroma/statuses/<id:post_id>/reactions")
@blueprint.get("/pleroma/statuses/<id:post_id>/reactions/<name>", endpoint="list_one")
@optional("read:favourites", "read:statuses")
@answers(list[EmojiReaction])
async def list_them(viewer: Viewer | None, post_id: int, name: str = "") -> list[dict[str, Any]]:
    """Return the reactions to a post with who gave them; with `name` only that one."""
    viewer_id = viewer.account_id if viewer else None
    node = runtime()
    async with node.read() as reader:
        post = await get_visible_post(reader, post_id, viewer_id)
        target = post.boost_of_id or post.id
        await get_visible_post(reader, target, viewer_id)
        tallies = (await list_tallies(reader, [target], viewer_id=viewer_id)).get(target, [])
        if name:
            chosen, emoji = await choose_emoji(reader, target, unquote(name))
            wanted = (chosen, emoji.id if emoji is not None else 0)
            tallies = [tally for tally in tallies if (tally.name, tally.emoji_id) == wanted]
        reactors = await list_reactors(reader, target, limit=MAX_REACTORS)
        accounts = await list_accounts(reader, {reactor.account_id for reactor in reactors})
    views = reaction_views(tallies, settings=node.settings, anonymous=viewer is None)
    for tally, view in zip(tallies, views, strict=True):
        view["accounts"] = [
            account_view(accounts[reactor.account_id], settings=node.settings)
            for reactor in reactors
            if (reactor.name, reactor.emoji_id) == (tally.name, tally.emoji_id) and reactor.account_id in accounts
        ]
    return views
