"""Every SELECT over follows. Only an accepted follow is a follow; what waits is a request (attack row 41)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, func, or_, select

from node.accounts.models import Account
from node.accounts.queries import AccountEntry, is_ours, is_present
from node.accounts.relations import BLOCKS, MUTES, USER_DOMAIN_BLOCKS, block_between, blocks_domain_of
from node.base.clock import system_clock
from node.base.db.base import UtcDateTime
from node.base.db.prepared import Prepared, PreparedEntities, in_lists
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.follows.models import AccountNote, Endorsement, Follow
from node.follows.rules import Relationship


def local_follows_of(account_id: Any) -> ColumnElement[bool]:
    """SQL: one of our people follows this account; found by `ix_follows_ours`, however many follow it elsewhere."""
    return and_(Follow.followee_id == account_id, Follow.accepted_at.is_not(None), Follow.host.is_(None))


def remote_follows_of(account_id: Any) -> ColumnElement[bool]:
    """SQL: somebody elsewhere follows this account; found by `ix_follows_elsewhere`, however many follow it here.

    For a mere IS NOT NULL SQLite takes whichever index of the followee it was given first, and reads all followers."""
    return and_(Follow.followee_id == account_id, Follow.accepted_at.is_not(None), Follow.host >= "")


def follows_from(hosts: Any, account_id: Any) -> ColumnElement[bool]:
    """SQL: somebody of these servers follows this account; found by the same index, server by server."""
    return and_(Follow.followee_id == account_id, Follow.accepted_at.is_not(None), Follow.host.in_(hosts))


_VERSIONS = Prepared(
    select(Follow.host, func.count(), func.max(Follow.id), func.max(Follow.accepted_at))
    .where(follows_from(bindparam("hosts", expanding=True), bindparam("account_id")))
    .group_by(Follow.host)
)
_ONE: Final[Any] = bindparam("a", type_=BigInteger)
_OTHER: Final[Any] = bindparam("b", type_=BigInteger)


async def find_follow(reader: Reader, follower_id: int, followee_id: int) -> Follow | None:
    """Return the follow or request of one account to another."""
    found: Follow | None = await reader.scalar(
        select(Follow).where(Follow.follower_id == follower_id, Follow.followee_id == followee_id)
    )
    return found


async def list_follow_ids(reader: Reader, follower_id: int, followee_ids: Collection[int]) -> dict[int, int]:
    """Return which of these an account follows or asks to follow, with the ids of these follows."""
    rows = await reader.execute(
        select(Follow.followee_id, Follow.id).where(
            Follow.follower_id == follower_id, Follow.followee_id.in_(followee_ids)
        )
    )
    return {row.followee_id: row.id for row in rows}


async def count_follows(reader: Reader, follower_id: int) -> int:
    """Return how many an account follows or asks to follow."""
    ((count,),) = await reader.rows(_COUNTED, {"a": follower_id})
    return int(count)


async def find_follow_by_id(reader: Reader, follow_id: int) -> Follow | None:
    """Return a follow by its row's id."""
    found: Follow | None = await reader.scalar(select(Follow).where(Follow.id == follow_id))
    return found


async def find_follow_by_uri(reader: Reader, uri: str) -> Follow | None:
    """Return a follow by its activity's id. Ids of remote origin are not unique: check whose it is."""
    if not uri:
        return None
    found: Follow | None = await reader.scalar(select(Follow).where(Follow.uri == uri).order_by(Follow.id).limit(1))
    return found


_BLOCK_BETWEEN = Prepared(select(block_between(_ONE, _OTHER).label("stands")))
_FOLLOW_BARRED = Prepared(
    select(
        or_(block_between(_ONE, _OTHER), blocks_domain_of(_ONE, _OTHER), blocks_domain_of(_OTHER, _ONE)).label("stands")
    )
)
_COUNTED = Prepared(select(func.count()).select_from(Follow).where(Follow.follower_id == _ONE))


async def is_block_between(reader: Reader, a: int, b: int) -> bool:
    """Whether one of the two blocks the other: nobody follows across a block."""
    ((stands,),) = await reader.rows(_BLOCK_BETWEEN, {"a": a, "b": b})
    return bool(stands)


async def is_follow_barred(reader: Reader, a: int, b: int) -> bool:
    """Whether neither may follow the other: a block, or one of ours blocks the other's server (MOD-4)."""
    ((stands,),) = await reader.rows(_FOLLOW_BARRED, {"a": a, "b": b})
    return bool(stands)


