"""OAuth 2 between programs: tokens for codes, an end to tokens, who a token is, and what of OAuth there is here.

The page on which people let an app in is `node/web/authorising.py`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quart import Blueprint, request

from node.accounts.queries import get_account
from node.accounts.views import account_view
from node.auth.apps import UNKNOWN_CLIENT, authenticate_app
from node.auth.codes import BAD_CODE, Granted, redeem_code
from node.auth.grant_rules import RESPONSE_MODES, asked_scopes
from node.auth.rules import SCOPES, write_scopes
from node.auth.service import create_token, revoke_token
from node.base.errors import GrantRefused
from node.http.context import runtime
from node.http.parameters import Parameters, parameters
from node.http.principals import Viewer, needs, open_to_all

blueprint = Blueprint("api_oauth", __name__)


@dataclass(frozen=True, slots=True)
class Client:
    """Who an app says it is; `secret` None where it shows none."""

    client_id: str
    secret: str | None


@blueprint.post("/oauth/token")
@open_to_all
async def token() -> dict[str, Any]:
    """Give a token: for a code, or to an app for itself (client-api 25)."""
    sent = await parameters()
    grant = sent.text("grant_type") or ""
    if grant == "authorization_code":
        return await _for_code(sent)
    if grant == "client_credentials":
        return await _for_app(sent)
    if not grant:
        raise GrantRefused("invalid_request", "grant_type is missing.")
    raise GrantRefused("unsupported_grant_type", "This server gives tokens for codes and to apps themselves only.")


async def _for_code(sent: Parameters) -> dict[str, Any]:
    client = _client(sent)
    code, redirect_uri = sent.text("code") or "", sent.text("redirect_uri") or ""
    verifier, scope = sent.text("code_verifier") or "", sent.text("scope")
    node, now = runtime(), runtime().now()
    async with node.write() as uow:
        app = await authenticate_app(uow, client.client_id, client.secret)
        granted = await redeem_code(
            uow,
            app,
            code,
            redirect_uri=redirect_uri,
            verifier=verifier,
            has_secret=client.secret is not None,
            scope=scope,
            now=now,
        )
    if granted is None:
        raise GrantRefused("invalid_grant", BAD_CODE)
    return _token_view(granted, now)


async def _for_app(sent: Parameters) -> dict[str, Any]:
    client = _client(sent)
    scope = sent.text("scope")
    if client.secret is None:
        raise GrantRefused("invalid_client", UNKNOWN_CLIENT)
    node, now = runtime(), runtime().now()
    async with node.write() as uow:
        app = await authenticate_app(uow, client.client_id, client.secret)
        scopes = asked_scopes(scope, app.scopes)
        made = await create_token(uow, None, scopes, app_id=app.id, now=now)
    return _token_view(Granted(made, write_scopes(scopes)), now)


def _client(sent: Parameters) -> Client:
    """Return who asks: by HTTP Basic, else by the parameters."""
    header = request.authorization
    if header is not None and header.type == "basic":
        return Client(header.username or "", header.password or "")
    return Client(sent.text("client_id") or "", sent.text("client_secret") or None)


def _token_view(granted: Granted, now: datetime) -> dict[str, Any]:
    return {
        "access_token": granted.token,
        "token_type": "Bearer",
        "scope": granted.scopes,
        "created_at": int(now.timestamp()),
    }


@blueprint.post("/oauth/revoke")
@open_to_all
async def revoke() -> dict[str, Any]:
    """End a token of the app that asks (RFC 7009): one that is unknown or another app's gives the same answer."""
    sent = await parameters()
    client = _client(sent)
    value = sent.text("token") or ""
    if not value:
        raise GrantRefused("invalid_request", "token is missing.")
    node = runtime()
    async with node.write() as uow:
        app = await authenticate_app(uow, client.client_id, client.secret)
        await revoke_token(uow, value, app_id=app.id, now=node.now())
    return {}


@blueprint.get("/oauth/userinfo")
@blueprint.post("/oauth/userinfo")
@needs("profile")
async def userinfo(viewer: Viewer) -> dict[str, Any]:
    """Return who the viewer is, in the words of OpenID Connect."""
    node = runtime()
    async with node.read() as reader:
        account = await get_account(reader, viewer.account_id)
    shown = account_view(account, settings=node.settings)
    return {
        "iss": node.settings.public_url,
        "sub": account.uri,
        "name": shown["display_name"],
        "preferred_username": account.username,
        "profile": shown["url"],
        "picture": shown["avatar"],
    }


@blueprint.get("/.well-known/oauth-authorization-server")
@open_to_all
async def metadata() -> dict[str, Any]:
    """Return what of OAuth there is and where (RFC 8414). Phanpy uses PKCE only if it is named here."""
    base = runtime().settings.public_url
    return {
        "issuer": base,
        "authorization_endpoint": base + "/oauth/authorize",
        "token_endpoint": base + "/oauth/token",
        "revocation_endpoint": base + "/oauth/revoke",
        "userinfo_endpoint": base + "/oauth/userinfo",
        "app_registration_endpoint": base + "/api/v1/apps",
        "service_documentation": base + "/about",
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
    }
