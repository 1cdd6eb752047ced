"""Sessions of browsers: open, close, revoke. Part of the service. A new session always has a new secret (row 95)."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from node.auth.factor_models import SignInStep
from node.auth.hashing import hash_secret, new_secret
from node.auth.models import OAuthCode, OAuthToken, OneTimeLink, WebSession
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.events import AccessChanged

SESSION_LIFE = timedelta(days=60)
MAX_SESSIONS = 50
"""Browsers in which one person is signed in; the one that was not seen for longest makes room (attack row 59)."""


async def open_session(
    uow: UnitOfWork, account_id: int, *, user_agent: str = "", address: str = "", now: datetime
) -> str:
    """Sign a browser in; return the secret for its cookie, which is kept nowhere here."""
    secret = new_secret()
    uow.add(
        WebSession(
            id=new_id(),
            secret_hash=hash_secret(secret),
            account_id=account_id,
            csrf_token=new_secret(),
            user_agent=user_agent[:300],
            address=address[:64],
            created_at=now,
            last_seen_at=now,
            expires_at=now + SESSION_LIFE,
        )
    )
    await uow.flush()
    newest = (
        select(WebSession.id)
        .where(WebSession.account_id == account_id)
        .order_by(WebSession.last_seen_at.desc(), WebSession.id.desc())
        .limit(MAX_SESSIONS)
        .subquery()
    )
    await uow.write(
        delete(WebSession)
        .where(WebSession.account_id == account_id, WebSession.id.not_in(select(newest.c.id)))
        .execution_options(synchronize_session=False)
    )
    return secret


async def close_session(uow: UnitOfWork, secret: str) -> bool:
    """Sign the browser that holds `secret` out; return whether it was signed in."""
    owner = await uow.scalar(select(WebSession.account_id).where(WebSession.secret_hash == hash_secret(secret)))
    closed = await uow.write(delete(WebSession).where(WebSession.secret_hash == hash_secret(secret)))
    if closed:
        await uow.record(AccessChanged(owner))
    return bool(closed)


async def close_session_by_id(uow: UnitOfWork, account_id: int, session_id: int) -> bool:
    """Sign out one of somebody's own browsers; another's id closes nothing (attack row 89)."""
    closed = await uow.write(delete(WebSession).where(WebSession.id == session_id, WebSession.account_id == account_id))
    if closed:
        await uow.record(AccessChanged(account_id))
    return bool(closed)


async def close_other_sessions(uow: UnitOfWork, account_id: int, *, keep_secret: str = "") -> int:
    """Sign somebody out everywhere, but for the browser that holds `keep_secret`; return how many were closed."""
    statement = delete(WebSession).where(WebSession.account_id == account_id)
    if keep_secret:
        statement = statement.where(WebSession.secret_hash != hash_secret(keep_secret))
    closed = await uow.write(statement)
    if closed:
        await uow.record(AccessChanged(account_id))
    return closed


async def revoke_access(uow: UnitOfWork, account_id: int, *, keep_secret: str = "", now: datetime) -> None:
    """Close sessions and sign-ins half way, revoke tokens and codes, and end mailed links to a new password: after one
    was set, when the second step was switched on or off, and at the end of an account (attack row 95)."""
    await close_other_sessions(uow, account_id, keep_secret=keep_secret)
    revoked = await uow.write(
        update(OAuthToken)
        .where(OAuthToken.account_id == account_id, OAuthToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    if revoked:
        await uow.record(AccessChanged(account_id))
    await uow.write(delete(OAuthCode).where(OAuthCode.account_id == account_id))
    await uow.write(delete(SignInStep).where(SignInStep.account_id == account_id))
    await uow.write(
        delete(OneTimeLink).where(
            OneTimeLink.account_id == account_id, OneTimeLink.purpose == "reset", OneTimeLink.used_at.is_(None)
        )
    )