async def list_relationships(
    reader: Reader, viewer_id: int, ids: Collection[int], *, now: datetime | None = None
) -> dict[int, Relationship]:
    """Return how the viewer stands to each account of `ids` (any number of them: seven queries a batch of ids)."""
    wanted = list(dict.fromkeys(ids))
    found: dict[int, Relationship] = {}
    for some in in_lists(wanted):
        found |= await _relationships(reader, viewer_id, some, now or system_clock())
    return found


_VIEWER: Final[Any] = bindparam("viewer")
_IDS: Final[Any] = bindparam("ids", expanding=True)
_NOW: Final = bindparam("now", type_=UtcDateTime())
_FOLLOWED = PreparedEntities(select(Follow).where(Follow.follower_id == _VIEWER, Follow.followee_id.in_(_IDS)))
_FOLLOWING = PreparedEntities(select(Follow).where(Follow.followee_id == _VIEWER, Follow.follower_id.in_(_IDS)))
_BLOCKS = Prepared(
    select(BLOCKS.c.account_id, BLOCKS.c.target_id).where(
        or_(
            (BLOCKS.c.account_id == _VIEWER) & BLOCKS.c.target_id.in_(_IDS),
            (BLOCKS.c.target_id == _VIEWER) & BLOCKS.c.account_id.in_(_IDS),
        )
    )
)
_MUTED = Prepared(
    select(MUTES.c.target_id, MUTES.c.hide_notifications, MUTES.c.expires_at).where(
        MUTES.c.account_id == _VIEWER,
        MUTES.c.target_id.in_(_IDS),
        or_(MUTES.c.expires_at.is_(None), MUTES.c.expires_at > _NOW),
    )
)
_SHUNNED = Prepared(
    select(Account.id)
    .join(USER_DOMAIN_BLOCKS, USER_DOMAIN_BLOCKS.c.domain == Account.domain)
    .where(USER_DOMAIN_BLOCKS.c.account_id == _VIEWER, Account.id.in_(_IDS))
)
_NOTES = Prepared(
    select(AccountNote.target_id, AccountNote.text).where(
        AccountNote.account_id == _VIEWER, AccountNote.target_id.in_(_IDS)
    )
)
_ENDORSED = Prepared(
    select(Endorsement.target_id).where(Endorsement.account_id == _VIEWER, Endorsement.target_id.in_(_IDS))
)


async def _relationships(reader: Reader, viewer_id: int, ids: list[int], now: datetime) -> dict[int, Relationship]:
    given = {"viewer": viewer_id, "ids": ids}
    out = {row.followee_id: row for row in await reader.entities(_FOLLOWED, given)}
    back = {row.follower_id: row for row in await reader.entities(_FOLLOWING, given)}
    blocks = await reader.rows(_BLOCKS, given)
    blocking = {row.target_id for row in blocks if row.account_id == viewer_id}
    blocked_by = {row.account_id for row in blocks if row.target_id == viewer_id}
    mutes = {row.target_id: row for row in await reader.rows(_MUTED, {**given, "now": now})}
    shunned = {row[0] for row in await reader.rows(_SHUNNED, given)}
    notes: dict[int, str] = {row[0]: row[1] for row in await reader.rows(_NOTES, given)}
    endorsed = {row[0] for row in await reader.rows(_ENDORSED, given)}
    result = {}
    for id_ in ids:
        mine, theirs = out.get(id_), back.get(id_)
        following = mine is not None and mine.accepted_at is not None
        result[id_] = Relationship(
            account_id=id_,
            following=following,
            showing_reblogs=mine is not None and following and mine.show_boosts,
            notifying=mine is not None and following and mine.notify,
            requested=mine is not None and not following,
            followed_by=theirs is not None and theirs.accepted_at is not None,
            requested_by=theirs is not None and theirs.accepted_at is None,
            blocking=id_ in blocking,
            blocked_by=id_ in blocked_by,
            domain_blocking=id_ in shunned,
            muting=id_ in mutes,
            muting_notifications=id_ in mutes and bool(mutes[id_].hide_notifications),
            muting_expires_at=mutes[id_].expires_at if id_ in mutes else None,
            languages=tuple(mine.languages.split()) if mine is not None else (),
            endorsed=id_ in endorsed,
            note=notes.get(id_, ""),
        )
    return result


