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

MAX_OF_PERSON = 300
"""Tokens that apps may hold for one person."""
MAX_OF_PERSON_AND_APP = 20
"""Of them, those of one app: as many devices."""
MAX_OF_APP = 50
"""Tokens an app may hold for itself."""

_VALUE = re.compile(r"[A-Za-z0-9._~+/=-]{8,255}")


async def create_token(
    uow: UnitOfWork,
    account_id: int | None,
    scopes: str | Iterable[str],
    *,
    value: str | None = None,
    app_id: int | None = None,
    code_id: int | None = None,
    now: datetime,
) -> str:
    """Make a bearer token and return it; only its hash is kept. A given `value` helps scripts and test beds.

    The oldest ones make room for it where an app or a person has too many (attack row 59).

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
            "code_id": code_id,
            "account_id": account_id,
            "scopes": write_scopes(parse_scopes(scopes)),
            "created_at": now,
        },
    )
    if not is_new:
        raise Conflict("This token is in use already")
    await _make_room(uow, account_id, app_id, now=now)
    return token


async def _make_room(uow: UnitOfWork, account_id: int | None, app_id: int | None, *, now: datetime) -> None:
    """Revoke what is too much. What an operator made for somebody is never."""
    if app_id is None:
        return
    of_app = OAuthToken.app_id == app_id
    if account_id is None:
        await _revoke_all_but(uow, MAX_OF_APP, of_app, OAuthToken.account_id.is_(None), now=now)
        return
    of_person = OAuthToken.account_id == account_id
    await _revoke_all_but(uow, MAX_OF_PERSON_AND_APP, of_person, of_app, now=now)
    await _revoke_all_but(uow, MAX_OF_PERSON, of_person, OAuthToken.app_id.is_not(None), now=now)


async def _revoke_all_but(uow: UnitOfWork, newest: int, *whose: ColumnElement[bool], now: datetime) -> None:
    kept = (
        select(OAuthToken.id)
        .where(*whose, OAuthToken.revoked_at.is_(None))
        .order_by(OAuthToken.id.desc())
        .limit(newest)
        .subquery()
    )
    await _revoke(uow, *whose, OAuthToken.id.not_in(select(kept.c.id)), now=now)


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
    """Revoke what was given for an authorisation code that came twice (attack row 93); return whether it was good."""
    return bool(await _revoke(uow, OAuthToken.account_id == code.account_id, OAuthToken.code_id == code.id, now=now))


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
