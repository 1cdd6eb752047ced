"""Every SELECT that bringing things in needs beyond those of the slices below."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, or_, select

from node.accounts.models import Account
from node.accounts.queries import is_ours, list_accounts_by_uri
from node.base.db.claims import first_due
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.follows.models import Follow
from node.posts.models import Post
from node.remote.models import FetchTask

_LOCAL_FOLLOWER = Prepared(
    select(Follow.follower_id)
    .join(Account, Account.id == Follow.follower_id)
    .where(
        Follow.followee_id == bindparam("account_id"),
        Follow.accepted_at.is_not(None),
        is_ours(),
        Account.suspended_at.is_(None),
        Account.deleted_at.is_(None),
    )
    .limit(1)
)
_DUE_TASK = first_due(FetchTask, FetchTask.parked_at.is_(None))
_POST_FACTS = Prepared(
    select(Post.id, Post.account_id, Post.deleted_at, Post.fetched).where(Post.uri == bindparam("uri"))
)


@dataclass(frozen=True, slots=True)
class PostFacts:
    """As much of a stored post as decides whether a delivery of it is news."""

    id: int
    account_id: int
    deleted_at: datetime | None
    fetched: bool


async def find_post_facts(reader: Reader, uri: str) -> PostFacts | None:
    """Return the facts of the post with this id, deleted or not."""
    rows = await reader.rows(_POST_FACTS, {"uri": uri})
    return PostFacts(*rows[0]) if rows else None


async def list_local_follows_of(reader: Reader, account_id: int, *, limit: int) -> Sequence[Follow]:
    """Return follows and requests of our own people to an account."""
    return await reader.scalars(
        select(Follow)
        .join(Account, Account.id == Follow.follower_id)
        .where(Follow.followee_id == account_id, is_ours())
        .order_by(Follow.id)
        .limit(limit)
    )


async def has_local_follower(reader: Reader, account_id: int) -> bool:
    """Say whether one of our people follows an account; a request does not count (row 41)."""
    return await find_local_follower_id(reader, account_id) is not None


async def list_accounts_named(
    reader: Reader, *, uris: Collection[str], handles: Collection[tuple[str, str]]
) -> tuple[dict[str, Account], dict[tuple[str, str], Account]]:
    """Return present accounts by actor id, and by (folded name, domain); nothing is fetched."""
    rows_by_uri = await list_accounts_by_uri(reader, uris) if uris else {}
    by_uri = {uri: found for uri, found in rows_by_uri.items() if not found.is_gone}
    by_handle: dict[tuple[str, str], Account] = {}
    if handles:
        rows: Sequence[Account] = await reader.scalars(
            select(Account).where(
                or_(*(and_(Account.username_folded == name, Account.domain == domain) for name, domain in handles))
            )
        )
        by_handle = {(row.username_folded, row.domain): row for row in rows if not row.is_gone}
    return by_uri, by_handle


async def has_due_tasks(reader: Reader, now: datetime) -> bool:
    """Say whether any fetch is due."""
    return bool(await reader.rows(_DUE_TASK, {"now": now}))


async def list_tasks(reader: Reader, ids: Collection[int]) -> Sequence[FetchTask]:
    """Return these tasks, oldest first."""
    return await reader.scalars(select(FetchTask).where(FetchTask.id.in_(ids)).order_by(FetchTask.id))


async def find_local_follower_id(reader: Reader, account_id: int) -> int | None:
    """Return one of our people who follows an account, to sign a fetch with that only followers may make."""
    rows = await reader.rows(_LOCAL_FOLLOWER, {"account_id": account_id})
    return int(rows[0][0]) if rows else None
