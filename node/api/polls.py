"""Polls: how one stands, and voting. A poll's id is its post's."""

from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account
from node.api.entities.polls import Poll
from node.base.errors import NotFound
from node.base.runtime import Runtime
from node.http.context import runtime
from node.http.principals import Viewer, needs, optional
from node.http.requests import Request, answers, takes
from node.polls.queries import find_poll
from node.polls.voting import vote
from node.posts.queries import get_visible_post
from node.posts.rendering import render_post
from node.remote.polls import refresh_poll

blueprint = Blueprint("api_polls", __name__, url_prefix="/api/v1/polls")


class NewVote(Request, frozen=True, kw_only=True):
    """The positions of the chosen options, the first one is 0."""

    choices: list[str] = []


@blueprint.get("/<id:poll_id>")
@optional("read:statuses")
@answers(Poll)
async def show(viewer: Viewer | None, poll_id: int) -> dict[str, Any]:
    """Return a poll; one of another server is asked for there, at most once a minute."""
    node = runtime()
    viewer_id = viewer.account_id if viewer else None
    async with node.read() as reader:
        post = await get_visible_post(reader, poll_id, viewer_id)
        state = await find_poll(reader, poll_id)
    if state is None:
        raise NotFound()
    await refresh_poll(node, post, state, viewer_id=viewer_id)
    return await _poll_answer(node, poll_id, viewer_id)


@blueprint.post("/<id:poll_id>/votes")
@needs("write:statuses")
@takes(NewVote)
@answers(Poll)
async def cast(viewer: Viewer, asked: NewVote, poll_id: int) -> dict[str, Any]:
    """Vote for the options whose positions are in `choices[]`, once."""
    choices = [_position(text) for text in asked.choices]
    node = runtime()
    async with node.write() as uow:
        post = await get_visible_post(uow, poll_id, viewer.account_id)
        me = await get_account(uow, viewer.account_id)
        await vote(uow, node.settings, me, post.id, choices=choices, now=node.now())
    return await _poll_answer(node, poll_id, viewer.account_id)


async def _poll_answer(node: Runtime, poll_id: int, viewer_id: int | None) -> dict[str, Any]:
    async with node.read() as reader:
        poll = (await render_post(node, reader, poll_id, viewer_id=viewer_id))["poll"]
    if poll is None:
        raise NotFound()
    assert isinstance(poll, dict)
    return poll


def _position(text: str) -> int:
    """Return an option's position; what is no number is none that exists."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else -1
