"""Conversations in the shape of Mastodon's API. For the REST door, the pages, and streams (`conversation` events)."""

from collections.abc import Sequence
from typing import Any

from node.accounts.queries import list_accounts
from node.accounts.views import account_view
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.conversations.models import Conversation
from node.conversations.queries import list_last_posts
from node.posts.rendering import render_posts


async def conversation_views(
    runtime: Runtime, reader: Reader, rows: Sequence[Conversation], *, viewer_id: int
) -> list[dict[str, Any]]:
    """Return the viewer's own conversations, in the order of `rows`.

    What somebody writes to nobody but themselves names them alone. `last_status` is null where nothing is left that
    the viewer may see.
    """
    last = await list_last_posts(reader, viewer_id, [row.id for row in rows], now=runtime.now())
    statuses = {
        status["id"]: status for status in await render_posts(runtime, reader, list(last.values()), viewer_id=viewer_id)
    }
    ids = {int(id_) for row in rows for id_ in row.participant_ids} | {viewer_id}
    accounts = await list_accounts(reader, ids)
    views = {
        id_: account_view(account, settings=runtime.settings)
        for id_, account in accounts.items()
        if not account.is_gone
    }
    return [
        {
            "id": str(row.id),
            "unread": row.unread,
            "accounts": [views[int(id_)] for id_ in row.participant_ids or [viewer_id] if int(id_) in views],
            "last_status": statuses.get(str(last.get(row.id))),
        }
        for row in rows
    ]
