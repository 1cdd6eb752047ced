"""The SELECTs over threads: what stands above and below a post. Reached through `queries`.

Both walks are one recursive statement each over `in_reply_to_id`. They end however the data looks: upwards by a
bound on the depth; downwards because a post has one parent, so a circle could only be entered at the post the
walk began with, and that one is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, bindparam, literal, or_, select
from sqlalchemy.orm import aliased

from node.base.clock import system_clock
from node.base.db.base import UtcDateTime
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.posts.models import Post
from node.posts.rules import visible_to, welcome_to

MAX_ENTRIES: Final = 4_096
"""Above and below, for somebody signed in (client-api 30)."""
ANONYMOUS_ANCESTORS: Final = 40
ANONYMOUS_DESCENDANTS: Final = 60
ANONYMOUS_DEPTH: Final = 20
SHORT: Final = 200
"""Posts of a thread that are looked for in the event loop's own thread: nearly every thread has fewer."""


async def list_context(
    reader: Reader, post: Post, viewer_id: int | None, *, now: datetime | None = None
) -> tuple[list[int], list[int]]:
    """Return the ids above a post, topmost first, and below it, as a walk through the tree (client-api 30).

    An author's replies to themselves come before those of others. What the viewer may not see, or does not want
    to (blocked, muted), is left out; what hangs below it is not.
    """
    now = now or system_clock()
    anonymous = viewer_id is None
    above = await _list_above(reader, post, viewer_id, now, ANONYMOUS_ANCESTORS if anonymous else MAX_ENTRIES)
    below = await _list_below(
        reader,
        post,
        viewer_id,
        now,
        limit=ANONYMOUS_DESCENDANTS if anonymous else MAX_ENTRIES,
        depth=ANONYMOUS_DEPTH if anonymous else MAX_ENTRIES,
    )
    return above, below


@dataclass(frozen=True, slots=True)
class Orphan:
    """A reply whose parent is not known here yet."""

    id: int
    thread_id: int
    visibility: str
    deleted_at: datetime | None


_ORPHANS = Prepared(
    select(Post.id, Post.thread_id, Post.visibility, Post.deleted_at).where(
        Post.in_reply_to_uri == bindparam("parent_uri"), Post.in_reply_to_id.is_(None)
    )
)


async def list_orphans(reader: Reader, uri: str) -> list[Orphan]:
    """Return replies that wait for the post with this ActivityPub id."""
    return [Orphan(*row) for row in await reader.rows(_ORPHANS, {"parent_uri": uri})]


async def list_thread_below(reader: Reader, ids: Sequence[int]) -> list[int]:
    """Return `ids` and everything below them."""
    down = select(Post.id).where(Post.id.in_(ids)).cte("down", recursive=True)
    child = aliased(Post)
    # UNION, not UNION ALL: ids alone, each once, so a circle ends by itself
    down = down.union(select(child.id).join(down, child.in_reply_to_id == down.c.id))
    return list(await reader.scalars(select(down.c.id)))


async def _list_above(reader: Reader, post: Post, viewer_id: int | None, now: datetime, limit: int) -> list[int]:
    if post.in_reply_to_id is None:
        return []
    given = _given(post, viewer_id, now) | {"parent": post.in_reply_to_id}
    rows = await _walked(reader, _above(viewer_id is None), given, limit)
    return list(dict.fromkeys(row.id for row in rows if row.seen and row.id != post.id))


@cache
def _above(anonymous: bool) -> Prepared:
    up = (
        select(Post.id, Post.in_reply_to_id.label("parent_id"), literal(1).label("height"))
        .where(Post.id == bindparam("parent"))
        .cte("up", recursive=True)
    )
    parent = aliased(Post)
    up = up.union_all(
        select(parent.id, parent.in_reply_to_id, up.c.height + 1)
        .join(up, parent.id == up.c.parent_id)
        .where(up.c.height < bindparam("most"), parent.id != bindparam("post"))
    )
    return Prepared(_seen(up, anonymous, up.c.height).order_by(up.c.height.desc()))


async def _list_below(
    reader: Reader, post: Post, viewer_id: int | None, now: datetime, *, limit: int, depth: int
) -> list[int]:
    # Twice the limit, since some of them will not be shown; both databases walk level by level and stop there.
    given = _given(post, viewer_id, now) | {"depth": depth}
    rows = await _walked(reader, _below(viewer_id is None), given, limit * 2)
    children: dict[int, list[Any]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append(row)
    return _walk(post, children)[:limit]


@cache
def _below(anonymous: bool) -> Prepared:
    down = (
        select(Post.id, Post.in_reply_to_id.label("parent_id"), literal(1).label("depth"))
        .where(Post.in_reply_to_id == bindparam("post"), Post.id != bindparam("post"))
        .cte("down", recursive=True)
    )
    child = aliased(Post)
    down = down.union_all(
        select(child.id, child.in_reply_to_id, down.c.depth + 1)
        .join(down, child.in_reply_to_id == down.c.id)
        .where(down.c.depth < bindparam("depth"), child.id != bindparam("post"))
    )
    first = select(down).limit(bindparam("most")).subquery()
    return Prepared(_seen(first, anonymous, first.c.depth))


async def _walked(reader: Reader, walk: Prepared, given: dict[str, Any], most: int) -> Sequence[Any]:
    """Return what a walk finds, at most so much. A long one may take a while: in another thread."""
    rows = await reader.rows(walk, {**given, "most": min(most, SHORT)})
    if len(rows) < SHORT or most <= SHORT:
        return rows
    return (await reader.execute(walk.statement, {**given, "most": most})).all()


def _given(post: Post, viewer_id: int | None, now: datetime) -> dict[str, Any]:
    return {"post": post.id} if viewer_id is None else {"post": post.id, "viewer": viewer_id, "now": now}


def _walk(post: Post, children: dict[int, list[Any]]) -> list[int]:
    """Return the ids of the tree, each node before what is below it; without recursion."""
    found: list[int] = []
    waiting: list[tuple[int, int, bool]] = [(post.id, post.account_id, True)]
    while waiting:
        id_, author_id, seen = waiting.pop()
        if id_ != post.id and seen:
            found.append(id_)
        ordered = sorted(
            children.pop(id_, ()),
            key=lambda row: (not (row.account_id == author_id == post.account_id), row.id),
        )
        waiting.extend((row.id, row.account_id, row.seen) for row in reversed(ordered))
    return found


def _seen(walk: Any, anonymous: bool, level: Any) -> Select[*tuple[Any, ...]]:
    """Join a walk with its posts and say of each whether it is to be shown to the viewer."""
    viewer: Any = None if anonymous else bindparam("viewer")
    welcome = welcome_to(viewer, Post, bindparam("now", type_=UtcDateTime()))
    shown = visible_to(viewer) & (welcome if anonymous else or_(Post.account_id == viewer, welcome))
    return select(Post.id, walk.c.parent_id, Post.account_id, level.label("level"), shown.label("seen")).join(
        Post, Post.id == walk.c.id
    )
