"""Mail domains and mailboxes that may not sign up."""

from typing import Annotated, Any

from msgspec import Meta
from quart import Blueprint

from node.api.answers import Answer, page_answer
from node.api.entities.errors import Empty
from node.api.entities.moderation import AdminCanonicalEmailBlock, AdminEmailDomainBlock
from node.barriers.models import EmailBlock, EmailDomainBlock
from node.barriers.queries import find_email_block, get_row, list_rows
from node.barriers.rules import email_hash
from node.barriers.views import email_block_view, email_domain_block_view
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Paging, Request, answers, takes
from node.moderation.barring import bar_email, bar_email_domain, let_in

MOST = 200

blueprint = Blueprint("api_admin_emails", __name__, url_prefix="/api/v1/admin")


class NewDomain(Request, frozen=True, kw_only=True):
    """A domain whose addresses may not sign up."""

    domain: Annotated[str, Meta(min_length=1, max_length=300)]


class NewMailbox(Request, frozen=True, kw_only=True):
    """A mailbox that may not sign up, itself or as its hash."""

    email: Annotated[str, Meta(max_length=320)] = ""
    canonical_email_hash: str = ""


class Probe(Request, frozen=True, kw_only=True):
    """An address to look up."""

    email: Annotated[str, Meta(min_length=1, max_length=320)]


@blueprint.get("/email_domain_blocks")
@needs("admin:read:email_domain_blocks")
@takes(Paging)
@answers(list[AdminEmailDomainBlock])
async def list_domains(viewer: Viewer, asked: Paging) -> Answer:
    """Return the mail domains, newest first."""
    async with runtime().read() as reader:
        rows = await list_rows(reader, EmailDomainBlock, page_of(asked, 100, MOST))
    return page_answer([email_domain_block_view(row) for row in rows])


@blueprint.get("/email_domain_blocks/<id:id_>")
@needs("admin:read:email_domain_blocks")
@answers(AdminEmailDomainBlock)
async def show_domain(viewer: Viewer, id_: int) -> dict[str, Any]:
    """Return one of them."""
    async with runtime().read() as reader:
        return email_domain_block_view(await get_row(reader, EmailDomainBlock, id_))


@blueprint.post("/email_domain_blocks")
@needs("admin:write:email_domain_blocks")
@takes(NewDomain)
@answers(AdminEmailDomainBlock)
async def block_domain(viewer: Viewer, asked: NewDomain) -> dict[str, Any]:
    """Let nobody sign up with an address of this domain."""
    node = runtime()
    async with node.write() as uow:
        row = await bar_email_domain(uow, asked.domain, actor_id=viewer.account_id, now=node.now())
        return email_domain_block_view(row)


@blueprint.delete("/email_domain_blocks/<id:id_>")
@needs("admin:write:email_domain_blocks")
@answers(Empty)
async def unblock_domain(viewer: Viewer, id_: int) -> dict[str, Any]:
    """Take it back."""
    node = runtime()
    async with node.write() as uow:
        await let_in(uow, EmailDomainBlock, id_, actor_id=viewer.account_id, now=node.now())
    return {}


@blueprint.get("/canonical_email_blocks")
@needs("admin:read:canonical_email_blocks")
@takes(Paging)
@answers(list[AdminCanonicalEmailBlock])
async def list_mailboxes(viewer: Viewer, asked: Paging) -> Answer:
    """Return the mailboxes, newest first."""
    async with runtime().read() as reader:
        rows = await list_rows(reader, EmailBlock, page_of(asked, 100, MOST))
    return page_answer([email_block_view(row) for row in rows])


@blueprint.get("/canonical_email_blocks/<id:id_>")
@needs("admin:read:canonical_email_blocks")
@answers(AdminCanonicalEmailBlock)
async def show_mailbox(viewer: Viewer, id_: int) -> dict[str, Any]:
    """Return one of them."""
    async with runtime().read() as reader:
        return email_block_view(await get_row(reader, EmailBlock, id_))


@blueprint.post("/canonical_email_blocks/test")
@needs("admin:read:canonical_email_blocks")
@takes(Probe)
@answers(list[AdminCanonicalEmailBlock])
async def try_mailbox(viewer: Viewer, asked: Probe) -> list[dict[str, Any]]:
    """Return what bars an address."""
    async with runtime().read() as reader:
        found = await find_email_block(reader, email_hash(asked.email))
    return [email_block_view(found)] if found is not None else []


@blueprint.post("/canonical_email_blocks")
@needs("admin:write:canonical_email_blocks")
@takes(NewMailbox)
@answers(AdminCanonicalEmailBlock)
async def block_mailbox(viewer: Viewer, asked: NewMailbox) -> dict[str, Any]:
    """Let nobody sign up with this mailbox. Only its hash is kept, here and in the log."""
    node = runtime()
    async with node.write() as uow:
        row = await bar_email(
            uow, email=asked.email, hash_=asked.canonical_email_hash, actor_id=viewer.account_id, now=node.now()
        )
        return email_block_view(row)


@blueprint.delete("/canonical_email_blocks/<id:id_>")
@needs("admin:write:canonical_email_blocks")
@answers(Empty)
async def unblock_mailbox(viewer: Viewer, id_: int) -> dict[str, Any]:
    """Take it back."""
    node = runtime()
    async with node.write() as uow:
        await let_in(uow, EmailBlock, id_, actor_id=viewer.account_id, now=node.now())
    return {}
