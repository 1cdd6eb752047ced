"""The figures of a node in Prometheus' text form. Pure: a `Condition` in, text out.

They describe the whole node, read from its database and Redis at the moment of the scrape, so it does not matter
which web process answers and nothing is counted twice.
"""

import math
from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from admin.condition import Condition, ReplicaState, find_problems
from admin.lookups import Lookups
from node.timelines.rules import TIMELINES

ExchangeCounts = Mapping[tuple[str, str, str, str], int]
"""How often (direction, kind, verdict, reason) was the case; all four are words of ours, never text from the wire."""


class _ConditionCollector(Collector):
    def __init__(self, condition: Condition, failures: int, exchanges: ExchangeCounts, lookups: Lookups) -> None:
        self._condition = condition
        self._failures = failures
        self._exchanges = exchanges
        self._lookups = lookups

    def collect(self) -> Iterable[Metric]:
        condition = self._condition
        waiting = GaugeMetricFamily("rookery_lane_waiting", "Rows of a lane not done yet.", labels=["lane"])
        oldest = GaugeMetricFamily(
            "rookery_lane_oldest_seconds", "Seconds since the oldest row of a lane fell due.", labels=["lane"]
        )
        parked = GaugeMetricFamily("rookery_lane_parked", "Rows of a lane that gave up.", labels=["lane"])
        for lane in condition.lanes:
            waiting.add_metric([lane.name], lane.waiting)
            oldest.add_metric([lane.name], lane.oldest_seconds or 0)
            parked.add_metric([lane.name], lane.failed)
        yield from (waiting, oldest, parked)
        hosts = GaugeMetricFamily("rookery_failing_hosts", "Hosts that did not answer last time.", labels=["state"])
        for state in ("retrying", "paused", "unavailable"):
            hosts.add_metric([state], sum(host.state == state for host in condition.hosts))
        yield hosts
        processes = GaugeMetricFamily("rookery_processes", "Living processes by kind.", labels=["kind"])
        memory = GaugeMetricFamily("rookery_process_resident_bytes", "Resident memory by kind.", labels=["kind"])
        listed = condition.processes or []
        for kind in ("web", "worker", "scheduler"):
            of_kind = [process for process in listed if process.title.startswith(f"rookery: {kind}")]
            processes.add_metric([kind], len(of_kind))
            memory.add_metric([kind], sum(process.memory for process in of_kind))
        yield from (processes, memory)
        pulled = GaugeMetricFamily(
            "rookery_pulled_accounts",
            "Accounts read from their outbox, by how their last turn ended.",
            labels=["result"],
        )
        for result, number in sorted(condition.pulls.items()):
            pulled.add_metric([result], number)
        yield pulled
        active = GaugeMetricFamily(
            "rookery_trends_active", "Hashtags, links and posts that were taken up in the last day.", labels=["kind"]
        )
        for kind, number in sorted(condition.trends.active.items()):
            active.add_metric([kind], number)
        yield active
        exchanges = CounterMetricFamily(
            "rookery_exchanges",
            "Exchanges with other servers since Redis started: in or out, for what, how they ended and why.",
            labels=["direction", "kind", "verdict", "reason"],
        )
        for labels, number in sorted(self._exchanges.items()):
            exchanges.add_metric(labels, number)
        yield exchanges
        lookups = CounterMetricFamily(
            "rookery_cache_lookups",
            "Lookups in the caches of all processes since Redis started, and where the answer was: in the process, in "
            "redis, being made by another reader (joined), or nowhere (made).",
            labels=["cache", "answered"],
        )
        timelines = CounterMetricFamily(
            "rookery_timelines",
            "Work on home timelines since Redis started: posts by tier and entries pushed; pages that merged large "
            "authors in or were read from SQL; lists built and carried on.",
            labels=["done"],
        )
        for (name, how), number in sorted(self._lookups.items()):
            if name == TIMELINES:
                timelines.add_metric([how], number)
            else:
                lookups.add_metric([name, how], number)
        yield from (lookups, timelines)
        if condition.replica is not None:
            yield from _about(condition.replica)
        for name, text, value in (
            ("rookery_redis_up", "1 while Redis answers.", float(condition.redis.is_up)),
            ("rookery_redis_memory_bytes", "Memory Redis uses.", condition.redis.memory or 0),
            ("rookery_redis_failures", "Times this web process found Redis away.", self._failures),
            ("rookery_disk_free_bytes", "Free bytes where the data is.", condition.disk.free),
            ("rookery_disk_total_bytes", "Bytes of that disk.", condition.disk.total),
            ("rookery_database_bytes", "Size of the SQLite database; 0 on PostgreSQL.", condition.disk.database),
            ("rookery_media_bytes", "Size of the media folder.", condition.disk.media),
            ("rookery_people", "Accounts of people here.", condition.counts.people),
            ("rookery_people_active_week", "People seen in the last seven days.", condition.counts.active_week),
            ("rookery_posts_today", "Posts written here since midnight UTC.", condition.counts.posts_today),
            ("rookery_known_servers", "Other servers this node has met.", condition.counts.known_servers),
            ("rookery_trends_tick_seconds", "Seconds the last tick of trends took.", condition.trends.seconds),
            ("rookery_problems", "Things that need a person; /admin says which.", len(find_problems(condition))),
        ):
            yield GaugeMetricFamily(name, text, value=value)


def _about(replica: ReplicaState) -> Iterable[Metric]:
    yield GaugeMetricFamily("rookery_replica_up", "1 while the replica is read from.", value=float(not replica.problem))
    lag = math.inf if replica.lag is None else replica.lag
    yield GaugeMetricFamily("rookery_replica_lag_seconds", "How far the replica may be behind.", value=lag)
    reads = CounterMetricFamily(
        "rookery_replica_reads",
        "Reads of this web process that might go to the replica, by where they went.",
        labels=["to"],
    )
    reads.add_metric(["replica"], replica.reads)
    reads.add_metric(["primary"], replica.refused)
    yield reads


def exposition(condition: Condition, *, failures: int, exchanges: ExchangeCounts, lookups: Lookups) -> bytes:
    """Return the text that Prometheus reads."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_ConditionCollector(condition, failures, exchanges, lookups))
    return generate_latest(registry)
