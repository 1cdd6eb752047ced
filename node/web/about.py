"""What this server is and who looks after it."""

from quart import Blueprint

from node.http.context import runtime
from node.moderation.queries import list_limits
from node.moderation.views import domain_block_view
from node.site.service import site_facts
from node.web.showing import install, show
from node.web.visitors import Answer, Visitor, anybody

blueprint = Blueprint("web_about", __name__)
blueprint.record_once(install)


@blueprint.get("/about")
@anybody
async def about(visitor: Visitor | None) -> Answer:
    """Show what people should know before they join."""
    node = runtime()
    contact = (await site_facts(node)).contact
    limits = []
    if node.settings.show_domain_rules:
        async with node.read() as reader:
            limits = [domain_block_view(policy) for policy in await list_limits(reader)]
    return await show("pages/about.html", visitor, staff=[contact] if contact else [], limits=limits)
