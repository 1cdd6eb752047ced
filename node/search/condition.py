"""How search is: what the admin overview, `rookery doctor` and `rookery search status` show."""

from dataclasses import dataclass
from datetime import datetime

from node.base.runtime import Runtime
from node.search.choosing import engine_of
from node.search.engines import OFF, EngineStatus, engine_name
from node.search.task_queries import count_tasks, find_rebuild
from node.search.whoosh_engine import NO_INDEX


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """A rebuild under way."""

    done: int
    total: int
    reason: str
    started_at: datetime

    @property
    def percent(self) -> int:
        """How much of it is done."""
        return min(100 * self.done // max(self.total, 1), 99)


@dataclass(frozen=True, slots=True)
class SearchCondition:
    """The engine, posts that wait for it, and a rebuild if one is under way."""

    engine: EngineStatus
    waiting: int
    rebuild: Rebuilding | None

    @property
    def is_broken(self) -> bool:
        """Whether posts are missing from it until it is built anew; an index that is not there yet is not broken."""
        return self.engine.problem not in ("", NO_INDEX)


async def look_at_search(runtime: Runtime) -> SearchCondition:
    """Return how search is."""
    if engine_name(runtime.settings) == OFF:
        return SearchCondition(EngineStatus(OFF, 0, 0, 0), 0, None)
    engine = await engine_of(runtime).status()
    async with runtime.read() as reader:
        waiting = await count_tasks(reader)
        row = await find_rebuild(reader)
    rebuild = None
    if row is not None and row.finished_at is None:
        rebuild = Rebuilding(row.done_count, row.total_count, row.reason, row.started_at)
    return SearchCondition(engine, waiting, rebuild)
