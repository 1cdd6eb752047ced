"""Servers that the viewer blocks for themselves: the page in the settings (MOD-4)."""

from typing import Any, cast

from quart import Blueprint, Response, redirect, request

from node.accounts.queries import get_account
from node.base.errors import Invalid
from node.blocks.domains import block_domain, unblock_domain
from node.blocks.queries import list_domain_blocks
from node.http.context import runtime
from node.web.forms import errors_of, read_form
from node.web.showing import install, links, page_asked, show, tell
from node.web.visitors import Answer, Visitor, signed_in

PLACE = "/settings/servers"
ROWS = 100

blueprint = Blueprint("web_servers", __name__)
blueprint.record_once(install)


@blueprint.get(PLACE)
@signed_in
async def page(visitor: Visitor) -> Answer:
    """Show the list, and the form; `?domain=` fills it in."""
    return await _page(visitor, domain=request.args.get("domain", "")[:300])


async def _page(visitor: Visitor, *, status: int = 200, **context: Any) -> Response:
    asked = page_asked(ROWS)
    async with runtime().read() as reader:
        rows = await list_domain_blocks(reader, visitor.account_id, asked)
    return await show(
        "pages/settings_servers.html",
        visitor,
        status=status,
        blocked=[{"domain": row.domain, "created_at": row.created_at} for row in rows],
        **links(asked, [row.id for row in rows]),
        **context,
    )


@blueprint.post(PLACE)
@signed_in
async def block(visitor: Visitor) -> Answer:
    """Block everything from a server."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            me = await get_account(uow, visitor.account_id)
            await block_domain(uow, node.settings, me, form.line("domain"), now=node.now())
    except Invalid as problem:
        return await _page(visitor, status=422, errors=errors_of(problem, default="domain"), form=form.typed())
    tell(f"You blocked everything from {form.line('domain')}.")
    return cast(Response, redirect(PLACE, 303))


@blueprint.post("/settings/servers/unblock")
@signed_in
async def unblock(visitor: Visitor) -> Answer:
    """Hear a server again."""
    form = await read_form()
    node = runtime()
    async with node.write() as uow:
        await unblock_domain(uow, node.settings, visitor.account_id, form.line("domain"))
    tell("You can see that server's people again.")
    return cast(Response, redirect(PLACE, 303))
