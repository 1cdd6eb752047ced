"""Hundreds of mutations of honest activities: never a 5xx, never a row that stays open (row 30).

Each example bends one thing of a valid activity (a wrong type, a list, nothing, odd strings, deep nesting) and sends
it, well signed, straight to the code behind the door.
"""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from federation.signatures import SignedRequest
from federation.vocabulary import PUBLIC
from inbox.models import ReceivedActivity
from inbox.receive import receive_activity
from node.accounts.models import Account
from node.base.errors import RookeryError
from node.polls.rules import MAX_SECONDS, PollDraft
from tests.support.doors import Door, serve_inbox
from tests.support.fake_peer import FakePeer
from tests.support.make import make_post
from tests.support.redis_server import RedisServer
from tests.support.stranger import Document, Stranger

ODD: list[Any] = [
    *(None, 5, -1, 1e308, True, "", "x", [], {}, [[]], [None], {"id": None}, {"id": 5}, {"type": []}, [{}, "x", 3]),
    *("javascript:alert(1)", "http://", "https://a.test:99999/", "http://[::1", "//x", "\u202e", "a\u0300" * 300),
    *("99999-01-01T00:00:00Z", "-1", "2026-13-45", [1] * 300, {"a": {"b": {"c": [{"d": 1}]}}}, "é" * 3000, "\x01"),
    *(["Note", "Person"], {"type": "Tombstone"}, {"type": "Link", "href": "x"}, "https://x.test/" + "y" * 3000),
]


def paths_of(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where a document can be bent."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, child in children for path in ((*at, key), *paths_of(child, (*at, key)))]


def bent(document: Document, path: tuple[Any, ...], change: Any) -> Document:
    """Return a copy with one thing changed, or taken away."""
    made = copy.deepcopy(document)
    place: Any = made
    for key in path[:-1]:
        place = place[key]
    if change == "remove":
        del place[path[-1]]
    elif change == "wrap":
        place[path[-1]] = [place[path[-1]]]
    else:
        place[path[-1]] = change
    return made


def originals(alice: Stranger, bob: Account, poll: str) -> list[Document]:
    """Return one honest activity of each kind; `poll` is one of ours to vote on."""
    rich: Document = {
        "summary": "cw",
        "sensitive": True,
        "inReplyTo": bob.uri,
        "contentMap": {"en": "<p>Hello</p>"},
        "attachment": [{"type": "Document", "mediaType": "image/png", "url": "https://a.test/1.png", "name": "alt"}],
        "replies": {"type": "Collection", "first": {"items": []}},
        "updated": "2026-01-02T03:04:05Z",
        "published": "2026-01-02T03:04:05Z",
        "url": [{"type": "Link", "href": "https://a.test/1", "mediaType": "text/html"}],
        "oneOf": [{"type": "Note", "name": "A", "replies": {"totalItems": 1}}],
    }
    note = alice.note("Hello", mentions=[bob.uri], serve=False) | rich
    vote = {"id": f"{alice.uri}#votes/1", "type": "Note", "name": "A", "attributedTo": alice.uri, "inReplyTo": poll}
    follow = alice.activity("Follow", bob.uri)
    return [
        alice.create(note),
        alice.create(note | {"type": "Question"}),
        alice.create(vote | {"to": bob.uri}),
        alice.create(vote, object=[vote, vote | {"name": "B"}]),
        alice.activity("Update", note),
        alice.activity("Update", note | {"type": "Question", "votersCount": 2, "closed": True}),
        alice.activity("Update", alice.actor()),
        alice.activity("Delete", {"id": note["id"], "type": "Tombstone"}),
        follow,
        alice.activity("Undo", follow),
        alice.activity("Accept", {"type": "Follow", "id": "x", "actor": bob.uri, "object": alice.uri}),
        alice.activity("Reject", {"type": "Follow", "actor": bob.uri, "object": alice.uri}),
        alice.activity("Like", note["id"], content="❤"),
        alice.activity("Announce", {"type": "Create", "object": {"id": note["id"]}}, to=[PUBLIC]),
        alice.activity("Block", bob.uri, target="x"),
        alice.activity("Flag", [bob.uri, note["id"]], content="spam"),
    ]


async def send(door: Door, alice: Stranger, document: Document) -> None:
    raw = json.dumps(document).encode()
    headers = alice.signed_headers(door.inbox, raw, date=door.runtime.now())
    host = door.url.removeprefix("http://")
    request = SignedRequest("POST", "/inbox", list(headers.items()), raw, frozenset({host}), "http")
    status = 202
    try:
        await receive_activity(door.runtime, request, source="127.0.0.1")
    except RookeryError as error:
        status = error.status
    assert status < 500 or status == 503  # 503: an actor made up at a host that is away


async def test_mutations(redis_server: RedisServer) -> None:
    """Row 30: wrong types everywhere."""
    async with serve_inbox(redis_server) as door, FakePeer() as peer:
        alice = Stranger(peer, "alice")
        bob = await door.person("bob")
        await door.follow(bob, alice)
        examples: list[Document] = []
        poll = PollDraft(options=("A", "B"), expires_in=MAX_SECONDS, multiple=True)
        asked = await make_post(door.runtime, bob, "?", poll=poll)
        documents = originals(alice, bob, asked.uri)

        @settings(max_examples=400, deadline=None, derandomize=True, database=None)
        @given(st.data())
        def choose(data: st.DataObject) -> None:
            document = data.draw(st.sampled_from(documents))
            for _ in range(data.draw(st.integers(1, 3))):
                paths = paths_of(document)
                if not paths:
                    break
                path = data.draw(st.sampled_from(paths))
                document = bent(document, path, data.draw(st.sampled_from([*ODD, "remove", "wrap"])))
            examples.append({**document, "id": f"{alice.uri}/fuzz/{len(examples)}"} if "id" in document else document)

        choose()
        assert len(examples) >= 300
        for document in examples:
            await send(door, alice, document)
        for _ in range(12):
            await door.settle()
            door.clock.advance(hours=3)
        assert await door.count(ReceivedActivity) > 100
        assert await door.count(ReceivedActivity, ReceivedActivity.done_at.is_(None)) == 0, await stuck(door)


async def stuck(door: Door) -> list[str]:
    """Return why rows stayed open."""
    async with door.runtime.read() as reader:
        rows = await reader.scalars(select(ReceivedActivity).where(ReceivedActivity.done_at.is_(None)))
    return [f"{row.kind}: {row.outcome} {row.detail} {row.body[:500]}" for row in rows]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "\udfff\ud800x", "\u202e\u200b", "x" * 300_000])
async def test_strings_that_databases_refuse(door: Door, alice: Stranger, text: str) -> None:
    """Row 29: stripped or kept, never a row that comes back for ever."""
    bob = await door.person("bob")
    note = alice.note(text, mentions=[bob.uri], serve=False, summary=text[:100])
    create = alice.create(note)
    await door.send(alice, create)
    assert await door.outcome(create) == "done"
    assert await door.count(ReceivedActivity, ReceivedActivity.done_at.is_(None)) == 0
