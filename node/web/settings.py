"""The viewer's own settings: profile, password and sessions, colours, who is muted and blocked."""

from typing import Any, cast

from quart import Blueprint, Response, redirect

from node.accounts.profile import ProfileChange
from node.accounts.queries import get_account
from node.accounts.rules import (
    MAX_DISPLAY_NAME,
    MAX_FIELD_NAME,
    MAX_FIELD_VALUE,
    MAX_FIELDS,
    MAX_NOTE,
)
from node.accounts.service import update_profile
from node.accounts.views import credential_account_view
from node.auth.models import WebSession
from node.auth.queries import get_user, list_sessions
from node.auth.service import (
    authenticate,
    change_password,
    close_other_sessions,
    close_session_by_id,
    update_preferences,
)
from node.base.errors import Invalid
from node.blocks.queries import list_blocks, list_mutes
from node.http.context import runtime
from node.http.limits import MEDIA, SIGN_IN_NAME, Bucket, spend
from node.media.service import store_avatar, store_header
from node.web.accounts import people
from node.web.auth import passwords_agree
from node.web.forms import Errors, Form, errors_of, read_form
from node.web.showing import PEOPLE_LENGTH, THEMES, install, links, page_asked, show, tell
from node.web.visitors import Answer, Visitor, read_cookie, set_cookie, signed_in

YEAR_SECONDS = 365 * 24 * 3600
LIMITS = {
    "display_name": MAX_DISPLAY_NAME,
    "note": MAX_NOTE,
    "fields": MAX_FIELDS,
    "field_name": MAX_FIELD_NAME,
    "field_value": MAX_FIELD_VALUE,
}

blueprint = Blueprint("web_settings", __name__)
blueprint.record_once(install)


@blueprint.get("/settings")
@signed_in
async def index(visitor: Visitor) -> Answer:
    """Lead to the first page of settings."""
    return cast(Response, redirect("/settings/profile", 303))


@blueprint.get("/settings/profile")
@signed_in
async def profile_page(visitor: Visitor) -> Answer:
    """Show the profile form."""
    return await _profile_form(visitor)


async def _profile_form(visitor: Visitor, *, status: int = 200, **context: Any) -> Response:
    node = runtime()
    async with node.read() as reader:
        account = await get_account(reader, visitor.account_id)
        user = await get_user(reader, visitor.account_id)
    view = credential_account_view(account, user, settings=node.settings)
    return await show("pages/settings_profile.html", visitor, status=status, account=view, limits=LIMITS, **context)


@blueprint.post("/settings/profile")
@signed_in
async def change_profile(visitor: Visitor) -> Answer:
    """Change what others see."""
    form = await read_form()
    node = runtime()
    errors: Errors = {}
    pictures: dict[str, str] = {}
    for name, store in (("avatar", store_avatar), ("header", store_header)):
        try:
            pictures |= await _picture(form, visitor, name, store)
        except Invalid as problem:
            errors[name] = problem.message if not problem.fields else next(iter(errors_of(problem).values()))
    if not errors:
        change = ProfileChange(
            display_name=form.text("display_name"),
            note=form.text("note"),
            fields=[(form.text(f"field_name_{n}"), form.text(f"field_value_{n}")) for n in range(MAX_FIELDS)],
            locked=form.is_set("locked"),
            bot=form.is_set("bot"),
            discoverable=form.is_set("discoverable"),
            indexable=form.is_set("indexable"),
            avatar_key=pictures.get("avatar"),
            header_key=pictures.get("header"),
        )
        try:
            async with node.write() as uow:
                await update_profile(uow, node.settings, visitor.account_id, change)
        except Invalid as problem:
            errors = errors_of(problem)
    if errors:
        return await _profile_form(visitor, status=422, errors=errors, form=form.typed())
    tell("Your profile is saved.")
    return cast(Response, redirect("/settings/profile", 303))


async def _picture(form: Form, visitor: Visitor, name: str, store: Any) -> dict[str, str]:
    """Return the new key of a picture by its name: "" to remove it, nothing to leave it."""
    upload = form.file(name)
    if upload is None:
        return {name: ""} if form.is_set(f"{name}_remove") else {}
    await spend(runtime(), Bucket(MEDIA, f"account:{visitor.account_id}"))
    return {name: await store(runtime(), visitor.account_id, upload.read())}


