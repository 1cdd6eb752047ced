"""/admin/site: the rules of the server, and the longer texts about it."""

from collections.abc import Mapping
from typing import Any

from quart import Blueprint, Response

from node.base.errors import Invalid
from node.http.context import runtime
from node.site.queries import find_page, list_rules
from node.site.rules import DEFAULT_PRIVACY, PAGES
from node.site.writing import add_rule, change_rule, retire_rule, write_page
from node.web.forms import errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, back, staff_only

PLACE = "/admin/site"

blueprint = Blueprint("site", __name__)
blueprint.record_once(install)


@blueprint.get("/site")
@staff_only("admin")
async def site(visitor: Visitor) -> Answer:
    """Show rules and texts, each in its form."""
    return await _page(visitor)


@blueprint.post("/site/rules")
@staff_only("admin")
async def add(visitor: Visitor) -> Answer:
    """Add a rule."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            await add_rule(uow, form.text("text"), hint=form.text("hint"), actor_id=visitor.account_id, now=node.now())
    except Invalid as problem:
        return await _page(visitor, status=422, errors=errors_of(problem), form=form.typed())
    tell("The rule is added.")
    return await back(PLACE)


@blueprint.post("/site/rules/<id:rule_id>/<any(change, remove):verb>")
@staff_only("admin")
async def change(visitor: Visitor, rule_id: int, verb: str) -> Answer:
    """Write a rule anew, or take it off the list."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            if verb == "remove":
                await retire_rule(uow, rule_id, actor_id=visitor.account_id, now=node.now())
            else:
                place = form.line("position")
                await change_rule(
                    uow,
                    rule_id,
                    form.text("text"),
                    hint=form.text("hint"),
                    position=int(place) if place.isascii() and place.isdigit() and len(place) < 6 else None,
                    actor_id=visitor.account_id,
                    now=node.now(),
                )
    except Invalid as problem:
        return await _page(visitor, status=422, errors={"form": " ".join(errors_of(problem).values())})
    tell("The rule is removed." if verb == "remove" else "The rule is changed.")
    return await back(PLACE)


@blueprint.post("/site/pages/<any(about, privacy, terms):name>")
@staff_only("admin")
async def write(visitor: Visitor, name: str) -> Answer:
    """Write one of the longer texts."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            await write_page(uow, name, form.text(name), actor_id=visitor.account_id, now=node.now())
    except Invalid as problem:
        return await _page(visitor, status=422, errors=errors_of(problem), form=form.typed())
    tell("The text is saved.")
    return await back(PLACE)


async def _page(
    visitor: Visitor,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    form: Mapping[str, Any] | None = None,
) -> Response:
    async with runtime().read() as reader:
        rules = await list_rules(reader)
        pages = {name: await find_page(reader, name) for name in PAGES}
    return await show(
        "admin/site.html",
        visitor,
        status=status,
        admin_place="site",
        rules=[{"id": rule.id, "text": rule.text, "hint": rule.hint, "position": rule.position} for rule in rules],
        texts={name: page.text if page is not None else "" for name, page in pages.items()},
        default_privacy=DEFAULT_PRIVACY,
        errors=errors or {},
        form=form or {},
    )
