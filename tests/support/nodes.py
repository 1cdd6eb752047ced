"""Nodes for tests: `open_node` gives a runtime with a fresh database, `World` serves several over loopback HTTP.

Nothing sleeps: `settle()` runs the drains of every node until no lane has due work. Time is real, plus an
offset that a test moves (`node.clock.advance(...)`).
"""

import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
from alembic import command
from sqlalchemy import create_engine

from admin.migrate import alembic_config
from node.base.lanes import LANES
from node.base.runtime import Runtime, open_runtime
from node.base.settings import Settings
from node.base.work import DRAINS
from tests.support.contract import held_to_contract
from tests.support.postgres import PostgresServer
from tests.support.redis_server import RedisServer
from tests.support.serving import TRUSTS_NOBODY, listen, serving
from tests.support.statements import share_compiled

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

_template: list[Path] = []

EVERYWHERE: list[PostgresServer] = []
"""The server that nodes without a `database_url` get their database from; none: they run on SQLite."""


class Clock:
    """The real time plus an offset, until a test holds it."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self._held: datetime | None = None

    def __call__(self) -> datetime:
        return (self._held or datetime.now(UTC)) + self.offset

    def hold(self) -> None:
        """Let time stand still from now on, but for `advance`: what counts by the second cannot tell a slow machine."""
        self._held = datetime.now(UTC)

    def advance(self, **amount: float) -> None:
        """Move time forward by `timedelta(**amount)`."""
        self.offset += timedelta(**amount)


def clock_of(runtime: Runtime) -> Clock:
    """Return the clock of a node, which a test may move."""
    assert isinstance(runtime.clock, Clock)
    return runtime.clock


def database_template() -> Path:
    """Return an empty database file, made once a run and copied for each node.

    Made by the migrations, as a node's is: of two indexes that seem to serve alike SQLite takes by their order.
    """
    if not _template:
        path = Path(tempfile.mkdtemp(prefix="rk-db-")) / "template.sqlite3"
        engine = create_engine("sqlite://")
        with engine.begin() as connection:
            command.upgrade(alembic_config(connection), "head")
        with engine.connect() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(path),))
        engine.dispose()
        _template.append(path)
    return _template[0]


def make_settings(folder: Path, **changes: Any) -> Settings:
    """Return settings of a test node in `folder`."""
    values: dict[str, Any] = {
        "public_url": "http://localhost:8000",
        "data_dir": folder,
        "insecure_peers": LOOPBACK,
        "rate_limits": False,
        "log_level": "error",
        "completion_wait": 0,
        "link_previews": False,
        "search_engine": "off",
        "automatic_moments": False,
        **changes,
    }
    return Settings(**values)


@asynccontextmanager
async def open_node(redis: RedisServer, **changes: Any) -> AsyncIterator[Runtime]:
    """Open a runtime with a fresh database and its own Redis database; `changes` are settings or `clock`."""
    from node.accounts.service import ensure_instance_actor
    from tests.support.make import test_key_pair

    folder = Path(tempfile.mkdtemp(prefix="rk-node-"))
    clock = changes.pop("clock", None) or Clock()
    changes.setdefault("redis_url", redis.new_url())
    lent = EVERYWHERE[0].new_url() if EVERYWHERE and not changes.get("database_url") else ""
    if lent:
        changes["database_url"] = lent
    settings = make_settings(folder, **changes)
    if not settings.database_url:
        shutil.copy(database_template(), folder / "rookery.sqlite3")
    runtime = open_runtime(settings, clock=clock)
    share_compiled(runtime.database)
    try:
        async with runtime.write() as uow:
            await ensure_instance_actor(uow, settings, now=runtime.now(), key_pair=test_key_pair())
        yield runtime
    finally:
        await runtime.close()
        if lent:
            EVERYWHERE[0].give_back(lent)
        shutil.rmtree(folder, ignore_errors=True)


async def settle(*runtimes: Runtime, rounds: int = 60) -> None:
    """Drain every lane of every node until none has due work. Fails when work never ends."""
    import admin.jobs  # noqa: F401  (registers every drain)

    for _ in range(rounds):
        busy = False
        for runtime in runtimes:
            for lane in LANES:
                if lane in DRAINS and await DRAINS[lane].is_due(runtime, runtime.now()):
                    busy = True
                    await DRAINS[lane].service(runtime)
        if not busy:
            return
    raise AssertionError("the queues never came to rest")


@dataclass
class Person:
    """Somebody with an account on a test node and a bearer token."""

    node: "Node"
    account_id: int
    username: str
    token: str

    @property
    def handle(self) -> str:
        """The full handle, with the domain."""
        return f"@{self.username}@{self.node.runtime.settings.domain}"

    @property
    def uri(self) -> str:
        """The actor id."""
        return f"{self.node.url}/users/{self.account_id}"

    async def call(self, method: str, path: str, *, expect: int = 200, **request: Any) -> Any:
        """Call the REST API as this person and return the parsed body. Fails on another status than `expect`."""
        headers = {"Authorization": f"Bearer {self.token}", **request.pop("headers", {})}
        response = await self.node.http.request(method, path, headers=headers, **request)
        assert response.status_code == expect, f"{method} {path}: {response.status_code} {response.text[:600]}"
        return response.json()

    async def get(self, path: str, **params: Any) -> Any:
        """GET a path of the API."""
        return await self.call("GET", path, params=params)

    async def post(self, text: str, **fields: Any) -> Any:
        """Publish a post."""
        return await self.call("POST", "/api/v1/statuses", json={"status": text, **fields})

    async def act(self, path: str, **fields: Any) -> Any:
        """POST to a path of the API."""
        return await self.call("POST", path, json=fields)

    async def home(self) -> list[Any]:
        """Return the home timeline."""
        found: list[Any] = await self.get("/api/v1/timelines/home", limit=40)
        return found

    async def resolve(self, what: str) -> Any:
        """Find an account or post by handle or URL, fetching it if needed."""
        found = await self.get("/api/v2/search", q=what, resolve="true")
        both = found["accounts"] + found["statuses"]
        assert both, f"{what} was not found"
        return both[0]

    async def follow(self, other: "Person") -> Any:
        """Follow somebody, here or there."""
        account = await self.resolve(other.handle)
        return await self.act(f"/api/v1/accounts/{account['id']}/follow")


@dataclass
class Node:
    """A node that answers on loopback."""

    runtime: Runtime
    url: str
    http: httpx.AsyncClient
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        """The clock a test may move."""
        return clock_of(self.runtime)

    async def person(self, username: str, **profile: Any) -> Person:
        """Sign somebody up and give them a token."""
        from tests.support.make import make_account, make_token

        account = await make_account(self.runtime, username, **profile)
        token = await make_token(self.runtime, account.id)
        self.people[username] = Person(self, account.id, username, token)
        return self.people[username]


@asynccontextmanager
async def serve_node(redis: RedisServer, *, host: str = "127.0.0.1", **changes: Any) -> AsyncIterator[Node]:
    """Open a node and serve its whole application on a free loopback port."""
    from admin.serve import build_app

    listener, url = listen(host)
    with listener:
        async with open_node(redis, public_url=url, **changes) as runtime:
            app = build_app(runtime)
            hooks = {"response": [held_to_contract(app)]}
            async with (
                serving(app, listener),
                httpx.AsyncClient(
                    base_url=url, trust_env=False, timeout=20, verify=TRUSTS_NOBODY, event_hooks=hooks
                ) as http,
            ):
                yield Node(runtime, url, http)


class World:
    """Several nodes that federate over loopback. `world["a"]` is a node; `settle()` lets everything arrive."""

    def __init__(
        self, redis: RedisServer, *names: str, new_database_url: Callable[[], str] = str, **changes: Any
    ) -> None:
        self._redis = redis
        self._names = names
        self._new_database_url = new_database_url
        self._changes = changes
        self._stack = contextlib.AsyncExitStack()
        self.nodes: dict[str, Node] = {}

    async def __aenter__(self) -> "World":
        for name in self._names:
            node = await self._stack.enter_async_context(
                serve_node(self._redis, database_url=self._new_database_url(), **self._changes)
            )
            self.nodes[name] = node
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    async def settle(self) -> None:
        """Let everything that is due arrive, on every node."""
        await settle(*(node.runtime for node in self.nodes.values()))
