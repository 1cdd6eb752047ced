"""A real streaming replica: timelines and profiles are read from it, never at the price of what somebody just did."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from node.base.db.replica import Replica
from tests.support.nodes import Node, Person, serve_node, settle
from tests.support.postgres import PostgresReplica, PostgresServer, postgres_folder
from tests.support.redis_server import RedisServer

pytestmark = [pytest.mark.processes, pytest.mark.long]


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[PostgresServer, PostgresReplica]]:
    programs = postgres_folder()
    if programs is None or not (programs / "pg_basebackup").exists():
        pytest.skip("PostgreSQL is not installed here")
    primary = PostgresServer(programs, synchronous_commit="on")
    try:
        replica = primary.start_replica()
        try:
            yield primary, replica
        finally:
            replica.close()
    finally:
        primary.close()


@pytest.fixture
async def node(servers: tuple[PostgresServer, PostgresReplica], redis_server: RedisServer) -> AsyncIterator[Node]:
    primary, replica = servers
    url = primary.new_url()
    async with serve_node(
        redis_server, database_url=url, database_replica_url=replica.url(url), replica_lag_seconds=300
    ) as served:
        yield served


def replica_of(node: Node) -> Replica:
    assert node.runtime.replica is not None
    return node.runtime.replica


async def caught_up(node: Node, *people: Person) -> None:
    """Wait until the replica has what the primary has now, and may serve these people."""
    replica = replica_of(node)
    async with asyncio.timeout(60):
        while not all([await replica.may_serve(person.account_id) for person in people]):
            await replica.look()
            await asyncio.sleep(0.02)


async def public(person: Person) -> list[str]:
    return [status["content"] for status in await person.get("/api/v1/timelines/public")]


async def of(person: Person, author: Person) -> list[str]:
    return [status["content"] for status in await person.get(f"/api/v1/accounts/{author.account_id}/statuses")]


async def test_everybody_reads_their_own_writes_and_the_rest_comes_with_the_replica(
    node: Node, servers: tuple[PostgresServer, PostgresReplica]
) -> None:
    _, server = servers
    ann, bo = await node.person("ann"), await node.person("bo")
    await ann.post("first")
    await settle(node.runtime)
    await caught_up(node, ann, bo)
    replica, before = replica_of(node), replica_of(node).reads
    assert await public(bo) == await of(bo, ann) == ["<p>first</p>"]
    assert replica.reads > before, "these came from the replica"

    server.hold_back()
    try:
        await ann.post("second")
        assert await public(ann) == await of(ann, ann) == ["<p>second</p>", "<p>first</p>"]
        await replica.look()
        assert await public(bo) == await of(bo, ann) == ["<p>first</p>"], "bo wrote nothing and reads the replica"
        assert await bo.get("/api/v1/timelines/tag/none") == []

        # Another web process knows of ann's mark by Redis alone; without Redis nobody reads the replica.
        replica._marks.clear()
        assert await public(ann) == ["<p>second</p>", "<p>first</p>"]
        node.runtime.gate._shut_until = float("inf")
        assert await public(bo) == ["<p>second</p>", "<p>first</p>"]
        node.runtime.gate._shut_until = 0.0
    finally:
        server.let_go()
    await caught_up(node, ann, bo)
    assert await public(ann) == await public(bo) == ["<p>second</p>", "<p>first</p>"]


async def test_a_home_misses_nothing_that_its_list_in_redis_names_already(
    node: Node, servers: tuple[PostgresServer, PostgresReplica]
) -> None:
    """bo, who wrote nothing, may read the replica; it lacks what was just pushed to bo's list."""
    _, server = servers
    ann, bo = await node.person("ann"), await node.person("bo")
    await bo.follow(ann)
    first = await ann.post("first")
    await settle(node.runtime)
    assert [status["id"] for status in await bo.home()] == [first["id"]]
    await caught_up(node, bo)
    replica, before = replica_of(node), replica_of(node).reads
    assert [status["id"] for status in await bo.home()] == [first["id"]]
    assert replica.reads > before
    server.hold_back()
    try:
        second = await ann.post("second")
        await settle(node.runtime)
        await replica.look()
        assert await replica.may_serve(bo.account_id)
        assert [status["id"] for status in await bo.home()] == [second["id"], first["id"]]
    finally:
        server.let_go()
    async with asyncio.timeout(60):
        while await public(bo) != ["<p>second</p>", "<p>first</p>"]:
            await asyncio.sleep(0.02)


async def test_a_replica_that_lags_is_left_alone_until_it_has_caught_up(
    node: Node, servers: tuple[PostgresServer, PostgresReplica]
) -> None:
    _, server = servers
    ann, bo = await node.person("ann"), await node.person("bo")
    await caught_up(node, bo)
    replica = replica_of(node)
    server.hold_back()
    try:
        await ann.post("unseen")
        replica._most_lag = 0.01
        async with asyncio.timeout(30):
            while not replica.problem:
                await replica.look()
                await asyncio.sleep(0.02)
        assert "behind" in replica.problem
        assert await public(bo) == ["<p>unseen</p>"], "from the primary"
        replica._most_lag = 300
    finally:
        server.let_go()
    await caught_up(node, bo)
    assert await public(bo) == ["<p>unseen</p>"]


async def test_nobody_notices_that_the_replica_is_gone(
    node: Node, servers: tuple[PostgresServer, PostgresReplica]
) -> None:
    _, server = servers
    ann, bo = await node.person("ann"), await node.person("bo")
    await ann.post("kept")
    await caught_up(node, ann, bo)
    assert await public(bo) == ["<p>kept</p>"]
    server.stop()
    try:
        assert await public(bo) == ["<p>kept</p>"]
        assert await of(bo, ann) == ["<p>kept</p>"]
        assert replica_of(node).problem
    finally:
        server.restart()
    await caught_up(node, bo)
    assert await public(bo) == ["<p>kept</p>"]


async def test_a_server_that_takes_writes_of_its_own_is_no_replica(
    servers: tuple[PostgresServer, PostgresReplica], redis_server: RedisServer
) -> None:
    url = servers[0].new_url()
    async with serve_node(redis_server, database_url=url, database_replica_url=url) as node:
        ann = await node.person("ann")
        await replica_of(node).look()
        assert "no replica" in replica_of(node).problem
        assert await replica_of(node).may_serve(ann.account_id) is False
        assert await public(ann) == []
