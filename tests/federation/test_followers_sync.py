"""Followers synchronisation, both ways (FEP-8fcf, COL-9, COL-10, V-5)."""

from typing import Any

import pytest

from federation.followers_sync import FollowersClaim, followers_digest, read_claim, write_claim
from node.accounts.models import Account
from node.accounts.queries import find_account_by_uri
from node.base.runtime import Runtime
from node.follows.models import Follow
from node.follows.queries import find_follow
from node.posts.models import Post
from tests.support.doors import Door
from tests.support.fake_peer import Answer, FakePeer, document
from tests.support.make import make_account, make_post
from tests.support.nodes import World
from tests.support.redis_server import RedisServer
from tests.support.sending import sending_node
from tests.support.stranger import Stranger

ANN, BO = "https://b.example/users/ann", "https://b.example/users/bo"
V5 = "63450430974a6712e601c3bcf6c7171c9f55969ccb31308b748a41ac3ed391e6"


def test_v_5_the_digest_of_two_and_of_none() -> None:
    assert followers_digest([ANN, BO]) == followers_digest([BO, ANN]) == V5
    assert followers_digest([]) == "0" * 64


def test_col_9_the_header_is_read_as_it_is_written() -> None:
    claim = FollowersClaim("https://b.example/u/1/followers", "https://b.example/u/1/sync", V5)
    assert read_claim(write_claim(claim)) == claim


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "nonsense",
        f'collectionId="{ANN}"',
        f'collectionId="{ANN}", url="javascript:x", digest="{V5}"',
        f'collectionId="{ANN}", url="{BO}", digest="{V5[:-1]}"',
        f'collectionId="{ANN}", url="{BO}", digest="{V5}", url="{BO}"',
        "a=" * 5_000,
    ],
)
def test_col_10_a_header_that_is_not_understood_counts_as_none(value: str | None) -> None:
    assert read_claim(value) is None


async def test_col_9_deliveries_to_followers_carry_each_hosts_digest(redis_server: RedisServer, peer: FakePeer) -> None:
    """Of the followers of that host alone, new as soon as one comes; direct posts carry none."""
    async with sending_node(redis_server) as node, FakePeer(host="127.0.0.2") as other:
        ann = await make_account(node.runtime, "ann")
        bo, cy = Stranger(peer, "bo"), Stranger(peer, "cy")
        known = await node.known(bo, follows=ann)
        await node.known(Stranger(other, "di"), follows=ann)
        await make_post(node.runtime, ann, "To everybody")
        await node.send()
        claim = read_claim(peer.requests[-1].header("collection-synchronization"))
        assert claim is not None
        assert claim.collection == f"{node.runtime.settings.public_url}/users/{ann.id}/followers"
        assert claim.url == f"{node.runtime.settings.public_url}/users/{ann.id}/followers_synchronization"
        assert claim.digest == followers_digest([bo.uri])
        assert " collection-synchronization" in (peer.requests[-1].header("signature") or "")
        there = read_claim(other.requests[-1].header("collection-synchronization"))
        assert there is not None
        assert there.digest == followers_digest([f"{other.url}/users/di"])
        await node.known(cy, follows=ann)
        await make_post(node.runtime, ann, "Again")
        await node.send()
        claim = read_claim(peer.requests[-1].header("collection-synchronization"))
        assert claim is not None
        assert claim.digest == followers_digest([bo.uri, cy.uri])
        await make_post(node.runtime, ann, f"@{known.acct} psst", visibility="direct")
        await node.send()
        assert peer.requests[-1].header("collection-synchronization") is None


async def follow_of(runtime: Runtime, follower: Account, uri: str) -> Follow | None:
    async with runtime.read() as reader:
        followee = await find_account_by_uri(reader, uri)
        return None if followee is None else await find_follow(reader, follower.id, followee.id)


async def drop(world: World, node: str, follower: str, followee: str) -> None:
    """Lose a follow on one side, as a restored backup does: nobody is told."""
    from sqlalchemy import delete

    async with world[node].runtime.write() as uow:
        one, two = await find_account_by_uri(uow, follower), await find_account_by_uri(uow, followee)
        assert one is not None
        assert two is not None
        await uow.write(delete(Follow).where(Follow.follower_id == one.id, Follow.followee_id == two.id))


