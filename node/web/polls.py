"""Polls: vote, and ask another server how its poll stands. Both lead back to where the form was."""

from quart import Blueprint

from node.accounts.queries import get_account
from node.base.errors import Invalid, NotFound
from node.http.context import runtime
from node.http.problems import wants_json
from node.polls.queries import find_poll
from node.polls.voting import vote
from node.posts.queries import get_visible_post
from node.remote.polls import refresh_poll
from node.web.answered import answered
from node.web.forms import errors_of, read_form
from node.web.showing import install, tell
from node.web.visitors import Answer, Visitor, signed_in

blueprint = Blueprint("web_polls", __name__)
blueprint.record_once(install)


@blueprint.post("/web/polls/<id:poll_id>/votes")
@signed_in
async def cast(visitor: Visitor, poll_id: int) -> Answer:
    """Vote; a vote that does not count is said so on the next page."""
    choices = (await read_form()).ids("choices")
    node = runtime()
    try:
        async with node.write() as uow:
            post = await get_visible_post(uow, poll_id, visitor.account_id)
            me = await get_account(uow, visitor.account_id)
            await vote(uow, node.settings, me, post.id, choices=choices, now=node.now())
    except Invalid as problem:
        if wants_json():
            raise Invalid(next(iter(errors_of(problem).values()))) from problem
        tell(next(iter(errors_of(problem).values())), "error")
    return await answered(visitor, poll_id)


@blueprint.post("/web/polls/<id:poll_id>/refresh")
@signed_in
async def refresh(visitor: Visitor, poll_id: int) -> Answer:
    """Ask the poll's own server, at most once a minute."""
    node = runtime()
    async with node.read() as reader:
        post = await get_visible_post(reader, poll_id, visitor.account_id)
        state = await find_poll(reader, poll_id)
    if state is None:
        raise NotFound
    await refresh_poll(node, post, state, viewer_id=visitor.account_id)
    return await answered(visitor, poll_id)
