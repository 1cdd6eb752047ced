"""What mailed links lead to: confirm an address, choose a new password; and the page that asks for such a mail.

Opening a link changes nothing, the button on the page behind it does: mail programs open links by themselves.
Known and unknown names get the same answer in the same time (attacks row 99).
"""

from typing import cast

from quart import Blueprint, Response, redirect, request

from node.auth.links import Purpose
from node.auth.queries import find_link
from node.auth.rules import login_key
from node.auth.service import confirm_email, request_reset, reset_password
from node.base.errors import Gone, Invalid
from node.base.lanes import MAIL
from node.http.context import client_address, runtime
from node.http.limits import Bucket, Limit, spend
from node.http.proxies import network_of
from node.web.auth import passwords_agree
from node.web.forms import Errors, errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, anybody

RESET_ADDRESS = Limit("reset-address", 10, 1_800)
RESET_NAME = Limit("reset-name", 5, 3_600)

SENT = "If there is such an account here, a mail with a link is on its way to its address."

blueprint = Blueprint("web_mailed_links", __name__)
blueprint.record_once(install)


@blueprint.get("/auth/confirm")
@anybody
async def confirm_page(visitor: Visitor | None) -> Answer:
    """Show the button that confirms an address."""
    token = request.args.get("token", "")[:200]
    if not await _works(token, "confirm"):
        return await _spent()
    return await show("pages/confirm.html", visitor, form_page=True, token=token)


@blueprint.post("/auth/confirm")
@anybody
async def confirm(visitor: Visitor | None) -> Answer:
    """Confirm an address."""
    form, node = await read_form(), runtime()
    try:
        async with node.write() as uow:
            user = await confirm_email(uow, form.text("token")[:200], now=node.now())
    except Gone:
        return await _spent()
    is_waiting = user.approved_at is None
    tell("Your address is confirmed. " + ("Now wait to be approved." if is_waiting else "You can sign in now."))
    return cast(Response, redirect("/auth/sign_in", 303))


@blueprint.get("/auth/password/forgot")
@anybody
async def forgot_page(visitor: Visitor | None) -> Answer:
    """Show the form that asks for a new password."""
    return await show(
        "pages/password_forgot.html", visitor, form_page=True, sends_mail=bool(runtime().settings.smtp_url)
    )


@blueprint.post("/auth/password/forgot")
@anybody
async def forgot(visitor: Visitor | None) -> Answer:
    """Have a link mailed to whoever has this name or address, and say the same whether anybody has."""
    form, node = await read_form(), runtime()
    login = form.line("login")[:320]
    await spend(node, Bucket(RESET_ADDRESS, f"address:{network_of(client_address())}"))
    await spend(node, Bucket(RESET_NAME, f"login:{login_key(login)}"))
    async with node.write() as uow:
        await request_reset(uow, node.settings, login, now=node.now())
        uow.after_commit(lambda: node.nudge(MAIL))
    if not node.settings.smtp_url:
        return cast(Response, redirect("/auth/password/forgot", 303))
    tell(SENT, "info")
    return cast(Response, redirect("/auth/sign_in", 303))


@blueprint.get("/auth/password/reset")
@anybody
async def reset_page(visitor: Visitor | None) -> Answer:
    """Show the form for a new password."""
    token = request.args.get("token", "")[:200]
    if not await _works(token, "reset"):
        return await _spent()
    return await show("pages/password_reset.html", visitor, form_page=True, token=token)


@blueprint.post("/auth/password/reset")
@anybody
async def reset(visitor: Visitor | None) -> Answer:
    """Set the new password; every session and token ends, this browser's too (row 95)."""
    form, node = await read_form(), runtime()
    token = form.text("token")[:200]
    await spend(node, Bucket(RESET_ADDRESS, f"address:{network_of(client_address())}"))
    errors: Errors = {} if passwords_agree(form) else {"password_again": "The two passwords differ."}
    if not errors:
        try:
            async with node.write() as uow:
                await reset_password(uow, node.settings, token, form.text("password"), now=node.now())
        except Invalid as problem:
            errors = errors_of(problem)
        except Gone:
            return await _spent()
    if errors:
        return await show("pages/password_reset.html", visitor, status=422, form_page=True, token=token, errors=errors)
    tell("Your new password is set. Sign in with it.")
    return cast(Response, redirect("/auth/sign_in", 303))


async def _works(token: str, purpose: Purpose) -> bool:
    node = runtime()
    async with node.read() as reader:
        return await find_link(reader, token, purpose, node.now()) is not None


async def _spent() -> Response:
    return await show(
        "pages/error.html",
        None,
        status=410,
        code=410,
        heading="This link does not work any more",
        advice="It was used already, a newer one was mailed, or it is too old. You can always ask for a new one.",
        reference=None,
    )
