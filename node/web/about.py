"""What this server is and who looks after it."""

from itertools import groupby

from quart import Blueprint, current_app

from node.base.errors import NotFound
from node.http.context import runtime
from node.http.route_table import Route, routes_for_apps
from node.moderation.queries import list_limits
from node.moderation.views import domain_block_view
from node.site.models import SitePage
from node.site.queries import find_page, list_page_names, list_rules
from node.site.rules import DEFAULT_PRIVACY, WRITTEN_AT
from node.site.service import site_facts
from node.site.views import rule_views
from node.text.markdown import render_markdown
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
    may_see = node.settings.show_domain_rules == "on" or (visitor and node.settings.show_domain_rules == "members")
    async with node.read() as reader:
        rules, page = await list_rules(reader), await find_page(reader, "about")
        if may_see:
            limits = [domain_block_view(policy) for policy in await list_limits(reader)]
    return await show(
        "pages/about.html",
        visitor,
        staff=[contact] if contact else [],
        limits=limits,
        rules=rule_views(rules),
        text=render_markdown(page.text, settings=node.settings) if page else "",
        pages=await _page_names(),
    )


@blueprint.get("/api")
@anybody
async def api(visitor: Visitor | None) -> Answer:
    """List what apps may ask for."""
    groups = groupby(routes_for_apps(current_app), key=_noun)
    return await show("pages/api.html", visitor, groups=[(name, list(routes)) for name, routes in groups])


def _noun(route: Route) -> str:
    """Return what a path is about: its first words, without the version."""
    words = route.path.strip("/").split("/")
    return "/".join(words[:3] if words[0] == "api" else words[:1])


@blueprint.get("/privacy")
@anybody
async def privacy(visitor: Visitor | None) -> Answer:
    """Show what is kept of people and who can see it."""
    async with runtime().read() as reader:
        page = await find_page(reader, "privacy")
    default = SitePage(name="privacy", text=DEFAULT_PRIVACY, updated_at=WRITTEN_AT)
    return await _text(visitor, "Privacy", page or default)


@blueprint.get("/terms")
@anybody
async def terms(visitor: Visitor | None) -> Answer:
    """Show the terms people agree to, if there are any."""
    async with runtime().read() as reader:
        page = await find_page(reader, "terms")
    if page is None:
        raise NotFound
    return await _text(visitor, "Terms of service", page)


async def _text(visitor: Visitor | None, title: str, page: SitePage) -> Answer:
    text = render_markdown(page.text, settings=runtime().settings)
    return await show("pages/site_text.html", visitor, title=title, text=text, updated_at=page.updated_at)


async def _page_names() -> set[str]:
    async with runtime().read() as reader:
        return await list_page_names(reader)
