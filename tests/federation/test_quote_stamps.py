"""Forged leave to quote, and every way around being asked (OBJ-13 to OBJ-15, AUD-4, rows 107 and GHSA-8h43, -q4g8)."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from federation.vocabulary import AS_CONTEXT, PUBLIC
from tests.federation.test_inbound import send, served_inboxes
from tests.support.fake_peer import Answer, FakePeer, document
from tests.support.nodes import Node, Person, settle
from tests.support.stranger import Document, Stranger

EVERYBODY = {"interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}}}


@pytest.fixture
def carol(good: FakePeer) -> Stranger:
    """An author who cares who quotes her."""
    return Stranger(good, "carol")


@pytest.fixture
async def bob(node: Node, carol: Stranger, mallory: Stranger) -> Person:
    """One of ours, who follows both."""
    bob = await node.person("bob")
    for stranger in (carol, mallory):
        stranger.peer.routes["/inbox"] = stranger.peer.routes[f"/users/{stranger.name}/inbox"] = Answer(status=202)
        found = await bob.resolve(stranger.handle)
        await bob.act(f"/api/v1/accounts/{found['id']}/follow")
        await settle(node.runtime)
        request = served_inboxes(stranger.peer)[-1]
        await send(node, stranger, stranger.activity("Accept", request))
    return bob


def stamp(author: Stranger, quote: str, quoted: str, *, at: Stranger | None = None, **bent: Any) -> str:
    """Serve a stamp, at the author's server or another's, and return its id."""
    host = at or author
    uri = f"{host.uri}/stamps/{len(host.peer.routes)}"
    made = {
        "@context": AS_CONTEXT,
        "id": uri,
        "type": "QuoteAuthorization",
        "attributedTo": author.uri,
        "interactingObject": quote,
        "interactionTarget": quoted,
        **bent,
    }
    host.peer.routes[urlsplit(uri).path] = document(made)
    return uri


async def state_of(bob: Person, note: Document) -> str:
    """Return how a post's quote stands as bob sees it; "" for none."""
    (status,) = [status for status in await bob.home() if status["uri"] == note["id"]]
    return status["quote"]["state"] if status["quote"] else ""


def quoting(node: Node, stranger: Stranger, quoted: Document, **fields: Any) -> Document:
    return stranger.note("See", quote=quoted["id"], published=node.runtime.now(), **fields)


async def arrive(node: Node, stranger: Stranger, note: Document) -> None:
    stranger.peer.routes[urlsplit(note["id"]).path] = document(note)
    await send(node, stranger, stranger.create(note))


async def test_obj_15_forged_stamps(node: Node, bob: Person, carol: Stranger, mallory: Stranger) -> None:
    """Of wrong host, post, target, author or type, missing, or only embedded: none shows the quote; a true one does.

    Nor does a policy that welcomes everybody prove anything.
    """
    quoted = carol.note("Mine", **EVERYBODY)
    other = carol.note("Another", **EVERYBODY)

    async def outcome(**bent: Any) -> str:
        note = quoting(node, mallory, quoted)
        note["quoteAuthorization"] = stamp(carol, note["id"], quoted["id"], **bent)
        await arrive(node, mallory, note)
        return await state_of(bob, note)

    assert await outcome() == "accepted"
    assert await outcome(at=mallory) == "pending"
    assert await outcome(interactingObject=f"{mallory.uri}/statuses/0") == "pending"
    assert await outcome(interactingObject=[quoted["id"], f"{mallory.uri}/statuses/0"]) == "pending"
    assert await outcome(interactionTarget=other["id"]) == "pending"
    assert await outcome(attributedTo=mallory.uri) == "pending"
    assert await outcome(attributedTo=f"{carol.peer.url}/users/dora") == "pending"
    assert await outcome(type="LikeAuthorization") == "pending"
    assert await outcome(id=f"{carol.uri}/stamps/x") == "pending"

    unproven = quoting(node, mallory, quoted)
    await arrive(node, mallory, unproven)
    assert await state_of(bob, unproven) == "pending"
    embedded = quoting(node, mallory, quoted)
    embedded["quoteAuthorization"] = {
        "id": f"{carol.uri}/stamps/none",
        "type": "QuoteAuthorization",
        "attributedTo": carol.uri,
        "interactingObject": embedded["id"],
        "interactionTarget": quoted["id"],
    }
    await arrive(node, mallory, embedded)
    assert await state_of(bob, embedded) == "pending"


