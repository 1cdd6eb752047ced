"""Streams over real sockets: what arrives, what never does, resuming, caps, and the end of access
(client-api behaviours 20 and 21; attack rows 95, 97 and 98)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from node.accounts.service import suspend_account
from node.auth.service import (
    change_password,
    close_other_sessions,
    close_session,
    create_token,
    open_session,
    revoke_token,
)
from node.base.errors import TooManyRequests
from node.base.streams import KEY, LENGTH, Logged, StreamEvent, publish, reaches_back
from node.http.cookies import cookie_name
from node.stream.channels import channel_of
from node.stream.hub import PER_PERSON, QUEUE, SLOW, Hub, Subscriber
from node.stream.identity import Listener
from node.stream.sockets import CHANNELS, FRAME_BYTES
from tests.support.make import make_token
from tests.support.nodes import Node, Person, serve_node, settle
from tests.support.redis_server import RedisServer
from tests.support.streams import Refused, Socket, events, socket


@pytest.fixture
async def node(redis_server: RedisServer, database_url: str) -> AsyncIterator[Node]:
    """One node with every door, on a real socket."""
    async with serve_node(redis_server, database_url=database_url) as served:
        yield served


async def befriend(node: Node, follower: Person, followee: Person) -> None:
    await follower.act(f"/api/v1/accounts/{followee.account_id}/follow")
    await settle(node.runtime)


async def say(node: Node, author: Person, text: str, **fields: Any) -> str:
    status = await author.post(text, **fields)
    await settle(node.runtime)
    return str(status["id"])


def payload(message: dict[str, Any]) -> Any:
    return json.loads(message["payload"])


async def heard(opened: Socket) -> tuple[str, str, str]:
    """Return channel, event, and the id of what the next message is about."""
    message = await opened.receive()
    about = payload(message)
    return " ".join(message["stream"]), message["event"], str(about["id"] if isinstance(about, dict) else about)


async def test_server_sent_events_of_home_and_notifications(node: Node, ann: Person, bob: Person) -> None:
    await befriend(node, bob, ann)
    assert (await node.http.get("/api/v1/streaming/health")).text == "OK"
    async with (
        events(node.url, "user", token=bob.token) as home,
        events(node.url, f"user/notification?access_token={bob.token}") as told,
    ):
        assert home.response.headers["Content-Type"].startswith("text/event-stream")
        assert home.response.headers["X-Accel-Buffering"] == "no"
        post = await say(node, ann, "@bob hello")
        update = await home.next()
        assert update is not None
        assert update["event"] == "update"
        status = json.loads(update["data"])
        assert (status["id"], status["favourited"], status["filtered"]) == (post, False, [])
        for stream in (home, told):
            news = await stream.next()
            assert news is not None
            assert news["event"] == "notification"
            about = json.loads(news["data"])
            assert (about["type"], about["status"]["id"]) == ("mention", post)
            assert about == await bob.get(f"/api/v1/notifications/{about['id']}")
        await ann.call("PUT", f"/api/v1/statuses/{post}", json={"status": "@bob changed"})
        await settle(node.runtime)
        edited = await home.next()
        assert edited is not None
        assert edited["event"] == "status.update"
        assert "changed" in json.loads(edited["data"])["content"]
        await ann.call("DELETE", f"/api/v1/statuses/{post}")
        await settle(node.runtime)
        gone = await home.next()
        assert gone is not None
        assert (gone["event"], gone["data"]) == ("delete", post)


async def test_one_socket_for_all_channels(node: Node, ann: Person, bob: Person) -> None:
    await befriend(node, bob, ann)
    async with socket(node.url, subprotocols=[bob.token], query="stream=user") as opened:
        assert opened.subprotocol == bob.token
        await opened.send({"type": "subscribe", "stream": "hashtag", "tag": "Cats"})
        for wrong in ("local", "list", "hashtag"):
            await opened.subscribe(wrong)
            assert (await opened.receive())["status"] in (400, 404)
        for nonsense in ("{", "[]", '{"type":"dance"}'):
            await opened.send(nonsense)
            assert (await opened.receive())["status"] == 400
        post = await say(node, ann, "#cats")
        assert [await heard(opened), await heard(opened)] == [
            ("hashtag cats", "update", post),
            ("user", "update", post),
        ]
        await opened.send({"type": "unsubscribe", "stream": "user"})
        for channel in ("public", "public:local", "public:remote", "public:media"):
            await opened.subscribe(channel)
        await opened.subscribe("nothing")  # its answer says that all before it is done
        assert (await opened.receive())["error"] == "Unknown stream type"
        post = await say(node, ann, "plain")
        assert [await heard(opened), await heard(opened)] == [
            ("public", "update", post),
            ("public:local", "update", post),
        ]
        await ann.call("DELETE", f"/api/v1/statuses/{post}")
        await settle(node.runtime)
        assert {await heard(opened) for _ in range(4)} == {
            (channel, "delete", post) for channel in ("public", "public:local", "public:media", "hashtag cats")
        }
    instance = (await node.http.get("/api/v2/instance")).json()
    assert instance["configuration"]["urls"]["streaming"] == node.url.replace("http", "ws", 1)


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_closed_posts_reach_nobody_else(
    node: Node, ann: Person, bob: Person, carol: Person, visibility: str
) -> None:
    """Attack row 98: nor do their edits and deletions, through no channel."""
    await befriend(node, bob, ann)
    channels = ("user", "public", "public:local", "direct")
    async with (
        socket(node.url, token=bob.token) as friend,
        socket(node.url, token=carol.token) as stranger,
        socket(node.url, token=ann.token, query="stream=user") as author,
    ):
        for opened in (friend, stranger):
            for channel in channels:
                await opened.subscribe(channel)
            await opened.subscribe("hashtag", tag="secret")
            await opened.subscribe("?")
            await opened.receive()
        post = await say(node, ann, "#secret", visibility=visibility)
        await ann.call("PUT", f"/api/v1/statuses/{post}", json={"status": "#secret still"})
        await settle(node.runtime)
        await ann.call("DELETE", f"/api/v1/statuses/{post}")
        await settle(node.runtime)
        after = await say(node, ann, "for all")
        expected = [("user", kind, post) for kind in ("update", "status.update", "delete")]
        assert [await heard(author) for _ in range(3)] == expected
        if visibility == "private":
            assert [await heard(friend) for _ in range(3)] == expected
        for opened in (friend, stranger):
            assert (await heard(opened))[1:] == ("update", after)


async def test_a_direct_post_reaches_whom_it_names(node: Node, ann: Person, bob: Person) -> None:
    async with socket(node.url, token=bob.token, query="stream=direct") as opened:
        post = await say(node, ann, "@bob psst", visibility="direct")
        assert await heard(opened) == ("direct", "update", post)
        await ann.call("DELETE", f"/api/v1/statuses/{post}")
        await settle(node.runtime)
        assert await heard(opened) == ("direct", "delete", post)


@pytest.mark.parametrize(("who", "act"), [("bob", "block"), ("bob", "mute"), ("ann", "block")])
async def test_blocks_and_mutes_hold_in_open_streams(node: Node, ann: Person, bob: Person, who: str, act: str) -> None:
    """Attack row 98: what changes while a stream is open counts at once."""
    carol = await node.person("carol")
    await befriend(node, bob, ann)
    async with socket(node.url, token=bob.token, query="stream=user") as opened:
        await opened.subscribe("public")
        one, other = (bob, ann) if who == "bob" else (ann, bob)
        await one.act(f"/api/v1/accounts/{other.account_id}/{act}")
        await settle(node.runtime)
        await say(node, ann, "@bob unheard")
        heard_of = await say(node, carol, "heard")
        assert await heard(opened) == ("public", "update", heard_of)


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
        assert await heard(opened) == ("public", "update", after)


async def test_resume_under_load(node: Node, ann: Person, bob: Person) -> None:
    """A stream that is cut and resumed again and again while posts are written: nothing is missing, nothing doubled."""
    await befriend(node, bob, ann)
    written: list[str] = []
    finished = asyncio.Event()

    async def write() -> None:
        for number in range(40):
            written.append(str((await ann.post(f"post {number}"))["id"]))
            await settle(node.runtime)
        finished.set()

    seen: list[str] = []
    last = ""
    async with events(node.url, "user", token=bob.token, Accept="text/event-stream") as stream:
        begin = await stream.next()
        assert begin is not None
        last = begin["id"]
        assert "event" not in begin
    writing = asyncio.create_task(write())
    while len(seen) < 40:
        async with events(node.url, "user", token=bob.token, Last_Event_ID=last) as stream:
            for _ in range(min(7, 40 - len(seen))):
                event = await stream.next()
                assert event is not None
                seen.append(str(json.loads(event["data"])["id"]))
                last = event["id"]
    await writing
    assert finished.is_set()
    assert seen == written


async def test_a_socket_resumes_each_channel_by_itself(node: Node, ann: Person, bob: Person) -> None:
    await befriend(node, bob, ann)
    async with socket(node.url, token=bob.token, query="stream=user") as opened:
        first = await say(node, ann, "first")
        message = await opened.receive()
        assert payload(message)["id"] == first
    missed = [await say(node, ann, text) for text in ("second #x", "third")]
    query = f"stream=user&since_id={message['id']}"
    async with socket(node.url, token=bob.token, query=query) as opened:
        assert [await heard(opened), await heard(opened)] == [("user", "update", id_) for id_ in missed]
        await opened.subscribe("hashtag", tag="x", since_id=first)
        assert await heard(opened) == ("hashtag x", "update", missed[0])
        after = await say(node, ann, "fourth #x")
        assert {await heard(opened), await heard(opened)} == {
            ("hashtag x", "update", after),
            ("user", "update", after),
        }


async def test_resume_beyond_the_log(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """Where the log does not reach back, posts and notifications come by id, and only what may be seen (row 98)."""
    await befriend(node, bob, ann)
    first = await say(node, ann, "first")
    await say(node, ann, "@carol secret", visibility="direct")
    await say(node, carol, "not followed")
    second = await say(node, ann, "@bob second")
    await node.runtime.gate.call(lambda redis: redis.delete(KEY))
    assert not await reaches_back(node.runtime.gate, "1-0")
    async with events(node.url, f"user?since_id={first}", token=bob.token) as stream:
        update, told = await stream.next(), await stream.next()
        assert update is not None
        assert told is not None
        assert json.loads(update["data"])["id"] == second
        assert (told["event"], json.loads(told["data"])["status"]["id"]) == ("notification", second)
        third = await say(node, ann, "third")
        update = await stream.next()
        assert update is not None
        assert json.loads(update["data"])["id"] == third
        last = update["id"]
    await node.runtime.gate.call(lambda redis: redis.delete(KEY))
    fourth = await say(node, ann, "fourth")
    async with events(node.url, "user", token=bob.token, Last_Event_ID=last) as stream:
        found = []
        while not found or found[-1] != fourth:
            event = await stream.next()
            assert event is not None
            if event["event"] == "update":
                found.append(json.loads(event["data"])["id"])
        assert found == [first, second, third, fourth]


async def test_a_post_told_twice_is_heard_once(node: Node, ann: Person) -> None:
    """A relay that dies between telling and forgetting tells again."""
    async with socket(node.url, token=ann.token, query="stream=user") as opened:
        post = await say(node, ann, "once")
        await publish(node.runtime.gate, StreamEvent("update", int(post)))
        after = await say(node, ann, "after")
        assert [await heard(opened), await heard(opened)] == [("user", "update", post), ("user", "update", after)]


async def test_the_log_is_bounded(node: Node) -> None:
    for _ in range(12):
        await publish(node.runtime.gate, *(StreamEvent("update", number) for number in range(1_000)))
    assert await node.runtime.gate.call(lambda redis: redis.xlen(KEY)) < LENGTH + 1_000  # type: ignore[operator]


ENDS = ["revoked", "password", "suspended"]


@pytest.mark.parametrize("way", ENDS)
async def test_the_end_of_access_ends_streams(node: Node, ann: Person, bob: Person, way: str) -> None:
    """Attack row 95: open streams end, those of others stay."""
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
                await change_password(uow, ann.account_id, "another good horse", now=runtime.now())
            else:
                await suspend_account(uow, ann.account_id, now=runtime.now())
        await settle(runtime)
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


async def test_without_redis_streams_open_and_wait(ann: Person, node: Node) -> None:
    """Streams are soft: with Redis away posting works, and a stream opens."""
    runtime = node.runtime
    runtime.gate._shut_until = float("inf")
    async with events(node.url, "user", token=ann.token) as stream:
        assert stream.response.status_code == 200
        assert not await publish(runtime.gate, StreamEvent("update", 1))
        await ann.post("written")


async def test_plain_http_on_the_socket_path(node: Node, ann: Person) -> None:
    answer = await node.http.get("/api/v1/streaming", headers={"Authorization": f"Bearer {ann.token}"})
    assert answer.status_code in (400, 404)
    assert isinstance(answer, httpx.Response)
