"""Networks that may not sign up, or may not come in at all."""

from typing import Annotated, Any, Literal

from msgspec import Meta
from quart import Blueprint

from node.api.answers import Answer, page_answer
from node.api.entities.errors import Empty
from node.api.entities.moderation import AdminIpBlock
from node.barriers.models import NetworkBlock
from node.barriers.queries import get_row, list_rows
from node.barriers.views import network_block_view
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Paging, Request, answers, takes
from node.moderation.barring import bar_network, change_barred_network, let_in

MOST = 200

blueprint = Blueprint("api_admin_networks", __name__, url_prefix="/api/v1/admin/ip_blocks")

Severity = Literal["sign_up_requires_approval", "sign_up_block", "no_access"]


class NewNetwork(Request, frozen=True, kw_only=True):
    """An address or network, what is done with it, and for how many seconds (none: for good)."""

    ip: Annotated[str, Meta(min_length=1, max_length=64)]
    severity: Severity
    comment: str = ""
    expires_in: int | None = None


class NetworkChange(Request, frozen=True, kw_only=True):
    """What is done with a network; what is not sent stays as it is."""

    severity: Severity | None = None
    comment: str | None = None
    expires_in: int | None = None


@blueprint.get("")
@needs("admin:read:ip_blocks")
@takes(Paging)
@answers(list[AdminIpBlock])
async def list_them(viewer: Viewer, asked: Paging) -> Answer:
    """Return the networks, newest first."""
    async with runtime().read() as reader:
        rows = await list_rows(reader, NetworkBlock, page_of(asked, 100, MOST))
    return page_answer([network_block_view(row) for row in rows])


@blueprint.get("/<id:id_>")
@needs("admin:read:ip_blocks")
@answers(AdminIpBlock)
async def show(viewer: Viewer, id_: int) -> dict[str, Any]:
    """Return one of them."""
    async with runtime().read() as reader:
        return network_block_view(await get_row(reader, NetworkBlock, id_))


@blueprint.post("")
@needs("admin:write:ip_blocks")
@takes(NewNetwork)
@answers(AdminIpBlock)
async def block(viewer: Viewer, asked: NewNetwork) -> dict[str, Any]:
    """Keep a network from signing up, or out."""
    node = runtime()
    async with node.write() as uow:
        row = await bar_network(
            uow, asked.ip, asked.severity, comment=asked.comment, expires_in=asked.expires_in,
            actor_id=viewer.account_id, now=node.now(),
        )  # fmt: skip
        return network_block_view(row)


@blueprint.put("/<id:id_>")
@blueprint.patch("/<id:id_>")
@needs("admin:write:ip_blocks")
@takes(NetworkChange)
@answers(AdminIpBlock)
async def change(viewer: Viewer, asked: NetworkChange, id_: int) -> dict[str, Any]:
    """Change what is done with a network."""
    node = runtime()
    async with node.write() as uow:
        row = await change_barred_network(
            uow, id_, severity=asked.severity, comment=asked.comment, expires_in=asked.expires_in,
            actor_id=viewer.account_id, now=node.now(),
        )  # fmt: skip
        return network_block_view(row)


@blueprint.delete("/<id:id_>")
@needs("admin:write:ip_blocks")
@answers(Empty)
async def unblock(viewer: Viewer, id_: int) -> dict[str, Any]:
    """Take it back."""
    node = runtime()
    async with node.write() as uow:
        await let_in(uow, NetworkBlock, id_, actor_id=viewer.account_id, now=node.now())
    return {}
