"""A node as a value: its settings and what it holds open. Two of them fit in one test process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from federation.client import FederationClient
from federation.egress import EgressPolicy
from node.base.cache import RedisGate, open_cluster, open_redis
from node.base.caches import Caches
from node.base.clock import Clock, system_clock
from node.base.db.engine import Database, open_database, open_postgres, reading
from node.base.db.replica import Replica, replica_session
from node.base.db.unit_of_work import ReadSession, UnitOfWork, read_session, unit_of_work
from node.base.exchange_log import ExchangeLog
from node.base.lanes import RELAY, Nudger
from node.base.publishing import Publishing
from node.base.settings import Settings

VERSION = "0.1.0"


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a process of a node works with. Made by `open_runtime`, closed by `close`."""

    settings: Settings
    database: Database
    gate: RedisGate
    """To the Redis, or the cluster, with timelines, caches, limits and streams."""
    queues: RedisGate
    """To the one Redis with the queues and the list of processes; the same gate where there is no cluster."""
    nudger: Nudger
    http: FederationClient
    exchanges: ExchangeLog
    clock: Clock = field(default=system_clock)
    caches: Caches = field(default_factory=Caches)
    replica: Replica | None = None
    publishing: Publishing = field(default_factory=Publishing)
    gives_way: bool = False
    """Whether what it writes waits for a moment while somebody publishes in another process of this machine."""

    def now(self) -> datetime:
        """Return the present moment of this node's clock."""
        return self.clock()

    def write(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a unit of work, once nobody else publishes; after its commit those are woken who get work by it."""
        turn, give_way = None, self.publishing.give_way
        if self.gives_way:
            give_way = self.publishing.notice.give_way
        elif self.database.dialect == "sqlite":  # a process has one connection that writes
            turn = self.publishing.one_by_one()
        return unit_of_work(self.database.writer, turn=turn, give_way=give_way, on_commit=self._wake)

    def must_give_way(self) -> bool:
        """Say whether a transaction under way is to end where it can, since somebody publishes."""
        return self.gives_way and self.publishing.notice.is_up()

    def read(self) -> AbstractAsyncContextManager[ReadSession]:
        """Open a read view."""
        return read_session(self.database.reader, self.database.direct)

    def browse(self, account_id: int | None) -> AbstractAsyncContextManager[ReadSession]:
        """Open a read view for somebody who looks around: it may lack what others did a moment ago, never what this
        person did (`db/replica.py`)."""
        return self.read() if self.replica is None else self._browse(self.replica, account_id)

    @asynccontextmanager
    async def _browse(self, replica: Replica, account_id: int | None) -> AsyncIterator[ReadSession]:
        serves = await replica.may_serve(account_id)
        async with replica_session(replica, self.database.reader) if serves else self.read() as reader:
            yield reader

    async def note_write(self, account_id: int) -> None:
        """Remember that this person has just written, so that they do not read from a replica without it."""
        if self.replica is not None:
            await self.replica.note_write(account_id)

    async def nudge(self, lane: str) -> None:
        """Wake a worker for `lane` in a moment. Losing this is harmless: the sweep finds the rows."""
        self.nudger.nudge(lane)

    async def _wake(self, uow: UnitOfWork) -> None:
        if uow.recorded:
            self.nudger.nudge(RELAY)
        for lane in uow.lanes:
            self.nudger.nudge(lane)

    async def close(self) -> None:
        """Close everything this runtime holds open."""
        await self.caches.close()
        await self.http.aclose()
        await self.exchanges.close()
        await self.nudger.close()
        await self.gate.redis.aclose()
        if self.queues is not self.gate:
            await self.queues.redis.aclose()
        if self.replica is not None:
            await self.replica.close()
        await self.database.close()
        self.publishing.notice.close()


HopRule = Callable[[Runtime, str], Awaitable[None]]

_hop_rules: list[HopRule] = []


def before_each_hop(rule: HopRule) -> HopRule:
    """Have `rule(runtime, url)` asked before each GET to another server; it raises EgressRefused to forbid one."""
    if rule not in _hop_rules:
        _hop_rules.append(rule)
    return rule


def open_runtime(settings: Settings, *, clock: Clock = system_clock, gives_way: bool = False) -> Runtime:
    """Return a runtime for `settings`. Connections are made at first use."""

    async def may_ask(url: str) -> None:
        for rule in _hop_rules:
            await rule(runtime, url)

    queues = RedisGate(open_redis(settings.effective_redis_url))
    gate = RedisGate(open_cluster(settings.redis_cluster_url)) if settings.redis_cluster_url else queues
    exchanges = ExchangeLog(gate)
    http = FederationClient(
        egress=EgressPolicy(insecure_networks=settings.insecure_peers),
        user_agent=f"Rookery/{VERSION} (+{settings.public_url})",
        clock=clock,
        first_party_host=settings.web_host,
        posts_per_host=settings.deliveries_per_host,
        max_connections=max(200, 12 * settings.delivery_concurrency),
        may_ask=may_ask,
        on_exchange=exchanges.note,
    )
    publishing = Publishing(settings.data_dir / "publishing")
    database = open_database(settings.sqlalchemy_url, publishing.notice.is_up if gives_way else None)
    replica = None
    if settings.database_replica_url:
        engine = reading(open_postgres(settings.database_replica_url))
        replica = Replica(engine, database.reader, gate, most_lag=settings.replica_lag_seconds)
    runtime = Runtime(
        settings=settings,
        database=database,
        gate=gate,
        queues=queues,
        nudger=Nudger(queues, settings.effective_redis_url),
        http=http,
        exchanges=exchanges,
        clock=clock,
        replica=replica,
        publishing=publishing,
        gives_way=gives_way,
    )
    return runtime


@asynccontextmanager
async def running(
    settings: Settings, *, clock: Clock = system_clock, gives_way: bool = False
) -> AsyncIterator[Runtime]:
    """Open a runtime for the length of the block."""
    runtime = open_runtime(settings, clock=clock, gives_way=gives_way)
    try:
        yield runtime
    finally:
        await runtime.close()
