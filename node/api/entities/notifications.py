"""Notifications as types: one by one, in groups, and what is held back."""

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
    "admin.sign_up",
    "admin.report",
    "severed_relationships",
]
Verdict = Literal["accept", "filter", "drop"]


class RelationshipSeveranceEvent(TypedDict):
    """Follows that a decision about a server or an account ended."""

    id: Id
    type: Literal["domain_block", "user_domain_block", "account_suspension"]
    purged: bool
    target_name: str
    followers_count: Count
    following_count: Count
    created_at: Time


class NotificationFallback(TypedDict):
    """What to show of a notification whose type the app does not know; HTML."""

    title: str
    summary: str | None
    details: str | None


class Notification(TypedDict):
    """Something that happened to the viewer."""

    id: Id
    type: NotificationType
    created_at: Time
    group_key: str
    account: Account
    status: NotRequired[Status]
    report: NotRequired[Report]
    event: NotRequired[RelationshipSeveranceEvent]
    emoji: NotRequired[str]
    emoji_url: NotRequired[Url | None]
    filtered: NotRequired[bool]
    fallback: NotRequired[NotificationFallback]


class UnreadCount(TypedDict):
    """How many are unread."""

    count: Count


class NotificationGroup(TypedDict):
    """Some notifications as one; `page_` is about those on this page."""

    group_key: str
    notifications_count: Count
    type: NotificationType
    most_recent_notification_id: Id
    page_min_id: NotRequired[Id]
    page_max_id: NotRequired[Id]
    latest_page_notification_at: NotRequired[Time]
    sample_account_ids: list[Id]
    status_id: NotRequired[Id]
    report: NotRequired[Report]
    event: NotRequired[RelationshipSeveranceEvent]
    emoji: NotRequired[str]
    emoji_url: NotRequired[Url | None]
    filtered: NotRequired[bool]
    fallback: NotRequired[NotificationFallback]


class PartialAccountWithAvatar(TypedDict):
    """As much of an account as a row of faces needs."""

    id: Id
    acct: str
    url: Url
    avatar: Url
    avatar_static: Url
    locked: bool
    bot: bool


class GroupedNotificationsResults(TypedDict):
    """Groups, and the accounts and posts that they name."""

    accounts: list[Account]
    partial_accounts: NotRequired[list[PartialAccountWithAvatar]]
    statuses: list[Status]
    notification_groups: list[NotificationGroup]


class NotificationPolicySummary(TypedDict):
    """What waits for the viewer's word, each at most 100."""

    pending_requests_count: Count
    pending_notifications_count: Count


class NotificationPolicy(TypedDict):
    """What the viewer does with those they do not know."""

    for_not_following: Verdict
    for_not_followers: Verdict
    for_new_accounts: Verdict
    for_private_mentions: Verdict
    for_limited_accounts: Verdict
    summary: NotificationPolicySummary


class OldNotificationPolicy(TypedDict):
    """The same as the first version said it: held back or not."""

    filter_not_following: bool
    filter_not_followers: bool
    filter_new_accounts: bool
    filter_private_mentions: bool
    summary: NotificationPolicySummary


class NotificationRequest(TypedDict):
    """Somebody whose words are held back."""

    id: Id
    created_at: Time
    updated_at: Time
    notifications_count: str
    account: Account
    last_status: Status | None


class Merged(TypedDict):
    """Whether what was accepted is in the list."""

    merged: bool
