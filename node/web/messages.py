"""Messages: what the viewer writes privately with others, a line for each conversation. To open one is to read it."""

from typing import Any

from quart import Blueprint

from node.conversations.filing import fill
from node.conversations.queries import is_filled, list_conversations
from node.conversations.service import put_away, set_unread
from node.conversations.views import conversation_views
from node.http.context import runtime
from node.web.showing import install, links, page_asked, show, tell
from node.web.visitors import Answer, Visitor, back, signed_in

PLACE = "/messages"

blueprint = Blueprint("web_messages", __name__)
blueprint.record_once(install)


@blueprint.get(PLACE)
@signed_in
async def list_them(visitor: Visitor) -> Answer:
    """Show the conversations, the one with the newest post first."""
    page = page_asked()
    node = runtime()
    async with node.read() as reader:
        due = not await is_filled(reader, visitor.account_id)
    if due:
        async with node.write() as uow:
            await fill(uow, visitor.account_id, now=node.now())
    async with node.read() as reader:
        rows = await list_conversations(reader, visitor.account_id, page, now=node.now())
        views: list[dict[str, Any]] = await conversation_views(node, reader, rows, viewer_id=visitor.account_id)
    return await show(
        "pages/messages.html",
        visitor,
        conversations=[view for view in views if view["last_status"]],
        **links(page, [row.last_post_id for row in rows]),
    )


@blueprint.post("/web/conversations/<id:conversation_id>/<any(read,unread,remove):verb>")
@signed_in
async def change(visitor: Visitor, conversation_id: int, verb: str) -> Answer:
    """Mark a conversation as read or unread, or take it off the list."""
    async with runtime().write() as uow:
        if verb == "remove":
            await put_away(uow, visitor.account_id, conversation_id)
        else:
            await set_unread(uow, visitor.account_id, conversation_id, unread=verb == "unread")
    if verb == "remove":
        tell("The conversation is off your list until somebody writes again.")
    return await back(PLACE)
