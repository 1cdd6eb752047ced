"""When somebody, a browser, or an app was last here.

The one decides whose timelines are kept warm and counts the active people, the others tell people which of their
sessions and apps are alive.
"""

from datetime import datetime, timedelta

from sqlalchemy import or_, update

from node.auth.models import ActiveWeek, OAuthToken, User, WebSession
from node.base.db.inserts import insert_if_absent
from node.base.errors import Unavailable
from node.base.runtime import Runtime

ACTIVITY_STEP = timedelta(minutes=10)
TOKEN_STEP = timedelta(hours=12)


def week_of(moment: datetime) -> int:
    """Return the number of the week of a moment, counted from the Monday after the epoch."""
    return (int(moment.timestamp()) // 86_400 - 4) // 7


async def touch_activity(runtime: Runtime, account_id: int, *, last_active_at: datetime | None = None) -> None:
    """Note that somebody is here, at most every ten minutes. Never fails its caller.

    With `last_active_at` from the session or principal most calls cost nothing at all; without it Redis remembers.
    """
    now = runtime.now()
    if last_active_at is not None:
        if now - last_active_at < ACTIVITY_STEP:
            return
    elif not await _is_first(runtime, account_id):
        return
    try:
        async with runtime.write() as uow:
            await uow.write(
                update(User)
                .where(
                    User.account_id == account_id,
                    or_(User.last_active_at.is_(None), User.last_active_at <= now - ACTIVITY_STEP),
                )
                .values(last_active_at=now)
            )
            await insert_if_absent(uow, ActiveWeek, {"account_id": account_id, "week": week_of(now)})
    except Unavailable:  # the next request tries again
        return


async def touch_session(runtime: Runtime, session_id: int, *, last_seen_at: datetime) -> None:
    """Note that a browser is here, at most every ten minutes. Never fails its caller."""
    now = runtime.now()
    if now - last_seen_at < ACTIVITY_STEP:
        return
    try:
        async with runtime.write() as uow:
            await uow.write(
                update(WebSession)
                .where(WebSession.id == session_id, WebSession.last_seen_at <= now - ACTIVITY_STEP)
                .values(last_seen_at=now)
            )
    except Unavailable:  # the next request tries again
        return


async def touch_token(runtime: Runtime, token_id: int, *, last_used_at: datetime | None) -> None:
    """Note that a token is in use, at most twice a day. Never fails its caller."""
    now = runtime.now()
    if last_used_at is not None and now - last_used_at < TOKEN_STEP:
        return
    try:
        async with runtime.write() as uow:
            await uow.write(update(OAuthToken).where(OAuthToken.id == token_id).values(last_used_at=now))
    except Unavailable:  # the next request tries again
        return


async def _is_first(runtime: Runtime, account_id: int) -> bool:
    """Whether nobody noted this in the last ten minutes; also when Redis is away: the UPDATE looks once more."""
    key, seconds = f"active:{account_id}", int(ACTIVITY_STEP.total_seconds())
    is_new = await runtime.gate.call(lambda redis: redis.set(key, b"1", nx=True, ex=seconds))
    return bool(is_new) or runtime.gate.is_shut
