"""The viewer's authenticator app, passkeys and recovery codes: set up, remove, make anew.

A passkey is made by the browser, so that takes a script (`static/js/passkeys.js`): it asks here what to ask the
browser for, puts the answer into the page's own form and sends it. Everything else works without.
"""

from typing import Any, cast

import segno
from markupsafe import Markup
from quart import Blueprint, Response, redirect

from node.accounts.queries import get_account
from node.auth.factor_queries import find_step, find_totp, has_second_factor, list_passkeys
from node.auth.passkey_rules import creation_options, read_answer
from node.auth.passkeys import add_passkey, remove_passkey
from node.auth.second_step import note_lost_factor, note_new_factor, renew_recovery_codes
from node.auth.steps import begin_step
from node.auth.totp import begin_totp, confirm_totp, remove_totp, setup_address
from node.base.errors import Conflict, Invalid
from node.http.context import runtime
from node.http.limits import SIGN_IN_NAME, Bucket, spend
from node.web.forms import read_form
from node.web.security import NOT_IT, PLACE, password_refusal, security_page
from node.web.showing import answer, install, show, tell
from node.web.visitors import Answer, Visitor, read_cookie, signed_in

TOTP = f"{PLACE}/totp"
PASSKEYS = f"{PLACE}/passkeys"
NOT_THE_CODE = "This is not the code the app shows now. Check that the clock of your device is right."

blueprint = Blueprint("web_second_factors", __name__)
blueprint.record_once(install)


@blueprint.post(TOTP)
@signed_in
async def set_up_totp(visitor: Visitor) -> Answer:
    """Make a secret and lead to the page that shows it."""
    form, node = await read_form(), runtime()
    errors = await password_refusal(visitor, form)
    if errors:
        return await security_page(visitor, status=422, errors=errors, form={})
    try:
        async with node.write() as uow:
            await begin_totp(uow, visitor.account_id, now=node.now())
    except Conflict:
        return cast(Response, redirect(PLACE, 303))
    return cast(Response, redirect(TOTP, 303))


@blueprint.get(TOTP)
@signed_in
async def totp_page(visitor: Visitor) -> Answer:
    """Show the secret to be taken over, as a picture and as letters, until its first code was typed."""
    return await _totp_page(visitor)


async def _totp_page(visitor: Visitor, *, status: int = 200, **context: Any) -> Response:
    node = runtime()
    async with node.read() as reader:
        device = await find_totp(reader, visitor.account_id)
        account = await get_account(reader, visitor.account_id)
    if device is None or device.confirmed_at is not None:
        return cast(Response, redirect(PLACE, 303))
    address = setup_address(
        device.secret, name=f"{account.username}@{node.settings.domain}", issuer=node.settings.domain
    )
    page = await show(
        "pages/settings_totp.html",
        visitor,
        status=status,
        picture=_qr(address),
        secret=" ".join(device.secret[at : at + 4] for at in range(0, len(device.secret), 4)),
        address=address,
        **context,
    )
    return _sealed(page)


def _qr(address: str) -> Markup:
    """Return a QR code as inline SVG, dark on white in either colour scheme: cameras want it so."""
    code = segno.make(address, error="m", micro=False)
    return Markup(  # noqa: S704 - made of squares by a library; the address itself is not in it
        code.svg_inline(border=3, omitsize=True, dark="#000", light="#fff", svgclass="qr", lineclass=None)
    )


@blueprint.post(f"{TOTP}/confirm")
@signed_in
async def take_totp_into_use(visitor: Visitor) -> Answer:
    """Switch the second step on with the app's first code."""
    form, node, now = await read_form(), runtime(), runtime().now()
    await spend(node, Bucket(SIGN_IN_NAME, f"account:{visitor.account_id}"))
    async with node.write() as uow:
        was_on = await has_second_factor(uow, visitor.account_id)
        is_right = await confirm_totp(uow, visitor.account_id, form.line("code"), now=now)
        codes = (
            await note_new_factor(
                uow, node.settings, visitor.account_id, was_on=was_on, keep_secret=read_cookie("session"), now=now
            )
            if is_right
            else []
        )
    if not is_right:
        return await _totp_page(visitor, status=422, errors={"code": NOT_THE_CODE})
    return await _added(visitor, codes, "Your authenticator app is in use.")


