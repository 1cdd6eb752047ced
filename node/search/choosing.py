"""Which engine a node has: one a process, made at its first use."""

from node.base.runtime import Runtime
from node.search.engines import OFF, WHOOSH, Engine, EngineAway, engine_name
from node.search.postgresql import PostgresEngine
from node.search.whoosh_engine import WhooshEngine


def engine_of(runtime: Runtime) -> Engine:
    """Return the engine of a node. Raises EngineAway where search is off."""
    name = engine_name(runtime.settings)
    if name == OFF:
        raise EngineAway("search is off")
    kept = runtime.caches.get("search_engine", size=1, seconds=float("inf"))
    found: Engine | None = kept.get(name)
    if found is None:
        found = WhooshEngine(runtime.settings.data_dir / "search") if name == WHOOSH else PostgresEngine(runtime)
        kept.put(name, found)
    return found
