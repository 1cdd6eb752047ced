"""/admin/domains: rules for other servers, and the relays that are used."""

from collections.abc import Mapping
from typing import Any

from quart import Blueprint, Response

from admin.relays import join, leave
from node.base.errors import Invalid
from node.http.context import runtime
from node.moderation.queries import list_policies
from node.moderation.service import remove_domain_policy, set_domain_policy
from node.relays.queries import list_relays
from node.web.forms import errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, back, staff_only

PLACE = "/admin/domains"

blueprint = Blueprint("domains", __name__)
blueprint.record_once(install)


@blueprint.get("/domains")
@staff_only("admin", "moderator")
async def domains(visitor: Visitor) -> Answer:
    """List the rules, with the form for another one."""
    return await _page(visitor)


@blueprint.post("/domains")
@staff_only("admin", "moderator")
async def add(visitor: Visitor) -> Answer:
    """Make a rule."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            policy = await set_domain_policy(
                uow,
                node.settings,
                form.line("domain"),
                form.line("severity"),
                reject_media=form.is_set("reject_media"),
                reject_reports=form.is_set("reject_reports"),
                obfuscate=form.is_set("obfuscate"),
                public_comment=form.line("public_reason"),
                private_comment=form.line("reason"),
                actor_id=visitor.account_id,
                now=node.now(),
            )
    except Invalid as problem:
        errors = errors_of(problem, rename={"comment": "reason"})
        return await _page(visitor, status=422, errors=errors, form=form.typed())
    tell(f"The rule for {policy.domain} is in force.")
    return await back(PLACE)


@blueprint.post("/domains/remove")
@staff_only("admin", "moderator")
async def remove(visitor: Visitor) -> Answer:
    """Take a rule back."""
    form = await read_form()
    node = runtime()
    async with node.write() as uow:
        removed = await remove_domain_policy(uow, form.line("domain"), actor_id=visitor.account_id, now=node.now())
    if removed:
        tell("The rule is removed.")
    else:
        tell("There was no such rule any more.", "info")
    return await back(PLACE)


@blueprint.post("/relays")
@staff_only("admin")
async def add_relay(visitor: Visitor) -> Answer:
    """Join a relay."""
    form = await read_form()
    try:
        await join(runtime(), form.line("relay"))
    except Invalid as problem:
        return await _page(visitor, status=422, errors={"relay": problem.message}, form=form.typed())
    tell("The relay is asked. Its answer will stand here.")
    return await back(PLACE)


@blueprint.post("/relays/remove")
@staff_only("admin")
async def remove_relay(visitor: Visitor) -> Answer:
    """Leave a relay."""
    form = await read_form()
    if await leave(runtime(), form.line("relay")):
        tell("This server has left the relay.")
    else:
        tell("There was no such relay any more.", "info")
    return await back(PLACE)


async def _page(
    visitor: Visitor,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    form: Mapping[str, Any] | None = None,
) -> Response:
    async with runtime().read() as reader:
        policies = await list_policies(reader)
        relays = await list_relays(reader)
    return await show(
        "admin/domains.html",
        visitor,
        status=status,
        admin_place="domains",
        mode="limited" if runtime().settings.fetch_mode == "allowlist" else "open",
        policies=[
            {
                "domain": policy.domain,
                "severity": policy.severity,
                "reject_media": policy.reject_media,
                "reject_reports": policy.reject_reports,
                "reason": policy.private_comment,
                "created_at": policy.created_at,
            }
            for policy in policies
        ],
        relays=[{"inbox": relay.inbox_url, "state": relay.state, "created_at": relay.created_at} for relay in relays],
        errors=errors or {},
        form=form or {},
    )
