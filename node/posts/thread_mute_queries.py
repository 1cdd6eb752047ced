"""Every SELECT over muted threads."""

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, func, select

from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.posts.models import Post, ThreadMute

_MUTED_AMONG = Prepared(
    select(Post.id)
    .join(ThreadMute, ThreadMute.thread_id == Post.thread_id)
    .where(ThreadMute.account_id == bindparam("account_id"), Post.id.in_(bindparam("ids", expanding=True)))
)


async def list_muted_among(reader: Reader, account_id: int, post_ids: Collection[int]) -> set[int]:
    """Return which of these posts stand in a thread that somebody muted."""
    return {row[0] for row in await reader.rows(_MUTED_AMONG, {"account_id": account_id, "ids": list(post_ids)})}


async def list_thread_mutes(reader: Reader, thread_ids: Collection[int]) -> Sequence[ThreadMute]:
    """Return the mutes of some threads."""
    return await reader.scalars(select(ThreadMute).where(ThreadMute.thread_id.in_(list(thread_ids))))


async def find_thread(reader: Reader, post: Post) -> int:
    """Return the thread of a post; of a boost that of what it boosts."""
    if post.boost_of_id is None:
        return post.thread_id
    found: int | None = await reader.scalar(select(Post.thread_id).where(Post.id == post.boost_of_id))
    return found if found is not None else post.thread_id


async def count_thread_mutes(reader: Reader, account_id: int) -> int:
    """Return how many threads somebody muted."""
    statement = select(func.count()).select_from(ThreadMute).where(ThreadMute.account_id == account_id)
    return int(await reader.scalar(statement) or 0)
