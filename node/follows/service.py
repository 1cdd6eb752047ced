"""Use cases of follows: ask, accept, refuse, withdraw; for our own people and for what remote servers sent.

A row is a request until `accepted_at` is set; only then do the two counters change, in the same transaction and
only if the row really changed, so that any number of repeats and races leave them right (attack row 115). Who has
to be told is decided by the effects of the recorded event.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, bindparam, delete, select, update

from federation.origins import host_of
from node.accounts.models import Account
from node.base.db.inserts import insert_if_absent
from node.base.db.locks import lock_pair
from node.base.db.pieces import PIECE, briefly
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Forbidden, Invalid, NotFound
from node.base.ids import new_id, time_of
from node.base.settings import Settings
from node.counts.service import count
from node.events import FollowAccepted, FollowChanged, FollowRejected, FollowRequested, FollowsSevered, Unfollowed
from node.follows.models import Endorsement, Follow
from node.follows.queries import FollowPair, count_follows, find_follow, is_follow_barred
from node.follows.rules import MAX_FOLLOWS, holds_at_once, languages_word
from node.uris import follow_uri

PAIRS: Final = 5
"""Pairs between which follows are ended in one transaction, for which whoever publishes waits: each takes some
milliseconds."""

_FOLLOWS: Final = Follow.metadata.tables[Follow.__tablename__]
_ENDORSEMENTS: Final = Endorsement.metadata.tables[Endorsement.__tablename__]
_ONE: Final = bindparam("follower", type_=BigInteger)
_OTHER: Final = bindparam("followee", type_=BigInteger)
_END: Final = Prepared(delete(_FOLLOWS).where(_FOLLOWS.c.id == bindparam("follow")))
_REMOVE: Final = Prepared(
    delete(_FOLLOWS)
    .where(_FOLLOWS.c.follower_id == _ONE, _FOLLOWS.c.followee_id == _OTHER)
    .returning(_FOLLOWS.c.id, _FOLLOWS.c.uri, _FOLLOWS.c.accepted_at)
)
_ENDORSE_NO_MORE: Final = Prepared(
    delete(_ENDORSEMENTS).where(_ENDORSEMENTS.c.account_id == _ONE, _ENDORSEMENTS.c.target_id == _OTHER)
)


async def follow(
    uow: UnitOfWork,
    settings: Settings,
    follower: Account,
    followee: Account,
    *,
    show_boosts: bool | None = None,
    notify: bool | None = None,
    languages: Iterable[str] | None = None,
    uri: str = "",
    now: datetime,
) -> Follow:
    """Follow somebody, or ask to; return the row as it stands then.

    Repeating is harmless: our own people change their options by it (None leaves one as it is), a remote server's
    repeat brings a new activity id and is answered again (ACV-1). Raises Invalid for oneself and for
    somebody who has moved (MOV-2), NotFound for somebody who is gone, Forbidden across a block of a
    person or a whole server.
    """
    if follower.id == followee.id:
        raise Invalid("You cannot follow yourself")
    wanted = None if languages is None else languages_word(languages)
    if follower.is_gone or followee.is_gone:
        raise NotFound()
    await lock_pair(uow, "relation", follower.id, followee.id)  # a block at the same moment waits, or is seen
    if await is_follow_barred(uow, follower.id, followee.id):
        raise Forbidden()
    if followee.moved_to_uri and await find_follow(uow, follower.id, followee.id) is None:
        raise Invalid(f"@{followee.acct} has moved to another account. Follow them there.")
    is_full = follower.is_local and await count_follows(uow, follower.id) >= MAX_FOLLOWS
    if is_full and await find_follow(uow, follower.id, followee.id) is None:
        raise Invalid(f"You cannot follow more than {MAX_FOLLOWS} accounts")
    at_once = holds_at_once(
        followee_is_local=followee.is_local,
        followee_locked=followee.locked,
        follower_silenced=follower.silenced_at is not None,
    )
    follow_id = new_id()
    is_new = await insert_if_absent(
        uow,
        Follow,
        {
            "id": follow_id,
            "follower_id": follower.id,
            "followee_id": followee.id,
            "host": None if follower.is_local else host_of(follower.uri),
            "uri": follow_uri(settings, follow_id) if follower.is_local else uri,
            "show_boosts": show_boosts is not False,
            "notify": bool(notify),
            "languages": wanted or "",
            "created_at": now,
        },
    )
    row = await find_follow(uow, follower.id, followee.id)
    assert row is not None
    if not is_new:
        await _repeat(uow, row, follower, show_boosts=show_boosts, notify=notify, languages=wanted, uri=uri)
    if row.accepted_at is not None:
        return row
    if at_once:
        await accept_follow(uow, row, now=now)
    elif is_new:
        await uow.record(FollowRequested(row.id, follower.id, followee.id))
    return row


async def _repeat(
    uow: UnitOfWork,
    row: Follow,
    follower: Account,
    *,
    show_boosts: bool | None,
    notify: bool | None,
    languages: str | None,
    uri: str,
) -> None:
    if follower.is_local:
        wider = (show_boosts and not row.show_boosts) or (languages is not None and languages != row.languages)
        row.languages = row.languages if languages is None else languages
        row.show_boosts = row.show_boosts if show_boosts is None else show_boosts
        row.notify = row.notify if notify is None else notify
        await uow.flush()
        if wider and row.accepted_at is not None:
            await uow.record(FollowChanged(row.id, row.follower_id, row.followee_id))
        return
    row.uri = uri or row.uri
    await uow.flush()
    if row.accepted_at is not None:  # their server has lost our Accept, so it gets another
        await uow.record(FollowAccepted(row.id, row.follower_id, row.followee_id))


async def accept_follow(uow: UnitOfWork, follow: Follow, *, now: datetime | None = None) -> bool:
    """Let a request hold; return whether it was waiting. Called for a local approval and for a remote Accept."""
    accepted_at = now or time_of(new_id())
    changed = await uow.write(
        update(Follow).where(Follow.id == follow.id, Follow.accepted_at.is_(None)).values(accepted_at=accepted_at)
    )
    if not changed:
        return False
    await _count(uow, follow.follower_id, follow.followee_id, 1)
    await uow.record(FollowAccepted(follow.id, follow.follower_id, follow.followee_id))
    return True


async def reject_follow(uow: UnitOfWork, follow: Follow) -> bool:
    """Refuse a request or remove a follower; return whether it still stood. Also for a remote Reject (ACV-1)."""
    removed = await _remove(uow, follow.follower_id, follow.followee_id)
    if removed is None:
        return False
    await uow.record(FollowRejected(removed[0], removed[1], follow.follower_id, follow.followee_id))
    return True


async def unfollow(uow: UnitOfWork, follower_id: int, followee_id: int) -> bool:
    """Withdraw a follow or a request; return whether there was one."""
    removed = await _remove(uow, follower_id, followee_id)
    if removed is None:
        return False
    await uow.record(Unfollowed(removed[0], removed[1], follower_id, followee_id))
    return True


async def remove_follower(uow: UnitOfWork, account_id: int, follower_id: int) -> bool:
    """Remove one of an account's followers, or refuse a request; return whether there was one."""
    found = await find_follow(uow, follower_id, account_id)
    return found is not None and await reject_follow(uow, found)


