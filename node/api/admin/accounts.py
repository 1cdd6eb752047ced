"""Accounts as moderators find them, and what they do to them."""

from collections.abc import Sequence
from typing import Any, Literal

from quart import Blueprint

from node.api.answers import Answer, page_answer
from node.api.entities.errors import Empty
from node.api.entities.moderation import AdminAccount
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Identifier, Paging, Request, answers, takes
from node.moderation.account_queries import (
    STATES,
    AccountFilter,
    AccountRow,
    get_moderated,
    list_moderated,
    list_seen_from,
)
from node.moderation.service import log_decision, moderate_account
from node.moderation.views import admin_account_view
from node.reports.service import set_resolved

MOST = 200

blueprint = Blueprint("api_admin_accounts", __name__, url_prefix="/api")


class Named(Paging, frozen=True, kw_only=True):
    """What both versions narrow by."""

    username: str = ""
    display_name: str = ""
    by_domain: str = ""
    email: str = ""
    ip: str = ""


class AccountsV1(Named, frozen=True, kw_only=True):
    """The old filters, each a switch."""

    local: bool = False
    remote: bool = False
    active: bool = False
    pending: bool = False
    disabled: bool = False
    silenced: bool = False
    suspended: bool = False
    sensitized: bool = False
    staff: bool = False


class AccountsV2(Named, frozen=True, kw_only=True):
    """The present filters."""

    origin: Literal["local", "remote", ""] = ""
    status: Literal["active", "pending", "disabled", "silenced", "suspended", "sensitized", ""] = ""
    permissions: Literal["staff", ""] = ""


class Action(Request, frozen=True, kw_only=True):
    """What is done to an account, and why. `none` only writes a note."""

    type: Literal["none", "sensitive", "disable", "silence", "suspend"] = "none"
    text: str = ""
    report_id: Identifier | None = None


@blueprint.get("/v1/admin/accounts")
@needs("admin:read:accounts")
@takes(AccountsV1)
@answers(list[AdminAccount])
async def list_v1(viewer: Viewer, asked: AccountsV1) -> Answer:
    """Find accounts, newest first, by the old filters; local ones unless `remote` is asked for."""
    states = [name for name in STATES if name != "deleted" and getattr(asked, name)]
    return await _found(asked, "remote" if asked.remote else "local", states[0] if states else "", asked.staff)


@blueprint.get("/v2/admin/accounts")
@needs("admin:read:accounts")
@takes(AccountsV2)
@answers(list[AdminAccount])
async def list_v2(viewer: Viewer, asked: AccountsV2) -> Answer:
    """Find accounts, newest first."""
    return await _found(asked, asked.origin, asked.status, asked.permissions == "staff")


@blueprint.get("/v1/admin/accounts/<id:account_id>")
@needs("admin:read:accounts")
@answers(AdminAccount)
async def show(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """Return one account, however it stands."""
    return await _answer(account_id)


@blueprint.post("/v1/admin/accounts/<id:account_id>/action")
@needs("admin:write:accounts")
@takes(Action)
@answers(Empty)
async def act(viewer: Viewer, asked: Action, account_id: int) -> dict[str, Any]:
    """Limit, lock or suspend an account; a report that is named is resolved with it."""
    node = runtime()
    async with node.write() as uow:
        if asked.type != "none":
            await moderate_account(
                uow, account_id, asked.type, actor_id=viewer.account_id, comment=asked.text, now=node.now()
            )
        else:
            await get_moderated(uow, account_id)
            await log_decision(
                uow, "account.note", target_kind="account", target=str(account_id), actor_id=viewer.account_id,
                comment=asked.text, now=node.now(),
            )  # fmt: skip
        if asked.report_id is not None:
            await set_resolved(uow, asked.report_id, resolved=True, actor_id=viewer.account_id, now=node.now())
    return {}


@blueprint.post(
    "/v1/admin/accounts/<id:account_id>/<any(approve, reject, enable, unsilence, unsuspend, unsensitive):action>"
)
@needs("admin:write:accounts")
@answers(AdminAccount)
async def decide(viewer: Viewer, account_id: int, action: str) -> dict[str, Any]:
    """Let in or refuse who waits, or take back what was done to an account."""
    node = runtime()
    async with node.write() as uow:
        await moderate_account(uow, account_id, action, actor_id=viewer.account_id, now=node.now())
    return await _answer(account_id)


@blueprint.delete("/v1/admin/accounts/<id:account_id>")
@needs("admin:write:accounts")
@answers(AdminAccount)
async def delete(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """Delete an account of ours for good, with all it wrote."""
    node = runtime()
    async with node.write() as uow:
        await moderate_account(uow, account_id, "delete", actor_id=viewer.account_id, now=node.now())
    return await _answer(account_id)


async def admin_account_views(node: Runtime, reader: Reader, rows: Sequence[AccountRow]) -> list[dict[str, Any]]:
    """Return Admin::Accounts."""
    seen = await list_seen_from(reader, [row.account.id for row in rows if row.user is not None])
    return [admin_account_view(row, seen_from=seen.get(row.account.id, ()), settings=node.settings) for row in rows]


async def _found(asked: Named, origin: str, state: str, staff: bool) -> Answer:
    wanted = AccountFilter(
        origin=origin,
        state=state,
        staff=staff,
        username=asked.username,
        display_name=asked.display_name,
        domain=asked.by_domain,
        email=asked.email,
        address=asked.ip,
    )
    node = runtime()
    async with node.read() as reader:
        rows = await list_moderated(reader, page_of(asked, 100, MOST), wanted)
        return page_answer(await admin_account_views(node, reader, rows))


async def _answer(account_id: int) -> dict[str, Any]:
    node = runtime()
    async with node.read() as reader:
        (view,) = await admin_account_views(node, reader, [await get_moderated(reader, account_id)])
    return view
