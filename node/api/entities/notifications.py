"""Notifications as types."""

from typing import Literal, NotRequired, TypedDict

from node.api.entities.accounts import Account, Report
from node.api.entities.statuses import Status
from node.api.entities.values import Count, Id, Time, Url

NotificationType = Literal[
    "mention",
    "status",
    "reblog",
    "follow",
    "follow_request",
    "favourite",
    "reaction",
    "emoji_reaction",
    "pleroma:emoji_reaction",
    "poll",
    "update",
    "quote",
    "quoted_update",
    "move",
    "admin.sign_up",
    "admin.report",
]


class Notification(TypedDict):
    """Something that happened to the viewer."""

    id: Id
    type: NotificationType
    created_at: Time
    group_key: str
    account: Account
    status: NotRequired[Status]
    report: NotRequired[Report]
    emoji: NotRequired[str]
    emoji_url: NotRequired[Url | None]


class UnreadCount(TypedDict):
    """How many are unread."""

    count: Count
