"""/livez, /readyz and /metrics, asked over the application's own door."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

import admin.health
from admin import presence
from node.app import create_app
from node.base.runtime import Runtime
from tests.support.nodes import open_node
from tests.support.redis_server import RedisServer

TOKEN = "a-token-for-the-figures"


@pytest.fixture
async def app(redis_server: RedisServer) -> AsyncIterator[Quart]:
    async with open_node(redis_server, metrics_token=TOKEN) as runtime:
        yield create_app(runtime, [admin.health.blueprint])


async def fetch(
    client: Client, path: str, *, peer: str = "127.0.0.1", headers: dict[str, str] | None = None
) -> tuple[int, str]:
    response = await client.get(path, headers=headers or {}, scope_base={"client": (peer, 4711)})
    return response.status_code, (await response.get_data()).decode()


async def test_livez_answers(app: Quart) -> None:
    assert await fetch(app.test_client(), "/livez") == (200, "ok\n")


async def test_readyz_says_what_is_there(app: Quart) -> None:
    status, body = await fetch(app.test_client(), "/readyz")
    assert status == 200
    assert '"status":"ready"' in body.replace(" ", "")


async def test_without_redis_it_is_degraded_but_ready(runtime: Runtime) -> None:
    away = open_away(runtime)
    status, body = await fetch(create_app(away, [admin.health.blueprint]).test_client(), "/readyz")
    assert status == 200
    assert '"redis":"down"' in body.replace(" ", "")
    assert '"status":"degraded"' in body.replace(" ", "")
    await away.gate.redis.aclose()


async def test_without_a_database_it_is_not_ready(runtime: Runtime) -> None:
    from node.base.db.engine import open_database

    database = open_database("postgresql+asyncpg://nobody@127.0.0.1:9/none")
    broken = replace(runtime, database=database)
    status, body = await fetch(create_app(broken, [admin.health.blueprint]).test_client(), "/readyz")
    assert status == 503
    assert '"database":"down"' in body.replace(" ", "")
    await database.close()


def open_away(runtime: Runtime) -> Runtime:
    """Return the runtime with a Redis that does not exist."""
    from node.base.cache import RedisGate, open_redis

    return replace(runtime, gate=RedisGate(open_redis("unix:///nowhere/redis.sock")))


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
async def test_metrics_for_this_machine(app: Quart, peer: str) -> None:
    status, body = await fetch(app.test_client(), "/metrics", peer=peer)
    assert status == 200
    assert 'rookery_lane_waiting{lane="relay"} 0.0' in body
    assert "rookery_redis_up 1.0" in body


async def test_metrics_for_the_token(app: Quart) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    status, _ = await fetch(app.test_client(), "/metrics", peer="198.51.100.7", headers=headers)
    assert status == 200


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("198.51.100.7", {}),
        ("198.51.100.7", {"Authorization": "Bearer wrong-token-wrong-token"}),
        ("198.51.100.7", {"Authorization": f"Basic {TOKEN}"}),
        ("198.51.100.7", {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", {"X-Forwarded-For": "198.51.100.7"}),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", {"Forwarded": "for=198.51.100.7"}),
        ("127.0.0.1", {"X-Real-IP": "198.51.100.7"}),
        ("127.0.0.1", {"Via": "1.1 proxy"}),
        ("", {}),
    ],
)
async def test_metrics_for_nobody_else(app: Quart, peer: str, headers: dict[str, str]) -> None:
    """A proxy's loopback address says nothing about who asks, whatever the headers claim."""
    status, body = await fetch(app.test_client(), "/metrics", peer=peer, headers=headers)
    assert status == 404
    assert "rookery_" not in body


async def test_an_empty_token_lets_nobody_in(runtime: Runtime) -> None:
    client = create_app(runtime, [admin.health.blueprint]).test_client()
    assert (await fetch(client, "/metrics", peer="198.51.100.7", headers={"Authorization": "Bearer "}))[0] == 404


async def test_a_forged_loopback_behind_a_trusted_proxy_is_refused(redis_server: RedisServer) -> None:
    from ipaddress import ip_network

    async with open_node(redis_server, trusted_proxies=(ip_network("10.0.0.0/8"),)) as runtime:
        client = create_app(runtime, [admin.health.blueprint]).test_client()
        headers = {"X-Forwarded-For": "127.0.0.1"}
        assert (await fetch(client, "/metrics", peer="10.0.0.9", headers=headers))[0] == 404


async def test_processes_are_listed_until_they_leave(runtime: Runtime) -> None:
    await presence.announce(runtime.gate, "rookery: web 1", started_at=1.0)
    (listed,) = await presence.list_processes(runtime.gate) or []
    assert listed.title == "rookery: web 1"
    assert listed.memory > 0
    await presence.withdraw(runtime.gate)
    assert await presence.list_processes(runtime.gate) == []


async def test_a_process_that_fell_silent_is_forgotten(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    await presence.announce(runtime.gate, "rookery: web 1", started_at=1.0)
    import time

    later = time.time() + presence.GONE_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert await presence.list_processes(runtime.gate) == []
    stored: Any = await runtime.gate.call(lambda redis: redis.hlen(presence.KEY))
    assert stored == 0


async def test_without_redis_nobody_is_listed(runtime: Runtime) -> None:
    away = open_away(runtime)
    assert await presence.list_processes(away.gate) is None
    await away.gate.redis.aclose()
