"""Reporting somebody, or one of their posts, to the moderators: a page with a form (MOD-3)."""

from typing import Any, cast

from quart import Blueprint, Response, redirect, request

from node.accounts.models import Account
from node.accounts.queries import get_account
from node.accounts.views import account_view
from node.base.errors import Invalid
from node.base.ids import read_id
from node.http.context import runtime
from node.posts.rendering import render_post
from node.reports.service import file_report
from node.site.queries import list_rules
from node.site.views import rule_views
from node.uris import moment_url, starter_pack_url
from node.web.accounts import named
from node.web.forms import errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, signed_in

blueprint = Blueprint("web_reports", __name__)
blueprint.record_once(install)


@blueprint.get("/@<acct>/report")
@signed_in
async def page(visitor: Visitor, acct: str) -> Answer:
    """Show the form; `?post=` names a post, `?moment=` or `?pack=` what they put together."""
    async with runtime().read() as reader:
        account = await named(reader, acct)
    return await _page(visitor, account, read_id(request.args.get("post", "")), about=_about())


def _about() -> str:
    """Return what to write down of a moment or starter pack that the report is about."""
    settings = runtime().settings
    moment_id, pack_id = read_id(request.args.get("moment", "")), read_id(request.args.get("pack", ""))
    address = moment_url(settings, moment_id) if moment_id else starter_pack_url(settings, pack_id) if pack_id else ""
    return f"About {address}\n" if address else ""


async def _page(
    visitor: Visitor, account: Account, post_id: int | None, *, status: int = 200, **context: Any
) -> Response:
    node = runtime()
    post = None
    async with node.read() as reader:
        rules = rule_views(await list_rules(reader))
        if post_id is not None:
            post = await render_post(node, reader, post_id, viewer_id=visitor.account_id)
    return await show(
        "pages/report.html",
        visitor,
        status=status,
        account=account_view(account, settings=node.settings),
        post=post,
        rules=rules,
        is_remote=not account.is_local,
        domain=account.domain,
        **context,
    )


@blueprint.post("/web/accounts/<id:account_id>/report")
@signed_in
async def send(visitor: Visitor, account_id: int) -> Answer:
    """File the report."""
    form = await read_form()
    node = runtime()
    post_ids = form.ids("post_id")
    try:
        async with node.write() as uow:
            target = await get_account(uow, account_id)
            known = {rule.id for rule in await list_rules(uow)}
            await file_report(
                uow,
                await get_account(uow, visitor.account_id),
                target,
                post_ids=post_ids,
                rule_ids=[id_ for id_ in form.ids("rule_id") if id_ in known],
                comment=form.text("comment"),
                category=form.text("category") or "other",
                forward=form.is_set("forward"),
                now=node.now(),
            )
    except Invalid as problem:
        async with node.read() as reader:
            target = await get_account(reader, account_id)
        first = post_ids[0] if post_ids else None
        return await _page(visitor, target, first, status=422, errors=errors_of(problem), form=form.typed())
    tell("Thank you. The moderators will look at it.")
    return cast(Response, redirect(f"/@{target.acct}", 303))
