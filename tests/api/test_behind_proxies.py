"""A node behind nginx and Caddy with the files we ship: streams, polls and uploads get through, tokens into no log
(issue 4; attack row 97). Skipped where the program is not installed."""

import asyncio
import io
import json
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from PIL import Image

from admin.serve import build_app
from tests.support.certificates import Authority
from tests.support.nodes import Node, open_node, settle
from tests.support.proxies import PROXIES, is_here, logs, proxy
from tests.support.redis_server import RedisServer
from tests.support.serving import free_port, listen, serving
from tests.support.streams import Refused, befriend, events, heard, say, socket

pytestmark = pytest.mark.processes


@dataclass
class Behind:
    """A node behind a proxy. `stop_node` lets the proxy alone."""

    node: Node
    tls: ssl.SSLContext
    folder: Path
    running: AsyncExitStack

    async def stop_node(self) -> None:
        await self.running.aclose()


@pytest.fixture(params=PROXIES)
async def behind(request: pytest.FixtureRequest, redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Behind]:
    name = str(request.param)
    if not is_here(name):
        pytest.skip(f"{name} is not installed")
    authority = Authority(tmp_path)
    tls, certificate = authority.trusting(), authority.server_file("localhost")
    port = free_port()
    url = f"https://localhost:{port}"
    listener, upstream = listen()
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(
            open_node(redis_server, public_url=url, trusted_proxies=(ip_network("127.0.0.0/8"),))
        )
        await stack.enter_async_context(proxy(name, tmp_path, port, int(upstream.rpartition(":")[2]), certificate))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False, timeout=20, verify=tls))
        running = await stack.enter_async_context(AsyncExitStack())
        await running.enter_async_context(serving(build_app(runtime), listener))
        yield Behind(Node(runtime, url, http), tls, tmp_path, running)


async def test_everything_gets_through(behind: Behind) -> None:
    node, tls = behind.node, behind.tls
    ann, bob = await node.person("ann"), await node.person("bob")
    await befriend(node, bob, ann)
    instance = (await node.http.get("/api/v2/instance")).json()
    assert instance["configuration"]["urls"]["streaming"] == node.url.replace("http", "ws", 1)
    cursor = (await bob.get("/api/v1/streaming/poll", stream="user"))["cursor"]
    async with (
        socket(node.url, subprotocols=[bob.token], query="stream=user", tls=tls) as opened,
        events(node.url, "user", token=bob.token, tls=tls, Accept_Encoding="gzip, zstd") as stream,
    ):
        assert opened.subprotocol == bob.token
        assert "Content-Encoding" not in stream.response.headers
        assert stream.response.headers["Content-Type"].startswith("text/event-stream")
        waiting = asyncio.create_task(bob.get("/api/v1/streaming/poll", stream="user", since=cursor))
        post = await say(node, ann, "hello")
        assert await heard(opened) == ("user", "update", post)
        event = await stream.next()
        assert event is not None
        assert json.loads(event["data"])["id"] == post
        (told,) = (await waiting)["events"]
        assert told["id"] == event["id"], "one and the same event by all three"
    async with events(node.url, "user", token=bob.token, tls=tls, Last_Event_ID=cursor) as stream:
        event = await stream.next()
        assert event is not None
        assert json.loads(event["data"])["id"] == post
    page = await node.http.get("/api/v1/timelines/public", params={"limit": 1})
    assert page.links["next"]["url"].startswith(f"{node.url}/")
    assert (await node.http.get("/metrics")).status_code == 404
    picture = io.BytesIO()
    Image.frombytes("RGB", (1000, 1000), os.urandom(3_000_000)).save(picture, "PNG")
    assert len(picture.getvalue()) > 2_900_000
    media = await ann.call("POST", "/api/v1/media", files={"file": ("x.png", picture.getvalue(), "image/png")})
    assert media["type"] == "image"
    activity = {"Content-Type": "application/activity+json"}
    assert (await node.http.post("/inbox", content=b"x" * 1_500_000, headers=activity)).status_code == 413
    await settle(node.runtime)


async def test_no_log_of_a_proxy_shows_a_token(behind: Behind) -> None:
    """Attack row 97: neither while all is well nor when the node behind is away."""
    node = behind.node
    ann = await node.person("ann")
    path = f"user?access_token={ann.token}"
    async with (
        events(node.url, path, tls=behind.tls) as stream,
        socket(node.url, query=f"stream=user&access_token={ann.token}", tls=behind.tls),
    ):
        await say(node, ann, "hello")
        assert await stream.next() is not None
    found = await node.http.get("/api/v1/streaming/poll", params={"stream": "user", "access_token": ann.token})
    assert found.status_code == 200
    async with events(node.url, path, tls=behind.tls):
        await behind.stop_node()
    assert (await node.http.get(f"/api/v1/streaming/{path}")).status_code == 502
    for query, subprotocols in ((f"access_token={ann.token}", []), ("stream=user", [ann.token])):
        with pytest.raises(Refused):
            async with socket(node.url, query=query, subprotocols=subprotocols, tls=behind.tls):
                pass
    assert ann.token not in logs(behind.folder)
