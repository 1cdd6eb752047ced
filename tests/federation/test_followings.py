"""Whom followed people follow in public: read for suggestions, a hint and nothing more (COL-3, rows 51 and 54)."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

from node.accounts.models import Account
from node.base.ids import new_id
from node.completion import rules
from node.completion.models import Completion
from node.follows.models import Follow
from node.moderation.service import set_domain_policy
from node.public_follows.models import PublicFollow
from node.public_follows.queries import list_friends_of_friends
from tests.support.fake_peer import Answer, FakePeer, PeerRequest, document
from tests.support.nodes import Node, Person, settle
from tests.support.stranger import Stranger


@pytest.fixture
async def ann(node: Node) -> Person:
    return await node.person("ann")


def serve_following(owner: Stranger, uris: Sequence[Any], **fields: Any) -> None:
    uri = f"{owner.uri}/following"
    listed = {"id": uri, "type": "OrderedCollection", "totalItems": len(uris), "orderedItems": list(uris), **fields}
    owner.peer.routes[urlsplit(uri).path] = document(listed)


async def follow(node: Node, person: Person, whom: Stranger) -> str:
    """Ask to follow somebody and let what follows from it happen; return the account's id."""
    account = await person.resolve(whom.handle)
    await person.act(f"/api/v1/accounts/{account['id']}/follow")
    await settle(node.runtime)
    return str(account["id"])


async def listed(node: Node) -> dict[str, int | None]:
    async with node.runtime.read() as reader:
        return {row.followee_uri: row.followee_id for row in await reader.scalars(select(PublicFollow))}


async def accept_all(node: Node) -> None:
    async with node.runtime.write() as uow:
        for row in await uow.scalars(select(Follow)):
            row.accepted_at = node.runtime.now()


async def test_a_list_becomes_names_and_some_of_them_faces(
    node: Node, ann: Person, alice: Stranger, evil: FakePeer
) -> None:
    """Own people and known ones are tied at once; who is suspended or gone is only a name; nobody is followed by it."""
    bo = await node.person("bo")
    bob = Stranger(alice.peer, "bob", profile={"discoverable": True})
    outlaw = Stranger(evil, "outlaw")
    async with node.runtime.write() as uow:
        await set_domain_policy(uow, node.runtime.settings, evil.domain, "suspend", now=node.runtime.now())
    gone = f"{alice.peer.url}/users/nobody"
    serve_following(alice, [bob.uri, {"id": bo.uri, "type": "Person"}, outlaw.uri, gone, alice.uri, 5, "mailto:a@b.c"])
    await follow(node, ann, alice)
    found = await listed(node)
    assert set(found) == {bob.uri, bo.uri, outlaw.uri, gone}
    assert found[bo.uri] == bo.account_id
    assert found[bob.uri] is not None
    assert found[outlaw.uri] is found[gone] is None
    assert evil.requests == []
    async with node.runtime.read() as reader:
        assert await reader.scalar(select(func.count()).select_from(Follow)) == 1, "ann's own request"
        assert await list_friends_of_friends(reader, ann.account_id, friends=9, limit=9) == {}, "a request is no follow"
    await accept_all(node)
    async with node.runtime.read() as reader:
        found_for_ann = await list_friends_of_friends(reader, ann.account_id, friends=9, limit=9)
        assert set(found_for_ann) == {bo.account_id, found[bob.uri]}


async def test_a_hidden_list_is_forgotten_and_one_without_followers_too(
    node: Node, ann: Person, alice: Stranger
) -> None:
    """COL-3"""
    bob = Stranger(alice.peer, "bob")
    serve_following(alice, [bob.uri])
    account_id = await follow(node, ann, alice)
    await accept_all(node)
    assert set(await listed(node)) == {bob.uri}
    await ann.act(f"/api/v1/accounts/{account_id}/unfollow")
    await settle(node.runtime)
    assert await listed(node) == {}
    await follow(node, ann, alice)
    assert set(await listed(node)) == {bob.uri}

    uri = f"{alice.uri}/following"
    for hidden in (
        document({"id": uri, "type": "OrderedCollection", "totalItems": 1}),
        Answer(status=403),
        Answer(status=404),
    ):
        alice.peer.routes[urlsplit(uri).path] = hidden
        node.clock.advance(days=8)
        async with node.runtime.write() as uow:
            uow.add(
                PublicFollow(
                    id=new_id(),
                    follower_id=int(account_id),
                    followee_uri="https://old.test/1",
                    created_at=node.runtime.now(),
                )
            )
            for run in await uow.scalars(select(Completion).where(Completion.kind == rules.FOLLOWING)):
                run.finished_at, run.due_at, run.attempts = None, node.runtime.now(), 0
        await settle(node.runtime)
        assert await listed(node) == {}


