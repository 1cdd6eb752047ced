"""Notifications: list, one, clear, dismiss."""

from typing import Any

from quart import Blueprint

from node.api.answers import Answer, page_answer
from node.base.errors import NotFound
from node.http.context import runtime
from node.http.paging import page_from
from node.http.parameters import parameters
from node.http.principals import Viewer, needs
from node.notifications.queries import count_unread, find_notification, list_notifications
from node.notifications.rules import kinds_asked, reaction_word
from node.notifications.views import notification_views
from node.notifications.withdrawing import clear, dismiss

blueprint = Blueprint("api_notifications", __name__, url_prefix="/api/v1/notifications")


@blueprint.get("")
@needs("read:notifications")
async def list_them(viewer: Viewer) -> Answer:
    """Return what happened, newest first; `types[]`, `exclude_types[]` and `account_id` narrow it."""
    sent = await parameters()
    page = page_from(sent, 40)
    types, excluded = sent.texts("types"), sent.texts("exclude_types")
    node = runtime()
    async with node.read() as reader:
        rows = await list_notifications(
            reader,
            viewer.account_id,
            page,
            types=kinds_asked(types),
            exclude_types=kinds_asked(excluded),
            from_account_id=sent.identifier("account_id"),
            now=node.now(),
        )
        shown = await notification_views(
            node, reader, rows, viewer_id=viewer.account_id, reactions_as=reaction_word([*types, *excluded])
        )
    return page_answer(shown, [row.id for row in rows])


@blueprint.get("/<id:notification_id>")
@needs("read:notifications")
async def show(viewer: Viewer, notification_id: int) -> dict[str, Any]:
    """Return one: what every push handler asks for."""
    node = runtime()
    async with node.read() as reader:
        row = await find_notification(reader, viewer.account_id, notification_id, now=node.now())
        shown = await notification_views(node, reader, [row] if row else [], viewer_id=viewer.account_id)
    if not shown:
        raise NotFound()
    return shown[0]


@blueprint.get("/unread_count")
@needs("read:notifications")
async def unread_count(viewer: Viewer) -> dict[str, Any]:
    """Return how many are unread."""
    node = runtime()
    async with node.read() as reader:
        return {"count": await count_unread(reader, viewer.account_id, now=node.now())}


@blueprint.post("/clear")
@needs("write:notifications")
async def clear_all(viewer: Viewer) -> dict[str, Any]:
    """Remove all of the viewer's notifications."""
    async with runtime().write() as uow:
        await clear(uow, viewer.account_id)
    return {}


@blueprint.post("/<id:notification_id>/dismiss")
@needs("write:notifications")
async def dismiss_one(viewer: Viewer, notification_id: int) -> dict[str, Any]:
    """Remove one."""
    await _dismiss(viewer, notification_id)
    return {}


@blueprint.post("/dismiss")
@needs("write:notifications")
async def dismiss_by_parameter(viewer: Viewer) -> dict[str, Any]:
    """Remove one, named by `id`: the deprecated way that Mastodon.py still goes."""
    id_ = (await parameters()).identifier("id")
    if id_ is None:
        raise NotFound()
    await _dismiss(viewer, id_)
    return {}


async def _dismiss(viewer: Viewer, notification_id: int) -> None:
    async with runtime().write() as uow:
        if not await dismiss(uow, viewer.account_id, notification_id):
            raise NotFound()
