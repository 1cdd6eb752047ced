"""A suspended domain at every turn: nothing is asked of it, nothing of it is taken, in whatever spelling or detour
(attack row 47, MOD-2)."""

from collections.abc import AsyncIterator

import pytest

from federation.errors import EgressRefused, FederationError
from federation.vocabulary import AP_TYPE, PUBLIC
from node.accounts.queries import find_account_by_uri
from node.base.errors import NotFound
from node.base.runtime import Runtime
from node.media.remote import remote_picture
from node.moderation.service import set_domain_policy
from node.posts.models import Post
from node.remote.actors import fetch_actor, resolve_handle
from node.remote.posts import fetch_post
from node.remote.resolving import resolve
from tests.support.doors import Door
from tests.support.fake_peer import Answer, FakePeer, document, redirect
from tests.support.stranger import Stranger


@pytest.fixture
async def other() -> AsyncIterator[FakePeer]:
    """A third server."""
    async with FakePeer() as opened:
        yield opened


async def block(runtime: Runtime, domain: str, *, severity: str = "suspend", reject_media: bool = False) -> None:
    async with runtime.write() as uow:
        await set_domain_policy(uow, runtime.settings, domain, severity, reject_media=reject_media, now=runtime.now())


async def test_row_47_a_detour_through_a_suspended_host(
    door: Door, alice: Stranger, evil: FakePeer, other: FakePeer
) -> None:
    """The middle of a chain of redirects is asked as little as its end: for a post, an actor, a handle, a key, a
    pasted link and a picture."""
    await block(door.runtime, evil.domain)
    bo = Stranger(other, "bo")
    note = bo.note("true")
    paths = {
        "post": note["id"].removeprefix(other.url),
        "actor": "/users/bo",
        "webfinger": f"/.well-known/webfinger?resource=acct:x@{alice.peer.domain}",
    }
    for name, path in paths.items():
        alice.peer.routes[path if name == "webfinger" else f"/{name}"] = redirect(f"{evil.url}/{name}")
        evil.routes[f"/{name}"] = redirect(f"{other.url}{path}")
    with pytest.raises(EgressRefused):
        await fetch_post(door.runtime, f"{alice.peer.url}/post")
    with pytest.raises(EgressRefused):
        await fetch_actor(door.runtime, f"{alice.peer.url}/actor")
    assert await resolve_handle(door.runtime, f"x@{alice.peer.domain}") is None
    assert await resolve(door.runtime, f"{alice.peer.url}/post", None) is None
    answer = await alice.deliver(
        door.inbox,
        alice.activity("Like", "x:1"),
        key_id=f"{alice.peer.url}/actor#main-key",
        now=door.runtime.now(),
    )
    assert answer.status_code == 401
    assert not evil.requests
    assert await door.count(Post) == 0


async def test_row_47_a_picture_behind_a_suspended_or_rejected_host(
    door: Door, alice: Stranger, evil: FakePeer, other: FakePeer
) -> None:
    await block(door.runtime, evil.domain)
    await block(door.runtime, other.domain, severity="silence", reject_media=True)
    for number, host in enumerate((evil, other)):
        poser = Stranger(alice.peer, f"poser{number}", profile={"icon": {"url": f"{alice.peer.url}/icon{number}"}})
        alice.peer.routes[f"/icon{number}"] = redirect(f"{host.url}/icon")
        account = await fetch_actor(door.runtime, poser.uri)
        with pytest.raises(NotFound):
            await remote_picture(door.runtime, account.id, "avatar")
        assert bool(host.requests) == (host is other)  # rejected media are seen to be so at their end


async def test_row_47_a_handle_that_points_into_a_suspended_host(door: Door, alice: Stranger, evil: FakePeer) -> None:
    """WebFinger of an honest host names an actor there, or a subject there: neither is asked."""
    await block(door.runtime, evil.domain)
    mallory = Stranger(evil, "mallory")
    for name, subject, uri in (
        ("x", f"x@{alice.peer.domain}", mallory.uri),
        ("y", mallory.handle, mallory.uri),
        ("z", mallory.handle, alice.uri),
    ):
        links = [{"rel": "self", "type": AP_TYPE, "href": uri}]
        alice.peer.routes[f"/.well-known/webfinger?resource=acct:{name}@{alice.peer.domain}"] = document(
            {"subject": f"acct:{subject}", "links": links}, content_type="application/jrd+json"
        )
        assert await resolve_handle(door.runtime, f"{name}@{alice.peer.domain}") is None
    claims = Stranger(alice.peer, "claims", profile={"webfinger": mallory.handle})
    try:
        account = await fetch_actor(door.runtime, claims.uri)
        assert not account.handle_confirmed
    except FederationError:
        pass
    assert not evil.requests


@pytest.mark.parametrize("spelling", ["localhost", "LOCALHOST", "localhost."])
async def test_row_47_subdomains_of_a_suspended_domain(door: Door, spelling: str) -> None:
    """`sub.blocked` and `blocked.` are the blocked domain; nothing is fetched, nothing kept, no key asked for."""
    await block(door.runtime, spelling)
    bob = await door.person("bob")
    async with FakePeer() as peer:
        peer.host = "sub.localhost"
        mallory = Stranger(peer, "mallory")
        note = mallory.note(mentions=[bob.uri])
        answer = await mallory.deliver(door.inbox, mallory.create(note), now=door.runtime.now())
        assert answer.status_code in {202, 403}
        await door.settle()
        assert not peer.requests
    async with door.runtime.read() as reader:
        assert await find_account_by_uri(reader, mallory.uri) is None
    assert await door.count(Post) == 0


async def test_row_47_a_post_of_a_suspended_host_boosted_by_a_third(
    door: Door, alice: Stranger, mallory: Stranger
) -> None:
    """Nor replied to, nor quoted as a parent: not fetched, not shown."""
    bob = await door.person("bob")
    await door.follow(bob, alice)
    await block(door.runtime, mallory.peer.domain)
    note = mallory.note()
    mallory.peer.requests.clear()
    await door.send(alice, alice.activity("Announce", note["id"], to=[PUBLIC]))
    await door.send(alice, alice.activity("Announce", mallory.create(note), to=[PUBLIC]))
    await door.send(alice, alice.create(alice.note("re", inReplyTo=note["id"])))
    alice.peer.routes["/go"] = redirect(note["id"])
    await door.send(alice, alice.activity("Announce", f"{alice.peer.url}/go", to=[PUBLIC]))
    assert not mallory.peer.requests
    assert await door.post(note["id"]) is None


async def test_row_69_a_redirect_to_another_host_is_signed_for_that_host(
    door: Door, alice: Stranger, other: FakePeer
) -> None:
    """The first host's signature is not carried to the second."""
    bo = Stranger(other, "bo")
    alice.peer.routes["/bo"] = redirect(bo.uri)
    seen: list[tuple[str | None, str | None]] = []

    def keep(request: object) -> Answer:
        header = request.header  # type: ignore[attr-defined]
        seen.append((header("signature"), header("host")))
        return document(bo.actor())

    other.routes["/users/bo"] = keep
    with pytest.raises(FederationError):
        await fetch_actor(door.runtime, f"{alice.peer.url}/bo")
    first = next(r.header("signature") for r in alice.peer.requests if r.path == "/bo")
    assert seen
    assert seen[0][0] not in (None, first)
    assert seen[0][1] == other.domain
