"""The viewer's own settings: profile, colours, who is muted and blocked. Who can sign in is in `security.py`."""

from datetime import datetime
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
from node.auth.queries import get_user
from node.auth.service import update_preferences
from node.base.errors import Invalid
from node.blocks.queries import list_blocks, list_mute_ends, list_mutes
from node.http.context import runtime
from node.http.limits import MEDIA, Bucket, spend
from node.media.service import store_avatar, store_header
from node.web.accounts import people
from node.web.forms import Errors, Form, errors_of, read_form
from node.web.showing import PEOPLE_LENGTH, THEMES, install, links, page_asked, show, tell
from node.web.visitors import Answer, Visitor, set_cookie, signed_in
from node.web.zones import zone_of, zones

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
            hide_collections=form.is_set("hide_collections"),
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
    """Show who the viewer is to us, and the ways out."""
    async with runtime().read() as reader:
        user = await get_user(reader, visitor.account_id)
    return await show("pages/settings_account.html", visitor, email=user.email)


@blueprint.get("/settings/appearance")
@signed_in
async def appearance_page(visitor: Visitor) -> Answer:
    """Show the choice of colours and the list of keys."""
    return await show("pages/settings_appearance.html", visitor, zones=zones())


@blueprint.post("/settings/appearance")
@signed_in
async def change_appearance(visitor: Visitor) -> Answer:
    """Keep the choice of colours, for the person and (for pages before sign-in) for this browser."""
    form = await read_form()
    theme = form.text("theme") if form.text("theme") in THEMES else "auto"
    async with runtime().write() as uow:
        await update_preferences(uow, visitor.account_id, theme=theme, time_zone=zone_of(form.line("time_zone")).key)
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
    ends: dict[int, datetime] = {}
    async with runtime().read() as reader:
        entries = await query(reader, visitor.account_id, page)
        accounts, _ = await people(reader, visitor, entries)
        if kind == "mutes":
            ends = await list_mute_ends(reader, visitor.account_id, [entry.account_id for entry in entries])
    return await show(
        "pages/settings_people.html",
        visitor,
        kind=kind,
        accounts=accounts,
        ends={str(id_): moment for id_, moment in ends.items()},
        **links(page, [entry.id for entry in entries]),
    )
