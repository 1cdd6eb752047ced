"""Moments: read, make and change them, put posts in and in order, take one's own post out. An addition of ours."""

from collections.abc import Sequence
from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account, list_accounts
from node.api.answers import Answer, page_answer
from node.api.entities.errors import Empty
from node.api.entities.moments import Moment
from node.api.entities.statuses import Status
from node.base.db.unit_of_work import Reader
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs, optional
from node.http.requests import Identifier, Paging, Request, answers, takes
from node.moments.models import Moment as MomentRow
from node.moments.queries import get_moment, list_contents, list_moments, list_own_moments
from node.moments.service import (
    add_posts,
    change_moment,
    create_moment,
    order_posts,
    publish_moment,
    remove_moment,
    remove_posts,
)
from node.moments.views import moment_view
from node.posts.rendering import render_posts

blueprint = Blueprint("api_moments", __name__, url_prefix="/api/v1/moments")


class WhichMoments(Paging, frozen=True, kw_only=True):
    """Which published moments: those of one account only."""

    account_id: Identifier | None = None


class NewMoment(Request, frozen=True, kw_only=True):
    """A moment to be made; nobody but its curator sees it until it is published."""

    title: str = ""
    description: str = ""
    status_ids: list[Identifier] = []


class MomentChange(Request, frozen=True, kw_only=True):
    """What of a moment is to be otherwise; `cover_id` names a post in it, 0 takes the choice back."""

    title: str | None = None
    description: str | None = None
    cover_id: Identifier | None = None


class Statuses(Request, frozen=True, kw_only=True):
    """Some posts."""

    status_ids: list[Identifier] = []


@blueprint.get("")
@optional("read:statuses")
@takes(WhichMoments)
@answers(list[Moment])
async def list_published(viewer: Viewer | None, asked: WhichMoments) -> Answer:
    """Return published moments, the newest first."""
    viewer_id = viewer.account_id if viewer else None
    async with runtime().read() as reader:
        found = await list_moments(reader, page_of(asked, 20), viewer_id=viewer_id, account_id=asked.account_id)
        return page_answer(await _shown(reader, found, viewer_id))


