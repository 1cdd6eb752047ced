"""More of what the node is: rules, longer texts, languages, servers it knows or limits, how busy it was."""

from typing import Any

from quart import Blueprint

from node.api.entities.instance import ActivityWeek, DomainBlock, Language, Rule, SiteText, TermsOfService
from node.base.errors import NotFound, NotSignedIn
from node.http.context import runtime
from node.http.principals import Viewer, open_to_all, optional
from node.http.requests import answers
from node.moderation.queries import list_limits
from node.moderation.views import domain_block_view
from node.site.languages import LANGUAGES
from node.site.models import SitePage
from node.site.queries import find_page, list_rules
from node.site.rules import DEFAULT_PRIVACY, WRITTEN_AT
from node.site.service import known_peers, weekly_activity
from node.site.views import page_view, rule_views, terms_view, week_view

blueprint = Blueprint("api_instance_details", __name__, url_prefix="/api/v1/instance")


@blueprint.get("/rules")
@open_to_all
@answers(list[Rule])
async def rules() -> list[dict[str, Any]]:
    """Return the node's rules."""
    async with runtime().read() as reader:
        return rule_views(await list_rules(reader))


@blueprint.get("/extended_description")
@open_to_all
@answers(SiteText)
async def extended_description() -> dict[str, Any]:
    """Return what the operator wrote about the node; nothing while they wrote nothing."""
    node = runtime()
    async with node.read() as reader:
        page = await find_page(reader, "about")
    return {"updated_at": None, "content": ""} if page is None else page_view(page, settings=node.settings)


@blueprint.get("/privacy_policy")
@open_to_all
@answers(SiteText)
async def privacy_policy() -> dict[str, Any]:
    """Return what is kept of people and who can see it."""
    node = runtime()
    async with node.read() as reader:
        page = await find_page(reader, "privacy")
    default = SitePage(name="privacy", text=DEFAULT_PRIVACY, updated_at=WRITTEN_AT)
    return page_view(page or default, settings=node.settings)


@blueprint.get("/terms_of_service")
@open_to_all
@answers(TermsOfService)
async def terms_of_service() -> dict[str, Any]:
    """Return the terms people agree to, if there are any."""
    node = runtime()
    async with node.read() as reader:
        page = await find_page(reader, "terms")
    if page is None:
        raise NotFound()
    return terms_view(page, settings=node.settings)


@blueprint.get("/terms_of_service/<date>")
@open_to_all
@answers(TermsOfService)
async def terms_of_that_day(date: str) -> dict[str, Any]:
    """Return the terms that came into force on a day: those that hold are the only ones kept."""
    shown = await terms_of_service()
    if shown["effective_date"] != date:
        raise NotFound()
    return shown


@blueprint.get("/languages")
@open_to_all
@answers(list[Language])
async def languages() -> list[dict[str, str]]:
    """Return the languages that posts are offered in."""
    return [{"code": code, "name": name} for code, name in LANGUAGES.items()]


@blueprint.get("/translation_languages")
@open_to_all
@answers(dict[str, list[str]])
async def translation_languages() -> dict[str, list[str]]:
    """Return what can be translated into what: nothing, since posts are not translated here."""
    return {}


@blueprint.get("/activity")
@open_to_all
@answers(list[ActivityWeek])
async def activity() -> list[dict[str, str]]:
    """Return what the people of the node did in the last twelve weeks, this one first."""
    return [week_view(week) for week in await weekly_activity(runtime())]


@blueprint.get("/peers")
@open_to_all
@answers(list[str])
async def peers() -> list[str]:
    """Return the servers that are known here, if the operator lets people see them."""
    node = runtime()
    if not node.settings.show_peers:
        raise NotFound()
    return await known_peers(node)


@blueprint.get("/domain_blocks")
@optional()
@answers(list[DomainBlock])
async def domain_blocks(viewer: Viewer | None) -> list[dict[str, Any]]:
    """Return the servers that are blocked or limited, to those whom the operator lets see them (MOD-2, row 90)."""
    node = runtime()
    if node.settings.show_domain_rules == "off":
        raise NotFound()
    if node.settings.show_domain_rules == "members" and viewer is None:
        raise NotSignedIn
    async with node.read() as reader:
        return [domain_block_view(policy) for policy in await list_limits(reader)]
