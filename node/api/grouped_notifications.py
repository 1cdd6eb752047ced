"""Notifications in groups: "Ann and 41 others liked your post" as one entry. Version 2 of the list."""

from typing import Any

from quart import Blueprint

from node.accounts.queries import list_accounts
from node.accounts.views import account_view
from node.api.answers import Answer, page_answer
from node.api.entities.accounts import Account
from node.api.entities.notifications import GroupedNotificationsResults, UnreadCount
from node.api.notifications import COUNTED, DEFAULT_LIMIT, MOST_COUNTED, NotificationPaging, Shown, Unread
from node.base.db.unit_of_work import Reader
from node.base.errors import BadRequest, NotFound
from node.base.ids import read_id
from node.http.context import runtime
from node.http.paging import capped, link_header, page_of
from node.http.principals import Viewer, needs
from node.http.requests import Paging, answers, takes
from node.notifications.group_queries import (
    Group,
    Wanted,
    count_unread_groups,
    find_group,
    list_groups,
    list_members,
    single,
)
from node.notifications.group_views import grouped_view
from node.notifications.grouping import grouped_kinds, id_in
from node.notifications.groups import dismiss_group
from node.notifications.queries import find_notification
from node.notifications.rules import kinds_asked, reaction_word
from node.notifications.withdrawing import dismiss

blueprint = Blueprint("api_grouped_notifications", __name__, url_prefix="/api/v2/notifications")

EXPANSIONS = ("full", "partial_avatars")


class GroupPaging(NotificationPaging, frozen=True, kw_only=True):
    """A page of groups: which, what is grouped, and how much is told of their people."""

    grouped_types: list[str] = []
    expand_accounts: str = "full"


class UnreadGroups(Unread, frozen=True, kw_only=True):
    """Which unread ones are counted, how far, and what is grouped."""

    grouped_types: list[str] = []


def _wanted(asked: GroupPaging | UnreadGroups) -> Wanted:
    return Wanted(
        types=kinds_asked(asked.types),
        exclude_types=kinds_asked(asked.exclude_types),
        grouped=grouped_kinds(kinds_asked(asked.grouped_types)),
        from_account_id=asked.account_id,
        include_filtered=isinstance(asked, GroupPaging) and asked.include_filtered,
    )


@blueprint.get("")
@needs("read:notifications")
@takes(GroupPaging)
@answers(GroupedNotificationsResults)
async def list_them(viewer: Viewer, asked: GroupPaging) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Return what happened in groups, newest first."""
    if asked.expand_accounts not in EXPANSIONS:
        raise BadRequest("expand_accounts must be full or partial_avatars")
    node = runtime()
    async with node.read() as reader:
        groups = await list_groups(
            reader, viewer.account_id, page_of(asked, DEFAULT_LIMIT), _wanted(asked), now=node.now()
        )
        shown = await grouped_view(
            node,
            reader,
            groups,
            viewer.account_id,
            reactions_as=reaction_word([*asked.types, *asked.exclude_types, *asked.supported_types]),
            supported_types=asked.supported_types,
            partial=asked.expand_accounts == "partial_avatars",
        )
    return shown, 200, link_header([group.cursor for group in groups])


@blueprint.get("/unread_count")
@needs("read:notifications")
@takes(UnreadGroups)
@answers(UnreadCount)
async def unread_count(viewer: Viewer, asked: UnreadGroups) -> dict[str, Any]:
    """Return how many groups hold something unread, at most `limit`."""
    node = runtime()
    async with node.read() as reader:
        limit = capped(asked.limit, COUNTED, MOST_COUNTED)
        return {
            "count": await count_unread_groups(reader, viewer.account_id, _wanted(asked), limit=limit, now=node.now())
        }


@blueprint.get("/<group_key>")
@needs("read:notifications")
@takes(Shown)
@answers(GroupedNotificationsResults)
async def show(viewer: Viewer, asked: Shown, group_key: str) -> dict[str, Any]:
    """Return one group."""
    node = runtime()
    async with node.read() as reader:
        group = await _find(reader, viewer, group_key)
        shown = await grouped_view(
            node,
            reader,
            [group],
            viewer.account_id,
            reactions_as=reaction_word(asked.supported_types),
            supported_types=asked.supported_types,
            is_page=False,
        )
    if not shown["notification_groups"]:
        raise NotFound()
    return shown


@blueprint.get("/<group_key>/accounts")
@needs("read:notifications")
@takes(Paging)
@answers(list[Account])
async def accounts(viewer: Viewer, asked: Paging, group_key: str) -> Answer:
    """Return who is in a group, the last one first."""
    node = runtime()
    async with node.read() as reader:
        group = await _find(reader, viewer, group_key)
        rows = [group.newest]
        if group.key:
            page = page_of(asked, DEFAULT_LIMIT)
            rows = await list_members(reader, viewer.account_id, group.key, page, now=node.now())
        found = await list_accounts(reader, [row.from_account_id for row in rows])
    shown = [account_view(found[row.from_account_id], settings=node.settings) for row in rows]
    return page_answer(shown, [row.id for row in rows])


@blueprint.post("/<group_key>/dismiss")
@needs("write:notifications")
@answers(dict[str, Any])
async def dismiss_them(viewer: Viewer, group_key: str) -> dict[str, Any]:
    """Remove a group."""
    alone = id_in(group_key)
    async with runtime().write() as uow:
        if alone is None:
            removed = await dismiss_group(uow, viewer.account_id, group_key)
        else:
            removed = await dismiss(uow, viewer.account_id, read_id(alone) or 0)
    if not removed:
        raise NotFound()
    return {}


async def _find(reader: Reader, viewer: Viewer, group_key: str) -> Group:
    now = runtime().now()
    alone = id_in(group_key)
    if alone is None:
        group = await find_group(reader, viewer.account_id, group_key, now=now)
    else:
        row = await find_notification(reader, viewer.account_id, read_id(alone) or 0, now=now)
        group = None if row is None else single(row)
    if group is None:
        raise NotFound()
    return group
