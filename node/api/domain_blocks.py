"""Servers that the viewer blocks for themselves (MOD-4): list, block, unblock. The name may come in a DELETE's body."""

from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account
from node.base.errors import Invalid
from node.blocks.domains import block_domain, unblock_domain
from node.blocks.queries import list_domain_blocks
from node.http.context import runtime
from node.http.paging import link_header, page_from
from node.http.parameters import parameters
from node.http.principals import Viewer, needs

blueprint = Blueprint("api_domain_blocks", __name__, url_prefix="/api/v1/domain_blocks")


@blueprint.get("")
@needs("read:blocks")
async def list_them(viewer: Viewer) -> tuple[list[str], int, dict[str, str]]:
    """Return the domains, newest first."""
    sent = await parameters()
    async with runtime().read() as reader:
        rows = await list_domain_blocks(reader, viewer.account_id, page_from(sent, 100, 200))
    return [row.domain for row in rows], 200, link_header(sent, [row.id for row in rows])


@blueprint.post("")
@needs("write:blocks")
async def block(viewer: Viewer) -> dict[str, Any]:
    """Block a domain: follows both ways end, and its people are hidden."""
    domain = await _domain()
    node = runtime()
    async with node.write() as uow:
        me = await get_account(uow, viewer.account_id)
        await block_domain(uow, node.settings, me, domain, now=node.now())
    return {}


@blueprint.delete("")
@needs("write:blocks")
async def unblock(viewer: Viewer) -> dict[str, Any]:
    """End such a block."""
    domain = await _domain()
    node = runtime()
    async with node.write() as uow:
        await unblock_domain(uow, node.settings, viewer.account_id, domain)
    return {}


async def _domain() -> str:
    domain = (await parameters()).text("domain")
    if not domain or not domain.strip():
        raise Invalid("Validation failed: domain is missing")
    return domain