async def list_followers(reader: Reader, account_id: int, page: Page) -> list[AccountEntry]:
    """Return a page of an account's followers, newest first, paged by the follow's id. Gone accounts are left out."""
    statement = (
        select(Follow.id, Follow.follower_id)
        .join(Account, Account.id == Follow.follower_id)
        .where(Follow.followee_id == account_id, Follow.accepted_at.is_not(None), is_present())
    )
    rows = (await reader.execute(page.apply(statement, Follow.id.expression))).all()
    return page.newest_first([AccountEntry(id_, other) for id_, other in rows])


async def list_following(reader: Reader, account_id: int, page: Page) -> list[AccountEntry]:
    """Return a page of whom an account follows, newest first, paged by the follow's id."""
    statement = (
        select(Follow.id, Follow.followee_id)
        .join(Account, Account.id == Follow.followee_id)
        .where(Follow.follower_id == account_id, Follow.accepted_at.is_not(None), is_present())
    )
    rows = (await reader.execute(page.apply(statement, Follow.id.expression))).all()
    return page.newest_first([AccountEntry(id_, other) for id_, other in rows])


async def list_follow_requests(reader: Reader, account_id: int, page: Page) -> list[AccountEntry]:
    """Return a page of who asks to follow an account, newest first, paged by the follow's id."""
    statement = (
        select(Follow.id, Follow.follower_id)
        .join(Account, Account.id == Follow.follower_id)
        .where(Follow.followee_id == account_id, Follow.accepted_at.is_(None), is_present())
    )
    rows = (await reader.execute(page.apply(statement, Follow.id.expression))).all()
    return page.newest_first([AccountEntry(id_, other) for id_, other in rows])


_REQUESTS_COUNT = Prepared(
    select(func.count().label("count"))
    .select_from(Follow)
    .join(Account, Account.id == Follow.follower_id)
    .where(Follow.followee_id == bindparam("followee"), Follow.accepted_at.is_(None), is_present())
)
"""Asked whenever an app starts, and by every page of ours."""


async def count_follow_requests(reader: Reader, account_id: int) -> int:
    """Return how many ask to follow an account."""
    ((count,),) = await reader.rows(_REQUESTS_COUNT, {"followee": account_id})
    return int(count)


async def list_local_follows(reader: Reader, account_id: int) -> dict[str, Follow]:
    """Return the follows and requests of our own present people to an account, by the follower's id on the wire."""
    rows = await reader.execute(
        select(Account.uri, Follow)
        .join(Account, Account.id == Follow.follower_id)
        .where(Follow.followee_id == account_id, is_ours(), is_present())
    )
    return {row[0]: row[1] for row in rows}


async def list_follower_uris(reader: Reader, account_id: int, hosts: Collection[str]) -> list[tuple[str, str]]:
    """Return (host, id on the wire) of everybody at some other servers who follows an account."""
    rows = await reader.execute(
        select(Follow.host, Account.uri)
        .join(Account, Account.id == Follow.follower_id)
        .where(follows_from(hosts, account_id))
    )
    return [(host, uri) for host, uri in rows]


async def list_followers_versions(
    reader: Reader, account_id: int, hosts: Collection[str]
) -> dict[str, tuple[int, int, datetime]]:
    """Return what changes whenever an account gains or loses a follower at one of these servers, for each of them."""
    rows = await reader.rows(_VERSIONS, {"account_id": account_id, "hosts": list(hosts)})
    return {host: (count, last_id, last_at) for host, count, last_id, last_at in rows}


@dataclass(frozen=True, slots=True)
class FollowPair:
    """An account elsewhere and one of ours, and which follows hold between them: requests are none."""

    theirs: int
    ours: int
    follows_us: bool
    followed_by_us: bool


async def list_pairs(reader: Reader, pairs: Collection[tuple[int, int]]) -> list[FollowPair]:
    """Return which follows hold between the two of each of a few pairs: theirs, ours."""
    people = {account_id for pair in pairs for account_id in pair}
    rows = await reader.execute(
        select(Follow.follower_id, Follow.followee_id).where(
            Follow.follower_id.in_(people), Follow.followee_id.in_(people), Follow.accepted_at.is_not(None)
        )
    )
    stands = {(row[0], row[1]) for row in rows}
    return [FollowPair(theirs, ours, (theirs, ours) in stands, (ours, theirs) in stands) for theirs, ours in pairs]
