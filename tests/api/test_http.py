"""What every answer of the API carries: headers, limits, slashes, CORS (client-api behaviours 5, 15 to 17)."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.api.conftest import serve
from tests.api.shapes import TIME
from tests.support.nodes import Node, Person, open_node
from tests.support.redis_server import RedisServer


@pytest.fixture
async def limited(redis_server: RedisServer) -> AsyncIterator[Node]:
    """A node with rate limits on."""
    async with open_node(redis_server, rate_limits=True) as runtime:
        async for node in serve(runtime):
            node.clock.hold()  # buckets refill by the second
            yield node


def limits(response: httpx.Response) -> tuple[int, int]:
    assert TIME.fullmatch(response.headers["X-RateLimit-Reset"])
    return int(response.headers["X-RateLimit-Limit"]), int(response.headers["X-RateLimit-Remaining"])


async def test_limits_are_told_on_every_answer(limited: Node) -> None:
    ann = await limited.person("ann")
    headers = {"Authorization": f"Bearer {ann.token}"}
    first = await limited.http.get("/api/v1/timelines/home", headers=headers)
    assert limits(first) == (300, 299)
    assert limits(await limited.http.get("/api/v1/nothing", headers=headers)) == (300, 298)
    assert limits(await limited.http.get("/api/v1/timelines/home")) == (300, 299)
    assert limits(await limited.http.get("/api/v1/statuses/4711")) == (300, 298)


async def test_beyond_the_limit(limited: Node) -> None:
    for _ in range(300):
        response = await limited.http.get("/api/v1/custom_emojis")
    response = await limited.http.get("/api/v1/custom_emojis")
    assert response.status_code == 429
    assert response.json() == {"error": "Too many requests"}
    assert limits(response) == (300, 0)
    assert int(response.headers["Retry-After"]) >= 1
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    ann = await limited.person("ann")
    await ann.get("/api/v1/timelines/home")
    limited.clock.advance(seconds=5)
    assert (await limited.http.get("/api/v1/custom_emojis")).status_code == 200


async def test_deletes_have_a_limit_of_their_own(limited: Node) -> None:
    ann = await limited.person("ann")
    for _ in range(30):
        await ann.call("DELETE", "/api/v1/statuses/4711", expect=404)
    await ann.call("DELETE", "/api/v1/statuses/4711", expect=429)
    await ann.get("/api/v1/timelines/home")


async def test_calls_cost_what_they_cause(limited: Node) -> None:
    """client-api 16: a search more than one, what every session begins with nothing."""
    ann = await limited.person("ann")
    headers = {"Authorization": f"Bearer {ann.token}"}
    assert limits(await limited.http.get("/api/v2/search?q=x", headers=headers)) == (300, 297)
    assert limits(await limited.http.get("/api/v2/instance", headers=headers)) == (300, 297)
    assert limits(await limited.http.get("/api/v1/timelines/home", headers=headers)) == (300, 296)


async def test_a_bad_token_is_paid_by_its_address(limited: Node) -> None:
    """client-api 16: who tries tokens is a stranger."""
    headers = {"Authorization": "Bearer nonsense"}
    assert limits(await limited.http.get("/api/v1/timelines/home", headers=headers)) == (300, 299)
    assert limits(await limited.http.get("/api/v1/timelines/public")) == (300, 298)


async def test_the_narrowest_limit_is_the_one_told(limited: Node) -> None:
    """Follows have one of their own: of a day."""
    ann, bob = await limited.person("ann"), await limited.person("bob")
    headers = {"Authorization": f"Bearer {ann.token}"}
    path = f"/api/v1/accounts/{bob.account_id}/follow"
    assert (await limited.http.post(path, headers=headers)).status_code == 200
    for _ in range(8):
        await limited.http.get("/api/v1/custom_emojis", headers=headers)
    assert limits(await limited.http.post(path, headers=headers)) == (300, 290)
    limited.clock.advance(minutes=5)
    assert limits(await limited.http.post(path, headers=headers)) == (400, 398)


async def test_without_redis_nobody_is_locked_out(redis_server: RedisServer) -> None:
    from pathlib import Path

    nowhere = f"unix://{Path('/nonexistent/redis.sock')}"
    async with open_node(redis_server, rate_limits=True, redis_url=nowhere) as runtime:
        async for node in serve(runtime):
            ann = await node.person("ann")
            sent = await ann.post("still here")
            assert (await ann.home())[0]["id"] == sent["id"]
            response = await node.http.get("/api/v1/timelines/public")
            assert response.status_code == 200
            assert "X-RateLimit-Limit" not in response.headers


async def test_apps_register_five_times_in_ten_minutes(limited: Node) -> None:
    """client-api 16: by address."""
    body = {"client_name": "Crow", "redirect_uris": "crow://"}
    answers = [await limited.http.post("/api/v1/apps", data=body) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/instance/"),
        ("GET", "/api/v2/instance/"),
        ("POST", "/api/v1/statuses/"),
        ("GET", "/api/v1/tags/x/"),
    ],
)
async def test_a_slash_at_the_end_is_no_redirect(ann: Person, method: str, path: str) -> None:
    await ann.call(method, path, data={"status": "x"} if method == "POST" else None)


async def test_answers_are_for_the_caller_alone(node: Node, ann: Person) -> None:
    response = await node.http.get("/api/v1/timelines/public")
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_preflight_needs_no_token(node: Node) -> None:
    headers = {"Origin": "https://app.test", "Access-Control-Request-Method": "DELETE"}
    headers["Access-Control-Request-Headers"] = "authorization,idempotency-key"
    response = await node.http.options("/api/v1/statuses/1", headers=headers)
    assert response.status_code == 200
    assert "idempotency-key" in response.headers["Access-Control-Allow-Headers"]


async def test_pictures_can_be_read_by_scripts(node: Node, ann: Person) -> None:
    """client-api behaviour 17: Phanpy reads avatar pixels through a canvas."""
    from tests.api.test_accounts import picture

    sent = await ann.call("POST", "/api/v2/media", files={"file": ("a.png", picture(), "image/png")})
    response = await node.http.get(sent["url"])
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]


async def test_methods(node: Node, ann: Person) -> None:
    answer: Any = await ann.call("DELETE", "/api/v1/timelines/home", expect=405)
    assert "error" in answer
    response = await node.http.head("/api/v1/instance")
    assert response.status_code == 200
