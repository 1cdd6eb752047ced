"""Actors brought in: handles confirmed both ways, one fetch, negative cache, policy (DISC-3, DISC-4, ACT-6)."""

import asyncio
from typing import Any

import pytest

from federation.errors import EgressRefused, FederationError, FetchGone
from federation.vocabulary import AP_TYPE
from node.accounts.queries import find_account_by_uri
from node.base.runtime import Runtime
from node.moderation.service import set_domain_policy
from node.remote.actors import fetch_actor, resolve_handle
from tests.support.fake_peer import Answer, FakePeer, document
from tests.support.make import make_account
from tests.support.nodes import clock_of
from tests.support.stranger import Stranger


def advance(runtime: Runtime, **amount: float) -> None:
    clock_of(runtime).advance(**amount)


def webfinger(peer: FakePeer, name: str, subject: str, uri: str) -> None:
    links = [{"rel": "self", "type": AP_TYPE, "href": uri}]
    peer.routes[f"/.well-known/webfinger?resource=acct:{name}@{peer.domain}"] = document(
        {"subject": f"acct:{subject}", "links": links}, content_type="application/jrd+json"
    )


async def test_a_handle_leads_to_an_account(runtime: Runtime, alice: Stranger) -> None:
    """In any case, with and without a leading @; the second time from the database."""
    found = await resolve_handle(runtime, f"@{alice.handle}")
    assert found is not None
    assert (found.uri, found.acct, found.handle_confirmed) == (alice.uri, alice.handle, True)
    asked = len(alice.peer.requests)
    again = await resolve_handle(runtime, f"ALICE@{alice.peer.domain}")
    assert again is not None
    assert again.id == found.id
    assert len(alice.peer.requests) == asked


async def test_handles_that_lead_nowhere(runtime: Runtime, alice: Stranger) -> None:
    """Row 71: nobody, nonsense, a subject that is somebody else, a link of the wrong type; remembered."""
    peer = alice.peer
    webfinger(peer, "posing", alice.handle, f"{peer.url}/users/posing")
    peer.routes[f"/.well-known/webfinger?resource=acct:wrong@{peer.domain}"] = document(
        {"subject": f"acct:wrong@{peer.domain}", "links": [{"rel": "self", "type": "text/html", "href": alice.uri}]},
        content_type="application/jrd+json",
    )
    for handle in (f"nobody@{peer.domain}", f"wrong@{peer.domain}", "x@y@z", "", "@", f"a b@{peer.domain}"):
        assert await resolve_handle(runtime, handle) is None, handle
    posing = await resolve_handle(runtime, f"posing@{peer.domain}")
    assert posing is None or posing.uri == alice.uri
    asked = len(peer.requests)
    assert await resolve_handle(runtime, f"nobody@{peer.domain}") is None
    assert len(peer.requests) == asked


async def test_our_own_handles_are_never_asked_for(runtime: Runtime) -> None:
    bob = await make_account(runtime, "bob")
    for handle in ("bob", "@bob", f"bob@{runtime.settings.domain}", f"BOB@{runtime.settings.web_host}"):
        found = await resolve_handle(runtime, handle)
        assert found is not None
        assert found.id == bob.id
    with pytest.raises(FederationError):
        await fetch_actor(runtime, f"{runtime.settings.public_url}/users/999")


async def test_ten_at_once_make_one_fetch(runtime: Runtime, alice: Stranger) -> None:
    """ACT-6"""
    found = await asyncio.gather(*(fetch_actor(runtime, alice.uri) for _ in range(10)))
    assert len({account.id for account in found}) == 1
    assert len(alice.peer.asked("/users/alice")) == 1


async def test_a_failure_is_remembered(runtime: Runtime, alice: Stranger) -> None:
    """DLV-9: 404 for an hour, an outage for five minutes."""
    for status, minutes in ((404, 61), (503, 6)):
        alice.vanish(status)
        before = len(alice.peer.requests)
        for _ in range(5):
            with pytest.raises(FederationError):
                await fetch_actor(runtime, alice.uri)
        assert len(alice.peer.requests) == before + 1
        advance(runtime, minutes=minutes)
    alice.publish_profile()
    assert await fetch_actor(runtime, alice.uri)


