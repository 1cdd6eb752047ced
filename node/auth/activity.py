"""When somebody, a browser, or an app was last here.

The one decides whose timelines are kept warm and counts the active people, the others tell people which of their
sessions and apps are alive. Many who come at the same moment, for a post that goes round, share a transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import bindparam, or_, update

from node.auth.models import ActiveWeek, OAuthToken, User, WebSession
from node.base.cache import RedisGate
from node.base.db.inserts import insert_where_absent
from node.base.db.together import Together
from node.base.errors import Unavailable
from node.base.runtime import Runtime

ACTIVITY_STEP = timedelta(minutes=10)
TOKEN_STEP = timedelta(hours=12)

_USERS: Final = User.metadata.tables[User.__tablename__]
_TOKENS: Final = OAuthToken.metadata.tables[OAuthToken.__tablename__]
_HERE: Final = (
    update(_USERS)
    .where(
        _USERS.c.account_id == bindparam("who"),
        or_(_USERS.c.last_active_at.is_(None), _USERS.c.last_active_at <= bindparam("stale_at")),
    )
    .values(last_active_at=bindparam("at"))
)
_USED: Final = update(_TOKENS).where(_TOKENS.c.id == bindparam("which")).values(last_used_at=bindparam("at"))


@dataclass(frozen=True, slots=True)
class _Seen:
    """Somebody, or a token of theirs, that is here."""

    runtime: Runtime
    account_id: int = 0
    token_id: int = 0


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
    await _note(_Seen(runtime, account_id=account_id))


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
    await _note(_Seen(runtime, token_id=token_id))


_TOGETHER: "WeakKeyDictionary[RedisGate, Together[_Seen]]" = WeakKeyDictionary()
"""One a node and process, as `node.remote.memory`."""


async def _note(seen: _Seen) -> None:
    together = _TOGETHER.get(seen.runtime.gate)
    if together is None:
        together = _TOGETHER.setdefault(seen.runtime.gate, Together(_write_down))
    try:
        await together.take(seen)
    except Unavailable:  # the next request tries again
        return


async def _write_down(seen: Sequence[_Seen]) -> int:
    runtime = seen[0].runtime
    now = runtime.now()
    people = sorted({entry.account_id for entry in seen if entry.account_id})
    tokens = sorted({entry.token_id for entry in seen if entry.token_id})
    async with runtime.write() as uow:
        if people:
            await uow.execute(_HERE, [{"who": id_, "at": now, "stale_at": now - ACTIVITY_STEP} for id_ in people])
            await insert_where_absent(uow, ActiveWeek, [{"account_id": id_, "week": week_of(now)} for id_ in people])
        if tokens:
            await uow.execute(_USED, [{"which": id_, "at": now} for id_ in tokens])
    return len(seen)


async def _is_first(runtime: Runtime, account_id: int) -> bool:
    """Whether nobody noted this in the last ten minutes; also when Redis is away: the UPDATE looks once more."""
    key, seconds = f"active:{account_id}", int(ACTIVITY_STEP.total_seconds())
    is_new = await runtime.gate.call(lambda redis: redis.set(key, b"1", nx=True, ex=seconds))
    return bool(is_new) or runtime.gate.is_shut
