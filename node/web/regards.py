"""How the viewer wants to stand to somebody: which of their posts to get, a note, a recommendation, mute and block.

To mute and to block ask first, on a page of their own; the buttons that take them back do not (`accounts.py`).
"""

from datetime import timedelta
from typing import Final, cast

from quart import Blueprint, Response, redirect, request

from node.accounts.queries import get_account
from node.accounts.views import account_view
from node.base.errors import Forbidden, Invalid, NotFound
from node.blocks.service import mute
from node.follows.kept import endorse, set_note, unendorse
from node.follows.queries import list_relationships
from node.follows.rules import MAX_NOTE
from node.follows.service import follow
from node.follows.views import relationship_view
from node.http.context import runtime
from node.web.accounts import named
from node.web.forms import read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, back, safe_path, signed_in

DURATIONS: Final = (
    ("0", "Until I undo it"),
    ("1800", "30 minutes"),
    ("21600", "6 hours"),
    ("86400", "1 day"),
    ("259200", "3 days"),
    ("604800", "7 days"),
    ("2592000", "30 days"),
)

blueprint = Blueprint("web_regards", __name__)
blueprint.record_once(install)


@blueprint.get("/@<acct>/<any(mute,block):verb>")
@signed_in
async def ask(visitor: Visitor, acct: str, verb: str) -> Answer:
    """Ask whether somebody should really be muted, for how long, or blocked."""
    async with runtime().read() as reader:
        account = await named(reader, acct)
    if account.id == visitor.account_id:
        raise NotFound
    return await show(
        "pages/shun.html",
        visitor,
        verb=verb,
        account=account_view(account, settings=runtime().settings),
        durations=DURATIONS,
        return_to=safe_path(request.args.get("return_to"), f"/@{account.acct}"),
    )


@blueprint.post("/web/accounts/<id:account_id>/mute")
@signed_in
async def mute_account(visitor: Visitor, account_id: int) -> Answer:
    """Mute somebody, for a while or until further notice; then go back to where the button was."""
    form = await read_form()
    seconds = next((int(value) for value, _ in DURATIONS if value == form.line("duration")), 0)
    node = runtime()
    async with node.write() as uow:
        target = await get_account(uow, account_id)
        await mute(
            uow,
            await get_account(uow, visitor.account_id),
            target,
            duration=timedelta(seconds=seconds) if seconds else None,
            notifications=not form.is_set("keep_notifications"),
            now=node.now(),
        )
    tell(f"You muted @{target.acct}. You can undo this in your settings.")
    return await back(f"/@{target.acct}")


@blueprint.get("/@<acct>/options")
@signed_in
async def options(visitor: Visitor, acct: str) -> Answer:
    """Show which posts of somebody the viewer gets."""
    async with runtime().read() as reader:
        account = await named(reader, acct)
        found = await list_relationships(reader, visitor.account_id, [account.id])
    standing = found.get(account.id)
    if standing is None or not (standing.following or standing.requested):
        raise NotFound
    return await show(
        "pages/follow_options.html",
        visitor,
        account=account_view(account, settings=runtime().settings),
        relationship=relationship_view(standing),
    )


@blueprint.post("/web/accounts/<id:account_id>/options")
@signed_in
async def change_options(visitor: Visitor, account_id: int) -> Answer:
    """Change which posts of somebody the viewer gets."""
    form = await read_form()
    node = runtime()
    async with node.write() as uow:
        me, target = await get_account(uow, visitor.account_id), await get_account(uow, account_id)
        standing = (await list_relationships(uow, me.id, [target.id])).get(target.id)
        if standing is None or not (standing.following or standing.requested):
            raise Forbidden("You do not follow this account any more.")
        await follow(
            uow,
            node.settings,
            me,
            target,
            show_boosts=form.is_set("boosts"),
            notify=form.is_set("bell"),
            languages=form.all("languages"),
            now=node.now(),
        )
    tell("Saved.")
    return cast(Response, redirect(f"/@{target.acct}", 303))


@blueprint.post("/web/accounts/<id:account_id>/note")
@signed_in
async def note(visitor: Visitor, account_id: int) -> Answer:
    """Keep a note about somebody, which nobody else sees."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            target = await get_account(uow, account_id, include_gone=True)
            await set_note(uow, visitor.account_id, account_id, form.text("note"), now=node.now())
    except Invalid:
        tell(f"The note is too long: at most {MAX_NOTE} characters.", "error")
        return await back()
    tell("Your note is saved.")
    return await back(f"/@{target.acct}")


@blueprint.post("/web/accounts/<id:account_id>/<any(endorse,unendorse):verb>")
@signed_in
async def recommend(visitor: Visitor, account_id: int, verb: str) -> Answer:
    """Recommend somebody on the viewer's page, or no more."""
    node = runtime()
    try:
        async with node.write() as uow:
            target = await get_account(uow, account_id, include_gone=verb == "unendorse")
            if verb == "endorse":
                await endorse(uow, visitor.account_id, account_id, now=node.now())
            else:
                await unendorse(uow, visitor.account_id, account_id)
    except Invalid as problem:
        tell(problem.message.removeprefix("Validation failed: "), "error")
        return await back()
    tell(f"@{target.acct} is on your page." if verb == "endorse" else f"@{target.acct} is off your page.")
    return await back(f"/@{target.acct}")
