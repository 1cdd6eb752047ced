"""Every SELECT that completion needs beyond those of the slices below."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select

from node.accounts.models import Account
from node.accounts.queries import is_ours
from node.base.db.prepared import Prepared, PreparedEntities
from node.base.db.unit_of_work import Reader
from node.completion.models import Completion
from node.completion.rules import ACCOUNT, MAX_BEGINNINGS
from node.follows.models import Follow
from node.posts.models import Post
from node.posts.rules import OPEN_VISIBILITIES

NEWEST_FOLLOWED: Final = 50

_DUE: Final = Prepared(
    select(Completion.kind)
    .where(Completion.finished_at.is_(None), Completion.due_at <= bindparam("now"))
    .distinct()
    .limit(3)
)
_BELOW: Final = Prepared(
    select(Post.id)
    .where(Post.account_id == bindparam("account_id"), Post.id < bindparam("max_id"))
    .limit(1)
    .offset(bindparam("ahead"))
)


_NEWEST = Prepared(
    select(Post.published_at, Post.created_at)
    .where(Post.account_id == bindparam("account_id"))
    .order_by(Post.id.desc())
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class ThreadPost:
    """As much of a stored post as a run on its thread goes by."""

    id: int
    uri: str
    local: bool
    fetched: bool
    published_at: datetime
    thread_checked_at: datetime | None
    replies_uri: str
    in_reply_to_uri: str | None


_THREAD_POST = (
    Post.id,
    Post.uri,
    Post.local,
    Post.fetched,
    Post.published_at,
    Post.thread_checked_at,
    Post.replies_uri,
    Post.in_reply_to_uri,
)


_ROW: Final = PreparedEntities(
    select(Completion).where(Completion.kind == bindparam("run_kind"), Completion.subject_id == bindparam("subject"))
)
_OPEN_IN_THREAD: Final = select(*_THREAD_POST).where(
    Post.thread_id == bindparam("thread"),
    Post.visibility.in_(sorted(OPEN_VISIBILITIES)),
    Post.deleted_at.is_(None),
    Post.boost_of_id.is_(None),
)
_NAMED_IN_THREAD: Final = Prepared(_OPEN_IN_THREAD.where(Post.id.in_(bindparam("ids", expanding=True))))
_NEWEST_IN_THREAD: Final = Prepared(_OPEN_IN_THREAD.order_by(Post.id.desc()).limit(bindparam("most")))


async def list_due_kinds(reader: Reader, now: datetime) -> frozenset[str]:
    """Return which kinds of run are due."""
    return frozenset(row[0] for row in await reader.rows(_DUE, {"now": now}))


async def find_completion(reader: Reader, kind: str, subject_id: int) -> Completion | None:
    """Return the row of an account or thread."""
    found = await reader.entities(_ROW, {"run_kind": kind, "subject": subject_id})
    return found[0] if found else None


async def find_completion_by_id(reader: Reader, completion_id: int) -> Completion | None:
    """Return a row by its own id."""
    found: Completion | None = await reader.scalar(select(Completion).where(Completion.id == completion_id))
    return found


async def list_completions(reader: Reader, ids: Collection[int]) -> Sequence[Completion]:
    """Return these rows, oldest first."""
    return await reader.scalars(select(Completion).where(Completion.id.in_(ids)).order_by(Completion.id))


async def has_posts_below(reader: Reader, account_id: int, max_id: int, *, more_than: int) -> bool:
    """Say whether more than `more_than` posts of an account are stored that are older than `max_id`."""
    return bool(await reader.rows(_BELOW, {"account_id": account_id, "max_id": max_id, "ahead": more_than}))


async def list_thread(reader: Reader, thread_id: int, *, first: Collection[int] = ()) -> list[ThreadPost]:
    """Return open posts of a thread: those named in `first` before the newest others, at most `MAX_BEGINNINGS`."""
    wanted = {"thread": thread_id, "ids": list(first)}
    named = [ThreadPost(*row) for row in await reader.rows(_NAMED_IN_THREAD, wanted)] if first else []
    rest = await reader.rows(_NEWEST_IN_THREAD, {"thread": thread_id, "most": MAX_BEGINNINGS})
    others = [ThreadPost(*row) for row in rest]
    return [*sorted(named, key=lambda post: post.id), *(post for post in others if post.id not in first)]


async def find_thread_post(reader: Reader, post_id: int) -> ThreadPost | None:
    """Return one post as a run goes by it; None when it is gone."""
    rows = (await reader.execute(select(*_THREAD_POST).where(Post.id == post_id, Post.deleted_at.is_(None)))).all()
    return ThreadPost(*rows[0]) if rows else None


async def list_known_uris(reader: Reader, uris: Collection[str]) -> set[str]:
    """Return those of `uris` that are posts or boosts known here, deleted ones too."""
    wanted = list(dict.fromkeys(uris))
    return set(await reader.scalars(select(Post.uri).where(Post.uri.in_(wanted)))) if wanted else set()


async def list_new_follower_ids(reader: Reader, account_id: int, *, since: datetime, limit: int) -> list[int]:
    """Return our people who began to follow an account since then."""
    statement = (
        select(Follow.follower_id)
        .join(Account, Account.id == Follow.follower_id)
        .where(Follow.followee_id == account_id, Follow.accepted_at > since, is_ours())
        .limit(limit)
    )
    return list(await reader.scalars(statement))


async def list_newest_times(reader: Reader, account_id: int, *, limit: int) -> list[tuple[datetime, datetime]]:
    """Return when an account's newest posts were published and when they came in here, newest first."""
    return [(row[0], row[1]) for row in await reader.rows(_NEWEST, {"account_id": account_id, "most": limit})]


async def count_arriving(reader: Reader, viewer_id: int) -> int:
    """Return of how many of those whom the viewer began to follow last the older posts are still being fetched."""
    newest = (
        select(Follow.followee_id)
        .where(Follow.follower_id == viewer_id)
        .order_by(Follow.id.desc())
        .limit(NEWEST_FOLLOWED)
        .subquery()
    )
    return int(
        await reader.scalar(
            select(func.count()).where(
                Completion.finished_at.is_(None),
                Completion.kind == ACCOUNT,
                Completion.subject_id.in_(select(newest.c.followee_id)),
            )
        )
        or 0
    )
