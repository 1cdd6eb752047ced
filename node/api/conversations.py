"""Conversations: list, mark as read or unread, put away.

Ordered and paged by their newest post, so that what was written last stands on top: the cursors in `Link` are its id.
"""

from typing import Any

from quart import Blueprint

from node.api.answers import Answer, page_answer
from node.api.entities.conversations import Conversation
from node.conversations.filing import fill
from node.conversations.queries import is_filled, list_conversations
from node.conversations.service import put_away, set_unread
from node.conversations.views import conversation_views
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Paging, answers, takes

blueprint = Blueprint("api_conversations", __name__, url_prefix="/api/v1/conversations")


@blueprint.get("")
@needs("read:statuses")
@takes(Paging)
@answers(list[Conversation])
async def list_them(viewer: Viewer, asked: Paging) -> Answer:
    """Return the viewer's conversations, the one with the newest post first."""
    node = runtime()
    async with node.read() as reader:
        due = not await is_filled(reader, viewer.account_id)
    if due:
        async with node.write() as uow:
            await fill(uow, viewer.account_id, now=node.now())
    async with node.read() as reader:
        rows = await list_conversations(reader, viewer.account_id, page_of(asked), now=node.now())
        shown = await conversation_views(node, reader, rows, viewer_id=viewer.account_id)
    return page_answer(shown, [row.last_post_id for row in rows])


@blueprint.post("/<id:conversation_id>/read")
@needs("write:conversations")
@answers(Conversation)
async def mark_read(viewer: Viewer, conversation_id: int) -> dict[str, Any]:
    """Mark one as read."""
    return await _mark(viewer, conversation_id, unread=False)


@blueprint.post("/<id:conversation_id>/unread")
@needs("write:conversations")
@answers(Conversation)
async def mark_unread(viewer: Viewer, conversation_id: int) -> dict[str, Any]:
    """Mark one as unread."""
    return await _mark(viewer, conversation_id, unread=True)


@blueprint.delete("/<id:conversation_id>")
@needs("write:conversations")
@answers(dict[str, Any])
async def delete(viewer: Viewer, conversation_id: int) -> dict[str, Any]:
    """Take one off the list until something new is written in it; the posts stay."""
    async with runtime().write() as uow:
        await put_away(uow, viewer.account_id, conversation_id)
    return {}


async def _mark(viewer: Viewer, conversation_id: int, *, unread: bool) -> dict[str, Any]:
    node = runtime()
    async with node.write() as uow:
        row = await set_unread(uow, viewer.account_id, conversation_id, unread=unread)
    async with node.read() as reader:
        return (await conversation_views(node, reader, [row], viewer_id=viewer.account_id))[0]
