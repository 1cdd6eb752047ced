"""What arrives from elsewhere: signed deliveries of people the reader follows, until they stand in the home."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson

from federation.signatures import SigningKey, sign_request
from federation.vocabulary import AP_TYPE
from tests.bench.beside.reading import actor_of, signed_get
from tests.bench.beside.server import Server
from tests.bench.beside.table import Figures
from tests.bench.load import Request, Timing, drive
from tests.support.fake_peer import Answer, FakePeer, PeerRequest, document
from tests.support.stranger import Stranger

STRANGERS = 4
CLIENTS = 8
MOST = 300
PATIENCE = 60.0
"""Seconds for a batch to be on the home: who drops one is measured by those that came."""
AFTERWARDS = 5.0
"""Seconds of rest: some servers look at what arrived only now and then."""


class Abroad:
    """A foreign host whose people answer WebFinger, accept whoever follows them, and sign what they send."""

    def __init__(self, peer: FakePeer) -> None:
        self._peer = peer
        self._tasks: set[asyncio.Task[object]] = set()
        self.people = [Stranger(peer, f"s{number}") for number in range(STRANGERS)]
        self.inboxes: dict[str, str] = {}
        peer.routes["/.well-known/webfinger"] = self._finger
        for person in self.people:
            peer.routes[f"/users/{person.name}/inbox"] = self._receive
        peer.routes["/inbox"] = self._receive

    def key(self) -> SigningKey:
        """Return a key to sign with."""
        return SigningKey(self.people[0].key_id, self.people[0].private_pem)

    def _finger(self, request: PeerRequest) -> Answer:
        found = re.search(r"(s\d+)(?:@|%40)", request.target) or re.search(r"users(?:/|%2F)(s\d+)", request.target)
        person = next((person for person in self.people if found and person.name == found[1]), None)
        if person is None:
            return Answer(status=404)
        links = [{"rel": "self", "type": AP_TYPE, "href": person.uri}]
        jrd = {"subject": f"acct:{person.handle}", "aliases": [person.uri], "links": links}
        return document(jrd, content_type="application/jrd+json")

    def _receive(self, request: PeerRequest) -> Answer:
        activity = request.json()
        if activity.get("type") == "Follow":
            task = asyncio.create_task(self._accept(activity))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return Answer(status=202)

    async def _accept(self, follow: dict[str, object]) -> None:
        await asyncio.sleep(0.3)
        person = next(person for person in self.people if person.uri == follow["object"])
        await person.deliver(self.inboxes[str(follow["actor"])], person.activity("Accept", follow))


@asynccontextmanager
async def abroad(where: str) -> AsyncIterator[Abroad]:
    """Let a foreign host answer at `host:port` for the length of the block."""
    host, _, port = where.partition(":")
    async with FakePeer(host=host, port=int(port or 0)) as peer:
        yield Abroad(peer)


async def arrivals(server: Server, foreign: Abroad) -> list[Figures]:
    """Measure deliveries: accepted, processed, and on the home of a follower."""
    inbox = await _follow_all(server, foreign)
    started = time.perf_counter()
    await _deliver(server, inbox, foreign, "warming", 20)
    await _all_seen(server, "warming", 20)
    count = min(max(int(6 * 20 / (time.perf_counter() - started)), 40), MOST)
    await server.rest()
    async with server.metered() as spent:
        timing = await _deliver(server, inbox, foreign, "metered", count)
        await server.rest(AFTERWARDS)
    seen = await _all_seen(server, "metered", count)
    started = time.perf_counter()
    await _deliver(server, inbox, foreign, "timed", count)
    seen_timed = await _all_seen(server, "timed", count)
    rate = seen_timed / (time.perf_counter() - started)
    await server.rest()
    return [
        Figures(
            "delivery accepted and processed",
            cpu_ms=spent[0] / count * 1000,
            p50=timing.p50,
            p95=timing.p95,
            per_second=rate,
            note=f"/s: seen in a home; {seen} and {seen_timed} of {count} by {CLIENTS} clients",
        )
    ]


async def _follow_all(server: Server, foreign: Abroad) -> str:
    """Let the reader follow everybody abroad, and return the reader's inbox."""
    reader = await actor_of(server, server.tokens[0])
    asked = signed_get(reader, foreign.key())
    answer = await server.http.get(asked.path, headers=dict(asked.headers))
    inbox = str(answer.raise_for_status().json()["inbox"])
    foreign.inboxes[reader] = inbox
    for person in foreign.people:
        found = await server.get("/api/v2/search", q=f"@{person.handle}", resolve="true", type="accounts")
        id_ = found["accounts"][0]["id"]
        await server.post(f"/api/v1/accounts/{id_}/follow", server.tokens[0])
        until = time.monotonic() + 60
        while not (await server.get("/api/v1/accounts/relationships", **{"id[]": id_}))[0]["following"]:
            assert time.monotonic() < until, "a follow was never accepted"
            await asyncio.sleep(0.5)
    return inbox


async def _deliver(server: Server, inbox: str, foreign: Abroad, batch: str, count: int) -> Timing:
    requests = []
    for number in range(count):
        person = foreign.people[number % STRANGERS]
        note = person.note(f"Arrival {batch} {number}: the rooks come home at dusk", published=datetime.now(UTC))
        body = orjson.dumps(person.create(note))
        key = SigningKey(person.key_id, person.private_pem)
        headers = sign_request("POST", inbox, key=key, body=body, now=datetime.now(UTC))
        requests.append(Request(urlsplit(inbox).path, "POST", headers, body.decode(), expect=202))
    return await drive(server.url, requests, times=count, clients=CLIENTS)


async def _all_seen(server: Server, batch: str, count: int) -> int:
    """Look at the home until all of a batch are there, and too seldom to be a load. Return how many came."""
    until = time.monotonic() + PATIENCE
    while True:
        started = time.monotonic()
        seen: set[str] = set()
        page = await server.home()
        while True:
            new = {number for status in page for number in re.findall(rf"Arrival {batch} (\d+):", status["content"])}
            seen |= new
            if not new or len(seen) >= count:
                break
            page = await server.home(max_id=page[-1]["id"])
        if len(seen) >= count or time.monotonic() > until:
            return len(seen)
        await asyncio.sleep(max(0.4, 6 * (time.monotonic() - started)))
