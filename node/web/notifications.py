"""What happened to the viewer, newest first. Looking at the first page marks everything as read."""

from typing import cast

from quart import Blueprint, Response, redirect, request

from node.http.context import runtime
from node.notifications.queries import list_notifications
from node.notifications.views import notification_views
from node.notifications.withdrawing import mark_read
from node.posts.consent_queries import list_waiting
from node.web.showing import install, links, page_asked, show
from node.web.visitors import Answer, Visitor, signed_in

blueprint = Blueprint("web_notifications", __name__)
blueprint.record_once(install)


@blueprint.get("/notifications")
@signed_in
async def list_them(visitor: Visitor) -> Answer:
    """Show notifications; `?only=mentions` shows those alone."""
    page = page_asked()
    only_mentions = request.args.get("only") == "mentions"
    node = runtime()
    async with node.read() as reader:
        rows = await list_notifications(
            reader,
            visitor.account_id,
            page,
            types=["mention"] if only_mentions else [],
            exclude_types=[],
            from_account_id=None,
        )
        shown = await notification_views(node, reader, rows, viewer_id=visitor.account_id, reactions_as="reaction")
        asking = await list_waiting(reader, visitor.account_id)
    if page.min_id is not None and not rows:
        return cast(Response, redirect(request.path, 303))
    if rows and page.max_id is None and page.min_id is None:
        async with node.write() as uow:
            await mark_read(uow, visitor.account_id, up_to_id=rows[0].id, now=node.now())
    return await show(
        "pages/notifications.html",
        visitor,
        notifications=shown,
        filter_context="notifications",
        only_mentions=only_mentions,
        quote_requests=len(asking),
        **links(page, [row.id for row in rows]),
    )
