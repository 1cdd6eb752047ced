"""/admin/log: who decided what, newest first."""

from typing import Any

from quart import Blueprint

from node.accounts.queries import list_accounts
from node.base.ids import read_id
from node.http.context import runtime
from node.moderation.queries import list_entries
from node.web.showing import install, links, page_asked, show
from node.web.visitors import Answer, Visitor, staff_only

ROWS = 40

blueprint = Blueprint("log", __name__)
blueprint.record_once(install)


@blueprint.get("/log")
@staff_only("admin", "moderator")
async def entries(visitor: Visitor) -> Answer:
    """List the decisions of operators and moderators."""
    page = page_asked(ROWS)
    async with runtime().read() as reader:
        rows = await list_entries(reader, page)
        targets = {row.id: read_id(row.target) for row in rows if row.target_kind == "account"}
        ids = {id_ for id_ in targets.values() if id_} | {row.actor_id for row in rows if row.actor_id is not None}
        accounts = await list_accounts(reader, ids)
    shown: list[dict[str, Any]] = []
    for row in rows:
        target, actor = accounts.get(targets.get(row.id) or 0), accounts.get(row.actor_id or 0)
        shown.append(
            {
                "created_at": row.created_at,
                "action": row.action,
                "actor": actor.acct if actor is not None else "",
                "target": target.acct if target is not None else row.target,
                "comment": row.comment,
            }
        )
    return await show(
        "admin/log.html", visitor, admin_place="log", entries=shown, **links(page, [row.id for row in rows])
    )
