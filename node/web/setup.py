"""The first administrator, by the one-time link that is printed when a new server starts (attacks row 113)."""

import asyncio

from quart import Blueprint, request

from federation.keys import generate_rsa_key
from node.auth.queries import find_link
from node.auth.service import redeem_setup_link
from node.base.errors import Gone, Invalid
from node.http.context import client_address, runtime
from node.http.limits import SIGN_UP, Bucket, spend
from node.http.proxies import network_of
from node.web.auth import passwords_agree
from node.web.entering import enter
from node.web.forms import Errors, errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, anybody

blueprint = Blueprint("web_setup", __name__)
blueprint.record_once(install)


@blueprint.get("/setup")
@anybody
async def setup_page(visitor: Visitor | None) -> Answer:
    """Show the form that makes the first administrator. Raises Gone for a link that no longer works."""
    token = request.args.get("token", "")[:200]
    node = runtime()
    async with node.read() as reader:
        if await find_link(reader, token, "setup", node.now()) is None:
            raise Gone
    return await show("pages/setup.html", None, form_page=True, token=token)


@blueprint.post("/setup")
@anybody
async def setup(visitor: Visitor | None) -> Answer:
    """Make the first administrator and sign in."""
    form = await read_form()
    node = runtime()
    await spend(node, Bucket(SIGN_UP, f"address:{network_of(client_address())}"))
    errors: Errors = {} if passwords_agree(form) else {"password_again": "The two passwords differ."}
    if not errors:
        key_pair = await asyncio.to_thread(generate_rsa_key)
        try:
            async with node.write() as uow:
                user = await redeem_setup_link(
                    uow,
                    form.text("token"),
                    node.settings,
                    username=form.line("username").removeprefix("@"),
                    email=form.line("email"),
                    password=form.text("password"),
                    now=node.now(),
                    key_pair=key_pair,
                )
        except Invalid as problem:
            errors = errors_of(problem)
    if errors:
        return await show(
            "pages/setup.html",
            None,
            status=422,
            form_page=True,
            token=form.text("token"),
            errors=errors,
            form=form.typed(),
        )
    tell("Your server is ready. The operator's pages are under Administration.")
    return await enter(user.account_id, "/home")
