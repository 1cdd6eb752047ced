"""The apps that act for the viewer: which, since when, what they may do, and the way to sign one out (row 89)."""

from typing import Any, cast

from quart import Blueprint, Response, redirect

from node.auth.models import OAuthApp, OAuthToken
from node.auth.queries import list_tokens
from node.auth.service import revoke_token_by_id
from node.http.context import runtime
from node.web.scope_words import permissions
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, signed_in

PLACE = "/settings/apps"
BY_HAND = "A token made by the people who look after this server"

blueprint = Blueprint("web_apps", __name__)
blueprint.record_once(install)


@blueprint.get(PLACE)
@signed_in
async def page(visitor: Visitor) -> Answer:
    """Show every app that is signed in as the viewer."""
    async with runtime().read() as reader:
        found = await list_tokens(reader, visitor.account_id)
    return await show("pages/settings_apps.html", visitor, tokens=[_token_view(token, app) for token, app in found])


def _token_view(token: OAuthToken, app: OAuthApp | None) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": app.name if app is not None else BY_HAND,
        "website": app.website if app is not None else "",
        "permissions": permissions(token.scopes.split()),
        "since": token.created_at,
        "last_used": token.last_used_at,
    }


@blueprint.post(f"{PLACE}/<id:token_id>/revoke")
@signed_in
async def revoke(visitor: Visitor, token_id: int) -> Answer:
    """Sign an app out. A token of somebody else stays as it is."""
    node = runtime()
    async with node.write() as uow:
        await revoke_token_by_id(uow, visitor.account_id, token_id, now=node.now())
    tell("That app is signed out.")
    return cast(Response, redirect(PLACE, 303))
