"""What the overview, /metrics and `doctor` say of a node: figures from its rows, problems from its figures."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from admin.condition import Condition, Disk, RedisState, ReplicaState, examine, find_problems, measure_disk
from admin.doctor import check_redis, check_replica
from admin.metrics import exposition
from admin.presence import Presence
from admin.queries import Counts, FailingHost, LaneFigures
from node.base.db.event_log import EventRow
from node.base.ids import new_id
from node.base.paging import Page
from node.base.runtime import Runtime
from node.moderation.account_queries import AccountFilter, list_moderated
from node.search.condition import SearchCondition
from node.search.engines import EngineStatus
from outbox.models import Delivery, OutgoingActivity, Peer
from tests.support.make import make_account


def process(title: str) -> Presence:
    return Presence(title, "host", 1, 0.0, 0.0, 1000)


WELL = Condition(
    lanes=[LaneFigures("relay", 0, None, 0)],
    hosts=[],
    processes=[process("rookery: worker relay"), process("rookery: scheduler"), process("rookery: web 1")],
    disk=Disk(free=50, total=100, database=1, media=1),
    redis=RedisState(True, 1000),
    counts=Counts(1, 1, 1, 1),
    search=SearchCondition(EngineStatus("whoosh", 1, 1, 1), 0, None),
)


def summaries(condition: Condition) -> str:
    return "\n".join(problem.summary for problem in find_problems(condition))


def test_a_node_that_is_well_has_no_problems() -> None:
    assert find_problems(WELL) == []


def test_each_fault_is_said_with_advice() -> None:
    assert "Redis" in summaries(replace(WELL, redis=RedisState(False, None), processes=None))
    assert "No worker process" in summaries(replace(WELL, processes=[process("rookery: scheduler")]))
    assert "No scheduler process" in summaries(replace(WELL, processes=[process("rookery: worker relay")]))
    assert "inbox is 10 min behind (7 waiting)" in summaries(replace(WELL, lanes=[LaneFigures("inbox", 7, 600.0, 0)]))
    assert "1 row of the lane relay gave up" in summaries(replace(WELL, lanes=[LaneFigures("relay", 0, None, 1)]))
    broken = SearchCondition(EngineStatus("whoosh", 1, 1, 1, "a part cannot be read"), 0, None)
    assert "not found: a part cannot be read" in summaries(replace(WELL, search=broken))
    behind = ReplicaState("is 9 s or more behind", 9.0, 4, 5)
    assert "replica is 9 s or more behind" in summaries(replace(WELL, replica=behind))
    assert "disk" in summaries(replace(WELL, disk=Disk(4, 100, 1, 1)))
    assert all(problem.advice for problem in find_problems(replace(WELL, processes=[])))


@pytest.mark.parametrize(
    ("state", "verdict", "line"),
    [
        (ReplicaState("", 0.3, 7, 1), "good", "rookery_replica_lag_seconds 0.3"),
        (ReplicaState("does not answer (OSError)", None, 7, 1), "warning", "rookery_replica_lag_seconds +Inf"),
    ],
)
def test_a_replica_is_shown_to_machines_and_people(state: ReplicaState, verdict: str, line: str) -> None:
    text = exposition(replace(WELL, replica=state), failures=0, exchanges={}, lookups={}).decode()
    assert line in text
    assert 'rookery_replica_reads_total{to="replica"} 7.0' in text
    assert check_replica(state).verdict == verdict


async def test_doctor_tells_a_redis_that_is_full_from_one_that_is_gone(runtime: Runtime) -> None:
    assert (await check_redis(runtime)).verdict == "good"
    runtime.queues._shut_until, runtime.queues.reason = float("inf"), "OutOfMemoryError"
    full = await check_redis(runtime)
    assert (full.verdict, "maxmemory" in full.advice) == ("warning", True)
    runtime.queues.reason = "ConnectionError"
    assert "Start it" in (await check_redis(runtime)).advice


def test_figures_are_read_from_the_rows(runtime: Runtime) -> None:
    """See the tests below; this one keeps the text form honest."""
    text = exposition(
        replace(WELL, hosts=[FailingHost("b.example", 3, "paused", "timeout", None, 2)]),
        failures=4,
        exchanges={("in", "delivery", "refused", "signature_mismatch"): 7},
        lookups={("rendered_posts", "redis"): 5, ("rendered_posts", "process"): 90, ("timelines", "lists built"): 3},
    )
    assert b'rookery_cache_lookups_total{answered="redis",cache="rendered_posts"} 5.0' in text
    assert b'rookery_timelines_total{done="lists built"} 3.0' in text
    assert b'rookery_failing_hosts{state="paused"} 1.0' in text
    assert b'rookery_processes{kind="worker"} 1.0' in text
    assert b"rookery_redis_failures 4.0" in text
    counted = b'{direction="in",kind="delivery",reason="signature_mismatch",verdict="refused"} 7.0'
    assert b"rookery_exchanges_total" + counted in text


async def test_what_waits_and_what_gave_up_is_counted(runtime: Runtime) -> None:
    now = runtime.now()
    async with runtime.write() as uow:
        for age, parked in ((90, None), (30, None), (0, now)):
            uow.add(
                EventRow(
                    id=new_id(),
                    name="PostPublished",
                    payload={"post_id": 1},
                    due_at=now - timedelta(seconds=age),
                    parked_at=parked,
                )
            )
        uow.add(
            OutgoingActivity(
                id=1, uri="https://a/1", account_id=1, kind="Create", object_key="1", body="{}", created_at=now
            )
        )
        await uow.flush()
        for slow in (True, False):
            uow.add(
                Delivery(
                    id=new_id(),
                    activity_id=1,
                    account_id=1,
                    inbox_url=f"https://b.example/{slow}",
                    host="b.example",
                    object_key="1",
                    slow=slow,
                    created_at=now,
                    due_at=now + timedelta(hours=1),
                )
            )
        uow.add(
            Peer(
                host="b.example",
                consecutive_failures=4,
                last_error="timeout",
                paused_until=now + timedelta(hours=1),
                created_at=now,
            )
        )
    condition = await examine(runtime)
    lanes = {lane.name: lane for lane in condition.lanes}
    assert (lanes["relay"].waiting, lanes["relay"].failed) == (2, 1)
    assert 89 < (lanes["relay"].oldest_seconds or 0) < 120
    assert (lanes["deliver"].waiting, lanes["deliver-slow"].waiting) == (1, 1)
    assert lanes["deliver"].oldest_seconds is None, "a row that backs off is not late"
    (host,) = condition.hosts
    assert (host.host, host.state, host.waiting, host.last_error) == ("b.example", "paused", 2, "timeout")


async def test_accounts_are_found_by_name_handle_and_address(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    await make_account(runtime, "bo")

    async def found(query: str, origin: str = "", state: str = "") -> list[str]:
        asked = AccountFilter(text=query, origin=origin, state=state)
        async with runtime.read() as reader:
            return [row.account.username for row in await list_moderated(reader, Page(), asked)]

    assert await found("") == ["bo", "ann"]
    assert await found("AN") == ["ann"]
    assert await found("@ann") == ["ann"]
    assert await found("ann@example.com") == ["ann"]
    assert await found("100%") == []
    assert await found("", "remote") == []
    assert await found("", "local") == ["bo", "ann"]
    async with runtime.write() as uow:
        from node.moderation.service import moderate_account

        await moderate_account(uow, ann.id, "suspend", now=runtime.now())
    assert await found("", state="suspended") == ["ann"]


def test_the_disk_is_measured(tmp_path: Path) -> None:
    (tmp_path / "rookery.sqlite3").write_bytes(b"x" * 10)
    (tmp_path / "media" / "a").mkdir(parents=True)
    (tmp_path / "media" / "a" / "b.png").write_bytes(b"x" * 7)
    disk = measure_disk(tmp_path, tmp_path / "media")
    assert (disk.database, disk.media) == (10, 7)
    assert 0 < disk.free <= disk.total
