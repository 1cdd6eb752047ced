"""Reactions with an emoji: the page on which one is chosen, and giving and taking back. Works without scripts."""

from quart import Blueprint

from node.accounts.queries import get_account
from node.base.errors import Invalid, NotFound
from node.base.runtime import Runtime
from node.emojis.queries import list_local_emojis
from node.emojis.views import picker_view
from node.http.context import runtime
from node.http.problems import wants_json
from node.posts.queries import get_visible_post
from node.posts.reacting import choose_emoji, react, unreact
from node.posts.rendering import render_post
from node.web.answered import answered
from node.web.forms import errors_of, read_form
from node.web.showing import install, show
from node.web.visitors import Answer, Visitor, signed_in

COMMON = ("👍", "❤️", "😂", "😮", "😢", "🎉", "🔥", "👀", "🙏", "🤔", "👎", "💯")
"""What most people look for, before the node's own."""

blueprint = Blueprint("web_reactions", __name__)
blueprint.record_once(install)


@blueprint.get("/@<acct>/<id:post_id>/react")
@signed_in
async def choose(visitor: Visitor, acct: str, post_id: int) -> Answer:
    """Show the emoji there are for a post."""
    return await _choice(runtime(), visitor, post_id)


@blueprint.post("/web/posts/<id:post_id>/react")
@signed_in
async def give(visitor: Visitor, post_id: int) -> Answer:
    """React to a post, then go back to where the button was."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            me = await get_account(uow, visitor.account_id)
            post = await get_visible_post(uow, post_id, me.id)
            name, emoji = await choose_emoji(uow, post.boost_of_id or post.id, form.line("emoji"))
            await react(uow, node.settings, me, post, name=name, emoji=emoji, now=node.now())
    except Invalid as problem:
        if wants_json():
            raise Invalid(next(iter(errors_of(problem).values()))) from problem
        return await _choice(node, visitor, post_id, problem)
    return await answered(visitor, post_id)


@blueprint.post("/web/posts/<id:post_id>/unreact")
@signed_in
async def take_back(visitor: Visitor, post_id: int) -> Answer:
    """Take a reaction back."""
    form = await read_form()
    node = runtime()
    async with node.write() as uow:
        post = await get_visible_post(uow, post_id, visitor.account_id)
        name, emoji = await choose_emoji(uow, post.boost_of_id or post.id, form.line("emoji"))
        await unreact(uow, visitor.account_id, post, name=name, emoji_id=emoji.id if emoji is not None else 0)
    return await answered(visitor, post_id)


async def _choice(node: Runtime, visitor: Visitor, post_id: int, problem: Invalid | None = None) -> Answer:
    async with node.read() as reader:
        view = await render_post(node, reader, post_id, viewer_id=visitor.account_id)
        emojis = await list_local_emojis(reader)
    if view["reblog"] is not None:
        raise NotFound
    return await show(
        "pages/react.html",
        visitor,
        status=200 if problem is None else 422,
        post=view,
        common=COMMON,
        emojis=[picker_view(emoji, settings=node.settings) for emoji in emojis if emoji.in_picker],
        errors={} if problem is None else errors_of(problem),
    )
