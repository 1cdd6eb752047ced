"""Servers that the viewer blocks for themselves (MOD-4): list, block, unblock. The name may come in a DELETE's body."""

from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account
from node.api.entities.errors import Empty
from node.blocks.domains import block_domain, unblock_domain
from node.blocks.queries import list_domain_blocks
from node.http.context import runtime
from node.http.paging import link_header, page_of
from node.http.principals import Viewer, needs
from node.http.requests import Filled, Paging, Request, answers, takes

blueprint = Blueprint("api_domain_blocks", __name__, url_prefix="/api/v1/domain_blocks")


class Domain(Request, frozen=True, kw_only=True):
    """A server."""

    domain: Filled


@blueprint.get("")
@needs("read:blocks")
@takes(Paging)
@answers(list[str])
async def list_them(viewer: Viewer, asked: Paging) -> tuple[list[str], int, dict[str, str]]:
    """Return the domains, newest first."""
    async with runtime().read() as reader:
        rows = await list_domain_blocks(reader, viewer.account_id, page_of(asked, 100, 200))
    return [row.domain for row in rows], 200, link_header([row.id for row in rows])


@blueprint.post("")
@needs("write:blocks")
@takes(Domain)
@answers(Empty)
async def block(viewer: Viewer, asked: Domain) -> dict[str, Any]:
    """Block a domain: follows both ways end, and its people are hidden."""
    node = runtime()
    async with node.write() as uow:
        me = await get_account(uow, viewer.account_id)
        await block_domain(uow, node.settings, me, asked.domain, now=node.now())
    return {}


@blueprint.delete("")
@needs("write:blocks")
@takes(Domain)
@answers(Empty)
async def unblock(viewer: Viewer, asked: Domain) -> dict[str, Any]:
    """End such a block."""
    node = runtime()
    async with node.write() as uow:
        await unblock_domain(uow, node.settings, viewer.account_id, asked.domain)
    return {}
