"""Scheduled posts: read, move, take back. They are put down where posts are published (`statuses`)."""

from datetime import datetime
from typing import Any

from quart import Blueprint

from node.api.answers import Answer, page_answer
from node.api.entities.errors import Empty
from node.api.entities.scheduled import ScheduledStatus
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Paging, Request, answers, takes
from node.media.queries import list_held
from node.scheduled.queries import get_own_scheduled, list_scheduled
from node.scheduled.service import cancel, reschedule
from node.scheduled.views import scheduled_view

blueprint = Blueprint("api_scheduled_statuses", __name__, url_prefix="/api/v1/scheduled_statuses")


class NewTime(Request, frozen=True, kw_only=True):
    """When the post is to appear instead."""

    scheduled_at: datetime


async def scheduled_answer(viewer: Viewer, scheduled_id: int) -> dict[str, Any]:
    """Return a scheduled post of the viewer. Raises NotFound."""
    node = runtime()
    async with node.read() as reader:
        row = await get_own_scheduled(reader, scheduled_id, viewer.account_id)
        media = await list_held(reader, scheduled_ids=[row.id])
    return scheduled_view(row, media, settings=node.settings)


@blueprint.get("")
@needs("read:statuses")
@takes(Paging)
@answers(list[ScheduledStatus])
async def show_all(viewer: Viewer, asked: Paging) -> Answer:
    """Return what the viewer has scheduled, those that failed among them."""
    node = runtime()
    async with node.read() as reader:
        rows = await list_scheduled(reader, viewer.account_id, page_of(asked))
        media = await list_held(reader, scheduled_ids=[row.id for row in rows])
    shown = [scheduled_view(row, media, settings=node.settings) for row in rows]
    return page_answer(shown)


@blueprint.get("/<id:scheduled_id>")
@needs("read:statuses")
@answers(ScheduledStatus)
async def show(viewer: Viewer, scheduled_id: int) -> dict[str, Any]:
    """Return one scheduled post."""
    return await scheduled_answer(viewer, scheduled_id)


@blueprint.put("/<id:scheduled_id>")
@blueprint.patch("/<id:scheduled_id>")
@needs("write:statuses")
@takes(NewTime)
@answers(ScheduledStatus)
async def move(viewer: Viewer, asked: NewTime, scheduled_id: int) -> dict[str, Any]:
    """Give a scheduled post another time; one that failed is tried again then."""
    node = runtime()
    async with node.write() as uow:
        row = await get_own_scheduled(uow, scheduled_id, viewer.account_id)
        await reschedule(uow, row, at=asked.scheduled_at, now=node.now())
    return await scheduled_answer(viewer, scheduled_id)


@blueprint.delete("/<id:scheduled_id>")
@needs("write:statuses")
@answers(Empty)
async def delete(viewer: Viewer, scheduled_id: int) -> dict[str, Any]:
    """Take a scheduled post back."""
    node = runtime()
    async with node.write() as uow:
        row = await get_own_scheduled(uow, scheduled_id, viewer.account_id)
        await cancel(uow, row, now=node.now())
    return {}
