"""Answers that many routes give: a page of entities with its `Link` header, and a post after a change.

The cursor is what the list was read by: for posts their own id, for followers, likes and the like the id of the
joining row (client-api behaviour 14).
"""

from collections.abc import Sequence
from typing import Any

from node.accounts.queries import AccountEntry, list_accounts
from node.accounts.views import account_view
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.http.paging import link_header
from node.http.principals import Viewer
from node.posts.rendering import render_post

Answer = tuple[list[dict[str, Any]], int, dict[str, str]]


def page_answer(entities: Sequence[dict[str, Any]], cursors: Sequence[int] | None = None) -> Answer:
    """Return a page of entities; without `cursors` it was read by the entities' own ids."""
    if cursors is None:
        cursors = [int(entity["id"]) for entity in entities]
    return list(entities), 200, link_header(cursors)


async def accounts_answer(runtime: Runtime, reader: Reader, entries: Sequence[AccountEntry]) -> Answer:
    """Return a page of accounts that was read by the id of another row."""
    found = await list_accounts(reader, [entry.account_id for entry in entries])
    shown = [
        account_view(found[entry.account_id], settings=runtime.settings)
        for entry in entries
        if entry.account_id in found and not found[entry.account_id].is_gone
    ]
    return page_answer(shown, [entry.id for entry in entries])


async def post_answer(runtime: Runtime, viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Return a post as it stands after a commit: counts and flags are the new ones (behaviour 32).

    Read outside the transaction, so that nobody waits for the writer while we render.
    """
    async with runtime.read() as reader:
        return await render_post(runtime, reader, post_id, viewer_id=viewer.account_id)
