"""What the viewer wants to be told: whom they hear, of what they get letters; and the link that ends the letters.

The link works without signing in, by the token it carries. Opening it changes nothing, since mail programs open links
by themselves: the button does, or the mail program's own one (RFC 8058), which sends the same POST.
"""

from typing import cast

from quart import Blueprint, Response, redirect, request

from node.base.errors import Forbidden, Invalid
from node.http.context import client_address, runtime
from node.http.limits import PAGES, Bucket, spend
from node.http.proxies import network_of
from node.notifications.mail_queries import find_mail_wish
from node.notifications.mail_rules import MAILABLE
from node.notifications.mailing import choose_mail, unsubscribe
from node.notifications.policies import RULES
from node.notifications.requests import change_policy
from node.notifications.standing_queries import find_policy
from node.web.forms import errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, current_visitor, signed_in

SPENT = "This link does not work. Sign in and choose under Settings, Notifications, what you get."

blueprint = Blueprint("web_notification_settings", __name__)
blueprint.record_once(install)


@blueprint.get("/settings/notifications")
@signed_in
async def page(visitor: Visitor) -> Answer:
    """Show what was chosen."""
    return await _page(visitor)


async def _page(visitor: Visitor, *, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    node = runtime()
    async with node.read() as reader:
        policy = await find_policy(reader, visitor.account_id)
        wish = await find_mail_wish(reader, visitor.account_id)
    return await show(
        "pages/settings_notifications.html",
        visitor,
        status=status,
        policy={name: getattr(policy, name) for name in RULES},
        mailed=wish.kinds if wish else [],
        mailable=MAILABLE,
        sends_mail=bool(node.settings.smtp_url and node.settings.notification_mails_per_day),
        errors=errors or {},
    )


@blueprint.post("/settings/notifications")
@signed_in
async def change(visitor: Visitor) -> Answer:
    """Change whom the viewer hears, and what they get letters of."""
    form = await read_form()
    try:
        async with runtime().write() as uow:
            await change_policy(uow, visitor.account_id, {name: form.text(name) or None for name in RULES})
            if form.is_set("has_mail"):
                await choose_mail(uow, visitor.account_id, form.all("mail"))
    except Invalid as problem:
        return await _page(visitor, status=422, errors=errors_of(problem))
    tell("Your choice is saved.")
    return cast(Response, redirect("/settings/notifications", 303))


@blueprint.get("/unsubscribe")
async def ask() -> Answer:
    """Show the button that ends the letters."""
    await _pay()
    return await show(
        "pages/unsubscribe.html", await current_visitor(), token=request.args.get("token", "")[:200], done=False
    )


@blueprint.post("/unsubscribe")
async def stop() -> Answer:
    """End the letters of whom the token belongs to."""
    await _pay()
    async with runtime().write() as uow:
        if not await unsubscribe(uow, request.args.get("token", "")[:200]):
            raise Forbidden(SPENT)
    return await show("pages/unsubscribe.html", await current_visitor(), token="", done=True)


async def _pay() -> None:
    await spend(runtime(), Bucket(PAGES, f"address:{network_of(client_address())}"))
