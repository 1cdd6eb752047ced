"""What waits to be indexed, and what a rebuild walks over. For `jobs`, `indexing` and `condition`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from node.base.db.claims import first_due
from node.base.db.unit_of_work import Reader
from node.posts.models import Post
from node.search.models import SearchDocument, SearchRebuild, SearchTask

_DUE: Final = first_due(SearchTask)


async def list_post_ids_of(reader: Reader, account_id: int, *, after_id: int, limit: int) -> list[int]:
    """Return posts of an account, oldest first."""
    rows = await reader.execute(
        select(Post.id)
        .where(Post.account_id == account_id, Post.id > after_id, Post.boost_of_id.is_(None))
        .order_by(Post.id)
        .limit(limit)
    )
    return [int(row[0]) for row in rows]


async def list_older_post_ids(reader: Reader, before_id: int, *, limit: int) -> list[int]:
    """Return the newest posts below an id: how a rebuild walks. Deleted ones too: if a kill interrupted it, the new
    index may have some."""
    rows = await reader.execute(
        select(Post.id).where(Post.id < before_id, Post.boost_of_id.is_(None)).order_by(Post.id.desc()).limit(limit)
    )
    return [int(row[0]) for row in rows]


async def count_posts(reader: Reader) -> int:
    """Return how many posts a rebuild walks over."""
    return int(await reader.scalar(select(func.count()).select_from(Post).where(Post.boost_of_id.is_(None))) or 0)


async def has_due_tasks(reader: Reader, now: datetime) -> bool:
    """Whether a post waits to be indexed."""
    return bool(await reader.rows(_DUE, {"now": now}))


async def list_tasks(reader: Reader, ids: Collection[int]) -> Sequence[SearchTask]:
    """Return claimed tasks."""
    found: Sequence[SearchTask] = await reader.scalars(select(SearchTask).where(SearchTask.id.in_(ids)))
    return found


async def count_tasks(reader: Reader) -> int:
    """Return how many posts wait to be indexed."""
    return int(await reader.scalar(select(func.count()).select_from(SearchTask)) or 0)


async def list_open_words(reader: Reader, ids: Collection[int]) -> dict[int, str]:
    """Return which of these posts an engine holds, each with its document."""
    rows = await reader.execute(
        select(SearchDocument.post_id, SearchDocument.words).where(
            SearchDocument.post_id.in_(ids), SearchDocument.is_open.is_(True)
        )
    )
    return {int(row[0]): str(row[1]) for row in rows}


async def find_rebuild(reader: Reader) -> SearchRebuild | None:
    """Return the rebuild under way, or the last one."""
    found: SearchRebuild | None = await reader.scalar(select(SearchRebuild).where(SearchRebuild.id == 1))
    return found
