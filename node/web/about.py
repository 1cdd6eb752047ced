"""What this server is and who looks after it."""

from quart import Blueprint

from node.http.context import runtime
from node.site.service import site_facts
from node.web.showing import install, show
from node.web.visitors import Answer, Visitor, anybody

blueprint = Blueprint("web_about", __name__)
blueprint.record_once(install)


@blueprint.get("/about")
@anybody
async def about(visitor: Visitor | None) -> Answer:
    """Show what people should know before they join."""
    contact = (await site_facts(runtime())).contact
    return await show("pages/about.html", visitor, staff=[contact] if contact else [])