async def test_col_10_two_nodes_agree_again(world: World) -> None:
    """The follow that the author's server forgot ends here; the one that we forgot is undone there."""
    ann, cy = await world["a"].person("ann"), await world["a"].person("cy")
    bo, di = await world["b"].person("bo"), await world["b"].person("di")
    for person in (bo, di):
        for author in (ann, cy):
            await person.follow(author)
    await world.settle()
    await drop(world, "a", bo.uri, ann.uri)
    await ann.post("For those who still follow")
    await world.settle()
    bo_there = await bo.resolve(ann.handle)
    (relationship,) = await bo.get("/api/v1/accounts/relationships", **{"id[]": bo_there["id"]})
    assert not relationship["following"]
    (relationship,) = await di.get("/api/v1/accounts/relationships", **{"id[]": bo_there["id"]})
    assert relationship["following"]
    await drop(world, "b", bo.uri, cy.uri)
    await cy.post("Hello")
    await world.settle()
    assert await cy.get(f"/api/v1/accounts/{cy.account_id}/followers") != []
    followers = {row["acct"] for row in await cy.get(f"/api/v1/accounts/{cy.account_id}/followers")}
    assert followers == {di.handle.removeprefix("@")}
    unsigned = await world["a"].http.get(
        f"/users/{ann.account_id}/followers_synchronization", headers={"Accept": "application/activity+json"}
    )
    assert unsigned.status_code == 401


@pytest.fixture
def author(good: FakePeer) -> Stranger:
    return Stranger(good, "eve")


async def said(door: Door, author: Stranger, digest: str, url: str, collection: str = "") -> None:
    """Deliver a post with the header, and let it have its effect."""
    claim = FollowersClaim(collection or author.followers, url, digest)
    note = author.create(author.note())
    await author.deliver(
        door.inbox, note, now=door.runtime.now(), change={"Collection-Synchronization": write_claim(claim)}
    )
    await door.settle()


async def test_col_10_a_list_that_is_cut_removes_nobody(door: Door, author: Stranger) -> None:
    """Not the digest that was delivered, another server's list, an endless one, strangers in it: no follow ends."""
    bob, carol = await door.person("bob"), await door.person("carol")
    for person in (bob, carol):
        await door.follow(person, author)
    peer, path = author.peer, "/users/eve/sync"
    url = f"{peer.url}{path}"
    good_digest = followers_digest([bob.uri])

    def listing(items: list[Any], **more: Any) -> Answer:
        return document({"id": url, "type": "OrderedCollection", "orderedItems": items, **more})

    async def stands() -> bool:
        return await follow_of(door.runtime, carol, author.uri) is not None

    peer.routes[path] = listing([])
    await said(door, author, good_digest, url)
    assert len(peer.asked(path)) == 1
    assert await stands(), "cut"
    for wrong in (
        listing([bob.uri, "https://else.example/users/x"]),
        listing([bob.uri], first={"type": "OrderedCollectionPage", "next": f"{url}?page=1"}),
        listing([bob.uri], first="https://else.example/page"),
    ):
        door.clock.advance(hours=2)
        peer.routes[path] = wrong
        await said(door, author, good_digest, url)
        assert await stands()
    door.clock.advance(hours=2)
    peer.routes[path] = listing([bob.uri])
    asked = len(peer.asked(path))
    await said(door, author, good_digest, "https://else.example/sync")
    assert await stands(), "another server's list"
    door.clock.advance(hours=2)
    await said(door, author, good_digest, url, collection=f"{author.uri}/friends")
    assert await stands(), "another collection"
    assert len(peer.asked(path)) == asked
    door.clock.advance(hours=2)
    peer.routes[path] = Answer(status=500)
    await said(door, author, good_digest, url)
    assert await stands(), "not to be had"
    door.clock.advance(minutes=20)
    peer.routes[path] = listing([bob.uri])
    await door.settle()
    assert not await stands()
    assert await follow_of(door.runtime, bob, author.uri) is not None
    assert await door.count(Post) > 0


async def test_col_10_at_most_once_in_ten_minutes_and_never_when_we_agree(door: Door, author: Stranger) -> None:
    bob = await door.person("bob")
    await door.follow(bob, author)
    peer, path = author.peer, "/users/eve/sync"
    peer.routes[path] = document({"id": f"{peer.url}{path}", "type": "OrderedCollection", "orderedItems": []})
    await said(door, author, followers_digest([bob.uri]), f"{peer.url}{path}")
    assert peer.asked(path) == []
    door.clock.advance(minutes=11)
    for _ in range(3):
        await said(door, author, followers_digest([]), f"{peer.url}{path}")
    assert len(peer.asked(path)) == 1
    assert await follow_of(door.runtime, bob, author.uri) is None
