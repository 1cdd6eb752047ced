"""What a rule for a domain keeps out, at every door and in both modes (MOD-2, row 47). `test_attacks_blocked` holds
the detours: redirects, handles, subdomains, boosts."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from federation.errors import EgressRefused
from federation.vocabulary import PUBLIC
from node.accounts.models import Account
from node.accounts.queries import get_account
from node.base.errors import NotFound
from node.follows.models import Follow
from node.follows.queries import find_follow
from node.follows.service import accept_follow, follow
from node.media.models import Media
from node.media.remote import remote_media
from node.media.views import remote_token
from node.moderation.queries import BOOK_SECONDS, read_policy_book
from node.moderation.service import remove_domain_policy, set_domain_policy
from node.posts.models import Post
from node.remote.actors import fetch_actor
from tests.support.doors import Door, serve_inbox
from tests.support.nodes import Node, World, settle
from tests.support.redis_server import RedisServer
from tests.support.stranger import Stranger


async def read_afresh(node: Node) -> None:
    """Let this process read the rules again, as it would within five seconds."""
    async with node.runtime.read() as reader:
        book = await read_policy_book(reader, node.runtime.settings)
    node.runtime.caches.get("policy_book", size=1, seconds=BOOK_SECONDS).put("book", book)


@pytest.fixture(params=["open", "allowlist"])
async def closed(
    request: pytest.FixtureRequest, redis_server: RedisServer, alice: Stranger, mallory: Stranger
) -> AsyncIterator[Door]:
    """A node that speaks with Alice's server and not with Mallory's: by a rule against it, or for want of one."""
    async with serve_inbox(redis_server, fetch_mode=request.param) as door:
        kept_out, severity = (mallory, "suspend") if request.param == "open" else (alice, "allow")
        async with door.runtime.write() as uow:
            await set_domain_policy(uow, door.runtime.settings, kept_out.peer.domain, severity, now=door.runtime.now())
        yield door


async def test_mod_2_matrix_of_what_comes_in(closed: Door, alice: Stranger, mallory: Stranger) -> None:
    """Signer, actor of an activity that another brings, a follow's key, an actor, a mention: nothing is asked."""
    bob = await closed.person("bob")
    await closed.follow(bob, alice)
    signed = mallory.create(mallory.note(mentions=[bob.uri]))
    await closed.send(mallory, signed, expect=403)
    await closed.send(alice, signed, expect=403)
    await closed.send(alice, alice.activity("Like", "x:1"), key_id=mallory.key_id, expect=403)
    await closed.send(mallory, mallory.activity("Follow", bob.uri), expect=403)
    note = alice.note("hello", mentions=[mallory.uri, bob.uri])
    await closed.send(alice, alice.create(note))
    stored = await closed.post(note["id"])
    assert stored is not None
    for uri in (mallory.uri, signed["object"]["id"]):
        await closed.send(alice, alice.activity("Announce", uri, to=[PUBLIC]))
        with pytest.raises(EgressRefused):
            await fetch_actor(closed.runtime, uri)
    assert not mallory.peer.requests
    assert await closed.count(Post) == 1
    assert await closed.count(Account, Account.domain == mallory.peer.domain) == 0


async def test_mod_2_matrix_of_media(closed: Door, alice: Stranger, mallory: Stranger) -> None:
    """A picture that lies on the domain is not fetched for a post of another."""
    bob = await closed.person("bob")
    await closed.follow(bob, alice)
    url = f"{mallory.peer.url}/picture.png"
    note = alice.note("look", attachment=[{"type": "Document", "mediaType": "image/png", "url": url}])
    await closed.send(alice, alice.create(note))
    async with closed.runtime.read() as reader:
        media = await reader.scalar(select(Media.id))
    assert media is not None
    with pytest.raises(NotFound):
        await remote_media(closed.runtime, media, remote_token(url), "original")
    assert not mallory.peer.requests


async def test_mod_2_suspend_tells_the_other_side_that_follows_are_over(world: World) -> None:
    """Reject and Undo go out although nothing else does; lifting it lets people begin again, and not before."""
    a, b = world["a"], world["b"]
    ann, bo = await a.person("ann"), await b.person("bo")
    await ann.follow(bo)
    await bo.follow(ann)
    await world.settle()
    domain = b.runtime.settings.domain
    async with a.runtime.write() as uow:
        await set_domain_policy(uow, a.runtime.settings, domain, "suspend", now=a.runtime.now())
    await ann.post("Not for them")
    await world.settle()
    for node in (a, b):
        async with node.runtime.read() as reader:
            assert not await reader.scalars(select(Follow.id)), node.url
    assert not [post for post in await bo.home() if "Not for them" in post["content"]]
    async with a.runtime.write() as uow:
        assert await remove_domain_policy(uow, domain, now=a.runtime.now())
    await read_afresh(a)
    await bo.follow(ann)
    await world.settle()
    async with b.runtime.read() as reader:
        (row,) = await reader.scalars(select(Follow))
    assert row.accepted_at is not None


async def test_mod_2_silence_keeps_strangers_out_of_sight(node: Node, alice: Stranger) -> None:
    """No public timeline and no notification but for followers; a follow from there needs approval; reachable still."""
    runtime = node.runtime
    bob, fan = await node.person("bob"), await node.person("fan")
    account = await fetch_actor(runtime, alice.uri)
    async with runtime.write() as uow:
        me = await get_account(uow, fan.account_id)
        await accept_follow(uow, await follow(uow, runtime.settings, me, account, now=runtime.now()))
        await set_domain_policy(uow, runtime.settings, alice.peer.domain, "silence", now=runtime.now())
    note = alice.note("loud", mentions=[bob.uri, fan.uri])
    assert (await alice.deliver(f"{node.url}/inbox", alice.create(note), now=runtime.now())).status_code == 202
    asked = alice.activity("Follow", bob.uri)
    assert (await alice.deliver(f"{node.url}/inbox", asked, now=runtime.now())).status_code == 202
    await settle(runtime)
    assert not [p for p in await bob.get("/api/v1/timelines/public") if p["uri"] == note["id"]]
    assert [p for p in await fan.get("/api/v1/timelines/public") if p["uri"] == note["id"]]
    assert {item["type"] for item in await bob.get("/api/v1/notifications")} <= {"follow_request"}
    assert [item["type"] for item in await fan.get("/api/v1/notifications")] == ["mention"]
    async with runtime.read() as reader:
        request = await find_follow(reader, account.id, bob.account_id)
    assert request is not None
    assert request.accepted_at is None
    assert (await bob.resolve(note["id"]))["uri"] == note["id"]