async def test_ghsa_8h43_another_quote_in_an_old_coat(
    node: Node, bob: Person, carol: Stranger, mallory: Stranger
) -> None:
    """A quote that was allowed and then changed begins anew; an old stamp is none for it, nor is an old version."""
    first, second = carol.note("One", **EVERYBODY), carol.note("Two", **EVERYBODY)
    note = quoting(node, mallory, first)
    note["quoteAuthorization"] = stamp(carol, note["id"], first["id"])
    await arrive(node, mallory, note)
    assert await state_of(bob, note) == "accepted"

    await send(node, mallory, mallory.activity("Update", note | {"quote": second["id"]}, to=note["to"], cc=note["cc"]))
    assert await state_of(bob, note) == "accepted"
    (status,) = [status for status in await bob.home() if status["uri"] == note["id"]]
    assert status["quote"]["quoted_status"]["uri"] == first["id"]

    node.clock.advance(minutes=1)
    newer = note | {"quote": second["id"], "updated": node.runtime.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
    await send(node, mallory, mallory.activity("Update", newer, to=note["to"], cc=note["cc"]))
    assert await state_of(bob, note) == "pending"


async def test_obj_15_a_stamp_taken_back(node: Node, bob: Person, carol: Stranger, mallory: Stranger) -> None:
    """Delete by its author ends the quote, by another it does not; and the same stamp does not bring it back."""
    quoted = carol.note("Mine", **EVERYBODY)
    note = quoting(node, mallory, quoted)
    note["quoteAuthorization"] = given = stamp(carol, note["id"], quoted["id"])
    await arrive(node, mallory, note)
    assert await state_of(bob, note) == "accepted"
    await send(node, mallory, mallory.activity("Delete", given, to=[PUBLIC]))
    assert await state_of(bob, note) == "accepted"
    dora = Stranger(carol.peer, "dora")
    await send(node, dora, dora.activity("Delete", given, to=[PUBLIC]))
    assert await state_of(bob, note) == "accepted"
    await send(node, carol, carol.activity("Delete", given, to=[PUBLIC]))
    assert await state_of(bob, note) == "revoked"
    await send(node, mallory, mallory.activity("Update", note, to=note["to"], cc=note["cc"]))
    assert await state_of(bob, note) == "revoked"


async def test_obj_15_a_stamp_is_asked_for_again_once_a_day(
    node: Node, bob: Person, carol: Stranger, mallory: Stranger
) -> None:
    """A day later, when somebody looks, and not before; gone there, gone here."""
    quoted = carol.note("Mine", **EVERYBODY)
    note = quoting(node, mallory, quoted)
    note["quoteAuthorization"] = given = stamp(carol, note["id"], quoted["id"])
    await arrive(node, mallory, note)
    (status,) = [status for status in await bob.home() if status["uri"] == note["id"]]

    async def look() -> tuple[int, str]:
        shown = await bob.get(f"/api/v1/statuses/{status['id']}")
        await settle(node.runtime)
        asked = [request for request in carol.peer.requests if request.target == urlsplit(given).path]
        return len(asked), shown["quote"]["state"]

    assert await look() == (1, "accepted")
    node.clock.advance(hours=25)
    assert (await look())[0] == 2
    assert (await look())[0] == 2
    carol.peer.routes[urlsplit(given).path] = Answer(status=404)
    node.clock.advance(hours=25)
    await look()
    assert (await look())[1] == "revoked"


async def test_obj_14_who_may_ask(node: Node, bob: Person, carol: Stranger, mallory: Stranger) -> None:
    """OBJ-14, AUD-4, GHSA-q4g8: answered by policy and only for one's own post; a no stays a no."""
    mine = await bob.post("Mine")

    def ask(stranger: Stranger, instrument: Any, target: str = mine["uri"]) -> Document:
        return stranger.activity("QuoteRequest", target, instrument=instrument, to=[bob.uri])

    async def answers(stranger: Stranger, request: Document) -> list[Document]:
        await send(node, stranger, request)
        known = (found for found in served_inboxes(stranger.peer) if found["type"] in ("Accept", "Reject"))
        return [found for found in known if found["object"].get("id") == request["id"]]

    quote = quoting(node, carol, {"id": mine["uri"]})
    (accept,) = await answers(carol, ask(carol, quote))
    assert (accept["type"], accept["object"]["instrument"]) == ("Accept", quote["id"])
    assert accept["result"].startswith(f"{bob.uri}/quote_authorizations/")
    assert await answers(mallory, ask(mallory, quote)) == []
    assert await answers(mallory, ask(mallory, quote["id"])) == []
    theirs = quoting(node, mallory, {"id": mine["uri"]}, serve=False)
    assert await answers(mallory, ask(mallory, theirs | {"attributedTo": carol.uri})) == []
    assert await answers(mallory, ask(mallory, theirs | {"quote": f"{bob.uri}/statuses/1"})) == []

    await arrive(node, carol, quote)
    (listed,) = await bob.get(f"/api/v1/statuses/{mine['id']}/quotes")
    await bob.act(f"/api/v1/statuses/{mine['id']}/quotes/{listed['id']}/revoke")
    (reject,) = await answers(carol, ask(carol, quote))
    assert reject["type"] == "Reject"
    await send(node, carol, carol.activity("Update", quote | {"quoteAuthorization": accept["result"]}, to=quote["to"]))
    assert await bob.get(f"/api/v1/statuses/{mine['id']}/quotes") == []

    private = await bob.post("Among us", visibility="private")
    assert await answers(carol, ask(carol, quote["id"], private["uri"])) == []
    closed = await bob.post("Mine alone", quote_approval_policy="nobody")
    (reject,) = await answers(carol, ask(carol, quote["id"], closed["uri"]))
    assert reject["type"] == "Reject"


async def test_obj_13_who_may_answer(node: Node, bob: Person, carol: Stranger, mallory: Stranger) -> None:
    """Only the author, with a stamp of their own server, for what was asked; then the quote goes out with it."""
    quoted = await bob.resolve(carol.note("Mine", **EVERYBODY)["id"])
    quote = await bob.post("See", quoted_status_id=quoted["id"])
    await settle(node.runtime)
    request = next(found for found in served_inboxes(carol.peer) if found["type"] == "QuoteRequest")
    assert (request["object"], request["instrument"]["id"]) == (quoted["uri"], quote["uri"])
    assert "Create" in [found["type"] for found in served_inboxes(carol.peer)]

    async def state() -> str:
        return str((await bob.get(f"/api/v1/statuses/{quote['id']}"))["quote"]["state"])

    ours, foreign = f"{carol.uri}/stamps/1", f"{mallory.uri}/stamps/1"
    await send(node, mallory, mallory.activity("Accept", request["id"], result=foreign))
    await send(node, mallory, mallory.activity("Accept", request["id"], result=ours))
    await send(node, carol, carol.activity("Accept", request["id"], result=foreign))
    await send(node, carol, carol.activity("Accept", request["id"]))
    bent = request | {"instrument": f"{bob.uri}/statuses/1"}
    await send(node, carol, carol.activity("Accept", bent, result=ours))
    wrong = {"id": ours, "type": "QuoteAuthorization", "attributedTo": carol.uri, "interactionTarget": quoted["uri"]}
    await send(node, carol, carol.activity("Accept", request["id"], result=wrong | {"interactingObject": bob.uri}))
    assert await state() == "pending"
    await send(node, mallory, mallory.activity("Reject", request["id"]))
    assert await state() == "pending"
    await send(node, carol, carol.activity("Accept", request, result=ours))
    assert await state() == "accepted"
    update = served_inboxes(carol.peer)[-1]
    assert (update["type"], update["object"]["quoteAuthorization"]) == ("Update", ours)
    await send(node, carol, carol.activity("Reject", request))
    assert await state() == "revoked"
    assert "quote" not in served_inboxes(carol.peer)[-1]["object"]


async def test_obj_15_readers_hear_that_a_stamp_is_gone(
    node: Node, bob: Person, carol: Stranger, mallory: Stranger
) -> None:
    """The quote is ours: its readers get it without, and the Delete as it came."""
    await send(node, mallory, mallory.activity("Follow", bob.uri))
    quoted = await bob.resolve(carol.note("Mine", **EVERYBODY)["id"])
    quote = await bob.post("See", quoted_status_id=quoted["id"])
    await settle(node.runtime)
    request = next(found for found in served_inboxes(carol.peer) if found["type"] == "QuoteRequest")
    await send(node, carol, carol.activity("Accept", request, result=f"{carol.uri}/stamps/1"))
    mallory.peer.requests.clear()
    gone = carol.activity("Delete", f"{carol.uri}/stamps/1", to=[PUBLIC])
    await send(node, carol, gone)
    heard = {found["type"]: found for found in served_inboxes(mallory.peer)}
    assert heard["Delete"] == gone
    assert heard["Update"]["object"]["id"] == quote["uri"]
    assert "quote" not in heard["Update"]["object"]


async def test_obj_12_quotes_without_consent_data(node: Node, bob: Person, carol: Stranger, mallory: Stranger) -> None:
    """Legacy forms: shown where the author says nothing, a plain link where they do, and where they are ours."""
    silent, caring = carol.note("Whatever"), carol.note("Ask me", **EVERYBODY)
    mine = await bob.post("Mine")
    rel = {"type": "Link", "mediaType": "application/activity+json", "rel": "https://misskey-hub.net/ns#_misskey_quote"}

    async def shown(**fields: Any) -> Any:
        line = f'<p>See<br><br>RE: <a href="{silent["id"]}">link</a></p>'
        note = mallory.note("x", published=node.runtime.now(), **fields) | {"content": line}
        await arrive(node, mallory, note)
        (status,) = [status for status in await bob.home() if status["uri"] == note["id"]]
        return status

    for fields in (
        {"quoteUrl": silent["id"]},
        {"_misskey_quote": silent["id"]},
        {"quoteUri": silent["id"]},
        {"tag": [rel | {"href": silent["id"]}]},
    ):
        status = await shown(**fields)
        assert status["quote"]["state"] == "accepted"
        assert status["quote"]["quoted_status"]["uri"] == silent["id"]
        assert "RE:" not in status["content"]
    for target in (caring["id"], mine["uri"]):
        status = await shown(quoteUrl=target)
        assert status["quote"] is None
        assert "RE:" in status["content"]
    plain_link = {"type": "Link", "mediaType": "application/activity+json", "href": silent["id"]}
    assert (await shown(tag=[plain_link]))["quote"] is None  # OBJ-18: an object link is no quote
    gone = await shown(quote={"type": "Tombstone", "id": silent["id"]})
    assert gone["quote"] == {"state": "deleted", "quoted_status": None}


async def test_quotes_of_quotes_end(node: Node, bob: Person, carol: Stranger, mallory: Stranger) -> None:
    """Row 50: a chain of quotes is followed two deep, and a circle ends."""
    chain = [carol.note("0")]
    for number in range(1, 6):
        chain.append(carol.note(str(number), quoteUrl=chain[-1]["id"]))
    await arrive(node, mallory, mallory.note("top", quoteUrl=chain[-1]["id"], published=node.runtime.now()))
    asked = {request.target for request in carol.peer.requests}
    assert urlsplit(chain[5]["id"]).path in asked
    assert urlsplit(chain[1]["id"]).path not in asked
    (status,) = [found for found in await bob.home() if "top" in found["content"]]
    assert status["quote"]["quoted_status"]["quote"] == {
        "state": "accepted",
        "quoted_status_id": status["quote"]["quoted_status"]["quote"]["quoted_status_id"],
    }
