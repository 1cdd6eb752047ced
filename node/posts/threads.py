"""Where a post stands in its thread, whichever of its posts arrives first.

A reply whose parent is not known yet keeps the parent's id in `in_reply_to_uri`. When that post arrives,
`adopt_orphans` ties the reply to it and moves what hangs below into the parent's thread. Ties that would close
a circle are left open (attack row 50). Called by `service` and `remote`.
"""

from dataclasses import dataclass

from sqlalchemy import update

from node.base.db.unit_of_work import UnitOfWork
from node.posts.counters import count_on_post
from node.posts.models import Post
from node.posts.queries import list_orphans, list_thread_below
from node.posts.rules import OPEN_VISIBILITIES
from node.posts.thread_mutes import move_mutes


@dataclass(frozen=True, slots=True)
class Place:
    """A post's place: what it replies to, as far as known, and the thread it belongs to."""

    thread_id: int
    in_reply_to_id: int | None = None
    in_reply_to_account_id: int | None = None
    in_reply_to_uri: str | None = None


def place_under(parent: Post | None, *, post_id: int, parent_uri: str | None = None) -> Place:
    """Return the place of a new post under `parent`, or, while that is unknown, under `parent_uri`."""
    if parent is None:
        return Place(post_id, in_reply_to_uri=parent_uri)
    return Place(parent.thread_id, parent.id, parent.account_id)


async def adopt_orphans(uow: UnitOfWork, post: Post) -> None:
    """Tie replies that waited for `post` to it."""
    orphans = [orphan for orphan in await list_orphans(uow, post.uri) if orphan.id != post.id]
    # A reply of whose thread the post is already part stands above it: tying it would close a circle.
    orphans = [orphan for orphan in orphans if orphan.thread_id != post.thread_id]
    if not orphans:
        return
    ids = [orphan.id for orphan in orphans]
    await uow.write(
        update(Post)
        .where(Post.id.in_(ids))
        .values(in_reply_to_id=post.id, in_reply_to_account_id=post.account_id, in_reply_to_uri=None)
        .execution_options(synchronize_session=False)
    )
    below = await list_thread_below(uow, ids)
    for start in range(0, len(below), 500):
        await uow.write(
            update(Post)
            .where(Post.id.in_(below[start : start + 500]))
            .values(thread_id=post.thread_id)
            .execution_options(synchronize_session=False)
        )
    await move_mutes(uow, {orphan.thread_id for orphan in orphans}, post.thread_id)
    counted = sum(1 for orphan in orphans if orphan.visibility in OPEN_VISIBILITIES and orphan.deleted_at is None)
    if counted:
        await count_on_post(uow, post.id, "replies_count", counted)
