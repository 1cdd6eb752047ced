"""Following, and relationships in general: every change here answers the new Relationship at once."""

from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account
from node.api.entities.accounts import Relationship
from node.api.relationships import relationship, relationships
from node.follows.service import follow, remove_follower, unfollow
from node.http.context import runtime
from node.http.limits import FOLLOWS, costs
from node.http.principals import Viewer, needs
from node.http.requests import Identifier, Request, answers, takes

MOST_AT_ONCE = 300

blueprint = Blueprint("api_follows", __name__, url_prefix="/api/v1/accounts")


class Ids(Request, frozen=True, kw_only=True):
    """Some accounts."""

    id: list[Identifier] = []


class FollowOptions(Request, frozen=True, kw_only=True):
    """What of somebody to hear; what is not sent stays as it is."""

    reblogs: bool | None = None
    notify: bool | None = None
    languages: list[str] | None = None


@blueprint.get("/relationships")
@needs("read:follows")
@takes(Ids)
@answers(list[Relationship])
async def list_them(viewer: Viewer, asked: Ids) -> list[dict[str, Any]]:
    """Return how the viewer stands to accounts, in the order asked; unknown ids are left out."""
    ids = asked.id[:MOST_AT_ONCE]
    async with runtime().read() as reader:
        return await relationships(reader, viewer.account_id, ids)


@blueprint.post("/<id:account_id>/follow")
@costs(1, FOLLOWS)
@needs("write:follows")
@takes(FollowOptions)
@answers(Relationship)
async def follow_account(viewer: Viewer, asked: FollowOptions, account_id: int) -> dict[str, Any]:
    """Follow, or change `reblogs`, `notify` and `languages` of a follow that stands.

    `requested` until a locked or remote account has accepted (client-api behaviour 33).
    """
    node = runtime()
    async with node.write() as uow:
        me = await get_account(uow, viewer.account_id)
        target = await get_account(uow, account_id)
        await follow(
            uow,
            node.settings,
            me,
            target,
            show_boosts=asked.reblogs,
            notify=asked.notify,
            languages=asked.languages,
            now=node.now(),
        )
    return await relationship(viewer.account_id, account_id)


@blueprint.post("/<id:account_id>/unfollow")
@needs("write:follows")
@answers(Relationship)
async def unfollow_account(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """End a follow, or take back a request."""
    async with runtime().write() as uow:
        await get_account(uow, account_id, include_gone=True)
        await unfollow(uow, viewer.account_id, account_id)
    return await relationship(viewer.account_id, account_id)


@blueprint.post("/<id:account_id>/remove_from_followers")
@needs("write:follows")
@answers(Relationship)
async def remove_from_followers(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """Make somebody stop following the viewer."""
    async with runtime().write() as uow:
        await get_account(uow, account_id, include_gone=True)
        await remove_follower(uow, viewer.account_id, account_id)
    return await relationship(viewer.account_id, account_id)
