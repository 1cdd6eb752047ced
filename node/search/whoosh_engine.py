"""The Whoosh engine: an index on this machine's disk, for a node without other services."""

import asyncio
import time
import weakref
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Final, TypeVar

import structlog

from node.base.db.unit_of_work import UnitOfWork
from node.search.documents import Document
from node.search.engines import WHOOSH, EngineAway, EngineStatus, Proposals
from node.search.rules import WAITING_SEARCHES
from node.search.steps import Plan
from node.search.whoosh_compaction import compact_aside
from node.search.whoosh_files import Folder
from node.search.whoosh_reading import Searching
from node.search.whoosh_writing import as_compacted, begin, end, exchange, next_to_compact, write_to

T = TypeVar("T")

log = structlog.get_logger(__name__)

NO_INDEX: Final = "there is no index yet"


class WhooshEngine:
    """Readers for this process, and a writer when no other process writes."""

    name = WHOOSH

    def __init__(self, root: Path) -> None:
        self._folder = Folder(root)
        self._searching = Searching(self._folder)
        self._thread = ThreadPoolExecutor(1, "search")
        self._waiting = 0
        weakref.finalize(self, _close, self._thread, self._searching)

    async def propose(
        self, plan: Plan, *, since_id: int | None, until_id: int | None, limit: int, seconds: float
    ) -> Proposals:
        """Search in the process's one thread for that. Raises EngineAway."""
        if self._waiting >= WAITING_SEARCHES:
            raise EngineAway("too many people search at the moment")
        deadline = time.monotonic() + seconds
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread,
                lambda: self._searching.propose(
                    plan, since_id=since_id, until_id=until_id, limit=limit, deadline=deadline
                ),
            )
        except (OSError, ValueError, TypeError) as error:
            if self._folder.read("current"):
                log.exception("search_index_broken")
                self._folder.say("broken", "its list of parts cannot be read")
            raise EngineAway("the index is being made") from error
        finally:
            self._waiting -= 1

    def turn(self) -> AbstractAsyncContextManager[bool]:
        """Hold the lock of the folder."""
        return self._folder.lock()

    async def write(self, documents: Sequence[Document], *, gone: Collection[int], to_new: bool = False) -> None:
        """Write to the present index and to the one being made."""

        def work() -> None:
            for which in ("current", "building"):
                generation = self._folder.generation(which)
                if generation is not None:
                    try:
                        write_to(generation, () if to_new and which == "current" else documents, gone)
                    except Exception as error:
                        self._folder.say("broken", f"the index cannot be written to ({type(error).__name__})")
                        if which == "building":
                            self._folder.say("building", "")
                        log.exception("search_index_broken", which=which)

        await _to_its_end(work)

    async def store(self, uow: UnitOfWork, documents: Sequence[Document]) -> None:
        """Do nothing: the index is elsewhere."""

    def ailment(self) -> str:
        """Return why the index must be built anew."""
        if not self._folder.read("current"):
            return NO_INDEX
        return self._folder.read("broken")

    async def begin_rebuild(self) -> None:
        """Begin a new generation of slices."""
        await _to_its_end(lambda: begin(self._folder))

    def has_new(self) -> bool:
        """Whether a new generation is begun."""
        return self._folder.generation("building") is not None

    async def end_rebuild(self) -> None:
        """Search the new generation."""
        await _to_its_end(lambda: end(self._folder))

    async def tidy(self) -> bool:
        """Compact one slice that rests."""
        generation = self._folder.generation("current")
        slice_ = None if generation is None else next_to_compact(generation)
        if generation is None or slice_ is None:
            return False
        made = as_compacted(slice_)
        if not await compact_aside(generation.folder / slice_.name, generation.folder / made.name):
            log.warning("search_compaction_failed", slice=slice_.name)
            return False

        def put() -> None:
            exchange(generation, slice_, made)
            self._folder.clear_away()

        async with self.turn() as is_ours:
            if not is_ours:
                return False
            await _to_its_end(put)
        return next_to_compact(generation) is not None

    async def status(self) -> EngineStatus:
        """Return how many posts the index has and how large it is."""

        def look() -> EngineStatus:
            generation = self._folder.generation("current")
            try:
                slices = () if generation is None else generation.slices
            except (OSError, ValueError, TypeError):
                slices = ()
            posts = sum(slice_.posts for slice_ in slices)
            return EngineStatus(self.name, posts, self._folder.size(), len(slices), self.ailment())

        return await asyncio.to_thread(look)


async def _to_its_end(work: Callable[[], None]) -> None:
    """Do some work in a thread. Cancelled, wait for its end: the turn must not pass to another one before."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(task)
    finally:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})


def _close(thread: ThreadPoolExecutor, searching: Searching) -> None:
    thread.shutdown(wait=True, cancel_futures=True)
    searching.close()
