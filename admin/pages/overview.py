"""/admin: the condition of the node at a glance."""

from datetime import UTC, datetime
from typing import Any

from quart import Blueprint

from admin.condition import Condition, examine, find_problems
from node.http.context import runtime
from node.web.showing import install, show
from node.web.visitors import Answer, Visitor, staff_only

blueprint = Blueprint("overview", __name__)
blueprint.record_once(install)


@blueprint.get("")
@staff_only("admin", "moderator")
async def overview(visitor: Visitor) -> Answer:
    """Show processes, queues, hosts that fail, the disk, and what needs a person."""
    condition = await examine(runtime())
    return await show(
        "admin/overview.html",
        visitor,
        admin_place="overview",
        problems=find_problems(condition),
        processes=processes_view(condition),
        lanes=condition.lanes,
        hosts=condition.hosts,
        disk=condition.disk,
        redis=condition.redis,
        counts=condition.counts,
        search=condition.search,
    )


def processes_view(condition: Condition) -> list[dict[str, Any]]:
    """Return the living processes as the page lists them."""
    return [
        {
            "title": process.title,
            "pid": process.pid,
            "kind": process.title.removeprefix("rookery: ").partition(" ")[0],
            "started_at": datetime.fromtimestamp(process.started_at, tz=UTC),
            "memory": process.memory,
            "is_alive": True,
        }
        for process in condition.processes or []
    ]
