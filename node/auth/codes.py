"""Authorisation codes: given when a person lets an app in, good for one token within ten minutes (attack row 93).

Part of the service. What an app asks a person for is read and checked here too, so that the page and the form behind it
cannot differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update

from node.auth.apps import UNKNOWN_CLIENT
from node.auth.grant_rules import RESPONSE_MODES, asked_scopes, check_challenge, verifier_fits
from node.auth.hashing import hash_secret, new_secret
from node.auth.models import OAuthApp, OAuthCode
from node.auth.queries import find_app, find_code
from node.auth.rules import parse_scopes, write_scopes
from node.auth.tokens import create_token, revoke_token_of_code
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import GrantRefused
from node.base.ids import new_id

CODE_LIFE = timedelta(minutes=10)
BAD_CODE = "The code is wrong, used, too old, or was given to another app or address."


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What an app asks a person for. `state` goes back to the app as it came."""

    app: OAuthApp
    redirect_uri: str
    scopes: frozenset[str]
    state: str | None = None
    response_mode: str = "query"
    code_challenge: str = ""


@dataclass(frozen=True, slots=True)
class Granted:
    """A token that was just made."""

    token: str
    scopes: str


async def read_consent(reader: Reader, asked: Mapping[str, str]) -> Consent:
    """Return what an authorisation request asks for. Raises GrantRefused.

    The redirect address is compared letter by letter. A request that is wrong leads nowhere else, also not with an
    error to an address that is registered: a page of ours must not send people on unasked (attack row 103).
    """
    app = await find_app(reader, asked.get("client_id", ""))
    if app is None:
        raise GrantRefused("invalid_client", "This server does not know the app. Sign in with the app once more.")
    redirect_uri = asked.get("redirect_uri", "")
    if redirect_uri not in app.redirect_uris:
        raise GrantRefused("invalid_request", "The app wants you sent to an address that it did not register.")
    if asked.get("response_type") != "code":
        raise GrantRefused("unsupported_response_type", "The app asks for something other than a code.")
    response_mode = asked.get("response_mode") or "query"
    if response_mode not in RESPONSE_MODES:
        raise GrantRefused("invalid_request", "The app wants its answer in a way that is not known here.")
    is_web = redirect_uri.lower().startswith(("http://", "https://"))
    if response_mode == "form_post" and not is_web:
        raise GrantRefused("invalid_request", "An answer by form can be sent to a web address only.")
    return Consent(
        app=app,
        redirect_uri=redirect_uri,
        scopes=asked_scopes(asked.get("scope"), app.scopes),
        state=asked.get("state"),
        response_mode=response_mode,
        code_challenge=check_challenge(asked.get("code_challenge", ""), asked.get("code_challenge_method", "")),
    )


async def issue_code(uow: UnitOfWork, account_id: int, consent: Consent, *, now: datetime) -> str:
    """Make the code for what a person agreed to, and return it; only its hash is kept."""
    code = new_secret()
    uow.add(
        OAuthCode(
            id=new_id(),
            code_hash=hash_secret(code),
            app_id=consent.app.id,
            account_id=account_id,
            redirect_uri=consent.redirect_uri,
            scopes=write_scopes(consent.scopes),
            code_challenge=consent.code_challenge,
            created_at=now,
            expires_at=now + CODE_LIFE,
        )
    )
    await uow.flush()
    return code


async def redeem_code(
    uow: UnitOfWork,
    app: OAuthApp,
    code: str,
    *,
    redirect_uri: str,
    verifier: str = "",
    has_secret: bool,
    scope: str | None = None,
    now: datetime,
) -> Granted | None:
    """Give a token for a code. None when the code came a second time: then what was made from it is revoked, which
    has to be committed before the app is told. Raises GrantRefused for all else that is wrong.

    An app that shows no secret must have asked with PKCE (RFC 7636); one that shows it may.
    """
    row = await find_code(uow, code)
    if row is None or row.app_id != app.id:
        raise GrantRefused("invalid_grant", BAD_CODE)
    if not has_secret and not row.code_challenge:
        raise GrantRefused("invalid_client", UNKNOWN_CLIENT)
    if row.used_at is None:
        if row.expires_at <= now or row.redirect_uri != redirect_uri or not verifier_fits(verifier, row.code_challenge):
            raise GrantRefused("invalid_grant", BAD_CODE)
        scopes = _scopes_of(row, scope)
        if await uow.write(
            update(OAuthCode).where(OAuthCode.id == row.id, OAuthCode.used_at.is_(None)).values(used_at=now)
        ):
            token = await create_token(uow, row.account_id, scopes, app_id=app.id, code_id=row.id, now=now)
            return Granted(token, write_scopes(scopes))
    await revoke_token_of_code(uow, row, now=now)
    return None


def _scopes_of(row: OAuthCode, scope: str | None) -> frozenset[str]:
    """Return what a person agreed to, or less if the app asks for less now; more is refused (attack row 93)."""
    return asked_scopes(scope, row.scopes) if scope and scope.strip() else parse_scopes(row.scopes)
