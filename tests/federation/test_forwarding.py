"""What others say in a thread of ours goes on to the followers of whoever began it, if it proves itself (INB-8)."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from federation.proofs import load_exact
from federation.vocabulary import PUBLIC
from node.accounts.models import Account
from node.blocks.service import block
from node.follows.service import accept_follow, follow
from node.posts.models import Post
from node.remote.actors import fetch_actor
from tests.support.fake_peer import Answer, FakePeer
from tests.support.make import make_account, make_post
from tests.support.nodes import Node, serve_node, settle
from tests.support.redis_server import RedisServer
from tests.support.stranger import Document, Stranger


class Thread:
    """A post of ann's, alice who answers it, and bo at a third server who follows ann."""

    def __init__(self, node: Node, ann: Account, post: Post, alice: Stranger, bo: Stranger) -> None:
        self.node, self.ann, self.post, self.alice, self.bo = node, ann, post, alice, bo

    def reply(self, *, cc: Sequence[str] | None = None, **fields: Any) -> Document:
        """Make a public reply that goes to ann and her followers."""
        to_all = [self.ann.uri, self.ann.followers_url] if cc is None else cc
        return self.alice.note("Well.", cc=to_all, inReplyTo=self.post.uri, mentions=[self.ann.uri], **fields)

    async def deliver(self, activity: Document | bytes, *, by: Stranger | None = None) -> None:
        answer = await (by or self.alice).deliver(f"{self.node.url}/inbox", activity, now=self.node.runtime.now())
        assert answer.status_code == 202
        await settle(self.node.runtime)

    def prove(self, activity: Document) -> Document:
        return self.alice.prove(activity, now=self.node.runtime.now())

    @property
    def passed_on(self) -> list[bytes]:
        """What bo's server was sent."""
        return [request.body for request in self.bo.peer.requests if request.method == "POST"]


@pytest.fixture
async def thread(redis_server: RedisServer, alice: Stranger) -> AsyncIterator[Thread]:
    async with serve_node(redis_server) as node, FakePeer(host="127.0.0.2") as third:
        ann = await make_account(node.runtime, "ann")
        post = await make_post(node.runtime, ann, "What do you think?")
        await settle(node.runtime)
        alice.publish_proof_key()
        bo = Stranger(third, "bo")
        for stranger in (alice, bo):
            stranger.peer.routes["/inbox"] = Answer(status=202)
            account = await fetch_actor(node.runtime, stranger.uri)
            async with node.runtime.write() as uow:
                row = await follow(
                    uow, node.runtime.settings, account, ann, now=node.runtime.now(), uri=f"{stranger.uri}/f"
                )
                if row.accepted_at is None:
                    await accept_follow(uow, row, now=node.runtime.now())
        await settle(node.runtime)
        third.requests.clear()
        alice.peer.requests.clear()
        yield Thread(node, ann, post, alice, bo)


async def test_a_proven_reply_goes_on_as_it_came_and_once(thread: Thread) -> None:
    """INB-8: the very bytes, signed by ann, not back to where they came from; then its edit, and its end."""
    note = thread.reply()
    raw = json.dumps(thread.prove(thread.alice.create(note)), indent=3).encode()
    await thread.deliver(raw)
    assert thread.passed_on == [raw]
    (request,) = [request for request in thread.bo.peer.requests if request.method == "POST"]
    assert f'keyId="{thread.ann.uri}#main-key"' in (request.header("signature") or "")
    assert not [request for request in thread.alice.peer.requests if request.method == "POST"]
    await thread.deliver(raw)
    assert len(thread.passed_on) == 1
    edited = note | {"content": "<p>Well!</p>", "updated": "2099-01-01T00:00:00Z"}
    audience = {"to": note["to"], "cc": note["cc"]}
    await thread.deliver(thread.prove(thread.alice.activity("Update", edited, **audience)))
    await thread.deliver(thread.prove(thread.alice.activity("Delete", note["id"], **audience)))
    assert [load_exact(body)["type"] for body in thread.passed_on] == ["Create", "Update", "Delete"]


async def test_what_is_not_passed_on(thread: Thread) -> None:
    """INB-8: without a proof, with a wrong one, not addressed to the followers, not for everybody, elsewhere."""
    alice = thread.alice
    await thread.deliver(alice.create(thread.reply()))
    wrong = thread.prove(alice.create(thread.reply()))
    await thread.deliver(wrong | {"published": "2026-01-02T03:04:05Z"})
    await thread.deliver(thread.prove(alice.create(thread.reply(cc=[thread.ann.uri]))))
    await thread.deliver(thread.prove(alice.create(thread.reply(to=[thread.ann.uri]))))
    elsewhere = alice.note("Mine", cc=[thread.ann.uri, thread.ann.followers_url], mentions=[thread.ann.uri])
    await thread.deliver(thread.prove(alice.create(elsewhere)))
    await thread.deliver(thread.prove(alice.activity("Like", thread.post.uri, to=[PUBLIC, thread.ann.followers_url])))
    assert thread.passed_on == []


async def test_nothing_of_whom_the_author_blocks(thread: Thread) -> None:
    """INB-8: ann passes on nobody's words whom she blocks."""
    actor = await fetch_actor(thread.node.runtime, thread.alice.uri)
    async with thread.node.runtime.write() as uow:
        await block(uow, thread.node.runtime.settings, thread.ann, actor, now=thread.node.runtime.now())
    await settle(thread.node.runtime)
    await thread.deliver(thread.prove(thread.alice.create(thread.reply())))
    assert thread.passed_on == []
