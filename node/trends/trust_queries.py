"""The SELECTs behind trust: who is a seed, and whom somebody follows, likes, boosts or answers."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, func, literal_column, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.auth.models import SignUpNetwork, User
from node.base.db.unit_of_work import Reader
from node.base.ids import floor_id, time_of
from node.follows.models import Follow
from node.posts.models import Like, Post
from node.trends.queries import chunks
from node.trends.trust import ANSWERED, FOLLOWED, NEWCOMER, Pointed

BATCH: Final = 20
MOST_EDGES: Final = 15_000
"""Of one kind, of a batch of trusters."""
MOST_ACTS: Final = 20_000
"""Likes, or posts, of a batch of trusters that are looked at."""
REMEMBERED: Final = timedelta(days=30)
"""How long a like, boost or answer speaks for somebody."""
FIRST_POSTS: Final = 5_000
"""Of this node, among whose authors its founders are."""
BROUGHT_ALONG: Final = timedelta(days=1)
"""A post that is younger here than its time says by more than this was imported."""


async def list_staff(reader: Reader) -> list[int]:
    """Return the staff who may act."""
    statement = (
        select(User.account_id)
        .join(Account, Account.id == User.account_id)
        .where(User.role.in_(("admin", "moderator")), User.disabled_at.is_(None), is_present())
    )
    return list(await reader.scalars(statement))


async def list_newcomers(reader: Reader, now: datetime) -> list[tuple[int, str, datetime]]:
    """Return who signed up of late, from which network and when, the oldest first."""
    statement = (
        select(SignUpNetwork.account_id, SignUpNetwork.network, SignUpNetwork.created_at)
        .where(SignUpNetwork.account_id >= floor_id(now - NEWCOMER))
        .order_by(SignUpNetwork.account_id)
    )
    return [(id_, network, created_at) for id_, network, created_at in await reader.execute(statement)]


async def list_founders(reader: Reader, limit: int, but: Collection[int]) -> list[int]:
    """Return the people of this node who began to post first: neither who only waited under a name, nor who brought
    old posts along; none of `but`."""
    first = (
        select(Post.id, Post.account_id, Post.created_at)
        .where(
            Post.local.is_(True),
            Post.visibility == literal_column("'public'"),
            Post.deleted_at.is_(None),
            Post.boost_of_id.is_(None),
        )
        .order_by(Post.id)
        .limit(FIRST_POSTS)
    )
    began = dict.fromkeys(
        account_id
        for id_, account_id, created_at in await reader.execute(first)
        if created_at - time_of(id_) < BROUGHT_ALONG and account_id not in but
    )
    acting = _acting()
    found: list[int] = []
    for chunk in chunks(list(began), BATCH):
        may = set(await reader.scalars(acting.where(User.account_id.in_(chunk))))
        found += [id_ for id_ in chunk if id_ in may]
        if len(found) >= limit:
            break
    return found[:limit]


async def list_everybody(reader: Reader, limit: int, but: Collection[int]) -> list[int]:
    """Return the people of a small node, without `but`."""
    ours = Account.domain == ""  # or SQLite reads the accounts of every server to find them
    return [id_ for id_ in await reader.scalars(_acting().where(ours).limit(limit)) if id_ not in but]


def _acting() -> Select[*tuple[Any, ...]]:
    return (
        select(User.account_id)
        .join(Account, Account.id == User.account_id)
        .where(User.disabled_at.is_(None), Account.silenced_at.is_(None), is_present())
    )


async def count_people(reader: Reader, limit: int | None = None) -> int:
    """Return how many people have an account here; beyond `limit` nobody counts on."""
    people = select(User.account_id).where(User.approved_at.is_not(None)).limit(limit).subquery()
    return int(await reader.scalar(select(func.count()).select_from(people)) or 0)


async def list_local_among(reader: Reader, ids: Sequence[int]) -> set[int]:
    """Return which of these accounts are ours."""
    found: set[int] = set()
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        found |= set(await reader.scalars(select(User.account_id).where(User.account_id.in_(batch))))
    return found


async def list_edges(reader: Reader, ids: Sequence[int], now: datetime) -> dict[int, Pointed]:
    """Return whom each of these, those who are ours and may act, points to, with the weight of it: of `BATCH` at most,
    so that neither the statements nor what is done with their rows holds anybody up."""
    assert len(ids) <= BATCH
    found: dict[int, dict[int, float]] = {}
    for statement, weight in _statements(ids, floor_id(now - REMEMBERED)):
        for truster, trusted in await reader.execute(statement.limit(MOST_EDGES)):
            pointed = found.setdefault(truster, {})
            pointed[trusted] = max(pointed.get(trusted, 0.0), weight)
    return {truster: Pointed.to(weights) for truster, weights in found.items()}


def _statements(batch: Sequence[int], since: int) -> list[tuple[Select[*tuple[Any, ...]], float]]:
    other: Any = aliased(Post)
    ours = select(User.account_id).where(User.account_id.in_(batch), User.disabled_at.is_(None))
    follows = select(Follow.follower_id, Follow.followee_id).where(
        Follow.follower_id.in_(ours), Follow.accepted_at.is_not(None)
    )
    liked = (
        select(Like.account_id, Like.post_id)
        .where(Like.account_id.in_(ours), Like.id >= since)
        .limit(MOST_ACTS)
        .subquery()
    )
    likes = (
        select(liked.c.account_id, Post.account_id)
        .join_from(liked, Post, Post.id == liked.c.post_id)
        .where(Post.account_id != liked.c.account_id)
        .distinct()
    )
    said = (
        select(Post.account_id, Post.boost_of_id, Post.in_reply_to_account_id)
        .where(Post.account_id.in_(ours), Post.id >= since, Post.deleted_at.is_(None))
        .limit(MOST_ACTS)
        .subquery()
    )
    author = func.coalesce(other.account_id, said.c.in_reply_to_account_id)
    boosts_and_answers = (
        select(said.c.account_id, author)
        .join_from(said, other, other.id == said.c.boost_of_id, isouter=True)
        .where(author.is_not(None))
        .distinct()
    )
    return [(follows, FOLLOWED), (likes, ANSWERED), (boosts_and_answers, ANSWERED)]
