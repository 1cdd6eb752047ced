"""Counters on posts and accounts. How they stay right, and nobody waits for another, while all like one post: see
`node/counts`.

Called by the services of this package, and only after the row that is counted was really inserted or removed.

What is counted is what anybody may know (attack row 107): replies that are not open do not count at their
parent, direct posts do not count at their author. Counts of remote accounts are what their server reports.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import bindparam, case, or_, update

from node.accounts.models import Account
from node.accounts.queries import is_ours
from node.base.db.base import UtcDateTime
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import UnitOfWork
from node.counts.service import count
from node.posts.models import Post
from node.posts.queries import is_local_only
from node.posts.rules import OPEN_VISIBILITIES

_ACCOUNTS = Account.metadata.tables[Account.__tablename__]
_PUBLISHED: Final[Any] = bindparam("published", type_=UtcDateTime())
_IS_NEWEST: Final = or_(_ACCOUNTS.c.last_post_at.is_(None), _ACCOUNTS.c.last_post_at < _PUBLISHED)
_BY_AUTHOR: Final = update(_ACCOUNTS).where(_ACCOUNTS.c.id == bindparam("author_id"))
_ONE_MORE: Final = Prepared(
    _BY_AUTHOR.values(
        posts_count=_ACCOUNTS.c.posts_count + 1,
        last_post_at=case((_IS_NEWEST, _PUBLISHED), else_=_ACCOUNTS.c.last_post_at),
    )
)
_WROTE: Final = Prepared(_BY_AUTHOR.where(_IS_NEWEST).values(last_post_at=_PUBLISHED))

PostCounter = Literal["likes_count", "boosts_count", "replies_count", "quotes_count", "reactions_count"]


_REPORTED: Final[dict[PostCounter, str]] = {
    "likes_count": "reported_likes",
    "boosts_count": "reported_boosts",
    "replies_count": "reported_replies",
}


async def count_on_post(
    uow: UnitOfWork, post_id: int, counter: PostCounter, by: int, *, ours: bool = False, local_only: bool = False
) -> None:
    """Change a counter of a post that still stands; what is `local_only` counts only where the post is so too.

    `ours`: somebody here did it, so what the post's own server reported moves with it until that reports again.
    """
    if local_only and not await is_local_only(uow, post_id):
        return
    await count(uow, Post, post_id, {counter: by, _REPORTED[counter]: by} if ours else {counter: by})


async def count_reply(
    uow: UnitOfWork, parent_id: int | None, *, visibility: str, by: int, ours: bool = False, local_only: bool = False
) -> None:
    """Count a reply at its parent, if all who read that may read it (row 107)."""
    if parent_id is not None and visibility in OPEN_VISIBILITIES:
        await count_on_post(uow, parent_id, "replies_count", by, ours=ours, local_only=local_only)


async def count_author(uow: UnitOfWork, author: Account, *, visibility: str, published_at: datetime) -> None:
    """Count a new post or boost at its author and remember when they last wrote."""
    if visibility == "direct":
        return
    statement = _ONE_MORE if author.is_local else _WROTE
    await uow.write(statement, {"author_id": author.id, "published": published_at})


async def uncount_authors(uow: UnitOfWork, account_ids: Iterable[int]) -> None:
    """Count posts that are gone at their local authors; an id counts as often as it is named."""
    by_number: dict[int, list[int]] = {}
    for account_id, number in Counter(account_ids).items():
        by_number.setdefault(number, []).append(account_id)
    for number, ids in by_number.items():
        for start in range(0, len(ids), 500):
            await uow.write(
                update(Account)
                .where(Account.id.in_(ids[start : start + 500]), is_ours(), Account.posts_count >= number)
                .values(posts_count=Account.posts_count - number)
                .execution_options(synchronize_session=False)
            )
