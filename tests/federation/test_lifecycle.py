"""Names that wait, suspended strangers, requests between two: who sees what (MOD-1, rows 73, 106, 110, 54, GEN-7)."""

import dataclasses

import pytest
from sqlalchemy import select

from federation.signatures import SigningKey
from federation.vocabulary import AP_TYPE, PUBLIC
from node.accounts.keys import instance_signing_key
from node.accounts.queries import find_account_by_uri, find_local_account
from node.accounts.service import suspend_account
from node.auth.service import approve_user, sign_up
from node.base.errors import Invalid
from node.follows.models import Follow
from node.notifications.models import Notification, NotificationRequest
from node.posts.models import Mention
from node.remote.actors import fetch_actor
from outbox.effects.notices import STRANGERS_TOLD
from tests.browser.visitor import Visitor
from tests.support import make
from tests.support.nodes import Node, World, settle
from tests.support.stranger import Stranger


async def inboxes(node: Node, stranger: Stranger, *activities: dict[str, object]) -> None:
    for activity in activities:
        answer = await stranger.deliver(f"{node.url}/inbox", activity, now=node.runtime.now())
        assert answer.status_code == 202, answer.text
    await settle(node.runtime)


async def mentioned(node: Node) -> list[int]:
    async with node.runtime.read() as reader:
        return list(
            await reader.scalars(
                select(Notification.account_id).where(Notification.kind == "mention", Notification.filtered.is_(False))
            )
        )


async def test_row_73_a_name_that_waits_for_approval_is_not_shown(node: Node) -> None:
    """No page, no actor, no WebFinger, no search, no follow, until somebody approves it."""
    ann = await node.person("ann")
    runtime = node.runtime
    settings = dataclasses.replace(runtime.settings, registrations="approval")
    async with runtime.write() as uow:
        user = await sign_up(
            uow,
            settings,
            username="rude_name",
            email="rude@example.com",
            password="correct horse battery",
            reason="because",
            now=runtime.now(),
            key_pair=make.test_key_pair(),
        )
    id_ = user.account_id
    page = {"Accept": "text/html"}
    document = {"Accept": AP_TYPE}
    paths = (
        ("/@rude_name", page),
        ("/@rude_name", document),
        (f"/users/{id_}", document),
        (f"/users/{id_}/outbox", document),
        (f"/.well-known/webfinger?resource=acct:rude_name@{runtime.settings.domain}", {}),
        (f"/api/v1/accounts/{id_}", {}),
        ("/api/v1/accounts/lookup?acct=rude_name", {}),
    )
    for path, headers in paths:
        response = await node.http.get(path, headers=headers)
        assert response.status_code == 404, (path, response.text[:200])
    assert await ann.get("/api/v1/accounts/search", q="rude_name") == []
    await ann.call("POST", f"/api/v1/accounts/{id_}/follow", expect=404)
    async with runtime.write() as uow:
        assert await approve_user(uow, id_, now=runtime.now())
    for path, headers in paths:
        response = await node.http.get(path, headers=headers)
        assert response.status_code in (200, 302), (path, response.text[:200])
    async with runtime.read() as reader:
        found = await find_local_account(reader, "rude_name")
    assert found is not None
    assert not found.is_gone


async def test_mod_1_a_stranger_suspended_here_is_refused_as_a_follower(world: World) -> None:
    """Its server gets a Reject, so what is for followers is not shown to it there any more (row 106)."""
    a, b = world["a"], world["b"]
    ann, bo = await a.person("ann"), await b.person("bo")
    await bo.follow(ann)
    await world.settle()
    seen = await fetch_actor(a.runtime, bo.uri)
    async with a.runtime.write() as uow:
        await suspend_account(uow, seen.id, now=a.runtime.now())
    await world.settle()
    for node in (a, b):
        async with node.runtime.read() as reader:
            assert not await reader.scalars(select(Follow.id))


async def test_gen_7_a_request_is_shown_to_its_two_servers_only(world: World, alice: Stranger) -> None:
    """A follow that is not accepted yet is nobody else's to read; an accepted one is open unless follows are hidden."""
    a, b = world["a"], world["b"]
    ann = await a.person("ann")
    cy = await b.person("cy", locked=True)
    await ann.follow(cy)
    await world.settle()
    async with a.runtime.read() as reader:
        (row,) = await reader.scalars(select(Follow))
    path = f"/follows/{row.id}"
    response = await a.http.get(path, headers={"Accept": AP_TYPE})
    assert response.status_code == 404
    fetched = await b.runtime.http.fetch_document(row.uri, signer=await signer_of(b))
    assert fetched.document["object"] == cy.uri
    (request,) = await cy.get("/api/v1/follow_requests")
    await cy.act(f"/api/v1/follow_requests/{request['id']}/authorize")
    await world.settle()
    assert (await a.http.get(path, headers={"Accept": AP_TYPE})).status_code == 200


