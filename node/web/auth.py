"""Coming in and going out: sign-up, sign-in, sign-out. What mailed links lead to is in `mailed_links.py`, the
second step and passkeys in `second_step.py`."""

import asyncio
from typing import Any, cast

from quart import Blueprint, Response, redirect, request

from federation.keys import generate_rsa_key
from node.auth.passkey_rules import host_of
from node.auth.rules import login_key
from node.auth.service import authenticate, close_session, sign_up
from node.base.errors import Forbidden, Invalid
from node.http.context import client_address, runtime
from node.http.limits import SIGN_IN_ADDRESS, SIGN_IN_NAME, SIGN_UP, Bucket, spend
from node.http.proxies import network_of
from node.site.queries import list_rules
from node.site.views import rule_views
from node.web.entering import enter, enter_by_password, refusal_of
from node.web.forms import Errors, Form, errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import (
    Answer,
    Visitor,
    anybody,
    drop_cookie,
    form_token,
    read_cookie,
    safe_path,
    signed_in,
)

WRONG = "This name and password do not belong together. Check both for slips."

blueprint = Blueprint("web_auth", __name__)
blueprint.record_once(install)


@blueprint.get("/auth/sign_in")
@anybody
async def sign_in_page(visitor: Visitor | None) -> Answer:
    """Show the sign-in form."""
    wanted = safe_path(request.args.get("return_to"), "/home")
    if visitor is not None and "again" not in request.args:
        return cast(Response, redirect(wanted, 303))
    return await sign_in_form(visitor, return_to=wanted)


async def sign_in_form(visitor: Visitor | None, *, status: int = 200, **context: Any) -> Response:
    """Draw the form as nobody sees it; who is signed in already, and comes to change that, sends their own token."""
    has_passkeys = host_of(runtime().settings) is not None
    return await show(
        "pages/sign_in.html",
        None,
        status=status,
        form_page=True,
        csrf_token=form_token(visitor),
        has_passkeys=has_passkeys,
        **context,
    )


@blueprint.post("/auth/sign_in")
@anybody
async def sign_in(visitor: Visitor | None) -> Answer:
    """Sign in with a name or address and a password."""
    form = await read_form()
    wanted = safe_path(form.text("return_to"), "/home")
    login, node = form.line("login")[:320], runtime()
    await spend(node, Bucket(SIGN_IN_ADDRESS, f"address:{network_of(client_address())}"))
    await spend(node, Bucket(SIGN_IN_NAME, f"login:{login_key(login)}"))
    async with node.read() as reader:
        user = await authenticate(reader, login, form.text("password"))
    refusal = refusal_of(user) if user is not None else WRONG
    if user is None or refusal:
        return await sign_in_form(visitor, status=422, return_to=wanted, errors={"form": refusal}, form=form.typed())
    return await enter_by_password(user.account_id, wanted)


@blueprint.post("/auth/sign_out")
@signed_in
async def sign_out(visitor: Visitor) -> Answer:
    """Sign this browser out."""
    async with runtime().write() as uow:
        await close_session(uow, read_cookie("session"))
    response = cast(Response, redirect("/", 303))
    drop_cookie(response, "session")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@blueprint.get("/auth/sign_up")
@anybody
async def sign_up_page(visitor: Visitor | None) -> Answer:
    """Show the sign-up form, filled with the invitation of the link that led here."""
    if visitor is not None:
        return cast(Response, redirect("/home", 303))
    invite = request.args.get("invite", "")[:200]
    return await _sign_up_form(form={"invite": invite} if invite else {})


async def _sign_up_form(**context: Any) -> Response:
    async with runtime().read() as reader:
        rules = rule_views(await list_rules(reader))
    return await show("pages/sign_up.html", None, form_page=True, rules=rules, **context)


@blueprint.post("/auth/sign_up")
@anybody
async def sign_up_form(visitor: Visitor | None) -> Answer:
    """Make an account, and sign in if it can be used at once."""
    form = await read_form()
    node = runtime()
    errors: Errors = {} if passwords_agree(form) else {"password_again": "The two passwords differ."}
    if not errors:
        await spend(node, Bucket(SIGN_UP, f"address:{network_of(client_address())}"))
        key_pair = await asyncio.to_thread(generate_rsa_key)
        try:
            async with node.write() as uow:
                user = await sign_up(
                    uow,
                    node.settings,
                    username=form.line("username").removeprefix("@"),
                    email=form.line("email"),
                    password=form.text("password"),
                    reason=form.text("reason"),
                    invite=form.line("invite"),
                    address=client_address(),
                    now=node.now(),
                    key_pair=key_pair,
                )
        except Invalid as problem:
            errors = errors_of(problem)
        except Forbidden as problem:
            errors = {"form": problem.message + "."}
    if errors:
        return await _sign_up_form(status=422, errors=errors, form=form.typed())
    if user.is_usable:
        tell("Welcome! This is your home. Say hello, or look around and follow a few people.")
        return await enter(user.account_id, "/home")
    tell(refusal_of(user), "info")
    return cast(Response, redirect("/auth/sign_in", 303))


def passwords_agree(form: Form) -> bool:
    """Whether the password was typed the same twice."""
    return form.text("password") == form.text("password_again")