@blueprint.get("/settings/account")
@signed_in
async def account_page(visitor: Visitor) -> Answer:
    """Show address, password form, and where the viewer is signed in."""
    return await _account_form(visitor)


async def _account_form(visitor: Visitor, *, status: int = 200, **context: Any) -> Response:
    node = runtime()
    async with node.read() as reader:
        user = await get_user(reader, visitor.account_id)
        sessions = await list_sessions(reader, visitor.account_id, node.now())
    return await show(
        "pages/settings_account.html",
        visitor,
        status=status,
        email=user.email,
        sessions=[_session_view(session, visitor) for session in sessions],
        **context,
    )


def _session_view(session: WebSession, visitor: Visitor) -> dict[str, Any]:
    return {
        "id": session.id,
        "description": browser_name(session.user_agent),
        "address": session.address,
        "since": session.created_at,
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


@blueprint.post("/settings/account/password")
@signed_in
async def new_password(visitor: Visitor) -> Answer:
    """Change the password; every other browser and app is signed out."""
    form = await read_form()
    node = runtime()
    errors: Errors = {}
    await spend(node, Bucket(SIGN_IN_NAME, f"account:{visitor.account_id}"))
    async with node.read() as reader:
        account = await get_account(reader, visitor.account_id)
        if await authenticate(reader, account.username, form.text("current_password")) is None:
            errors |= {"current_password": "This is not your password."}
    if not passwords_agree(form):
        errors |= {"password_again": "The two passwords differ."}
    if not errors:
        try:
            async with node.write() as uow:
                await change_password(
                    uow,
                    visitor.account_id,
                    form.text("password"),
                    keep_secret=read_cookie("session"),
                    now=node.now(),
                )
        except Invalid as problem:
            errors = errors_of(problem)
    if errors:
        return await _account_form(visitor, status=422, errors=errors, form=form.typed())
    tell("Your password is changed, and everything else is signed out.")
    return cast(Response, redirect("/settings/account", 303))


@blueprint.post("/settings/account/sessions/<id:session_id>/close")
@signed_in
async def close_one(visitor: Visitor, session_id: int) -> Answer:
    """Sign one of the viewer's browsers out."""
    async with runtime().write() as uow:
        await close_session_by_id(uow, visitor.account_id, session_id)
    tell("That browser is signed out.")
    return cast(Response, redirect("/settings/account", 303))


@blueprint.post("/settings/account/sessions/close_others")
@signed_in
async def close_others(visitor: Visitor) -> Answer:
    """Sign every other browser of the viewer out."""
    async with runtime().write() as uow:
        await close_other_sessions(uow, visitor.account_id, keep_secret=read_cookie("session"))
    tell("You are signed out everywhere else.")
    return cast(Response, redirect("/settings/account", 303))


@blueprint.get("/settings/appearance")
@signed_in
async def appearance_page(visitor: Visitor) -> Answer:
    """Show the choice of colours and the list of keys."""
    return await show("pages/settings_appearance.html", visitor)


@blueprint.post("/settings/appearance")
@signed_in
async def change_appearance(visitor: Visitor) -> Answer:
    """Keep the choice of colours, for the person and (for pages before sign-in) for this browser."""
    form = await read_form()
    theme = form.text("theme") if form.text("theme") in THEMES else "auto"
    async with runtime().write() as uow:
        await update_preferences(uow, visitor.account_id, theme=theme)
    tell("Saved.")
    response = cast(Response, redirect("/settings/appearance", 303))
    set_cookie(response, "theme", theme, seconds=YEAR_SECONDS)
    return response


@blueprint.get("/settings/mutes")
@signed_in
async def mutes(visitor: Visitor) -> Answer:
    """Show whom the viewer has muted."""
    return await _people(visitor, "mutes", list_mutes)


@blueprint.get("/settings/blocks")
@signed_in
async def blocks(visitor: Visitor) -> Answer:
    """Show whom the viewer has blocked."""
    return await _people(visitor, "blocks", list_blocks)


async def _people(visitor: Visitor, kind: str, query: Any) -> Answer:
    page = page_asked(PEOPLE_LENGTH)
    async with runtime().read() as reader:
        entries = await query(reader, visitor.account_id, page)
        accounts, _ = await people(reader, visitor, entries)
    return await show(
        "pages/settings_people.html",
        visitor,
        kind=kind,
        accounts=accounts,
        **links(page, [entry.id for entry in entries]),
    )
