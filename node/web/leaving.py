"""Leaving for good: the page on which people delete their own account (MOD-1)."""

from typing import Any, cast

from quart import Blueprint, Response, redirect

from node.accounts.queries import get_account
from node.accounts.service import delete_account
from node.auth.service import authenticate
from node.http.context import runtime
from node.http.limits import SIGN_IN_NAME, Bucket, spend
from node.web.forms import Errors, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, drop_cookie, signed_in

PLACE = "/settings/delete"

blueprint = Blueprint("web_leaving", __name__)
blueprint.record_once(install)


@blueprint.get(PLACE)
@signed_in
async def page(visitor: Visitor) -> Answer:
    """Say what is deleted, and ask for the password."""
    return await _page(visitor)


async def _page(visitor: Visitor, *, status: int = 200, **context: Any) -> Response:
    return await show("pages/settings_delete.html", visitor, status=status, **context)


@blueprint.post(PLACE)
@signed_in
async def leave(visitor: Visitor) -> Answer:
    """Delete the viewer's account and everything they wrote. The name is never given to anybody again."""
    form = await read_form()
    node = runtime()
    errors: Errors = {}
    await spend(node, Bucket(SIGN_IN_NAME, f"account:{visitor.account_id}"))
    async with node.read() as reader:
        account = await get_account(reader, visitor.account_id)
        if await authenticate(reader, account.username, form.text("current_password")) is None:
            errors |= {"current_password": "This is not your password."}
    if not form.is_set("sure"):
        errors |= {"sure": "Tick the box if you are sure."}
    if visitor.role == "admin":
        errors |= {"form": "Admins cannot leave. Let another admin change your role first."}
    if errors:
        return await _page(visitor, status=422, errors=errors, form=form.typed())
    async with node.write() as uow:
        await delete_account(uow, visitor.account_id, now=node.now())
    tell("Your account is deleted.")
    response = cast(Response, redirect("/", 303))
    drop_cookie(response, "session")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