async def sever(uow: UnitOfWork, account_id: int, target_id: int) -> None:
    """End every follow between two accounts, as a block does: the first one unfollows and refuses (ACV-7)."""
    await unfollow(uow, account_id, target_id)
    await remove_follower(uow, account_id, target_id)


async def sever_pairs(uow: UnitOfWork, pairs: Iterable[FollowPair], *, kind: str, domain: str) -> None:
    """End every follow of some pairs by a decision about a server, and let ours know how many were ended."""
    ended: dict[int, list[int]] = {}
    for pair in pairs:
        await sever(uow, pair.ours, pair.theirs)
        counts = ended.setdefault(pair.ours, [0, 0])
        counts[0] += pair.follows_us
        counts[1] += pair.followed_by_us
    for account_id, (followers, following) in ended.items():
        if followers or following:
            await uow.record(FollowsSevered(account_id, kind, domain, followers, following))


async def sever_some(uow: UnitOfWork, account_id: int) -> bool:
    """End some follows of an account that is gone, in both directions; return whether there may be more.

    Nobody is told follow by follow: the account's Delete says it all.
    """
    await uow.write(update(Account).where(Account.id == account_id).values(followers_count=0, following_count=0))
    for mine, theirs, counter in (
        (Follow.follower_id, Follow.followee_id, "followers_count"),
        (Follow.followee_id, Follow.follower_id, "following_count"),
    ):
        found = await uow.execute(select(Follow.id, theirs, Follow.accepted_at).where(mine == account_id).limit(PIECE))
        rows = found.all()
        for follow_id, other_id, accepted_at in briefly(rows):
            if await uow.write(_END, {"follow": follow_id}) and accepted_at is not None:
                await count(uow, Account, other_id, {counter: -1})
        if rows:
            return True
    return False


async def _remove(uow: UnitOfWork, follower_id: int, followee_id: int) -> tuple[int, str] | None:
    """Delete the row and take it off the counters if it held; return its id and uri, or None if there was none."""
    await uow.flush()
    pair = {"follower": follower_id, "followee": followee_id}
    found = await uow.rows(_REMOVE, pair)
    if not found:
        return None
    await uow.write(_ENDORSE_NO_MORE, pair)
    follow_id, uri, accepted_at = found[0]
    if accepted_at is not None:
        await _count(uow, follower_id, followee_id, -1)
    return follow_id, uri


async def _count(uow: UnitOfWork, follower_id: int, followee_id: int, step: int) -> None:
    """Move both counters."""
    await count(uow, Account, follower_id, {"following_count": step})
    await count(uow, Account, followee_id, {"followers_count": step})
