"""Use cases of the drain: from posts to documents, into the engine, into rows; and the rebuild of everything.

The order is what makes a kill harmless: the engine first, then the rows, and in the rows' transaction the tasks are
forgotten, each unless it was asked for again meanwhile. What is done twice is done the same. All of it is done with the
engine's turn, so nobody looks at a post between another one's look at it and its row.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import structlog
from sqlalchemy import Executable, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import MAX_ID
from node.base.runtime import Runtime
from node.search.documents import Document, document_of
from node.search.engines import Engine, made_as
from node.search.models import SearchDocument, SearchRebuild, SearchTask
from node.search.source_queries import Standing, list_standings
from node.search.task_queries import count_posts, find_rebuild, list_older_post_ids, list_open_words

REBUILD_CHUNK: Final = 300
"""Posts of a rebuild that are done between two looks at what is new: some third of a second."""

log = structlog.get_logger(__name__)


async def index_posts(
    runtime: Runtime, engine: Engine, ids: Collection[int], tasks: Sequence[SearchTask], *, is_rebuild: bool = False
) -> None:
    """Make the documents of some posts anew and forget their tasks. With the turn."""
    async with runtime.read() as reader:
        standings = await list_standings(reader, ids, runtime.settings)
        held = await list_open_words(reader, ids)
    made = await asyncio.to_thread(_documents, list(standings.values()))
    # A like makes a post no different: what stands there as it is now is not written again, unless to another index.
    same = {one.post_id for one, _ in made if not is_rebuild and held.get(one.post_id) == one.words}
    opened = [document for document, standing in made if standing.is_open]
    fresh = [document for document in opened if document.post_id not in same]
    closed = [document for document, standing in made if not standing.is_open and standing.in_library]
    kept = {document.post_id for document in (*opened, *closed)}
    # What was tried before may have reached the engine before its row was written. Of a part of an account or of a
    # rebuild nobody knows whether it was.
    doubted = {task.post_id for task in tasks if task.post_id and task.attempts > 1} if tasks else set(ids)
    gone = (doubted | held.keys()) - {one.post_id for one in opened}
    if fresh or gone:
        await engine.write(fresh, gone=gone, to_new=is_rebuild)
    async with runtime.write() as uow:
        await _keep(uow, fresh, is_open=True)
        await _keep(uow, closed, is_open=False)
        absent = [id_ for id_ in ids if id_ not in kept]
        if absent:
            await uow.write(
                delete(SearchDocument)
                .where(SearchDocument.post_id.in_(absent))
                .execution_options(synchronize_session=False)
            )
        await engine.store(uow, fresh)
        await forget(uow, tasks)


def _documents(standings: Sequence[Standing]) -> list[tuple[Document, Standing]]:
    return [
        (document_of(standing.source), standing) for standing in standings if standing.is_open or standing.in_library
    ]


async def _keep(uow: UnitOfWork, documents: Sequence[Document], *, is_open: bool) -> None:
    for document in documents:
        await uow.write(
            _upsert(uow.dialect),
            {
                "post_id": document.post_id,
                "account_id": document.author_id,
                "is_open": is_open,
                "words": document.words,
                "tokens": None,
            },
        )


@lru_cache(maxsize=4)
def _upsert(dialect: str) -> Executable:
    table = SearchDocument.metadata.tables[SearchDocument.__tablename__]
    insert: Any = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    fresh = {name: insert.excluded[name] for name in ("account_id", "is_open", "words", "tokens")}
    return insert.on_conflict_do_update(index_elements=[table.c.post_id], set_=fresh)  # type: ignore[no-any-return]


async def forget(uow: UnitOfWork, tasks: Sequence[SearchTask]) -> None:
    """Delete tasks that are done; one that was asked for again meanwhile stays."""
    for task in tasks:
        await uow.write(
            delete(SearchTask)
            .where(SearchTask.id == task.id, SearchTask.version == task.version)
            .execution_options(synchronize_session=False)
        )


async def put_off(uow: UnitOfWork, tasks: Sequence[SearchTask], *, due_at: datetime, attempts: int) -> None:
    """Have tasks tried again later, as if they had been so often."""
    await uow.write(
        update(SearchTask)
        .where(SearchTask.id.in_([task.id for task in tasks]))
        .values(due_at=due_at, attempts=attempts)
        .execution_options(synchronize_session=False)
    )


async def begin_rebuild(runtime: Runtime, engine: Engine, reason: str) -> bool:
    """Begin to build the index anew, from the newest post on; False where another one has the turn."""
    async with engine.turn() as is_ours:
        if is_ours:
            await _begin(runtime, engine, reason)
        return is_ours


async def _begin(runtime: Runtime, engine: Engine, reason: str) -> None:
    await engine.begin_rebuild()
    async with runtime.read() as reader:
        total = await count_posts(reader)
    async with runtime.write() as uow:
        await uow.write(delete(SearchRebuild).execution_options(synchronize_session=False))
        uow.add(
            SearchRebuild(
                id=1,
                engine=made_as(engine.name),
                next_id=MAX_ID,
                total_count=total,
                reason=reason,
                started_at=runtime.now(),
            )
        )
    log.info("search_rebuild_begun", reason=reason, posts=total)


async def rebuild_some(runtime: Runtime, engine: Engine) -> bool:
    """Do a piece of the rebuild under way, if it is our turn; say whether there is more. Goes on where a kill left
    it."""
    async with engine.turn() as is_ours:
        return not is_ours or await _piece(runtime, engine)


async def _piece(runtime: Runtime, engine: Engine) -> bool:
    async with runtime.read() as reader:
        rebuild = await find_rebuild(reader)
        if rebuild is None or rebuild.finished_at is not None or rebuild.engine != made_as(engine.name):
            return False
        ids = await list_older_post_ids(reader, rebuild.next_id, limit=REBUILD_CHUNK)
    if not engine.has_new():  # it broke under our hands, or somebody removed it
        await _begin(runtime, engine, rebuild.reason)
        return True
    if not ids:
        await engine.end_rebuild()
        async with runtime.write() as uow:
            await _note(uow, finished_at=runtime.now())
        log.info("search_rebuild_done", posts=rebuild.done_count)
        return False
    await index_posts(runtime, engine, ids, (), is_rebuild=True)
    async with runtime.write() as uow:
        await _note(uow, next_id=ids[-1], done_count=rebuild.done_count + len(ids))
    return True


async def _note(uow: UnitOfWork, **values: Any) -> None:
    await uow.write(
        update(SearchRebuild).where(SearchRebuild.id == 1).values(**values).execution_options(synchronize_session=False)
    )