@blueprint.post(f"{TOTP}/remove")
@signed_in
async def drop_totp(visitor: Visitor) -> Answer:
    """Remove the authenticator app."""
    form, node = await read_form(), runtime()
    errors = await password_refusal(visitor, form)
    if errors:
        return await security_page(visitor, status=422, errors=errors, form={})
    async with node.write() as uow:
        if await remove_totp(uow, visitor.account_id):
            await note_lost_factor(uow, node.settings, visitor.account_id, now=node.now())
    tell("The authenticator app is removed.")
    return cast(Response, redirect(PLACE, 303))


@blueprint.post(f"{PASSKEYS}/options")
@signed_in
async def ask_for_passkey(visitor: Visitor) -> Answer:
    """Tell the page's script what to ask the browser for."""
    form, node = await read_form(), runtime()
    if await password_refusal(visitor, form):
        raise Invalid(NOT_IT)
    async with node.write() as uow:
        step = await begin_step(uow, "register", account_id=visitor.account_id, now=node.now())
        account = await get_account(uow, visitor.account_id)
        options = creation_options(
            node.settings,
            account_id=account.id,
            username=account.username,
            display_name=account.display_name,
            challenge=step.challenge,
            existing=await list_passkeys(uow, visitor.account_id),
        )
    return answer(step=step.secret, options=options)


@blueprint.post(PASSKEYS)
@signed_in
async def keep_passkey(visitor: Visitor) -> Answer:
    """Keep the passkey that the browser made."""
    form, node, now = await read_form(), runtime(), runtime().now()
    try:
        made = read_answer(form.text("credential"))
        async with node.write() as uow:
            step = await find_step(uow, form.text("step")[:200], "register", now)
            if step is None:
                raise Invalid("That took too long. Try again.")
            was_on = await has_second_factor(uow, visitor.account_id)
            await add_passkey(uow, node.settings, visitor.account_id, step, made, name=form.line("name"), now=now)
            codes = await note_new_factor(
                uow, node.settings, visitor.account_id, was_on=was_on, keep_secret=read_cookie("session"), now=now
            )
    except Invalid as problem:
        return await security_page(visitor, status=422, errors={"form": problem.message}, form={})
    return await _added(visitor, codes, "Your passkey is kept.")


@blueprint.post(f"{PASSKEYS}/<id:passkey_id>/remove")
@signed_in
async def drop_passkey(visitor: Visitor, passkey_id: int) -> Answer:
    """Remove a passkey of the viewer's."""
    form, node = await read_form(), runtime()
    errors = await password_refusal(visitor, form)
    if errors:
        return await security_page(visitor, status=422, errors=errors, form={})
    async with node.write() as uow:
        if await remove_passkey(uow, visitor.account_id, passkey_id):
            await note_lost_factor(uow, node.settings, visitor.account_id, now=node.now())
    tell("The passkey is removed.")
    return cast(Response, redirect(PLACE, 303))


@blueprint.post(f"{PLACE}/codes")
@signed_in
async def new_codes(visitor: Visitor) -> Answer:
    """Make new recovery codes and show them once."""
    form, node = await read_form(), runtime()
    errors = await password_refusal(visitor, form)
    if errors:
        return await security_page(visitor, status=422, errors=errors, form={})
    async with node.write() as uow:
        if not await has_second_factor(uow, visitor.account_id):
            return cast(Response, redirect(PLACE, 303))
        codes = await renew_recovery_codes(uow, node.settings, visitor.account_id, now=node.now())
    return await _codes_page(visitor, codes)


async def _added(visitor: Visitor, codes: list[str], words: str) -> Answer:
    if codes:
        return await _codes_page(visitor, codes, is_new=True)
    tell(words)
    return cast(Response, redirect(PLACE, 303))


async def _codes_page(visitor: Visitor, codes: list[str], *, is_new: bool = False) -> Response:
    return _sealed(await show("pages/settings_codes.html", visitor, codes=codes, is_new=is_new))


def _sealed(page: Response) -> Response:
    """Let nothing keep a page with a secret on it."""
    page.headers["Cache-Control"] = "no-store"
    return page
