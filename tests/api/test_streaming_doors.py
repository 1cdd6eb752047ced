"""The doors of streams: who is let in, how much they may ask for, and when they are shown out
(client-api behaviour 20; attack rows 95 and 97)."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from node.accounts.service import delete_account, suspend_account
from node.auth.models import User
from node.auth.queries import find_token
from node.auth.second_step import note_new_factor
from node.auth.service import (
    change_password,
    close_other_sessions,
    close_session,
    create_token,
    open_session,
    revoke_token,
    revoke_token_by_id,
)
from node.base.db.stream_log import Logged, StreamEvent, append
from node.base.errors import TooManyRequests
from node.http.cookies import cookie_name
from node.stream.channels import GUARDS, channel_of
from node.stream.hub import PER_PERSON, Hub
from node.stream.identity import Listener
from node.stream.server_sent import PATHS
from node.stream.sockets import CHANNELS, FRAME_BYTES
from node.stream.subscribers import QUEUE, SLOW, Subscriber
from tests.support.make import make_token
from tests.support.nodes import Node, Person, serve_node, settle
from tests.support.redis_server import RedisServer
from tests.support.streams import Refused, befriend, events, heard, say, socket


@pytest.fixture
async def node(redis_server: RedisServer, database_url: str) -> AsyncIterator[Node]:
    """One node with every door, on a real socket."""
    async with serve_node(redis_server, database_url=database_url) as served:
        yield served


async def test_scopes_and_refusals(node: Node, ann: Person) -> None:
    reading = await make_token(node.runtime, ann.account_id, "read:statuses")
    writing = await make_token(node.runtime, ann.account_id, "write")
    async with node.runtime.write() as uow:
        nobody = await create_token(uow, None, "read", now=node.runtime.now())

    async def status(path: str, token: str = "") -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = await node.http.get(f"/api/v1/streaming/{path}", headers=headers)
        assert isinstance(answer.json()["error"], str)
        return answer.status_code

    assert [await status(path) for path in ("user", "public", "direct")] == [401] * 3
    assert await status("user", "nonsense") == 401
    assert await status("user", writing) == 403
    assert await status("user", nobody) == 403
    assert await status("user/notification", reading) == 403
    assert await status("list?list=1", ann.token) == 404
    assert await status("list", ann.token) == 400
    assert await status("elsewhere", ann.token) == 404
    assert await status("hashtag", ann.token) == 400
    assert await status("user?since_id=x", ann.token) == 400
    for given, expected in (({}, 401), ({"token": "nonsense"}, 401), ({"token": writing, "query": "stream=user"}, 403)):
        with pytest.raises(Refused) as refused:
            async with socket(node.url, **given):  # type: ignore[arg-type]
                pass
        assert refused.value.status == expected
    bob = await node.person("bob")
    async with socket(node.url, token=reading, query="stream=user") as opened:
        post = await say(node, bob, "@ann mentions are told to who may read notifications")
        await opened.subscribe("public")
        await opened.subscribe("?")
        await opened.receive()
        after = await say(node, bob, "plain")
        assert post != after
        said = await heard(opened)
        if said == ("public", "update", post):  # the stream was asked for before the first post was told
            said = await heard(opened)
        assert said == ("public", "update", after)


async def test_every_stream_asks_for_its_scope(node: Node, ann: Person) -> None:
    """Attack row 90, over the table of streams and all three doors: who may not hear one hears nothing."""
    runtime = node.runtime

    async def token(scopes: str, account_id: int | None = ann.account_id) -> str:
        async with runtime.write() as uow:
            return await create_token(uow, account_id, scopes, now=runtime.now())

    late = await node.person("late")
    async with runtime.write() as uow:
        await uow.write(update(User).where(User.account_id == late.account_id).values(confirmed_at=None))
    gone = await node.person("gone")
    async with runtime.write() as uow:
        await suspend_account(uow, gone.account_id, now=runtime.now())
    refused = {
        "": 401,
        "nonsense": 401,
        await token("read write follow push", None): 403,
        await token("profile"): 403,
        await token("write follow push"): 403,
        await token("read:accounts"): 403,
        late.token: 403,
        gone.token: 401,
    }
    for name in GUARDS:
        path = next(path for path, channel in PATHS.items() if channel == name)
        for bearer, expected in refused.items():
            headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
            query = {"tag": "x", "list": "1"}
            for target in (path, f"{path}/"):
                found = await node.http.get(f"/api/v1/streaming/{target}", params=query, headers=headers)
                assert found.status_code == expected, (name, bearer)
            found = await node.http.get("/api/v1/streaming/poll", params=query | {"stream": name}, headers=headers)
            assert found.status_code == expected, (name, bearer)
            with pytest.raises(Refused) as no:
                async with socket(node.url, token=bearer, query=f"stream={name}&tag=x&list=1"):
                    pass
            assert no.value.status == expected, (name, bearer)


ENDS = ["revoked", "app", "password", "second step", "suspended", "deleted"]


@pytest.mark.parametrize("way", ENDS)
async def test_the_end_of_access_ends_streams(node: Node, ann: Person, bob: Person, way: str) -> None:
    """Attack row 95 and rule 9: open streams end, also while the relay has no time; those of others stay."""
    runtime = node.runtime
    async with (
        socket(node.url, token=ann.token, query="stream=user") as opened,
        events(node.url, "public", token=ann.token) as stream,
        socket(node.url, token=bob.token, query="stream=public") as other,
    ):
        async with runtime.write() as uow:
            if way == "revoked":
                await revoke_token(uow, ann.token, now=runtime.now())
            elif way == "password":
                await change_password(uow, runtime.settings, ann.account_id, "another good horse", now=runtime.now())
            elif way == "second step":
                await note_new_factor(
                    uow, runtime.settings, ann.account_id, was_on=False, keep_secret="", now=runtime.now()
                )
            elif way == "app":
                principal = await find_token(uow, ann.token, runtime.now())
                assert principal is not None
                await revoke_token_by_id(uow, ann.account_id, principal.token_id, now=runtime.now())
            elif way == "suspended":
                await suspend_account(uow, ann.account_id, now=runtime.now())
            else:
                await delete_account(uow, ann.account_id, now=runtime.now())
        assert await opened.until_closed() == (1008, "access ended")
        assert await stream.next() is None
        post = await say(node, bob, "still here")
        assert await heard(other) == ("public", "update", post)


@pytest.mark.parametrize("others", [True, False])
async def test_signing_out_ends_the_stream_of_that_browser(node: Node, ann: Person, others: bool) -> None:
    """Attack row 95."""
    runtime = node.runtime
    name = cookie_name(runtime.settings)
    async with runtime.write() as uow:
        secrets = [await open_session(uow, ann.account_id, now=runtime.now()) for _ in range(2)]
    ending, staying = secrets
    async with (
        events(node.url, "user", Cookie=f"{name}={ending}") as ends,
        events(node.url, "user", Cookie=f"{name}={staying}") as stays,
    ):
        async with runtime.write() as uow:
            if others:
                await close_other_sessions(uow, ann.account_id, keep_secret=staying)
            else:
                await close_session(uow, ending)
        await settle(runtime)
        assert await ends.next() is None
        post = await say(node, ann, "still here")
        event = await stays.next()
        assert event is not None
        assert json.loads(event["data"])["id"] == post


async def test_a_cookie_counts_from_our_own_pages_only(node: Node, ann: Person) -> None:
    """Attack row 97: a page elsewhere opens no stream in the name of whoever looks at it."""
    runtime = node.runtime
    async with runtime.write() as uow:
        secret = await open_session(uow, ann.account_id, now=runtime.now())
    cookie = {"Cookie": f"{cookie_name(runtime.settings)}={secret}"}
    async with socket(node.url, Origin=node.url, **cookie):
        pass
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        with pytest.raises(Refused) as refused:
            async with socket(node.url, **cookie, **headers):
                pass
        assert refused.value.status == 403
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await node.http.get("/api/v1/streaming/user", headers=cookie | headers)
        assert answer.status_code == 403
    async with socket(node.url, token=ann.token, Origin="https://app.example", **cookie):
        pass  # an app's own page, with a token


async def test_no_log_shows_a_token(node: Node, ann: Person) -> None:
    """Attack row 97."""
    with capture_logs() as logged:
        async with events(node.url, f"user?access_token={ann.token}"):
            pass
        async with socket(node.url, query=f"access_token={ann.token}"):
            pass
        await node.http.get("/api/v1/streaming/nothing", params={"access_token": ann.token})
    assert logged
    assert ann.token not in repr(logged)


async def test_one_person_has_so_many_streams(node: Node, ann: Person) -> None:
    """Attack row 97: a thousand sockets of one person."""
    hub = Hub(node.runtime)

    async def holds() -> bool:
        return True

    listener = Listener(ann.account_id, frozenset({"read"}), None, holds)
    for _ in range(PER_PERSON):
        hub.check_room(ann.account_id)
        await hub.join(Subscriber(listener))
    hub.check_room(ann.account_id + 1)
    with pytest.raises(TooManyRequests):
        hub.check_room(ann.account_id)
    await hub.close()


async def test_a_slow_reader_is_dropped(node: Node, ann: Person) -> None:
    """Attack row 97: a client that never reads costs no more than its queue."""

    async def holds() -> bool:
        return True

    channel = channel_of("user", scopes=frozenset({"read"}))
    subscriber = Subscriber(Listener(ann.account_id, frozenset({"read"}), None, holds), {channel})
    subscriber.task = asyncio.create_task(asyncio.Event().wait())
    for number in range(QUEUE + 1):
        assert not subscriber.reason
        subscriber.put(Logged(f"1-{number}", StreamEvent("update", number)))
    assert subscriber.reason == SLOW
    assert subscriber.queue.get_nowait() is None
    with pytest.raises(asyncio.CancelledError):
        await subscriber.task
    subscriber.done()


async def test_what_a_client_may_send(node: Node, ann: Person) -> None:
    """Attack row 97: large messages, many messages, many channels."""
    async with socket(node.url, token=ann.token) as opened:
        await opened.send("x" * (FRAME_BYTES + 1))
        assert (await opened.until_closed())[0] == 1009
    async with socket(node.url, token=ann.token) as opened:
        for number in range(CHANNELS):
            await opened.subscribe("hashtag", tag=f"tag{number}")
        await opened.subscribe("hashtag", tag="onemore")
        assert (await opened.receive())["status"] == 429
        for _ in range(200):
            await opened.send("{}")
        assert await opened.until_closed() == (1008, "too many messages")


async def test_without_redis_streams_go_on(ann: Person, bob: Person, node: Node) -> None:
    """Redis only says when to look: with it away streams open and tell, a little later."""
    await befriend(node, bob, ann)
    runtime = node.runtime
    async with events(node.url, "user", token=bob.token) as stream:
        assert stream.response.status_code == 200
        post = await ann.post("@bob written")
        runtime.gate._shut_until = float("inf")
        async with runtime.write() as uow:
            await append(uow, [StreamEvent("update", int(post["id"]))])
        event = await stream.next()
        assert event is not None
        assert json.loads(event["data"])["id"] == post["id"]


async def test_plain_http_on_the_socket_path(node: Node, ann: Person) -> None:
    answer = await node.http.get("/api/v1/streaming", headers={"Authorization": f"Bearer {ann.token}"})
    assert answer.status_code in (400, 404)
    assert isinstance(answer, httpx.Response)
