"""Hundreds of mutations of honest activities: never a 5xx, a row that stays open, or another's name (row 30).

Each example bends one thing of a valid activity (a wrong type, a list, nothing, odd strings, deep nesting) and sends
it, well signed, straight to the code behind the door.
"""

import copy
import json
from pathlib import Path
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
from node.posts.models import Post
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

EMOJI = {
    "type": "Emoji",
    "id": "https://a.test/caw",
    "name": ":caw:",
    "icon": {"type": "Image", "url": "https://a.test/c"},
}
FIXTURES = Path(__file__).parents[2] / "fixtures" / "ap"


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
        alice.activity("EmojiReact", poll, content=":caw:", tag=[EMOJI]),
        alice.activity("Move", alice.uri, target=f"{alice.peer.url}/users/alice2"),
        alice.activity("Add", note["id"], target=f"{alice.uri}/featured"),
        alice.activity("Remove", {"type": "Hashtag", "name": "#soup"}, target=f"{alice.uri}/featured"),
        alice.activity("QuoteRequest", poll, instrument=note | {"quote": poll}),
        alice.activity("LikeRequest", poll, instrument=alice.activity("Like", poll)),
        alice.activity("Accept", {"type": "QuoteRequest", "id": f"{bob.uri}/q/1"}, result=f"{alice.uri}/stamps/1"),
        alice.activity("Delete", f"{alice.uri}/stamps/1"),
        *(_as_of(alice, bob, poll, path) for path in sorted(FIXTURES.rglob("*.json")) if _is_said(path)),
    ]


def _is_said(path: Path) -> bool:
    """Leave out what nobody delivers, and relays: what they pass on is at home at a third host."""
    return path.name not in ("normal.json", "actor.json", "key.json") and "relay" not in path.parts


def _as_of(alice: Stranger, bob: Account, poll: str, path: Path) -> Document:
    """Return what other software sends, said by alice; a bare post in its Create."""
    raw = json.loads(path.read_text())
    author = raw.get("actor") or raw.get("attributedTo")
    author = author[0] if isinstance(author, list) else author
    author = author.get("id") if isinstance(author, dict) else author or raw["id"]
    text = json.dumps(raw).replace("https://rookery.example/users/1001/statuses/77", poll)
    text = text.replace("https://rookery.example/users/1001", bob.uri).replace(author, alice.uri)
    made: Document = json.loads(text.replace("https://" + author.split("/")[2], alice.peer.url))
    return made if "actor" in made and "object" in made else alice.create(made)


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

        @settings(max_examples=600, deadline=None, derandomize=True, database=None)
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
        assert len(examples) >= 500
        for document in examples:
            await send(door, alice, document)
        for _ in range(12):
            await door.settle()
            door.clock.advance(hours=3)
        assert await door.count(ReceivedActivity) > 100
        assert await door.count(ReceivedActivity, ReceivedActivity.done_at.is_(None)) == 0, await stuck(door)
        assert await foreign_rows(door, peer) == []


async def foreign_rows(door: Door, peer: FakePeer) -> list[str]:
    """Return what was stored as somebody's who is neither here nor at the peer: nothing they send makes that up."""
    homes = (f"{peer.url}/", f"{door.url}/")
    async with door.runtime.read() as reader:
        uris = [*await reader.scalars(select(Post.uri)), *await reader.scalars(select(Account.uri))]
        authors = {row.id: row.uri for row in await reader.scalars(select(Account))}
        posts = await reader.scalars(select(Post))
    assert all(post.local == post.uri.startswith(homes[1]) for post in posts)
    wrong = [post.uri for post in posts if not authors[post.account_id].startswith(homes[post.local])]
    return wrong + [uri for uri in uris if not uri.startswith(homes)]


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
