"""Apps: register, and ask which app a token belongs to."""

from typing import Any

from quart import Blueprint

from node.api.entities.apps import Application, CredentialApplication
from node.auth.apps import register_app
from node.auth.queries import list_apps
from node.auth.rules import Principal
from node.auth.views import app_view, credential_app_view
from node.base.errors import NotFound
from node.http.context import client_address, runtime
from node.http.limits import APPS, Bucket, spend
from node.http.principals import needs_token, open_to_all
from node.http.proxies import network_of
from node.http.repeats import keeps_own_keys
from node.http.requests import Request, answers, takes
from node.push.vapid import vapid_key

blueprint = Blueprint("api_apps", __name__, url_prefix="/api/v1/apps")


class NewApp(Request, frozen=True, kw_only=True):
    """An app as it describes itself. Scopes and addresses may be one text or several."""

    client_name: str = ""
    website: str = ""
    redirect_uris: list[str] = []
    scopes: list[str] = []


@blueprint.post("")
@open_to_all
@takes(NewApp)
@answers(CredentialApplication)
@keeps_own_keys
async def create(asked: NewApp) -> dict[str, Any]:
    """Register an app: anybody may, a few times (client-api 23 and 24)."""
    node = runtime()
    await spend(node, Bucket(APPS, f"address:{network_of(client_address())}"))
    key = await vapid_key(node)
    async with node.write() as uow:
        made = await register_app(
            uow,
            name=asked.client_name,
            website=asked.website,
            redirect_uris=asked.redirect_uris,
            scopes=" ".join(asked.scopes),
            now=node.now(),
        )
    return credential_app_view(made.app, made.secret, vapid_key=key.public)


@blueprint.get("/verify_credentials")
@needs_token
@answers(Application)
async def verify(principal: Principal) -> dict[str, Any]:
    """Return the app that holds the token; a token that an operator made belongs to none."""
    async with runtime().read() as reader:
        found = await list_apps(reader, [principal.app_id] if principal.app_id is not None else [])
    if principal.app_id not in found:
        raise NotFound()
    return app_view(found[principal.app_id], vapid_key=(await vapid_key(runtime())).public)
