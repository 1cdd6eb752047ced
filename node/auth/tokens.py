"""Bearer tokens: make and revoke. Part of the service; the OAuth flow that hands them to apps stands on this."""

import re
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from node.auth.hashing import hash_secret, new_secret
from node.auth.models import OAuthCode, OAuthToken
from node.auth.rules import parse_scopes, write_scopes
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Conflict, Invalid
from node.base.ids import new_id
from node.events import AccessChanged

_VALUE = re.compile(r"[A-Za-z0-9._~+/=-]{8,255}")


async def create_token(
    uow: UnitOfWork,
    account_id: int | None,
    scopes: str | Iterable[str],
    *,
    value: str | None = None,
    app_id: int | None = None,
    now: datetime,
) -> str:
    """Make a bearer token and return it; only its hash is kept. A given `value` helps scripts and test beds.

    Raises Invalid for an unknown scope or a value that no header can carry, Conflict when the value is in use.
    """
    if value is not None and not _VALUE.fullmatch(value):
        raise Invalid("A token must be 8 to 255 letters, digits or . _ ~ + / = -")
    token = value if value is not None else new_secret()
    is_new = await insert_if_absent(
        uow,
        OAuthToken,
        {
            "id": new_id(),
            "token_hash": hash_secret(token),
            "app_id": app_id,
            "account_id": account_id,
            "scopes": write_scopes(parse_scopes(scopes)),
            "created_at": now,
        },
    )
    if not is_new:
        raise Conflict("This token is in use already")
    return token


async def revoke_token(uow: UnitOfWork, token: str, *, app_id: int | None = None, now: datetime) -> bool:
    """Revoke a token, with `app_id` only that app's own; return whether it was good until now."""
    conditions = [OAuthToken.token_hash == hash_secret(token)]
    if app_id is not None:
        conditions.append(OAuthToken.app_id == app_id)
    return bool(await _revoke(uow, *conditions, now=now))


async def revoke_token_by_id(uow: UnitOfWork, account_id: int, token_id: int, *, now: datetime) -> bool:
    """Sign an app of somebody's out; another's id revokes nothing (attack row 89)."""
    return bool(await _revoke(uow, OAuthToken.id == token_id, OAuthToken.account_id == account_id, now=now))


async def revoke_token_of_code(uow: UnitOfWork, code: OAuthCode, *, now: datetime) -> bool:
    """Revoke what was given for an authorisation code that came twice (attack row 93); return whether it was good.

    A token begins in the moment in which its code was used. That moment is read anew: another use may be just done.
    """
    used_at = select(OAuthCode.used_at).where(OAuthCode.id == code.id)
    return bool(
        await _revoke(
            uow,
            OAuthToken.account_id == code.account_id,
            OAuthToken.app_id == code.app_id,
            OAuthToken.created_at.in_(used_at),
            now=now,
        )
    )


async def _revoke(uow: UnitOfWork, *conditions: ColumnElement[bool], now: datetime) -> int:
    """Revoke tokens, and say so to their people: what is open in their name has to close (attack row 95)."""
    found = await uow.execute(
        update(OAuthToken)
        .where(*conditions, OAuthToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(OAuthToken.account_id)
        .execution_options(synchronize_session=False)
    )
    owners = [account_id for (account_id,) in found]
    for account_id in owners:
        if account_id is not None:
            await uow.record(AccessChanged(account_id))
    return len(owners)
