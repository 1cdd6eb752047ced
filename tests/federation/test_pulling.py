"""Large accounts of other servers are read from their outbox and never fanned out here (architecture 5, issue 5)."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select, update

from federation.documents import format_time
from federation.vocabulary import PUBLIC
from node.accounts.queries import find_account
from node.auth.models import User
from node.follows.models import Follow
from node.moderation.service import set_domain_policy
from node.posts.models import Post
from node.pulls.models import PulledAccount, PullHost
from node.pulls.rules import ASLEEP, LONGEST, SETTLING, SHORTEST
from node.pulls.service import choose
from node.timelines import home_lists
from tests.support.fake_peer import Answer, FakePeer, PeerRequest, document
from tests.support.nodes import Node, Person, settle
from tests.support.stranger import Stranger

Document = dict[str, Any]


@dataclass
class Outbox:
    """The outbox of a large account, in pages that know their version."""

    owner: Stranger
    items: list[Any] = field(default_factory=list)
    per_page: int = 20
    reported: int = 250_000
    answers: list[int] = field(default_factory=list)
    """The status of each answer, in order."""

    def __post_init__(self) -> None:
        self.owner.peer.routes[urlsplit(self.uri).path] = self.answer
        followers = {"id": self.owner.followers, "type": "OrderedCollection", "totalItems": self.reported}
        self.owner.peer.routes[urlsplit(self.owner.followers).path] = document(followers)

    @property
    def uri(self) -> str:
        return f"{self.owner.uri}/outbox"

    def write(self, text: str, published: datetime, **fields: Any) -> Document:
        """Put a new post at the top; return its Create."""
        note = self.owner.note(text, published=published, serve=False, **fields)
        create = self.owner.create(note, published=note["published"])
        self.items.insert(0, create)
        return create

    def page(self, number: int) -> Document:
        first = number * self.per_page
        made: Document = {
            "id": f"{self.uri}?page={number}",
            "type": "OrderedCollectionPage",
            "partOf": self.uri,
            "orderedItems": self.items[first : first + self.per_page],
        }
        if first + self.per_page < len(self.items):
            made["next"] = f"{self.uri}?page={number + 1}"
        return made

    def root(self) -> Document:
        first = {"first": f"{self.uri}?page=0"} if self.items else {}
        return {"id": self.uri, "type": "OrderedCollection", "totalItems": len(self.items), **first}

    def answer(self, request: PeerRequest) -> Answer:
        page = request.target.partition("page=")[2]
        value = self.page(int(page)) if page else self.root()
        etag = f'"{hashlib.sha256(json.dumps(value).encode()).hexdigest()}"'
        if request.header("if-none-match") == etag:
            self.answers.append(304)
            return Answer(status=304, headers=(("ETag", etag),))
        self.answers.append(200)
        return document(value, headers=(("ETag", etag),))


@pytest.fixture
async def ann(node: Node) -> Person:
    return await node.person("ann")


@pytest.fixture
def star(alice: Stranger) -> Outbox:
    return Outbox(alice)


async def follow(node: Node, person: Person, whom: Stranger) -> int:
    """Make somebody follow a stranger, as if accepted, and forget what that brought in about its outbox."""
    account = await person.resolve(whom.handle)
    await person.act(f"/api/v1/accounts/{account['id']}/follow")
    async with node.runtime.write() as uow:
        await uow.write(update(Follow).values(accepted_at=node.runtime.now()))
    await settle(node.runtime)
    return int(account["id"])


async def row(node: Node) -> PulledAccount:
    async with node.runtime.read() as reader:
        found: PulledAccount = await reader.scalar(select(PulledAccount))
    assert found is not None
    return found


async def be_here(node: Node) -> None:
    """Let everybody of the node be around."""
    async with node.runtime.write() as uow:
        await uow.write(update(User).values(last_active_at=node.runtime.now()))


async def next_turn(node: Node, *, here: bool = True) -> PulledAccount:
    """Go to the moment when the account's turn comes, and let it be taken."""
    before = await row(node)
    node.clock.offset += max(before.due_at - node.runtime.now(), timedelta()) + timedelta(seconds=1)
    if here:
        await be_here(node)
    await settle(node.runtime)
    return await row(node)


