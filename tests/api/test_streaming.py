"""Streams over real sockets: what arrives, what never does, and resuming (client-api behaviours 20 and 21; attack row
98). The doors themselves: `test_streaming_doors.py`."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete, func, select

from node.base.db.stream_log import StreamEntry, reaches_back
from tests.support.nodes import Node, Person, serve_node, settle
from tests.support.redis_server import RedisServer
from tests.support.streams import Refused, befriend, events, heard, payload, say, socket


@pytest.fixture
async def node(redis_server: RedisServer, database_url: str) -> AsyncIterator[Node]:
    """One node with every door, on a real socket."""
    async with serve_node(redis_server, database_url=database_url) as served:
        yield served


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
        readers = [author, friend] if visibility == "private" else [author]

        async def all_hear(kind: str) -> None:  # before the next: of a post that is gone its edit is not told
            await settle(node.runtime)
            assert [await heard(reader) for reader in readers] == [("user", kind, post)] * len(readers)

        post = await say(node, ann, "#secret", visibility=visibility)
        await all_hear("update")
        await ann.call("PUT", f"/api/v1/statuses/{post}", json={"status": "#secret still"})
        await all_hear("status.update")
        await ann.call("DELETE", f"/api/v1/statuses/{post}")
        await all_hear("delete")
        after = await say(node, ann, "for all")
        for opened in (friend, stranger):
            assert (await heard(opened))[1:] == ("update", after)


async def test_a_direct_post_reaches_whom_it_names(node: Node, ann: Person, bob: Person) -> None:
    """As a conversation, which is what Mastodon tells there, and as a post."""
    async with socket(node.url, token=bob.token, query="stream=direct") as opened:
        post = await say(node, ann, "@bob psst", visibility="direct")
        told = {(message["event"]): payload(message) for message in [await opened.receive(), await opened.receive()]}
        assert told["update"]["id"] == post
        assert told["conversation"]["last_status"]["id"] == post
        assert told["conversation"] == (await bob.get("/api/v1/conversations"))[0]
        await ann.call("DELETE", f"/api/v1/statuses/{post}")
        await settle(node.runtime)
        message = await opened.receive()
        while message["event"] != "delete":
            message = await opened.receive()
        assert message["payload"] == post


async def test_the_stream_of_a_list(node: Node, ann: Person, bob: Person) -> None:
    """What its members write, as its page shows it; nobody else hears it (attack rows 89 and 98)."""
    carol = await node.person("carol")
    for author in (ann, carol):
        await befriend(node, bob, author)
    found = await bob.act("/api/v1/lists", title="Friends", exclusive=True)
    await bob.act(f"/api/v1/lists/{found['id']}/accounts", account_ids=[str(ann.account_id)])
    first = await say(node, ann, "before anybody listens")
    for stranger in (ann, carol):
        with pytest.raises(Refused) as refused:
            async with socket(node.url, token=stranger.token, query=f"stream=list&list={found['id']}"):
                pass
        assert refused.value.status == 404
    async with (
        socket(node.url, token=bob.token, query=f"stream=list&list={found['id']}&since_id={first}") as opened,
        socket(node.url, token=bob.token, query="stream=user") as home,
    ):
        name = f"list {found['id']}"
        post = await say(node, ann, "hello")
        await say(node, ann, "@carol psst", visibility="direct")
        other = await say(node, carol, "not on the list")
        assert await heard(opened) == (name, "update", post)
        assert await heard(home) == ("user", "update", other), "an exclusive list keeps its members out of the home"
        await ann.call("PUT", f"/api/v1/statuses/{post}", json={"status": "hello!"})
        await settle(node.runtime)
        assert await heard(opened) == (name, "status.update", post)
        await ann.call("DELETE", f"/api/v1/statuses/{post}")
        await settle(node.runtime)
        assert await heard(opened) == (name, "delete", post)
        await bob.call("DELETE", f"/api/v1/lists/{found['id']}/accounts", json={"account_ids": [str(ann.account_id)]})
        await bob.act(f"/api/v1/lists/{found['id']}/accounts", account_ids=[str(carol.account_id)])
        await say(node, ann, "on no list any more")
        last = await say(node, carol, "on it now")
        assert await heard(opened) == (name, "update", last)
    async with events(node.url, f"list?list={found['id']}&since_id={other}", token=bob.token) as stream:
        event = await stream.next()
        assert event is not None
        assert json.loads(event["data"])["id"] == last


async def test_a_followed_hashtag_brings_posts_home(node: Node, ann: Person, bob: Person) -> None:
    await bob.act("/api/v1/tags/cats/follow")
    await settle(node.runtime)
    async with socket(node.url, token=bob.token, query="stream=user") as opened:
        await say(node, ann, "nothing of interest")
        await say(node, ann, "for friends #cats", visibility="private")
        post = await say(node, ann, "look #cats")
        assert await heard(opened) == ("user", "update", post)
        await ann.call("DELETE", f"/api/v1/statuses/{post}")
        await settle(node.runtime)
        assert await heard(opened) == ("user", "delete", post)


async def test_apps_are_told_that_filters_changed(node: Node, ann: Person, bob: Person) -> None:
    """Without a payload, to their owner alone; then posts carry what matched (client-api 20 and 31)."""
    await befriend(node, bob, ann)
    async with (
        socket(node.url, token=bob.token, query="stream=user") as opened,
        events(node.url, "user", token=bob.token) as stream,
        socket(node.url, token=ann.token, query="stream=user") as other,
    ):
        await bob.act("/api/v2/filters", title="Ducks", context=["home"], keywords_attributes=[{"keyword": "duck"}])
        await settle(node.runtime)
        message = await opened.receive()
        assert (message["stream"], message["event"], "payload" in message) == (["user"], "filters_changed", False)
        event = await stream.next()
        assert event is not None
        assert (event["event"], event["data"]) == ("filters_changed", "undefined")
        post = await say(node, ann, "a duck")
        message = await opened.receive()
        assert payload(message)["filtered"][0]["filter"]["title"] == "Ducks"
        assert await heard(other) == ("user", "update", post)


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


async def forget_log(node: Node) -> None:
    """Do what pruning does, to what is younger too: the newest entry alone stays."""
    async with node.runtime.write() as uow:
        newest = select(func.max(StreamEntry.id)).scalar_subquery()
        await uow.write(delete(StreamEntry).where(StreamEntry.id < newest))


async def test_resume_beyond_the_log(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """Where the log does not reach back, posts and notifications come by id, and only what may be seen (row 98)."""
    await befriend(node, bob, ann)
    first = await say(node, ann, "first")
    await say(node, ann, "@carol secret", visibility="direct")
    await say(node, carol, "not followed")
    second = await say(node, ann, "@bob second")
    await forget_log(node)
    async with node.runtime.read() as reader:
        assert not await reaches_back(reader, "1-0")
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
    fourth = await say(node, ann, "fourth")
    await forget_log(node)
    async with events(node.url, "user", token=bob.token, Last_Event_ID=last) as stream:
        found: list[str] = []
        while not found or found[-1] != fourth:
            event = await stream.next()
            assert event is not None
            if event["event"] == "update":
                found.append(json.loads(event["data"])["id"])
        assert found == [first, second, third, fourth]


async def test_streams_say_what_is_filtered(node: Node, ann: Person, bob: Person) -> None:
    """client-api 31: as timelines do, for each listener by their own filters."""
    await befriend(node, bob, ann)
    words = [{"keyword": "dragon"}]
    await bob.act("/api/v2/filters", title="Beasts", context=["home"], keywords_attributes=words)
    await settle(node.runtime)
    async with (
        events(node.url, "user", token=bob.token) as his,
        events(node.url, "user", token=ann.token) as hers,
    ):
        await say(node, ann, "A dragon")
        for stream, titles in ((his, ["Beasts"]), (hers, [])):
            update = await stream.next()
            assert update is not None
            filtered = json.loads(update["data"])["filtered"]
            assert [result["filter"]["title"] for result in filtered] == titles
