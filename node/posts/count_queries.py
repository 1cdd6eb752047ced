"""What counters of posts and accounts should say: the SELECTs behind `recounting`.

Each counts the rows and takes off what is noted already, in one statement: both as of one moment.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import is_ours
from node.base.db.unit_of_work import Reader
from node.counts.queries import noted
from node.follows.models import Follow
from node.posts.consent_models import InteractionRequest
from node.posts.consent_queries import SHOWN_STATES
from node.posts.models import Like, Post
from node.posts.rules import OPEN_VISIBILITIES
from node.reactions.models import Reaction

_OTHER: Any = aliased(Post)
_SEEN_BY_ALL: Final = (
    _OTHER.deleted_at.is_(None),
    _OTHER.visibility.in_(OPEN_VISIBILITIES),
    or_(_OTHER.local_only.is_(False), Post.local_only.is_(True)),
)


async def read_post_counts(reader: Reader, ids: Sequence[int]) -> list[Mapping[str, int]]:
    """Return, for posts that stand, what their counters say now (`id` and the columns) and should (`true_...`)."""
    waits = exists(
        select(InteractionRequest.id).where(
            InteractionRequest.kind == "like",
            InteractionRequest.subject_id == Like.id,
            InteractionRequest.state == "pending",
        )
    )
    truth: dict[str, Any] = {
        "likes_count": select(func.count()).where(Like.post_id == Post.id, ~waits),
        "boosts_count": select(func.count()).where(
            _OTHER.boost_of_id == Post.id, _OTHER.deleted_at.is_(None), _OTHER.visibility != "direct"
        ),
        "replies_count": select(func.count()).where(_OTHER.in_reply_to_id == Post.id, *_SEEN_BY_ALL),
        "quotes_count": select(func.count()).where(
            _OTHER.quoted_id == Post.id, _OTHER.quote_state.in_(SHOWN_STATES), *_SEEN_BY_ALL
        ),
        "reactions_count": select(func.count()).where(Reaction.post_id == Post.id),
    }
    return await _read(reader, Post, truth, Post.id.in_(ids), Post.deleted_at.is_(None))


async def read_account_counts(reader: Reader, ids: Sequence[int]) -> list[Mapping[str, int]]:
    """Return the same for local accounts; those of others are what their servers say."""
    accepted = Follow.accepted_at.is_not(None)
    truth: dict[str, Any] = {
        "followers_count": select(func.count()).where(Follow.followee_id == Account.id, accepted),
        "following_count": select(func.count()).where(Follow.follower_id == Account.id, accepted),
        "posts_count": select(func.count()).where(
            _OTHER.account_id == Account.id, _OTHER.deleted_at.is_(None), _OTHER.visibility != "direct"
        ),
    }
    return await _read(reader, Account, truth, Account.id.in_(ids), is_ours(), Account.deleted_at.is_(None))


async def _read(
    reader: Reader, table: Any, truth: Mapping[str, Any], *conditions: ColumnElement[bool]
) -> list[Mapping[str, int]]:
    columns = [table.id.expression.label("id")]
    for name, counted in truth.items():
        due = counted.correlate(table).scalar_subquery() - noted(table.__tablename__, table.id, name)
        columns += [getattr(table, name).label(name), due.label(f"true_{name}")]
    # not `rows`: who counts ten thousand followers shall not hold up the event loop
    return [dict(row._mapping) for row in await reader.execute(select(*columns).where(*conditions))]


async def list_busy_posts(reader: Reader, *, limit: int) -> list[int]:
    """Return posts that were liked, boosted or answered of late."""
    liked = select(Like.post_id).order_by(Like.id.desc()).limit(limit).subquery()
    newest = select(Post.boost_of_id, Post.in_reply_to_id).order_by(Post.id.desc()).limit(limit)
    found = {row[0] for row in await reader.rows(select(liked.c.post_id).distinct())}
    found.update(id_ for row in await reader.rows(newest) for id_ in row)
    return sorted(found - {None})


async def list_busy_accounts(reader: Reader, *, limit: int) -> list[int]:
    """Return accounts that were followed, or followed somebody, of late."""
    newest = select(Follow.follower_id, Follow.followee_id).order_by(Follow.id.desc()).limit(limit)
    return sorted({id_ for row in await reader.rows(newest) for id_ in row})


async def list_ids_after(reader: Reader, table: Any, after_id: int, *, limit: int) -> list[int]:
    """Return ids of posts or accounts, lowest first."""
    statement = select(table.id).where(table.id > after_id).order_by(table.id).limit(limit)
    return [row[0] for row in await reader.rows(statement)]
