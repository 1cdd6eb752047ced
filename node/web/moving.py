"""Aliases, and moving to another account: the page in the settings (MOV-2)."""

from typing import Any, cast

from quart import Blueprint, Response, redirect

from node.accounts.queries import find_moved_to, get_account, list_accounts_by_uri
from node.accounts.views import account_view
from node.auth.service import authenticate
from node.base.errors import Invalid
from node.http.context import runtime
from node.http.limits import LOOK_UPS, SIGN_IN_NAME, Bucket, spend
from node.moves.service import come_back, move_away, set_aliases
from node.remote.freshly import named_freshly
from node.web.forms import Errors, errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, signed_in

PLACE = "/settings/move"

blueprint = Blueprint("web_moving", __name__)
blueprint.record_once(install)


@blueprint.get(PLACE)
@signed_in
async def page(visitor: Visitor) -> Answer:
    """Show the aliases, the form to move with, or where the account has moved."""
    return await _page(visitor)


async def _page(visitor: Visitor, *, status: int = 200, **context: Any) -> Response:
    node = runtime()
    async with node.read() as reader:
        account = await get_account(reader, visitor.account_id)
        known = await list_accounts_by_uri(reader, account.also_known_as)
        target = await find_moved_to(reader, account)
    aliases = [{"uri": uri, "acct": known[uri].acct if uri in known else uri} for uri in account.also_known_as]
    return await show(
        "pages/settings_move.html",
        visitor,
        status=status,
        aliases=aliases,
        moved_to_uri=account.moved_to_uri,
        moved_to=None if target is None else account_view(target, settings=node.settings),
        **context,
    )


@blueprint.post("/settings/move/aliases")
@signed_in
async def add_alias(visitor: Visitor) -> Answer:
    """Add an account elsewhere, as its server knows it now."""
    form = await read_form()
    node = runtime()
    await spend(node, Bucket(LOOK_UPS, f"account:{visitor.account_id}"))
    try:
        other = await named_freshly(node, form.line("alias"), field="alias")
        async with node.write() as uow:
            account = await get_account(uow, visitor.account_id)
            await set_aliases(uow, account.id, [*account.also_known_as, other.uri])
    except Invalid as problem:
        return await _page(visitor, status=422, errors=errors_of(problem), form=form.typed())
    tell(f"@{other.acct} is an alias of yours now. You can move from there to here.")
    return cast(Response, redirect(PLACE, 303))


@blueprint.post("/settings/move/aliases/remove")
@signed_in
async def remove_alias(visitor: Visitor) -> Answer:
    """Remove an alias."""
    form = await read_form()
    async with runtime().write() as uow:
        account = await get_account(uow, visitor.account_id)
        await set_aliases(uow, account.id, [uri for uri in account.also_known_as if uri != form.text("uri")])
    tell("The alias is removed.")
    return cast(Response, redirect(PLACE, 303))


@blueprint.post(PLACE)
@signed_in
async def move(visitor: Visitor) -> Answer:
    """Move, or only show where the person is now; asks for the password."""
    form = await read_form()
    node = runtime()
    errors: Errors = {}
    await spend(node, Bucket(SIGN_IN_NAME, f"account:{visitor.account_id}"))
    async with node.read() as reader:
        account = await get_account(reader, visitor.account_id)
        if await authenticate(reader, account.username, form.text("current_password")) is None:
            errors |= {"current_password": "This is not your password."}
    redirect_only = form.is_set("redirect_only")
    if not errors:
        try:
            target = await named_freshly(node, form.line("target"), field="target")
            async with node.write() as uow:
                await move_away(uow, visitor.account_id, target, redirect_only=redirect_only, now=node.now())
        except Invalid as problem:
            errors = errors_of(problem)
    if errors:
        return await _page(visitor, status=422, errors=errors, form=form.typed())
    tell("Your page now leads to your new account." if redirect_only else "You have moved. Your followers are told.")
    return cast(Response, redirect(PLACE, 303))


@blueprint.post("/settings/move/undo")
@signed_in
async def undo(visitor: Visitor) -> Answer:
    """Be at home here again."""
    async with runtime().write() as uow:
        await come_back(uow, visitor.account_id)
    tell("This account is in use again. Whoever moved along stays there.")
    return cast(Response, redirect(PLACE, 303))
