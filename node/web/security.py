"""Who can sign in as the viewer: password, second step, and where they are signed in.

Whatever changes who can sign in asks for the password again, so a browser that was left alone gives nothing away for
good. Apps and passkeys themselves are in `second_factors.py`.
"""

from typing import Any, cast

from quart import Blueprint, Response, redirect

from node.auth.factor_queries import list_factors, list_passkeys
from node.auth.models import WebSession
from node.auth.passkey_rules import host_of
from node.auth.passkeys import MAX_PASSKEYS
from node.auth.queries import list_sessions
from node.auth.service import change_password, close_other_sessions, close_session_by_id, is_password_of
from node.base.errors import Invalid
from node.http.context import runtime
from node.http.limits import SIGN_IN_NAME, Bucket, spend
from node.web.auth import passwords_agree
from node.web.forms import Errors, Form, errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, read_cookie, signed_in

PLACE = "/settings/security"
NOT_IT = "This is not your password."

blueprint = Blueprint("web_security", __name__)
blueprint.record_once(install)


@blueprint.get(PLACE)
@signed_in
async def page(visitor: Visitor) -> Answer:
    """Show everything about signing in."""
    return await security_page(visitor)


async def security_page(visitor: Visitor, *, status: int = 200, **context: Any) -> Response:
    """Draw the page, after a refusal with its errors."""
    node = runtime()
    async with node.read() as reader:
        sessions = await list_sessions(reader, visitor.account_id, node.now())
        factors = await list_factors(reader, visitor.account_id)
        passkeys = await list_passkeys(reader, visitor.account_id)
    return await show(
        "pages/settings_security.html",
        visitor,
        status=status,
        sessions=[_session_view(session, visitor) for session in sessions],
        factors=factors,
        passkeys=passkeys,
        has_passkeys=host_of(node.settings) is not None,
        has_room=len(passkeys) < MAX_PASSKEYS,
        must=visitor.is_staff and node.settings.staff_second_step and not factors.is_on,
        **context,
    )


async def password_refusal(visitor: Visitor, form: Form) -> Errors:
    """Return what to say when the password in the form is not the viewer's; tries are counted."""
    node = runtime()
    await spend(node, Bucket(SIGN_IN_NAME, f"account:{visitor.account_id}"))
    async with node.read() as reader:
        is_right = await is_password_of(reader, visitor.account_id, form.text("current_password"))
    return {} if is_right else {"current_password": NOT_IT}


def _session_view(session: WebSession, visitor: Visitor) -> dict[str, Any]:
    return {
        "id": session.id,
        "description": browser_name(session.user_agent),
        "address": session.address,
        "seen": session.last_seen_at,
        "is_current": session.id == visitor.session_id,
    }


def browser_name(user_agent: str) -> str:
    """Return a browser and its system in two words, as far as they can be told."""
    browsers = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrom", "Chrome"), ("Safari/", "Safari"))
    systems = (
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )
    browser = next((name for sign, name in browsers if sign in user_agent), "A browser")
    system = next((name for sign, name in systems if sign in user_agent), "")
    return f"{browser} on {system}" if system else browser


@blueprint.post(f"{PLACE}/password")
@signed_in
async def new_password(visitor: Visitor) -> Answer:
    """Change the password; every other browser and app is signed out."""
    form = await read_form()
    node = runtime()
    errors = await password_refusal(visitor, form)
    if not passwords_agree(form):
        errors |= {"password_again": "The two passwords differ."}
    if not errors:
        try:
            async with node.write() as uow:
                await change_password(
                    uow,
                    node.settings,
                    visitor.account_id,
                    form.text("password"),
                    keep_secret=read_cookie("session"),
                    now=node.now(),
                )
        except Invalid as problem:
            errors = errors_of(problem)
    if errors:
        return await security_page(visitor, status=422, errors=errors, form=form.typed())
    tell("Your password is changed, and everything else is signed out.")
    return cast(Response, redirect(PLACE, 303))


@blueprint.post(f"{PLACE}/sessions/<id:session_id>/close")
@signed_in
async def close_one(visitor: Visitor, session_id: int) -> Answer:
    """Sign one of the viewer's browsers out."""
    async with runtime().write() as uow:
        await close_session_by_id(uow, visitor.account_id, session_id)
    tell("That browser is signed out.")
    return cast(Response, redirect(PLACE, 303))


@blueprint.post(f"{PLACE}/sessions/close_others")
@signed_in
async def close_others(visitor: Visitor) -> Answer:
    """Sign every other browser of the viewer out."""
    async with runtime().write() as uow:
        await close_other_sessions(uow, visitor.account_id, keep_secret=read_cookie("session"))
    tell("You are signed out everywhere else.")
    return cast(Response, redirect(PLACE, 303))