@blueprint.get("/own")
@needs("read:statuses")
@answers(list[Moment])
async def list_own(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the viewer's moments, published or not."""
    async with runtime().read() as reader:
        return await _shown(reader, await list_own_moments(reader, viewer.account_id), viewer.account_id)


@blueprint.post("")
@needs("write:statuses")
@takes(NewMoment)
@answers(Moment)
async def create(viewer: Viewer, asked: NewMoment) -> dict[str, Any]:
    """Make a moment, with posts in it or none yet."""
    node = runtime()
    async with node.write() as uow:
        made = await create_moment(
            uow, viewer.account_id, title=asked.title, description=asked.description, now=node.now()
        )
        if asked.status_ids:
            me = await get_account(uow, viewer.account_id)
            await add_posts(uow, me, made.id, asked.status_ids, now=node.now())
        return await _one(uow, made, viewer.account_id)


@blueprint.get("/<id:moment_id>")
@optional("read:statuses")
@answers(Moment)
async def show(viewer: Viewer | None, moment_id: int) -> dict[str, Any]:
    """Return a moment; what is in it is at `statuses`."""
    viewer_id = viewer.account_id if viewer else None
    async with runtime().read() as reader:
        return await _one(reader, await get_moment(reader, moment_id, viewer_id), viewer_id)


@blueprint.put("/<id:moment_id>")
@blueprint.patch("/<id:moment_id>")
@needs("write:statuses")
@takes(MomentChange)
@answers(Moment)
async def change(viewer: Viewer, asked: MomentChange, moment_id: int) -> dict[str, Any]:
    """Change a moment of one's own."""
    node = runtime()
    async with node.write() as uow:
        row = await change_moment(
            uow,
            viewer.account_id,
            moment_id,
            title=asked.title,
            description=asked.description,
            cover_post_id=asked.cover_id,
            now=node.now(),
        )
        return await _one(uow, row, viewer.account_id)


@blueprint.delete("/<id:moment_id>")
@needs("write:statuses")
@answers(Empty)
async def remove(viewer: Viewer, moment_id: int) -> dict[str, Any]:
    """Remove a moment of one's own; the posts stay."""
    async with runtime().write() as uow:
        await remove_moment(uow, viewer.account_id, moment_id)
    return {}


@blueprint.post("/<id:moment_id>/publish")
@needs("write:statuses")
@answers(Moment)
async def publish(viewer: Viewer, moment_id: int) -> dict[str, Any]:
    """Show a moment to everybody."""
    return await _set_published(viewer, moment_id, published=True)


@blueprint.post("/<id:moment_id>/unpublish")
@needs("write:statuses")
@answers(Moment)
async def unpublish(viewer: Viewer, moment_id: int) -> dict[str, Any]:
    """Show a moment to nobody but its curator."""
    return await _set_published(viewer, moment_id, published=False)


async def _set_published(viewer: Viewer, moment_id: int, *, published: bool) -> dict[str, Any]:
    node = runtime()
    async with node.write() as uow:
        row = await publish_moment(uow, viewer.account_id, moment_id, published=published, now=node.now())
        return await _one(uow, row, viewer.account_id)


@blueprint.get("/<id:moment_id>/statuses")
@optional("read:statuses")
@answers(list[Status])
async def posts(viewer: Viewer | None, moment_id: int) -> list[dict[str, Any]]:
    """Return what a moment shows to the viewer, in order: at most a hundred posts."""
    node = runtime()
    viewer_id = viewer.account_id if viewer else None
    async with node.read() as reader:
        row = await get_moment(reader, moment_id, viewer_id)
        (contents,) = await list_contents(reader, [row], viewer_id, node.now())
        return await render_posts(node, reader, contents.post_ids, viewer_id=viewer_id)


@blueprint.post("/<id:moment_id>/statuses")
@needs("write:statuses")
@takes(Statuses)
@answers(Moment)
async def add(viewer: Viewer, asked: Statuses, moment_id: int) -> dict[str, Any]:
    """Put posts at the end of a moment of one's own, all or none."""
    node = runtime()
    async with node.write() as uow:
        me = await get_account(uow, viewer.account_id)
        await add_posts(uow, me, moment_id, asked.status_ids, now=node.now())
        return await _one(uow, await get_moment(uow, moment_id, viewer.account_id), viewer.account_id)


@blueprint.delete("/<id:moment_id>/statuses")
@needs("write:statuses")
@takes(Statuses)
@answers(Empty)
async def take_out(viewer: Viewer, asked: Statuses, moment_id: int) -> dict[str, Any]:
    """Take posts out of a moment: out of one's own any, out of another's what one wrote oneself, for good."""
    node = runtime()
    async with node.write() as uow:
        await remove_posts(uow, viewer.account_id, moment_id, asked.status_ids, now=node.now())
    return {}


@blueprint.put("/<id:moment_id>/order")
@blueprint.patch("/<id:moment_id>/order")
@needs("write:statuses")
@takes(Statuses)
@answers(Moment)
async def put_in_order(viewer: Viewer, asked: Statuses, moment_id: int) -> dict[str, Any]:
    """Put posts of a moment of one's own first, in this order."""
    node = runtime()
    async with node.write() as uow:
        await order_posts(uow, viewer.account_id, moment_id, asked.status_ids, now=node.now())
        return await _one(uow, await get_moment(uow, moment_id, viewer.account_id), viewer.account_id)


async def _shown(reader: Reader, moments: Sequence[MomentRow], viewer_id: int | None) -> list[dict[str, Any]]:
    node = runtime()
    curators = await list_accounts(reader, [row.account_id for row in moments])
    return [
        moment_view(contents, curator=curators.get(contents.moment.account_id), settings=node.settings)
        for contents in await list_contents(reader, moments, viewer_id, node.now())
    ]


async def _one(reader: Reader, moment: MomentRow, viewer_id: int | None) -> dict[str, Any]:
    (shown,) = await _shown(reader, [moment], viewer_id)
    return shown
