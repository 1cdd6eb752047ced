"""/admin/barriers: mail domains, mailboxes and networks that may not sign up."""

from collections.abc import Mapping
from typing import Any

from quart import Blueprint, Response, abort

from node.barriers.models import EmailBlock, EmailDomainBlock, NetworkBlock
from node.barriers.queries import list_rows
from node.base.errors import Invalid
from node.base.paging import Page
from node.http.context import runtime
from node.moderation.barring import bar_email, bar_email_domain, bar_network, let_in
from node.web.forms import Form, errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, back, staff_only

PLACE = "/admin/barriers"
SHOWN = 500
TABLES: Mapping[str, Any] = {"domain": EmailDomainBlock, "email": EmailBlock, "network": NetworkBlock}

blueprint = Blueprint("barriers", __name__)
blueprint.record_once(install)


@blueprint.get("/barriers")
@staff_only("admin", "moderator")
async def barriers(visitor: Visitor) -> Answer:
    """List who is kept out, with the forms for more."""
    return await _page(visitor)


@blueprint.post("/barriers/<any(domain, email, network):kind>")
@staff_only("admin", "moderator")
async def add(visitor: Visitor, kind: str) -> Answer:
    """Put a barrier up."""
    form = await read_form()
    try:
        await _bar(visitor, kind, form)
    except Invalid as problem:
        rename = {"canonical_email_hash": "email", "ip": "network"}
        return await _page(visitor, status=422, errors=errors_of(problem, rename=rename), form=form.typed())
    tell("It is in force.")
    return await back(PLACE)


@blueprint.post("/barriers/<any(domain, email, network):kind>/<id:id_>/remove")
@staff_only("admin", "moderator")
async def remove(visitor: Visitor, kind: str, id_: int) -> Answer:
    """Take a barrier down."""
    node = runtime()
    async with node.write() as uow:
        await let_in(uow, TABLES[kind], id_, actor_id=visitor.account_id, now=node.now())
    tell("It is removed.")
    return await back(PLACE)


async def _bar(visitor: Visitor, kind: str, form: Form) -> None:
    node, actor_id = runtime(), visitor.account_id
    async with node.write() as uow:
        match kind:
            case "domain":
                await bar_email_domain(uow, form.line("domain"), actor_id=actor_id, now=node.now())
            case "email":
                await bar_email(uow, email=form.line("email"), actor_id=actor_id, now=node.now())
            case "network":
                await bar_network(
                    uow, form.line("network"), form.line("severity"), comment=form.line("comment"),
                    actor_id=actor_id, now=node.now(),
                )  # fmt: skip
            case _:
                abort(404)


async def _page(
    visitor: Visitor,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    form: Mapping[str, Any] | None = None,
) -> Response:
    async with runtime().read() as reader:
        domains = await list_rows(reader, EmailDomainBlock, Page(limit=SHOWN))
        emails = await list_rows(reader, EmailBlock, Page(limit=SHOWN))
        networks = await list_rows(reader, NetworkBlock, Page(limit=SHOWN))
    return await show(
        "admin/barriers.html",
        visitor,
        status=status,
        admin_place="barriers",
        rows=[
            *({"kind": "domain", "id": row.id, "what": row.domain, "row": row} for row in domains),
            *({"kind": "email", "id": row.id, "what": row.email_hash[:12] + "…", "row": row} for row in emails),
            *({"kind": "network", "id": row.id, "what": row.network, "row": row} for row in networks),
        ],
        errors=errors or {},
        form=form or {},
    )