def now_of(node: Node) -> datetime:
    return node.runtime.now()


async def home(person: Person) -> list[str]:
    """Return what stands at home, sorted by text: the ids that order it know nothing of the clock of a test."""
    return sorted(status["content"] for status in await person.home())


async def count_posts(node: Node) -> int:
    async with node.runtime.read() as reader:
        return int(await reader.scalar(select(func.count()).select_from(Post)))


async def test_a_large_account_is_pulled_and_each_post_is_there_once(
    node: Node, ann: Person, alice: Stranger, star: Outbox
) -> None:
    """Pushed and pulled is the same post once; unchanged is a 304; nothing stands in anybody's list."""
    star.write("Before", now_of(node) - timedelta(hours=2))
    account_id = await follow(node, ann, alice)
    first = await row(node)
    assert (first.account_id, first.reason, first.is_on) == (account_id, "reported", True)
    assert await home(ann) == ["<p>Before</p>"]

    node.clock.advance(seconds=SETTLING.total_seconds())
    star.answers.clear()
    turn = await next_turn(node)
    assert (turn.result, star.answers) == ("unchanged", [304])

    star.write("Never delivered", now_of(node) - timedelta(minutes=2))
    both = star.write("Delivered and pulled", now_of(node) - timedelta(minutes=1), mentions=[ann.uri])
    answer = await alice.deliver(f"{node.url}/inbox", both, now=now_of(node))
    assert answer.status_code == 202
    await settle(node.runtime)
    turn = await next_turn(node)
    assert (turn.result, turn.new_posts) == ("new", 1)
    late = await alice.deliver(f"{node.url}/inbox", star.items[1], now=now_of(node))
    assert late.status_code == 202
    await settle(node.runtime)
    assert await home(ann) == ["<p>Before</p>", "<p>Delivered and pulled</p>", "<p>Never delivered</p>"]
    pushed = await home_lists.read(node.runtime.gate.redis, ann.account_id)
    assert len(pushed or []) <= 1, "what came before it was pulled"
    heard = await ann.get("/api/v1/notifications")
    assert [item["type"] for item in heard] == ["mention"]


async def test_news_ring_and_old_posts_do_not(node: Node, ann: Person, alice: Stranger, star: Outbox) -> None:
    """INB-10: what is new since the last turn is told like a delivery; what merely turns up is not."""
    star.write("Before", now_of(node) - timedelta(hours=2), mentions=[ann.uri])
    await follow(node, ann, alice)
    await next_turn(node)
    star.write("Of last year", now_of(node) - timedelta(days=300), mentions=[ann.uri])
    star.write("Of yesterday", now_of(node) - timedelta(hours=30), mentions=[ann.uri])
    star.write("Of the year 3000", now_of(node).replace(year=3000), mentions=[ann.uri])
    star.write("Just now", now_of(node) - timedelta(seconds=30), mentions=[ann.uri])
    turn = await next_turn(node)
    assert turn.new_posts == 4
    heard = await ann.get("/api/v1/notifications")
    assert [item["status"]["content"] for item in heard] == ["<p>Just now</p>"]
    assert SHORTEST <= timedelta(seconds=turn.interval_seconds) <= LONGEST


async def test_only_while_a_follower_is_around(node: Node, ann: Person, alice: Stranger, star: Outbox) -> None:
    star.write("Before", now_of(node) - timedelta(hours=2))
    await follow(node, ann, alice)
    before = len(alice.peer.requests)
    node.clock.advance(days=1)
    star.write("While ann was away", now_of(node) - timedelta(minutes=5))
    turn = await next_turn(node, here=False)
    assert (turn.result, len(alice.peer.requests)) == ("asleep", before)
    assert turn.due_at - now_of(node) <= ASLEEP * 1.1
    turn = await next_turn(node)
    assert turn.result == "new"
    assert "<p>While ann was away</p>" in await home(ann)


