"""Posts for the people of one server alone: nothing of them leaves it, whoever asks or guesses (rows 42, 98, 107)."""

from typing import Any

import pytest
from sqlalchemy import func, select

from federation.signatures import SigningKey, sign_request
from node.accounts.models import Account
from node.follows.service import accept_follow, follow
from node.posts.models import Like, Post
from node.remote.actors import fetch_actor
from outbox.models import OutgoingActivity
from tests.support.make import make_post
from tests.support.nodes import Node, Person, World, settle
from tests.support.stranger import Stranger


async def rows(node: Node, table: Any, *where: Any) -> int:
    async with node.runtime.read() as reader:
        return int(await reader.scalar(select(func.count()).select_from(table).where(*where)))


def posts_to(stranger: Stranger) -> int:
    return sum(request.method == "POST" for request in stranger.peer.requests)


async def follower(node: Node, stranger: Stranger, person: Person) -> Account:
    account = await fetch_actor(node.runtime, stranger.uri)
    now = node.runtime.now()
    async with node.runtime.write() as uow:
        followee = await uow.scalar(select(Account).where(Account.id == person.account_id))
        row = await follow(uow, node.runtime.settings, account, followee, uri=f"{stranger.uri}/f", now=now)
        if row.accepted_at is None:
            await accept_follow(uow, row, now=now)
    return account


async def read(node: Node, path: str, by: Stranger | None = None) -> Any:
    """GET a document, unsigned or signed."""
    headers = {"Accept": "application/activity+json"}
    url = path if path.startswith("http") else node.url + path
    if by is not None:
        key = SigningKey(by.key_id, by.private_pem)
        headers |= sign_request("GET", url, key=key, body=None, now=node.runtime.now())
    return await node.http.get(url, headers=headers)


async def test_nothing_of_it_is_ever_sent(node: Node, alice: Stranger) -> None:
    """Publish, edit, pin, boost, answer, quote, count votes, delete: all with a follower and a mention elsewhere."""
    ann, bob = await node.person("ann"), await node.person("bob")
    for person in (ann, bob):
        await follower(node, alice, person)
    await settle(node.runtime)
    before = posts_to(alice)
    post = await ann.post(
        f"Hello {alice.handle} @bob", local_only=True, poll={"options": ["a", "b"], "expires_in": 300}
    )
    assert post["local_only"] is True
    post_id = post["id"]
    reply = await bob.post("@ann yes", in_reply_to_id=post_id)
    quote = await bob.post("look", quoted_status_id=post_id)
    boost = await bob.act(f"/api/v1/statuses/{post_id}/reblog")
    assert [entry["local_only"] for entry in (reply, quote, boost)] == [True, True, True]
    await ann.act(f"/api/v1/statuses/{post_id}/pin")
    await bob.act(f"/api/v1/statuses/{post_id}/favourite")
    await bob.act(f"/api/v1/polls/{post_id}/votes", choices=["0"])
    await settle(node.runtime)
    node.clock.advance(minutes=6)
    await settle(node.runtime)
    await ann.call("PUT", f"/api/v1/statuses/{post_id}", json={"status": "Hello @bob, edited"})
    await ann.act(f"/api/v1/statuses/{post_id}/quotes/{quote['id']}/revoke")
    await settle(node.runtime)
    await bob.act(f"/api/v1/statuses/{post_id}/unreblog")
    await ann.act(f"/api/v1/statuses/{post_id}/unpin")
    for person, gone in ((bob, reply), (bob, quote), (ann, post)):
        await person.call("DELETE", f"/api/v1/statuses/{gone['id']}")
    await settle(node.runtime)
    assert posts_to(alice) == before
    assert await rows(node, OutgoingActivity) == 0
    await ann.post("for everybody")
    await settle(node.runtime)
    assert posts_to(alice) == before + 1


async def test_nobody_elsewhere_reads_it(node: Node, alice: Stranger) -> None:
    """Not unsigned, not as a follower, not as one who is named; not by any list either."""
    ann = await node.person("ann")
    await follower(node, alice, ann)
    opened = await ann.post("open")
    post = await ann.post(f"Hello {alice.handle}", local_only=True)
    await ann.post("more", in_reply_to_id=opened["id"], local_only=True)
    boost = await ann.act(f"/api/v1/statuses/{post['id']}/reblog")
    await ann.act(f"/api/v1/statuses/{post['id']}/pin")
    await settle(node.runtime)
    base = f"/users/{ann.account_id}"
    for by in (None, alice):
        for path in (
            f"{base}/statuses/{post['id']}",
            f"{base}/statuses/{post['id']}/activity",
            f"{base}/statuses/{post['id']}/replies",
            f"{base}/statuses/{boost['id']}/activity",
        ):
            answer = await read(node, path, by)
            assert answer.status_code == 404, path
        for path in (f"{base}/outbox?page=true", f"{base}/outbox", f"{base}/featured", f"/contexts/{opened['id']}"):
            answer = await read(node, path, by)
            assert answer.status_code == 200, path
            assert post["id"] not in answer.text
        replies = await read(node, f"{base}/statuses/{opened['id']}/replies", by)
        assert "more" not in replies.text
    assert (await read(node, f"{base}/outbox")).json()["totalItems"] == 1
    for path in (f"/api/v1/statuses/{post['id']}", f"/api/v1/statuses/{post['id']}/context"):
        assert (await node.http.get(path)).status_code == 404
    for path in (
        "/api/v1/timelines/public",
        f"/api/v1/accounts/{ann.account_id}/statuses",
        f"/api/v1/accounts/{ann.account_id}/statuses?pinned=true",
    ):
        assert [entry["content"] for entry in (await node.http.get(path)).json()] in (["<p>open</p>"], [])
    assert (await node.http.get(f"/@ann/{post['id']}", headers={"Accept": "text/html"})).status_code == 404
    assert "Hello" not in (await node.http.get("/@ann", headers={"Accept": "text/html"})).text
    await ann.call("DELETE", f"/api/v1/statuses/{post['id']}")
    assert (await read(node, f"{base}/statuses/{post['id']}")).status_code == 404
    shown = (await node.http.get(f"/api/v1/statuses/{opened['id']}")).json()
    assert shown["replies_count"] == 0


