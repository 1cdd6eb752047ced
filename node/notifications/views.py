"""Notifications in the shape of Mastodon's API."""

from collections.abc import Sequence
from typing import Any

from node.accounts.queries import list_accounts
from node.accounts.views import account_view
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.notifications.models import Notification
from node.posts.rendering import render_posts
from node.posts.views import time_word


async def notification_views(
    runtime: Runtime, reader: Reader, rows: Sequence[Notification], viewer_id: int
) -> list[dict[str, Any]]:
    """Return Notifications in the order of `rows`; one whose post the viewer may not see is left out."""
    accounts = await list_accounts(reader, {row.from_account_id for row in rows})
    post_ids = list(dict.fromkeys(row.post_id for row in rows if row.post_id))
    statuses = {
        int(status["id"]): status for status in await render_posts(runtime, reader, post_ids, viewer_id=viewer_id)
    }
    shown = []
    for row in rows:
        sender = accounts.get(row.from_account_id)
        status = statuses.get(row.post_id)
        if sender is None or sender.is_gone or (row.post_id and status is None):
            continue
        view: dict[str, Any] = {
            "id": str(row.id),
            "type": row.kind,
            "created_at": time_word(row.created_at),
            "group_key": f"ungrouped-{row.id}",
            "account": account_view(sender, settings=runtime.settings),
        }
        if status is not None:
            view["status"] = status
        shown.append(view)
    return shown