async def signer_of(node: Node) -> SigningKey:
    async with node.runtime.read() as reader:
        return await instance_signing_key(reader)


@pytest.mark.parametrize("visibility", ["direct", "public"])
async def test_row_110_a_mailing_from_a_server_nobody_knows(node: Node, alice: Stranger, visibility: str) -> None:
    """Of a public one a few are told, of a private one nobody; the rest find a request, whatever the post claims to
    answer. Whom somebody has named, in a thread where they did, or whose server somebody here follows, may."""
    people = [await node.person(f"p{number}") for number in range(STRANGERS_TOLD + 3)]
    own = await people[-1].post("Something of mine")
    to = [person.uri for person in people]
    is_direct = visibility == "direct"
    addressed = {"to": to, "cc": []} if is_direct else {"to": [PUBLIC], "cc": to}
    await inboxes(node, alice, alice.create(alice.note("buy", mentions=to, inReplyTo=own["uri"], **addressed)))
    told = await mentioned(node)
    assert len(told) == (0 if is_direct else STRANGERS_TOLD)
    async with node.runtime.read() as reader:
        held = set(await reader.scalars(select(NotificationRequest.account_id)))
    assert held == {person.account_id for person in people} - set(told)
    last = people[-1]
    assert last.account_id not in told
    await inboxes(node, alice, alice.create(alice.note("more", to=[last.uri], cc=[], mentions=[last.uri])))
    assert last.account_id not in await mentioned(node)
    asked = await last.post(f"@{alice.handle} who are you?")
    await settle(node.runtime)
    answer = alice.note("a friend", to=[last.uri], cc=[], mentions=[last.uri], inReplyTo=asked["uri"])
    await inboxes(node, alice, alice.create(answer))
    assert last.account_id in await mentioned(node)
    node.clock.advance(days=2)
    other = people[-2]
    await inboxes(node, alice, alice.create(alice.note("tomorrow", mentions=[other.uri])))
    assert other.account_id in await mentioned(node)


async def test_row_54_five_hundred_mentions_are_not_five_hundred_fetches(
    node: Node, alice: Stranger, mallory: Stranger
) -> None:
    """Each of a fresh host or person: at most 64 are read, and nobody is asked who they are."""
    bob = await node.person("bob")
    named = [bob.uri, *(f"{mallory.peer.url}/users/nobody{number}" for number in range(500))]
    await inboxes(node, alice, alice.create(alice.note("hey", mentions=named)))
    assert not mallory.peer.requests
    async with node.runtime.read() as reader:
        assert len(list(await reader.scalars(select(Mention.account_id)))) == 1
    assert await mentioned(node) == [bob.account_id]


async def test_mod_1_somebody_deletes_their_own_account(world: World) -> None:
    """With the password and on purpose, through the page: gone here and there, posts too; the name is spent."""
    a, b = world["a"], world["b"]
    ann, bo = await a.person("ann"), await b.person("bo")
    await bo.follow(ann)
    await world.settle()
    post = await ann.post("My words")
    await world.settle()
    assert [seen for seen in await bo.home() if seen["uri"] == post["uri"]]
    form = "form[action='/settings/delete']"
    async with Visitor(a.url) as visitor:
        await visitor.sign_in("ann")
        page = await visitor.open("/settings/delete")
        for typed in ({"current_password": "wrong", "sure": "1"}, {"current_password": "correct horse battery"}):
            assert (await visitor.send(page, form, **typed)).status == 422
        page = await visitor.send(page, form, current_password="correct horse battery", sure="1")
        assert page.status == 200
        assert (await visitor.open("/settings/profile")).path == "/auth/sign_in"
    await world.settle()
    await ann.call("GET", "/api/v1/accounts/verify_credentials", expect=401)
    assert not [seen for seen in await bo.home() if seen["uri"] == post["uri"]]
    for path in (f"/users/{ann.account_id}", f"/.well-known/webfinger?resource=acct:{ann.handle[1:]}"):
        assert (await a.http.get(path, headers={"Accept": AP_TYPE})).status_code == 410
    async with b.runtime.read() as reader:
        gone = await find_account_by_uri(reader, ann.uri)
        assert gone is not None
        assert gone.deleted_at is not None
        assert not await reader.scalars(select(Follow.id))
    with pytest.raises(Invalid):
        await a.person("ann")


async def test_row_91_an_admin_does_not_leave_by_that_page(node: Node) -> None:
    await make.make_account(node.runtime, "ada", role="admin")
    async with Visitor(node.url) as visitor:
        await visitor.sign_in("ada")
        page = await visitor.open("/settings/delete")
        page = await visitor.send(
            page, "form[action='/settings/delete']", current_password="correct horse battery", sure="1"
        )
        assert page.status == 422
        assert "Admins cannot leave" in page.text