async def test_a_hostile_list_costs_no_more_than_an_honest_one(
    node: Node, ann: Person, alice: Stranger, evil: FakePeer
) -> None:
    """Rows 51, 54: endless pages, a page on another host, a thousand names of one victim."""
    uri = f"{alice.uri}/following"

    def endless(request: PeerRequest) -> Answer:
        number = int(request.target.partition("page=")[2] or 0)
        page = {
            "id": f"{uri}?page={number}",
            "type": "OrderedCollectionPage",
            "orderedItems": [f"{evil.url}/users/{number}-{n}" for n in range(60)],
            "next": f"{uri}?page={number + 1}",
        }
        root = {"id": uri, "type": "OrderedCollection", "totalItems": 10**18, "first": f"{uri}?page=0"}
        return document(page if "page=" in request.target else root)

    alice.peer.routes[urlsplit(uri).path] = endless
    await follow(node, ann, alice)
    assert len(await listed(node)) == rules.MAX_FOLLOWING
    asked = [request for request in alice.peer.requests if "/following?" in request.target]
    assert len(asked) <= rules.FOLLOWING_PAGES
    assert 0 < len(evil.requests) <= rules.MAX_MET_PER_HOST, "one request for each name, of a few"

    mallory = Stranger(alice.peer, "mallory")
    page = {"id": f"{evil.url}/page", "type": "OrderedCollectionPage", "orderedItems": [f"{evil.url}/users/x"]}
    evil.routes["/page"] = document(page)
    serve_following(mallory, [], first=f"{evil.url}/page")
    await follow(node, ann, mallory)
    assert evil.asked("/page") == []
    async with node.runtime.read() as reader:
        known = await reader.scalar(select(Account.id).where(Account.uri == mallory.uri))
        mine = select(func.count()).select_from(PublicFollow).where(PublicFollow.follower_id == known)
        assert await reader.scalar(mine) == 0


async def test_who_hides_whom_they_follow_lives_among_others(
    node: Node, ann: Person, alice: Stranger, evil: FakePeer
) -> None:
    """The server's public directory is asked, once: who is there by their own word may be suggested, nobody else."""
    bob = Stranger(alice.peer, "bob", profile={"discoverable": True, "name": "Bob"})
    shy = Stranger(alice.peer, "shy", profile={"discoverable": False})
    elsewhere = Stranger(evil, "elsewhere", profile={"discoverable": True})
    entries: list[Any] = [{"uri": one.uri, "discoverable": True, "bot": False} for one in (bob, shy, elsewhere, alice)]
    entries += [{"uri": f"{alice.peer.url}/users/robot", "discoverable": True, "bot": True}, "nobody", {"uri": 5}]
    alice.peer.routes["/api/v1/directory"] = Answer(body=json.dumps(entries).encode(), content_type="application/json")
    carol = Stranger(alice.peer, "carol")
    await follow(node, ann, alice)
    await follow(node, ann, carol)
    await accept_all(node)
    asked = [request.target for request in alice.peer.requests if request.target.startswith("/api/v1/directory")]
    assert len(asked) == 1
    assert evil.requests == []
    assert not any(request.target.endswith("/robot") for request in alice.peer.requests)
    (found,) = await ann.get("/api/v2/suggestions")
    assert found["account"]["uri"] == bob.uri
    assert found["reasons"] == [f"On {alice.peer.domain}, like 2 people you follow"]
    assert found["sources"] == ["similar_to_recently_followed"]
    bo = await node.person("bo")
    assert await bo.get("/api/v2/suggestions") == [], "for who follows nobody there it says nothing"
