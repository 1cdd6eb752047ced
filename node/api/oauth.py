"""OAuth 2 between programs: tokens for codes, an end to tokens, who a token is, and what of OAuth there is here.

The page on which people let an app in is `node/web/authorising.py`.
"""

from dataclasses import dataclass
from typing import Any

from quart import Blueprint, request

from node.accounts.queries import get_account
from node.accounts.views import account_view
from node.api.entities.apps import Introspection, ServerMetadata, Token, UserInfo
from node.api.entities.errors import Empty
from node.auth.apps import UNKNOWN_CLIENT, authenticate_app
from node.auth.codes import BAD_CODE, redeem_code
from node.auth.grant_rules import RESPONSE_MODES, asked_scopes
from node.auth.rules import SCOPES, write_scopes
from node.auth.service import create_token, find_token, revoke_token
from node.auth.views import token_view
from node.base.errors import GrantRefused
from node.http.context import runtime
from node.http.principals import Viewer, needs, open_to_all
from node.http.requests import Request, answers, takes

blueprint = Blueprint("api_oauth", __name__)


@dataclass(frozen=True, slots=True)
class Client:
    """Who an app says it is; `secret` None where it shows none."""

    client_id: str
    secret: str | None


class ClientRequest(Request, frozen=True, kw_only=True):
    """Who an app says it is, unless it says so by HTTP Basic."""

    client_id: str = ""
    client_secret: str | None = None


class TokenRequest(ClientRequest, frozen=True, kw_only=True):
    """What an app wants a token for."""

    grant_type: str = ""
    code: str = ""
    redirect_uri: str = ""
    code_verifier: str = ""
    scope: str | None = None


class TokenOfApp(ClientRequest, frozen=True, kw_only=True):
    """The token to end, or to ask about."""

    token: str = ""


@blueprint.post("/oauth/token")
@open_to_all
@takes(TokenRequest)
@answers(Token)
async def token(asked: TokenRequest) -> dict[str, Any]:
    """Give a token: for a code, or to an app for itself (client-api 25)."""
    if asked.grant_type == "authorization_code":
        return await _for_code(asked)
    if asked.grant_type == "client_credentials":
        return await _for_app(asked)
    if not asked.grant_type:
        raise GrantRefused("invalid_request", "grant_type is missing.")
    raise GrantRefused("unsupported_grant_type", "This server gives tokens for codes and to apps themselves only.")


async def _for_code(asked: TokenRequest) -> dict[str, Any]:
    client = _client(asked)
    node, now = runtime(), runtime().now()
    async with node.write() as uow:
        app = await authenticate_app(uow, client.client_id, client.secret)
        granted = await redeem_code(
            uow,
            app,
            asked.code,
            redirect_uri=asked.redirect_uri,
            verifier=asked.code_verifier,
            has_secret=client.secret is not None,
            scope=asked.scope,
            now=now,
        )
    if granted is None:
        raise GrantRefused("invalid_grant", BAD_CODE)
    return token_view(granted.token, granted.scopes.split(), now)


async def _for_app(asked: TokenRequest) -> dict[str, Any]:
    client = _client(asked)
    if client.secret is None:
        raise GrantRefused("invalid_client", UNKNOWN_CLIENT)
    node, now = runtime(), runtime().now()
    async with node.write() as uow:
        app = await authenticate_app(uow, client.client_id, client.secret)
        scopes = asked_scopes(asked.scope, app.scopes)
        made = await create_token(uow, None, scopes, app_id=app.id, now=now)
    return token_view(made, scopes, now)


def _client(asked: ClientRequest) -> Client:
    """Return who asks: by HTTP Basic, else by the parameters."""
    header = request.authorization
    if header is not None and header.type == "basic":
        return Client(header.username or "", header.password or "")
    return Client(asked.client_id, asked.client_secret or None)


@blueprint.post("/oauth/revoke")
@open_to_all
@takes(TokenOfApp)
@answers(Empty)
async def revoke(asked: TokenOfApp) -> dict[str, Any]:
    """End a token of the app that asks (RFC 7009): one that is unknown or another app's gives the same answer."""
    client = _client(asked)
    if not asked.token:
        raise GrantRefused("invalid_request", "token is missing.")
    node = runtime()
    async with node.write() as uow:
        app = await authenticate_app(uow, client.client_id, client.secret)
        await revoke_token(uow, asked.token, app_id=app.id, now=node.now())
    return {}


@blueprint.post("/oauth/introspect")
@open_to_all
@takes(TokenOfApp)
@answers(Introspection)
async def introspect(asked: TokenOfApp) -> dict[str, Any]:
    """Say what a token of the app that asks is good for (RFC 7662); any other is not active, and no more is said."""
    client = _client(asked)
    if client.secret is None:
        raise GrantRefused("invalid_client", UNKNOWN_CLIENT)
    node = runtime()
    async with node.read() as reader:
        app = await authenticate_app(reader, client.client_id, client.secret)
        principal = await find_token(reader, asked.token, node.now())
        if principal is None or principal.app_id != app.id:
            return {"active": False}
        person = await get_account(reader, principal.account_id) if principal.account_id is not None else None
    named = {"username": person.username, "sub": person.uri} if person is not None else {}
    scope = write_scopes(principal.scopes)
    return {"active": True, "scope": scope, "client_id": app.client_id, "token_type": "Bearer", **named}


@blueprint.get("/oauth/userinfo")
@blueprint.post("/oauth/userinfo")
@needs("profile")
@answers(UserInfo)
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
@answers(ServerMetadata)
async def metadata() -> dict[str, Any]:
    """Return what of OAuth there is and where (RFC 8414). Phanpy uses PKCE only if it is named here."""
    base = runtime().settings.public_url
    return {
        "issuer": base,
        "authorization_endpoint": base + "/oauth/authorize",
        "token_endpoint": base + "/oauth/token",
        "revocation_endpoint": base + "/oauth/revoke",
        "introspection_endpoint": base + "/oauth/introspect",
        "userinfo_endpoint": base + "/oauth/userinfo",
        "app_registration_endpoint": base + "/api/v1/apps",
        "service_documentation": base + "/about",
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "code_challenge_methods_supported": ["S256"],
    }
