"""Follow requests to a locked account: list, accept, refuse. Both answers are Relationships."""

from typing import Any

from quart import Blueprint

from node.api.answers import Answer, accounts_answer
from node.api.entities.accounts import Account, Relationship
from node.api.relationships import relationship
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import NotFound
from node.follows.models import Follow
from node.follows.queries import find_follow, list_follow_requests
from node.follows.service import accept_follow, reject_follow
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Paging, answers, takes

blueprint = Blueprint("api_follow_requests", __name__, url_prefix="/api/v1/follow_requests")


@blueprint.get("")
@needs("read:follows")
@takes(Paging)
@answers(list[Account])
async def list_them(viewer: Viewer, asked: Paging) -> Answer:
    """Return who waits for the viewer's answer."""
    page = page_of(asked, 40)
    node = runtime()
    async with node.read() as reader:
        entries = await list_follow_requests(reader, viewer.account_id, page)
        return await accounts_answer(node, reader, entries)


@blueprint.post("/<id:account_id>/authorize")
@needs("write:follows")
@answers(Relationship)
async def authorize(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """Accept a request."""
    node = runtime()
    async with node.write() as uow:
        await accept_follow(uow, await _request(uow, account_id, viewer.account_id), now=node.now())
    return await relationship(viewer.account_id, account_id)


@blueprint.post("/<id:account_id>/reject")
@needs("write:follows")
@answers(Relationship)
async def reject(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """Refuse a request."""
    async with runtime().write() as uow:
        await reject_follow(uow, await _request(uow, account_id, viewer.account_id))
    return await relationship(viewer.account_id, account_id)


async def _request(uow: UnitOfWork, follower_id: int, followee_id: int) -> Follow:
    found = await find_follow(uow, follower_id, followee_id)
    if found is None or found.accepted_at is not None:
        raise NotFound()
    return found