async def test_a_host_is_left_alone_when_it_asks_for_that(
    node: Node, ann: Person, alice: Stranger, star: Outbox
) -> None:
    """DLV-7, row 57: `Retry-After` holds for all accounts of the host, whichever process asks."""
    star.write("Before", now_of(node) - timedelta(hours=2))
    await follow(node, ann, alice)
    bob = Outbox(Stranger(alice.peer, "bob"))
    served = alice.peer.routes[urlsplit(star.uri).path]
    alice.peer.routes[urlsplit(star.uri).path] = Answer(status=429, headers=(("Retry-After", "5400"),))
    turn = await next_turn(node)
    assert turn.result == "http_status"
    assert timedelta(minutes=89) <= turn.due_at - now_of(node) <= timedelta(minutes=100)
    await follow(node, ann, bob.owner)
    async with node.runtime.read() as reader:
        host = await reader.scalar(select(PullHost))
        rows = {row.account_id: row for row in await reader.scalars(select(PulledAccount))}
    assert (host.host, host.rests_because) == (alice.peer.domain, "http_429")
    other = next(row for row in rows.values() if row.account_id != turn.account_id)
    assert other.result == "put off"
    assert other.due_at >= host.rests_until
    alice.peer.routes[urlsplit(star.uri).path] = served
    node.clock.advance(minutes=101)
    await be_here(node)
    await settle(node.runtime)
    async with node.runtime.read() as reader:
        assert {"http_status", "put off"}.isdisjoint(await reader.scalars(select(PulledAccount.result)))


async def test_a_dead_host_is_asked_less_and_less(node: Node, ann: Person, alice: Stranger, star: Outbox) -> None:
    """The breaker: after three failures the host rests, longer each time."""
    star.write("Before", now_of(node) - timedelta(hours=2))
    await follow(node, ann, alice)
    alice.peer.routes[urlsplit(star.uri).path] = Answer(status=503)
    waits = []
    for _ in range(4):
        turn = await next_turn(node)
        waits.append(turn.due_at - now_of(node))
    assert waits == sorted(waits)
    async with node.runtime.read() as reader:
        host = await reader.scalar(select(PullHost))
    assert host.failures >= 3
    assert host.rests_until is not None
    assert turn.failures == 4


async def test_an_outbox_that_shows_nothing_is_asked_seldom(
    node: Node, ann: Person, alice: Stranger, star: Outbox, evil: FakePeer
) -> None:
    """Forbidden, gone, empty, hidden, of another host, no collection: the longest wait, and the reason is told."""
    star.write("Before", now_of(node) - timedelta(hours=2))
    await follow(node, ann, alice)
    posts = await count_posts(node)
    path = urlsplit(star.uri).path
    base = {"id": star.uri, "type": "OrderedCollection"}
    lies = [alice.create(Stranger(evil, "victim").note("A lie", serve=False)), "https://elsewhere.test/1", 7]
    cases: list[tuple[Answer, str]] = [
        (Answer(status=401), "unauthorised"),
        (Answer(status=403), "forbidden"),
        (Answer(status=404), "not_found"),
        (Answer(status=410), "gone"),
        (document({**base, "totalItems": 0}), "empty"),
        (document({**base, "totalItems": 900}), "hidden"),
        (document({**base, "first": f"{evil.url}/page"}), "foreign_page"),
        (document({**base, "orderedItems": lies}), "foreign"),
        (document({"id": star.uri, "type": "Note"}), "not_a_collection"),
        (document({**base, "id": f"{evil.url}/outbox"}), "http_status"),
        (Answer(status=304), "unchanged"),
        (Answer(status=200, body=b"<html>", content_type="text/html"), "wrong_content_type"),
        (document({**base, "padding": "x" * 1_100_000}), "too_large"),
    ]
    for answer, expected in cases:
        alice.peer.routes[path] = answer
        turn = await next_turn(node)
        assert turn.result == expected or expected == "http_status", f"{expected}: {turn.result}"
        assert LONGEST <= turn.due_at - now_of(node) + timedelta(minutes=1) <= LONGEST * 1.2, expected
    assert await count_posts(node) == posts
    assert [request.target for request in evil.requests if request.path != "/outbox"] == []


