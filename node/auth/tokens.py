"""Bearer tokens: make and revoke. Part of the service; the OAuth flow that hands them to apps stands on this."""

import re
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update

from node.auth.hashing import hash_secret, new_secret
from node.auth.models import OAuthToken
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


async def revoke_token(uow: UnitOfWork, token: str, *, now: datetime) -> bool:
    """Revoke a token; return whether it was good until now."""
    hashed = hash_secret(token)
    owner: int | None = await uow.scalar(select(OAuthToken.account_id).where(OAuthToken.token_hash == hashed))
    revoked = await uow.write(
        update(OAuthToken)
        .where(OAuthToken.token_hash == hashed, OAuthToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    if revoked and owner is not None:
        await uow.record(AccessChanged(owner))
    return bool(revoked)
