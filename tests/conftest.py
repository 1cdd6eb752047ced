"""Fixtures every test may ask for, and how a run is spread.

In the places `ON_BOTH` names, the tests that are about SQL, every node comes once on each database the product runs
on; not in those `ON_ONE` takes out again, whose subject is what stands before or behind the SQL. Everywhere else it
runs on SQLite. With `TEST_DATABASE=postgresql` in the environment every node of every test runs on PostgreSQL alone
(`make test-postgres`).

A run of the whole suite uses every core and one process more, since tests also wait; a part of it runs in one
process. Tests that start a whole node's processes, or a Chromium, do so one after the other.
"""

import gc
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from node.base.runtime import Runtime
from tests.support.doors import Door, serve_inbox
from tests.support.fake_peer import FakePeer
from tests.support.nodes import EVERYWHERE, Node, World, open_node, serve_node
from tests.support.postgres import PostgresServer, start_postgres
from tests.support.redis_server import RedisServer
from tests.support.stranger import Stranger

# How fast examples come says how busy the machine is, not whether they are good ones.
settings.register_profile("rookery", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rookery")

_HERE = Path(__file__).parent
_PAIR, _DELIVERY = "federation/test_pair.py", "federation/test_outbound_delivery.py"
ON_BOTH = tuple(_HERE / place for place in ("api", _PAIR, _DELIVERY, "unit/inbox", "unit/node", "unit/outbox"))
ON_ONE = tuple(
    _HERE / place
    for place in (
        "api/test_guards.py",
        "api/test_http.py",
        "api/test_instance.py",
        "api/test_nonsense.py",
        "api/test_scope_table.py",
        "api/test_streaming_doors.py",
        "unit/inbox/test_fuzz.py",
        "unit/inbox/test_signatures.py",
        "unit/node/media",
        "unit/node/remote/test_resolving.py",
    )
)
ON_SQLITE = (_HERE / "unit/node/base/test_sqlite.py",)
"""What is about SQLite itself."""
MOST_PROCESSES = 9
LAZY_COLLECTION = (20_000, 20, 50)
"""The collector's thresholds: a test makes many objects and keeps hardly any."""
POSTGRES_ALONE = os.environ.get("TEST_DATABASE") == "postgresql"


@pytest.fixture(autouse=True)
def plain_logs() -> None:
    """Log to stderr, as the product does: a command's stdout is its answer. Before each test, since some reset it.

    Plain tracebacks: the default renderer draws every local of every frame, which takes seconds.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give tests that are about SQL both databases."""
    where = metafunc.definition.path
    both = any(map(where.is_relative_to, ON_BOTH)) and not any(map(where.is_relative_to, ON_ONE))
    if both and "new_database_url" in metafunc.fixturenames:
        databases = ["postgresql"] if POSTGRES_ALONE else ["sqlite", "postgresql"]
        metafunc.parametrize("new_database_url", databases, indirect=True)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Spread a run of everything; a few tests are done sooner than a second process has started."""
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    narrowed = config.option.keyword or config.option.markexpr or getattr(config.option, "lf", False)
    return min((os.cpu_count() or 1) + 1, MOST_PROCESSES) if everything and not narrowed else 0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run of everything take in what takes long."""
    parser.addoption("--long", action="store_true", help="run the tests marked `long` too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what shares a costly start, or would fight over the machine, into one process. Leave out what takes long,
    unless it is asked for."""
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.long:
        left_out = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if not item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
    for item in items:
        if POSTGRES_ALONE and item.path in ON_SQLITE:
            item.add_marker(pytest.mark.skip(reason="about SQLite itself"))
        for marker in ("processes", "browser", "wheel"):
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.xdist_group(marker))


def pytest_collection_finish() -> None:
    """Take what was imported and collected out of the garbage collector's rounds: walking through it again and again
    took a third of a run. A server does the same before it starts its processes (`admin/supervisor.py`)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*LAZY_COLLECTION)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """The run's private Redis."""
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The run's private PostgreSQL; tests that need it are skipped where none is installed."""
    server = start_postgres()
    yield server
    server.close()


@pytest.fixture(scope="session", autouse=True)
def database_of_all(request: pytest.FixtureRequest) -> Iterator[None]:
    """Put every node on PostgreSQL where the run asks for it."""
    if POSTGRES_ALONE:
        EVERYWHERE[:] = [request.getfixturevalue("postgres_server")]
    yield
    EVERYWHERE.clear()


@pytest.fixture
def new_postgres_url(postgres_server: PostgresServer) -> Iterator[Callable[[], str]]:
    """Make fresh PostgreSQL databases with every table."""
    made: list[str] = []

    def make() -> str:
        made.append(postgres_server.new_url())
        return made[-1]

    yield make
    for url in made:
        postgres_server.give_back(url)


@pytest.fixture
def new_database_url(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Make the `database_url` of a fresh database with every table; "" stands for SQLite in the node's own folder."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return lambda: ""
    found: Callable[[], str] = request.getfixturevalue("new_postgres_url")
    return found


@pytest.fixture
def database_url(new_database_url: Callable[[], str]) -> str:
    """The `database_url` of a fresh database with every table."""
    return new_database_url()


@pytest.fixture
async def runtime(redis_server: RedisServer, database_url: str) -> AsyncIterator[Runtime]:
    """A node without its web server: a fresh database and its own Redis database."""
    async with open_node(redis_server, database_url=database_url) as opened:
        yield opened


@pytest.fixture
async def node(redis_server: RedisServer, database_url: str) -> AsyncIterator[Node]:
    """One node that answers over HTTP."""
    async with serve_node(redis_server, database_url=database_url) as served:
        yield served


@pytest.fixture
async def world(redis_server: RedisServer, new_database_url: Callable[[], str]) -> AsyncIterator[World]:
    """Two nodes, "a" and "b", that federate over loopback."""
    async with World(redis_server, "a", "b", new_database_url=new_database_url) as two:
        yield two


@pytest.fixture
async def door(redis_server: RedisServer, database_url: str) -> AsyncIterator[Door]:
    """A node of which only the inbox answers."""
    async with serve_inbox(redis_server, database_url=database_url) as opened:
        yield opened


@pytest.fixture
async def peer() -> AsyncIterator[FakePeer]:
    """A foreign server, honest unless a test says otherwise."""
    async with FakePeer() as opened:
        yield opened


@pytest.fixture
async def alice(peer: FakePeer) -> Stranger:
    """Somebody on it."""
    return Stranger(peer, "alice")