async def test_a_hostile_outbox_costs_a_turn_and_no_more(
    node: Node, ann: Person, alice: Stranger, star: Outbox, evil: FakePeer
) -> None:
    """Rows 51, 53, 54: pages without end, boosts of a victim's posts, and posts that are somebody else's."""
    star.write("Before", now_of(node) - timedelta(hours=2))
    await follow(node, ann, alice)
    made = 0

    def endless(request: PeerRequest) -> Answer:
        nonlocal made
        number = int(request.target.partition("page=")[2] or -1)
        if number < 0:
            return document({"id": star.uri, "type": "OrderedCollection", "first": f"{star.uri}?page=0"})
        items = []
        for _ in range(15):
            made += 1
            boost = alice.activity("Announce", f"{evil.url}/posts/{made}", to=[PUBLIC])
            items += [boost | {"published": format_time(now_of(node))}, f"{alice.uri}/missing/{made}"]
        page = {"id": f"{star.uri}?page={number}", "type": "OrderedCollectionPage", "orderedItems": items}
        return document(page | {"next": f"{star.uri}?page={number + 1}"})

    alice.peer.routes[urlsplit(star.uri).path] = endless
    before = len(alice.peer.requests)
    posts = await count_posts(node)
    await next_turn(node)
    assert await count_posts(node) == posts
    assert 0 < len(evil.requests) <= 8, "a boost makes us ask the boosted one's host a few times a turn"
    assert len(alice.peer.requests) - before <= 40

    async with node.runtime.write() as uow:
        await set_domain_policy(uow, node.runtime.settings, alice.peer.domain, "suspend", now=node.runtime.now())
    await settle(node.runtime)
    before = len(alice.peer.requests)
    node.clock.advance(hours=12)
    await be_here(node)
    await settle(node.runtime)
    assert len(alice.peer.requests) == before, "row 47: nothing is asked of a suspended domain"
    assert not (await row(node)).is_on


async def test_a_turn_that_was_cut_off_is_taken_again(node: Node, ann: Person, alice: Stranger, star: Outbox) -> None:
    """kill -9 in the midst of a turn loses nothing and doubles nothing; switched off meanwhile stays off."""
    from node.completion.pull_jobs import pull_due

    star.write("Before", now_of(node) - timedelta(hours=2))
    account_id = await follow(node, ann, alice)
    await next_turn(node)
    for n in range(3):
        star.write(f"New {n}", now_of(node) - timedelta(minutes=9 - n))
    async with node.runtime.write() as uow:  # a worker claimed it and was killed: only its lease is left
        claimed = node.runtime.now() + timedelta(minutes=5)
        await uow.write(update(PulledAccount).values(due_at=claimed, attempts=1))
    await pull_due(node.runtime)
    assert len(await home(ann)) == 1
    node.clock.advance(minutes=6)
    await be_here(node)
    await settle(node.runtime)
    assert await home(ann) == ["<p>Before</p>", "<p>New 0</p>", "<p>New 1</p>", "<p>New 2</p>"]
    assert (await row(node)).attempts == 0

    async with node.runtime.write() as uow:
        owner = await find_account(uow, account_id)
        assert owner is not None
        await choose(uow, node.runtime, owner, "off")
    assert await home(ann) == ["<p>Before</p>", "<p>New 0</p>", "<p>New 1</p>", "<p>New 2</p>"]
    before = len(alice.peer.requests)
    async with node.runtime.write() as uow:  # Redis was away for hours
        await uow.write(update(PulledAccount).values(attempts=50))
    turn = await next_turn(node)
    assert (turn.is_on, turn.is_merged) == (False, False)
    assert len(alice.peer.requests) == before
    assert await home(ann) == ["<p>Before</p>", "<p>New 0</p>", "<p>New 1</p>", "<p>New 2</p>"]
