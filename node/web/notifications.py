"""What happened to the viewer, in groups, newest first; and who waits for their word.

Looking at the first page marks everything as read; what was unread until then is marked on it.
"""

from collections.abc import Sequence
from typing import Any, cast

from quart import Blueprint, Response, redirect, request

from node.base.errors import NotFound
from node.base.ids import read_id
from node.http.context import runtime
from node.markers.queries import list_markers
from node.markers.service import read_up_to
from node.notifications.group_queries import Group, Wanted, list_groups
from node.notifications.group_views import grouped_view, request_views
from node.notifications.grouping import id_in
from node.notifications.groups import dismiss_group
from node.notifications.request_queries import count_waiting, list_requests
from node.notifications.requests import accept_requests, dismiss_requests
from node.notifications.withdrawing import clear, dismiss
from node.posts.consent_queries import list_waiting
from node.posts.views import time_word
from node.web.showing import answer, count_badges, install, links, page_asked, show, tell
from node.web.visitors import Answer, Visitor, back, signed_in

MENTIONS = frozenset({"mention", "quote"})

blueprint = Blueprint("web_notifications", __name__)
blueprint.record_once(install)


@blueprint.get("/notifications")
@signed_in
async def list_them(visitor: Visitor) -> Answer:
    """Show notifications; `?only=mentions` shows those alone."""
    page = page_asked()
    only_mentions = request.args.get("only") == "mentions"
    node = runtime()
    wanted = Wanted(types=MENTIONS if only_mentions else frozenset())
    async with node.read() as reader:
        groups = await list_groups(reader, visitor.account_id, page, wanted, now=node.now())
        found = await grouped_view(node, reader, groups, visitor.account_id, reactions_as="reaction")
        marker = (await list_markers(reader, visitor.account_id, ["notifications"])).get("notifications")
        asking = await list_waiting(reader, visitor.account_id)
        held, _ = await count_waiting(reader, visitor.account_id, now=node.now())
    if page.min_id is not None and not groups:
        return cast(Response, redirect(request.path, 303))
    read_before = marker.last_read_id if marker else 0
    if groups and page.max_id is None and page.min_id is None and groups[0].cursor > read_before:
        async with node.write() as uow:
            await read_up_to(uow, visitor.account_id, "notifications", groups[0].cursor, now=node.now())
    return await show(
        "pages/notifications.html",
        visitor,
        notifications=_notes(found, groups, read_before=read_before),
        filter_context="notifications",
        only_mentions=only_mentions,
        quote_requests=len(asking),
        held=held,
        **links(page, [group.cursor for group in groups]),
    )


def _notes(found: dict[str, Any], groups: Sequence[Group], *, read_before: int) -> list[dict[str, Any]]:
    """Return each group with its people and its post beside it."""
    accounts = {account["id"]: account for account in found["accounts"]}
    statuses = {status["id"]: status for status in found["statuses"]}
    newest = {str(group.newest.id): group.newest for group in groups}
    notes = []
    for view in found["notification_groups"]:
        row = newest[view["most_recent_notification_id"]]
        people = [accounts[id_] for id_ in view["sample_account_ids"]]
        notes.append(
            {
                **view,
                "id": view["most_recent_notification_id"],
                "account": people[0],
                "people": people,
                "others": view["notifications_count"] - 1,
                "status": statuses.get(view.get("status_id", "")),
                "created_at": time_word(row.created_at),
                "is_new": row.id > read_before,
            }
        )
    return notes


@blueprint.post("/web/notifications/clear")
@signed_in
async def clear_all(visitor: Visitor) -> Answer:
    """Remove everything from the list."""
    await clear(runtime(), visitor.account_id)
    tell("Your notifications are cleared.")
    return cast(Response, redirect("/notifications", 303))


@blueprint.post("/web/notifications/<group_key>/dismiss")
@signed_in
async def dismiss_them(visitor: Visitor, group_key: str) -> Answer:
    """Remove one entry of the list."""
    alone = id_in(group_key)
    async with runtime().write() as uow:
        if alone is None:
            await dismiss_group(uow, visitor.account_id, group_key)
        else:
            await dismiss(uow, visitor.account_id, read_id(alone) or 0)
    return await back("/notifications")


@blueprint.get("/notifications/requests")
@signed_in
async def requests(visitor: Visitor) -> Answer:
    """Show whose words are held back."""
    node, page = runtime(), page_asked()
    async with node.read() as reader:
        rows = await list_requests(reader, visitor.account_id, page, now=node.now())
        shown = await request_views(node, reader, rows, visitor.account_id)
    return await show(
        "pages/notification_requests.html", visitor, entries=shown, **links(page, [row.id for row in rows])
    )


@blueprint.post("/web/notification_requests/<id:request_id>/<any(accept,dismiss):verb>")
@signed_in
async def decide(visitor: Visitor, request_id: int, verb: str) -> Answer:
    """Let somebody through, or throw away what they said."""
    async with runtime().write() as uow:
        if verb == "accept":
            done = await accept_requests(uow, visitor.account_id, [request_id], now=runtime().now())
        else:
            done = await dismiss_requests(uow, visitor.account_id, [request_id])
        if not done:
            raise NotFound
    tell("You will hear from them from now on." if verb == "accept" else "It is thrown away.")
    return await back("/notifications/requests")


@blueprint.get("/web/badges")
@signed_in
async def badges(visitor: Visitor) -> Answer:
    """Answer with the numbers of the navigation as they are now, for a page that heard of news."""
    node = runtime()
    async with node.read() as reader:
        return answer(**await count_badges(node, reader, visitor.account_id))
