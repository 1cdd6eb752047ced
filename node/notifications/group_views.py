"""Groups of notifications, policy and requests, in the shapes of Mastodon's API.

The answer names accounts and posts once, beside the groups that point to them.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from node.accounts.queries import list_accounts
from node.accounts.views import account_view
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.notifications.fallbacks import fallback_of
from node.notifications.group_queries import Group
from node.notifications.grouping import shown_key
from node.notifications.models import NotificationRequest
from node.notifications.policies import RULES
from node.notifications.request_queries import count_messages, count_waiting
from node.notifications.standing_queries import find_policy
from node.notifications.views import see
from node.posts.rendered_posts import author_views
from node.posts.rendering import render_posts
from node.posts.views import time_word

_PARTIAL = ("id", "acct", "url", "avatar", "avatar_static", "locked", "bot")


async def grouped_view(
    runtime: Runtime,
    reader: Reader,
    groups: Sequence[Group],
    viewer_id: int,
    *,
    reactions_as: str = "favourite",
    supported_types: Collection[str] = (),
    is_page: bool = True,
    partial: bool = False,
) -> dict[str, Any]:
    """Return GroupedNotificationsResults. With `partial` only the newest of each group's people is told in full."""
    senders = {sender_id for group in groups for sender_id in group.senders}
    seen = await see(runtime, reader, [group.newest for group in groups], viewer_id, account_ids=senders)
    cards = await author_views(runtime, seen.accounts.values())
    views, whole, statuses = [], set(), {}
    for group in groups:
        subject = seen.subject(group.newest)
        people = [seen.accounts[id_] for id_ in group.senders if id_ in seen.accounts]
        if subject is None or not people:
            continue
        newest = group.newest
        view: dict[str, Any] = {
            "group_key": shown_key(group.key, newest.id),
            "notifications_count": group.count,
            "type": reactions_as if newest.kind == "reaction" else newest.kind,
            "most_recent_notification_id": str(newest.id),
        }
        if is_page:
            view |= {
                "page_min_id": str(group.oldest_id),
                "page_max_id": str(newest.id),
                "latest_page_notification_at": time_word(newest.created_at),
            }
        view["sample_account_ids"] = [str(person.id) for person in people]
        if status := subject.pop("status", None):
            view["status_id"] = status["id"]
            statuses[status["id"]] = status
        view |= {**subject, **seen.reactions.get(newest.id, {})}
        if newest.filtered:
            view["filtered"] = True
        if supported_types and view["type"] not in supported_types:
            view["fallback"] = fallback_of(newest.kind, cards[people[0].id], others=group.count - 1)
        whole |= {people[0].id} if partial else {person.id for person in people}
        views.append(view)
    answer: dict[str, Any] = {
        "accounts": [cards[id_] for id_ in sorted(whole)],
        "statuses": list(statuses.values()),
        "notification_groups": views,
    }
    if partial:
        rest = {int(id_) for view in views for id_ in view["sample_account_ids"]} - whole
        answer["partial_accounts"] = [{name: cards[id_][name] for name in _PARTIAL} for id_ in sorted(rest)]
    return answer


async def policy_view(reader: Reader, account_id: int, *, now: datetime) -> dict[str, Any]:
    """Return a NotificationPolicy."""
    policy = await find_policy(reader, account_id)
    senders, messages = await count_waiting(reader, account_id, now=now)
    summary = {"pending_requests_count": senders, "pending_notifications_count": messages}
    return {**{name: getattr(policy, name) for name in RULES}, "summary": summary}


async def request_views(
    runtime: Runtime, reader: Reader, rows: Sequence[NotificationRequest], viewer_id: int
) -> list[dict[str, Any]]:
    """Return NotificationRequests in the order of `rows`."""
    accounts = await list_accounts(reader, {row.from_account_id for row in rows})
    counts = await count_messages(reader, viewer_id, list(accounts))
    last = [row.last_post_id for row in rows if row.last_post_id]
    statuses = {status["id"]: status for status in await render_posts(runtime, reader, last, viewer_id=viewer_id)}
    return [
        {
            "id": str(row.id),
            "created_at": time_word(row.created_at),
            "updated_at": time_word(row.updated_at),
            "notifications_count": str(counts.get(row.from_account_id, 0)),
            "account": account_view(accounts[row.from_account_id], settings=runtime.settings),
            "last_status": statuses.get(str(row.last_post_id)),
        }
        for row in rows
        if row.from_account_id in accounts
    ]
