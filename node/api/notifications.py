"""Notifications one by one: list, one, count, clear, dismiss."""

from typing import Any

from quart import Blueprint

from node.api.answers import Answer, page_answer
from node.api.entities.notifications import Notification, UnreadCount
from node.base.errors import NotFound
from node.http.context import runtime
from node.http.paging import capped, page_of
from node.http.principals import Viewer, needs
from node.http.requests import Identifier, Paging, Request, answers, takes
from node.notifications.queries import count_unread, find_notification, list_notifications
from node.notifications.rules import kinds_asked, reaction_word
from node.notifications.views import notification_views
from node.notifications.withdrawing import clear, dismiss

DEFAULT_LIMIT = 40
COUNTED, MOST_COUNTED = 100, 1_000

blueprint = Blueprint("api_notifications", __name__, url_prefix="/api/v1/notifications")


class Shown(Request, frozen=True, kw_only=True):
    """What an app knows: other types come with words beside them (client-api 34)."""

    supported_types: list[str] = []


class NotificationPaging(Paging, frozen=True, kw_only=True):
    """A page of notifications, and which."""

    types: list[str] = []
    exclude_types: list[str] = []
    supported_types: list[str] = []
    account_id: Identifier | None = None
    include_filtered: bool = False


class Unread(Request, frozen=True, kw_only=True):
    """Which unread ones are counted, and how far."""

    limit: int | None = None
    types: list[str] = []
    exclude_types: list[str] = []
    account_id: Identifier | None = None


class Named(Request, frozen=True, kw_only=True):
    """One, by its id."""

    id: Identifier | None = None


@blueprint.get("")
@needs("read:notifications")
@takes(NotificationPaging)
@answers(list[Notification])
async def list_them(viewer: Viewer, asked: NotificationPaging) -> Answer:
    """Return what happened, newest first."""
    node = runtime()
    async with node.read() as reader:
        rows = await list_notifications(
            reader,
            viewer.account_id,
            page_of(asked, DEFAULT_LIMIT),
            types=kinds_asked(asked.types),
            exclude_types=kinds_asked(asked.exclude_types),
            from_account_id=asked.account_id,
            include_filtered=asked.include_filtered,
            now=node.now(),
        )
        shown = await notification_views(
            node,
            reader,
            rows,
            viewer_id=viewer.account_id,
            reactions_as=reaction_word([*asked.types, *asked.exclude_types, *asked.supported_types]),
            supported_types=asked.supported_types,
        )
    return page_answer(shown, [row.id for row in rows])


@blueprint.get("/<id:notification_id>")
@needs("read:notifications")
@takes(Shown)
@answers(Notification)
async def show(viewer: Viewer, asked: Shown, notification_id: int) -> dict[str, Any]:
    """Return one: what every push handler asks for."""
    node = runtime()
    async with node.read() as reader:
        row = await find_notification(reader, viewer.account_id, notification_id, now=node.now())
        shown = await notification_views(
            node,
            reader,
            [row] if row else [],
            viewer_id=viewer.account_id,
            reactions_as=reaction_word(asked.supported_types),
            supported_types=asked.supported_types,
        )
    if not shown:
        raise NotFound()
    return shown[0]


@blueprint.get("/unread_count")
@needs("read:notifications")
@takes(Unread)
@answers(UnreadCount)
async def unread_count(viewer: Viewer, asked: Unread) -> dict[str, Any]:
    """Return how many are unread, at most `limit`."""
    node = runtime()
    async with node.read() as reader:
        count = await count_unread(
            reader,
            viewer.account_id,
            types=kinds_asked(asked.types),
            exclude_types=kinds_asked(asked.exclude_types),
            from_account_id=asked.account_id,
            limit=capped(asked.limit, COUNTED, MOST_COUNTED),
            now=node.now(),
        )
    return {"count": count}


@blueprint.post("/clear")
@needs("write:notifications")
@answers(dict[str, Any])
async def clear_all(viewer: Viewer) -> dict[str, Any]:
    """Remove all of the viewer's notifications."""
    await clear(runtime(), viewer.account_id)
    return {}


@blueprint.post("/<id:notification_id>/dismiss")
@needs("write:notifications")
@answers(dict[str, Any])
async def dismiss_one(viewer: Viewer, notification_id: int) -> dict[str, Any]:
    """Remove one."""
    await _dismiss(viewer, notification_id)
    return {}


@blueprint.post("/dismiss")
@needs("write:notifications")
@takes(Named)
@answers(dict[str, Any])
async def dismiss_by_parameter(viewer: Viewer, asked: Named) -> dict[str, Any]:
    """Remove one, named by `id`: the deprecated way that Mastodon.py still goes."""
    if asked.id is None:
        raise NotFound()
    await _dismiss(viewer, asked.id)
    return {}


async def _dismiss(viewer: Viewer, notification_id: int) -> None:
    async with runtime().write() as uow:
        if not await dismiss(uow, viewer.account_id, notification_id):
            raise NotFound()
