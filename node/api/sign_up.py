"""Signing up by an app: the account, and the letter that confirms its address (client-api, tier C).

The account's token comes with the answer. It opens what the account may do: all of it at once where the node neither
asks for a confirmed address nor for approval, else next to nothing until then.
"""

import asyncio
from typing import Any

from quart import Blueprint, Response, jsonify

from federation.keys import generate_rsa_key
from node.api.entities.apps import Token
from node.api.entities.errors import Empty
from node.auth.confirming import resend_confirmation
from node.auth.queries import get_user
from node.auth.rules import Principal
from node.auth.service import create_token, sign_up
from node.auth.sign_up_rules import app_sign_up_problems, refusal
from node.auth.views import token_view
from node.base.errors import Forbidden, Gone, Invalid
from node.base.lanes import MAIL
from node.http.context import client_address, runtime
from node.http.limits import CONFIRMATIONS, SIGN_UP, Bucket, spend
from node.http.principals import Viewer, needs, needs_app
from node.http.proxies import network_of
from node.http.repeats import keeps_own_keys
from node.http.requests import Request, answers, takes

blueprint = Blueprint("api_sign_up", __name__, url_prefix="/api/v1")


class NewPerson(Request, frozen=True, kw_only=True):
    """Who signs up. `reason` is for nodes that approve people, `invite_code` for those that invite them."""

    username: str = ""
    email: str = ""
    password: str = ""
    agreement: bool = False
    locale: str = ""
    reason: str = ""
    invite_code: str = ""


class Address(Request, frozen=True, kw_only=True):
    """Another address than the one of the sign-up."""

    email: str = ""


@blueprint.post("/accounts")
@needs_app("write:accounts")
@takes(NewPerson)
@answers(Token)
@keeps_own_keys
async def create(principal: Principal, asked: NewPerson) -> dict[str, Any]:
    """Make an account and a token for it, with the scopes of the app's own."""
    node, now = runtime(), runtime().now()
    if principal.app_id is None:
        raise Forbidden
    await spend(node, Bucket(SIGN_UP, f"address:{network_of(client_address())}"))
    if node.settings.registrations == "closed":
        raise Forbidden
    problems = app_sign_up_problems(
        username=asked.username,
        email=asked.email,
        password=asked.password,
        reason=asked.reason,
        agreement=asked.agreement,
        locale=asked.locale,
    )
    if problems:
        raise refusal(problems)
    key_pair = await asyncio.to_thread(generate_rsa_key)
    try:
        async with node.write() as uow:
            user = await sign_up(
                uow,
                node.settings,
                username=asked.username,
                email=asked.email,
                password=asked.password,
                reason=asked.reason,
                invite=asked.invite_code,
                address=client_address(),
                app_id=principal.app_id,
                now=now,
                key_pair=key_pair,
            )
            user.locale = asked.locale or user.locale
            token = await create_token(uow, user.account_id, principal.scopes, app_id=principal.app_id, now=now)
            uow.after_commit(lambda: node.nudge(MAIL))
    except Gone:
        raise refusal({"invite_code": ["is not valid any more"]}) from None
    except Invalid as problem:
        raise refusal(problem.fields) from None
    return token_view(token, principal.scopes, now)


@blueprint.post("/emails/confirmations")
@needs("write:accounts", usable=False)
@takes(Address)
@answers(Empty)
async def confirm_again(viewer: Viewer, asked: Address) -> dict[str, Any]:
    """Mail the letter that confirms an address once more."""
    node = runtime()
    await spend(node, Bucket(CONFIRMATIONS, f"account:{viewer.account_id}"))
    async with node.write() as uow:
        await resend_confirmation(
            uow, node.settings, viewer.account_id, app_id=viewer.app_id, email=asked.email, now=node.now()
        )
        uow.after_commit(lambda: node.nudge(MAIL))
    return {}


@blueprint.get("/emails/check_confirmation")
@needs(usable=False)
@answers(bool)
async def is_confirmed(viewer: Viewer) -> Response:
    """Say whether the viewer's address is confirmed."""
    async with runtime().read() as reader:
        user = await get_user(reader, viewer.account_id)
    return jsonify(user.confirmed_at is not None)