async def test_a_stale_actor_is_fetched_again_and_survives_an_outage(runtime: Runtime, alice: Stranger) -> None:
    """ACT-6: after seven days; the stored one does while its server is away."""
    await fetch_actor(runtime, alice.uri)
    await fetch_actor(runtime, alice.uri)
    assert len(alice.peer.asked("/users/alice")) == 1
    advance(runtime, days=8)
    alice.vanish(503)
    assert (await fetch_actor(runtime, alice.uri)).uri == alice.uri
    advance(runtime, minutes=6)
    alice.profile = {"name": "Renewed"}
    alice.publish_profile()
    assert (await fetch_actor(runtime, alice.uri)).display_name == "Renewed"


async def test_410_deletes(runtime: Runtime, alice: Stranger) -> None:
    """SIG-16"""
    await fetch_actor(runtime, alice.uri)
    alice.vanish(410)
    with pytest.raises(FetchGone):
        await fetch_actor(runtime, alice.uri, force=True)
    async with runtime.read() as reader:
        known = await find_account_by_uri(reader, alice.uri)
    assert known is not None
    assert known.deleted_at is not None


async def test_an_unconfirmed_handle_is_not_given(runtime: Runtime, alice: Stranger) -> None:
    """DISC-4: its domain knows nothing of it; confirmed once it does."""
    route = f"/.well-known/webfinger?resource=acct:alice@{alice.peer.domain}"
    kept = alice.peer.routes.pop(route)
    account = await fetch_actor(runtime, alice.uri)
    assert not account.handle_confirmed
    alice.peer.routes[route] = kept
    account = await fetch_actor(runtime, alice.uri, force=True)
    assert (account.handle_confirmed, account.acct) == (True, alice.handle)


async def test_a_handle_that_moved_frees_the_old_record(runtime: Runtime, alice: Stranger) -> None:
    """DISC-4: identity is the id."""
    old = await fetch_actor(runtime, alice.uri)
    successor = Stranger(alice.peer, "alice2", profile={"preferredUsername": "alice"})
    webfinger(alice.peer, "alice", alice.handle, successor.uri)
    new = await fetch_actor(runtime, successor.uri)
    assert (new.acct, new.handle_confirmed) == (alice.handle, True)
    async with runtime.read() as reader:
        before = await find_account_by_uri(reader, old.uri)
    assert before is not None
    assert not before.handle_confirmed


async def test_a_split_domain(runtime: Runtime, peer: FakePeer) -> None:
    """DISC-2: handles on one host, ids on another; the claimed domain confirms."""
    async with FakePeer() as handles:
        eve = Stranger(peer, "eve", profile={"webfinger": f"eve@{handles.domain}"})
        webfinger(handles, "eve", f"eve@{handles.domain}", eve.uri)
        account = await fetch_actor(runtime, eve.uri)
        assert account.acct == f"eve@{handles.domain}"


async def test_suspended_domains_are_not_asked(runtime: Runtime, alice: Stranger) -> None:
    """MOD-2, row 47: not for the actor, not for a handle, not where an actor's handle points, nor on a redirect."""
    async with FakePeer() as other:
        pointing = Stranger(other, "p", profile={"webfinger": f"p@{alice.peer.domain}"})
        other.routes["/go"] = Answer(status=302, headers=(("Location", alice.uri),))
        async with runtime.write() as uow:
            await set_domain_policy(uow, runtime.settings, alice.peer.domain, "suspend", now=runtime.now())
        with pytest.raises(EgressRefused):
            await fetch_actor(runtime, alice.uri)
        assert await resolve_handle(runtime, alice.handle) is None
        account = await fetch_actor(runtime, pointing.uri)
        assert not account.handle_confirmed
        assert not alice.peer.requests
        with pytest.raises(FederationError):
            await fetch_actor(runtime, f"{other.url}/go")


@pytest.mark.parametrize(
    "change",
    [
        {"id": "https://other.test/u"},
        {"inbox": "https://other.test/inbox"},
        {"inbox": None},
        {"preferredUsername": None},
        {"type": "Note"},
        {"preferredUsername": "<b>"},
    ],
)
async def test_documents_that_are_no_actor(runtime: Runtime, alice: Stranger, change: dict[str, Any]) -> None:
    """ACT-3"""
    alice.profile = change
    alice.publish_profile()
    with pytest.raises(FederationError):
        await fetch_actor(runtime, f"{alice.peer.url}/users/alice")


async def test_a_peer_that_wants_the_other_scheme(runtime: Runtime, alice: Stranger) -> None:
    """SIG-13: refused with one, asked with the other."""
    served = alice.peer.routes["/users/alice"]
    assert isinstance(served, Answer)
    alice.peer.routes["/users/alice"] = lambda request: (
        served if request.header("signature-input") else Answer(status=401)
    )
    assert (await fetch_actor(runtime, alice.uri)).uri == alice.uri