async def test_neighbours_read_it(node: Node) -> None:
    """Everything that an open post is, for whoever has an account here."""
    ann, bob = await node.person("ann"), await node.person("bob")
    post = await ann.post("For us", local_only=True)
    reply = await bob.post("yes", in_reply_to_id=post["id"], local_only=False)
    assert (await bob.get(f"/api/v1/statuses/{post['id']}"))["replies_count"] == 1
    context = await ann.get(f"/api/v1/statuses/{post['id']}/context")
    assert [entry["id"] for entry in context["descendants"]] == [reply["id"]]
    assert post["id"] in [entry["id"] for entry in await bob.get("/api/v1/timelines/public")]
    kept = await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "edited", "local_only": False})
    assert kept["local_only"] is True
    await bob.call("DELETE", f"/api/v1/statuses/{reply['id']}")
    assert (await bob.get(f"/api/v1/statuses/{post['id']}"))["replies_count"] == 0


async def test_who_guesses_its_id_learns_and_does_nothing(node: Node, alice: Stranger) -> None:
    """A like, a boost, an answer, a vote, a request to quote of another server: as if it were not there."""
    ann = await node.person("ann")
    await follower(node, alice, ann)
    post = await ann.post("us", local_only=True, poll={"options": ["a", "b"], "expires_in": 300})
    uri = post["uri"]
    answer = alice.note("I guess", inReplyTo=uri, mentions=[ann.uri])
    vote = alice.note("", inReplyTo=uri, name="a", mentions=[ann.uri])
    sent = [
        alice.activity("Like", uri),
        alice.activity("Announce", uri, to=["https://www.w3.org/ns/activitystreams#Public"]),
        alice.create(answer),
        alice.create(vote),
        alice.activity("QuoteRequest", uri, instrument=alice.note("q", quote=uri)),
    ]
    for activity in sent:
        assert (await alice.deliver(f"{node.url}/inbox", activity, now=node.runtime.now())).status_code == 202
    await settle(node.runtime)
    shown = await ann.get(f"/api/v1/statuses/{post['id']}")
    counts = ("replies_count", "reblogs_count", "favourites_count", "quotes_count")
    assert [shown[name] for name in counts] == [0, 0, 0, 0]
    assert shown["poll"]["votes_count"] == 0
    assert await rows(node, Like) == 0
    assert await rows(node, Post, Post.boost_of_id.is_not(None)) == 0
    assert await rows(node, Post, Post.in_reply_to_id.is_not(None)) == 0


async def test_two_nodes(world: World) -> None:
    """A follower on another node has the open post and not the other."""
    ann, bo = await world["a"].person("ann"), await world["b"].person("bo")
    await bo.follow(ann)
    await world.settle()
    await ann.post("ours", local_only=True)
    await ann.post("everybody's")
    await world.settle()
    assert ["everybody" in post["content"] for post in await bo.home()] == [True]


@pytest.mark.parametrize("act", ["in_reply_to_id", "quoted_status_id"])
async def test_what_needs_leave_from_elsewhere_cannot_be_local(node: Node, alice: Stranger, act: str) -> None:
    """The question itself would tell."""
    ann, bob = await node.person("ann"), await node.person("bob")
    await follower(node, alice, bob)
    account = await fetch_actor(node.runtime, alice.uri)
    asks = {"automatic": [], "manual": ["public"]}
    async with node.runtime.read() as reader:
        author = await reader.scalar(select(Account).where(Account.id == bob.account_id))
    stored = await make_post(node.runtime, author, "from afar")
    async with node.runtime.write() as uow:
        row = await uow.scalar(select(Post).where(Post.id == stored.id))
        row.account_id, row.local, row.uri = account.id, False, f"{alice.uri}/asks"
        row.interaction_policy = {"reply": asks, "quote": asks}
    body = {"status": "x", "local_only": True, act: str(stored.id)}
    answer = await ann.call("POST", "/api/v1/statuses", json=body, expect=422)
    assert "asked first" in answer["error"]
