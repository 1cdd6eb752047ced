"""Domains that are limited, shut out, or let in where only a list is let in (MOD-2)."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta
from quart import Blueprint

from node.api.answers import Answer
from node.api.entities.errors import Empty
from node.api.entities.moderation import AdminDomainAllow, AdminDomainBlock
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.http.context import runtime
from node.http.paging import link_header, page_of
from node.http.principals import Viewer, needs
from node.http.requests import Paging, Request, answers, takes
from node.moderation.models import DomainPolicy
from node.moderation.queries import list_policies
from node.moderation.rules import policy_id
from node.moderation.service import remove_domain_policy, set_domain_policy
from node.moderation.views import admin_domain_allow_view, admin_domain_block_view

MOST = 200

blueprint = Blueprint("api_admin_domains", __name__, url_prefix="/api/v1/admin")

Severity = Literal["noop", "silence", "suspend"]


class BlockChange(Request, frozen=True, kw_only=True):
    """What is done with a domain; what is not sent stays as it is."""

    severity: Severity | None = None
    reject_media: bool | None = None
    reject_reports: bool | None = None
    private_comment: str | None = None
    public_comment: str | None = None
    obfuscate: bool | None = None


class NewBlock(BlockChange, frozen=True, kw_only=True):
    """A domain, and what is done with it: limited unless said otherwise."""

    domain: Annotated[str, Meta(min_length=1, max_length=300)]


class NewAllow(Request, frozen=True, kw_only=True):
    """A domain to be let in."""

    domain: Annotated[str, Meta(min_length=1, max_length=300)]


@blueprint.get("/domain_blocks")
@needs("admin:read:domain_blocks")
@takes(Paging)
@answers(list[AdminDomainBlock])
async def list_blocks(viewer: Viewer, asked: Paging) -> Answer:
    """Return the domains that are limited or shut out."""
    return await _page(asked, _is_block, admin_domain_block_view)


@blueprint.get("/domain_blocks/<id:id_>")
@needs("admin:read:domain_blocks")
@answers(AdminDomainBlock)
async def show_block(viewer: Viewer, id_: int) -> dict[str, Any]:
    """Return one of them."""
    async with runtime().read() as reader:
        return admin_domain_block_view(await _get(reader, id_, _is_block))


@blueprint.post("/domain_blocks")
@needs("admin:write:domain_blocks")
@takes(NewBlock)
@answers(AdminDomainBlock)
async def block(viewer: Viewer, asked: NewBlock) -> dict[str, Any]:
    """Limit or shut out a domain and its subdomains."""
    return await _set(viewer, asked.domain, asked, None)


@blueprint.put("/domain_blocks/<id:id_>")
@blueprint.patch("/domain_blocks/<id:id_>")
@needs("admin:write:domain_blocks")
@takes(BlockChange)
@answers(AdminDomainBlock)
async def change_block(viewer: Viewer, asked: BlockChange, id_: int) -> dict[str, Any]:
    """Change what is done with a domain."""
    async with runtime().read() as reader:
        before = await _get(reader, id_, _is_block)
    return await _set(viewer, before.domain, asked, before)


@blueprint.delete("/domain_blocks/<id:id_>")
@needs("admin:write:domain_blocks")
@answers(Empty)
async def unblock(viewer: Viewer, id_: int) -> dict[str, Any]:
    """Take it back."""
    return await _remove(viewer, id_, _is_block)


@blueprint.get("/domain_allows")
@needs("admin:read:domain_allows")
@takes(Paging)
@answers(list[AdminDomainAllow])
async def list_allows(viewer: Viewer, asked: Paging) -> Answer:
    """Return the domains that are let in."""
    return await _page(asked, _is_allow, admin_domain_allow_view)


@blueprint.get("/domain_allows/<id:id_>")
@needs("admin:read:domain_allows")
@answers(AdminDomainAllow)
async def show_allow(viewer: Viewer, id_: int) -> dict[str, Any]:
    """Return one of them."""
    async with runtime().read() as reader:
        return admin_domain_allow_view(await _get(reader, id_, _is_allow))


@blueprint.post("/domain_allows")
@needs("admin:write:domain_allows")
@takes(NewAllow)
@answers(AdminDomainAllow)
async def allow(viewer: Viewer, asked: NewAllow) -> dict[str, Any]:
    """Let a domain in."""
    node = runtime()
    async with node.write() as uow:
        policy = await set_domain_policy(
            uow, node.settings, asked.domain, "allow", actor_id=viewer.account_id, now=node.now()
        )
        return admin_domain_allow_view(policy)


@blueprint.delete("/domain_allows/<id:id_>")
@needs("admin:write:domain_allows")
@answers(Empty)
async def disallow(viewer: Viewer, id_: int) -> dict[str, Any]:
    """Let it in no more."""
    return await _remove(viewer, id_, _is_allow)


def _is_block(policy: DomainPolicy) -> bool:
    return policy.severity != "allow"


def _is_allow(policy: DomainPolicy) -> bool:
    return policy.severity == "allow"


async def _page(
    asked: Paging, kind: Callable[[DomainPolicy], bool], view: Callable[[DomainPolicy], dict[str, Any]]
) -> Answer:
    page = page_of(asked, 100, MOST)
    async with runtime().read() as reader:
        by_id = {policy_id(policy.domain): policy for policy in await list_policies(reader) if kind(policy)}
    ids: Sequence[int] = page.pick(sorted(by_id, reverse=True))
    return [view(by_id[id_]) for id_ in ids], 200, link_header(ids)


async def _get(reader: Reader, id_: int, kind: Callable[[DomainPolicy], bool]) -> DomainPolicy:
    for policy in await list_policies(reader):
        if policy_id(policy.domain) == id_ and kind(policy):
            return policy
    raise NotFound()


async def _set(viewer: Viewer, domain: str, asked: BlockChange, before: DomainPolicy | None) -> dict[str, Any]:
    node = runtime()

    def part(name: str, default: Any) -> Any:
        sent = getattr(asked, name)
        return sent if sent is not None else getattr(before, name) if before is not None else default

    async with node.write() as uow:
        policy = await set_domain_policy(
            uow,
            node.settings,
            domain,
            part("severity", "silence"),
            reject_media=part("reject_media", False),
            reject_reports=part("reject_reports", False),
            obfuscate=part("obfuscate", False),
            public_comment=part("public_comment", ""),
            private_comment=part("private_comment", ""),
            actor_id=viewer.account_id,
            now=node.now(),
        )
        return admin_domain_block_view(policy)


async def _remove(viewer: Viewer, id_: int, kind: Callable[[DomainPolicy], bool]) -> dict[str, Any]:
    node = runtime()
    async with node.write() as uow:
        policy = await _get(uow, id_, kind)
        await remove_domain_policy(uow, policy.domain, actor_id=viewer.account_id, now=node.now())
    return {}
