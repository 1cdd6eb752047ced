"""Signing in, the second half: a code or passkey after the password, or a passkey instead of one.

The browser that said the right password holds a cookie with the secret of its step; only after this one it is given a
session, with a secret of its own (attack rows 95 and 102). Tries are counted by address, by account, in the step and,
for codes, in the database. A passkey takes a script, `static/js/passkeys.js`: it asks here what to ask the browser
for, puts the answer into the page's own form and sends it.
"""

from typing import Any, cast

from quart import Blueprint, Response, redirect, request

from node.accounts.queries import get_account
from node.auth.factor_models import SignInStep
from node.auth.factor_queries import find_step, list_factors, list_passkeys
from node.auth.passkey_rules import REFUSED, read_answer, request_options
from node.auth.passkeys import use_passkey
from node.auth.queries import get_user
from node.auth.second_step import take_code
from node.auth.steps import begin_step, count_failure, end_step
from node.base.errors import Invalid, NotFound
from node.http.context import client_address, runtime
from node.http.limits import SECOND_STEP as TRIES
from node.http.limits import SIGN_IN_ADDRESS, Bucket, spend
from node.http.proxies import network_of
from node.web.auth import sign_in_form
from node.web.entering import SECOND_STEP, enter, refusal_of
from node.web.forms import read_form
from node.web.showing import answer, install, show, tell
from node.web.visitors import Answer, Visitor, anybody, drop_cookie, form_token, read_cookie, safe_path

PASSKEY = "/auth/passkey"
WRONG = "This code is wrong, was used already, or is too old. Wait for the next one, or use a recovery code."
OVER = "That took too long, or there were too many wrong codes. Start again with your password."

blueprint = Blueprint("web_second_step", __name__)
blueprint.record_once(install)


@blueprint.get(SECOND_STEP)
@anybody
async def page(visitor: Visitor | None) -> Answer:
    """Ask for the code or the passkey."""
    step = await _step()
    return await _page(visitor, step, safe_path(request.args.get("return_to"))) if step is not None else _over()


async def _page(visitor: Visitor | None, step: SignInStep, wanted: str, *, status: int = 200, **context: Any) -> Answer:
    assert step.account_id is not None
    async with runtime().read() as reader:
        factors = await list_factors(reader, step.account_id)
    return await show(
        "pages/second_step.html",
        None,
        status=status,
        form_page=True,
        csrf_token=form_token(visitor),
        factors=factors,
        return_to=wanted,
        **context,
    )


@blueprint.post(SECOND_STEP)
@anybody
async def by_code(visitor: Visitor | None) -> Answer:
    """Take a code of the authenticator app, or a recovery code."""
    form, node, now = await read_form(), runtime(), runtime().now()
    wanted = safe_path(form.text("return_to"))
    step = await _step()
    if step is None or step.account_id is None:
        return _over()
    await _pay(step.account_id)
    async with node.write() as uow:
        is_right = await take_code(uow, node.settings, step.account_id, form.line("code"), now=now)
        is_right = is_right and await end_step(uow, step)
        if not is_right:
            await count_failure(uow, step)
    if is_right:
        return await enter(step.account_id, wanted)
    return await _page(visitor, step, wanted, status=422, errors={"code": WRONG}) if await _step() else _over()


@blueprint.post(f"{SECOND_STEP}/options")
@anybody
async def ask_second(visitor: Visitor | None) -> Answer:
    """Tell the page's script which passkeys will do."""
    node = runtime()
    step = await _step()
    if step is None or step.account_id is None:
        raise Invalid(OVER)
    async with node.read() as reader:
        passkeys = await list_passkeys(reader, step.account_id)
    options = request_options(node.settings, challenge=step.challenge, allowed=passkeys, is_alone=False)
    return answer(options=options)


@blueprint.post(f"{SECOND_STEP}/passkey")
@anybody
async def by_passkey(visitor: Visitor | None) -> Answer:
    """Take a passkey's answer."""
    form, node = await read_form(), runtime()
    wanted = safe_path(form.text("return_to"))
    step = await _step()
    if step is None or step.account_id is None:
        return _over()
    await _pay(step.account_id)
    try:
        async with node.write() as uow:
            await use_passkey(uow, node.settings, step, read_answer(form.text("credential")), now=node.now())
    except Invalid as problem:
        async with node.write() as uow:
            await count_failure(uow, step)
        refused = {"form": problem.message}
        return await _page(visitor, step, wanted, status=422, errors=refused) if await _step() else _over()
    return await enter(step.account_id, wanted)


@blueprint.post(f"{PASSKEY}/options")
@anybody
async def ask_alone(visitor: Visitor | None) -> Answer:
    """Tell the page's script what to ask for where nobody said who they are."""
    node = runtime()
    await spend(node, Bucket(SIGN_IN_ADDRESS, f"address:{network_of(client_address())}"))
    async with node.write() as uow:
        step = await begin_step(uow, "passkey", now=node.now())
        options = request_options(node.settings, challenge=step.challenge, is_alone=True)
    return answer(step=step.secret, options=options)


@blueprint.post(PASSKEY)
@anybody
async def alone(visitor: Visitor | None) -> Answer:
    """Sign in with a passkey that knows its person: no password, no second step."""
    form, node = await read_form(), runtime()
    wanted = safe_path(form.text("return_to"))
    await spend(node, Bucket(SIGN_IN_ADDRESS, f"address:{network_of(client_address())}"))
    try:
        given = read_answer(form.text("credential"))
        async with node.write() as uow:
            step = await find_step(uow, form.text("step")[:200], "passkey", node.now())
            if step is None:
                raise Invalid("That took too long. Try again.")
            account_id = await use_passkey(uow, node.settings, step, given, now=node.now())
            await get_account(uow, account_id)
            refusal = refusal_of(await get_user(uow, account_id))
    except Invalid as problem:
        refusal = problem.message
    except NotFound:
        refusal = REFUSED
    if refusal:
        return await sign_in_form(visitor, status=422, return_to=wanted, errors={"form": refusal}, form={})
    return await enter(account_id, wanted)


async def _step() -> SignInStep | None:
    node = runtime()
    async with node.read() as reader:
        return await find_step(reader, read_cookie("step"), "second", node.now())


async def _pay(account_id: int) -> None:
    await spend(runtime(), Bucket(SIGN_IN_ADDRESS, f"address:{network_of(client_address())}"))
    await spend(runtime(), Bucket(TRIES, f"account:{account_id}"))


def _over() -> Response:
    tell(OVER, "error")
    response = cast(Response, redirect("/auth/sign_in?again=1", 303))
    drop_cookie(response, "step")
    return response
