"""Deliveries over real sockets: to whom, how often, in which order, and what every answer leads to (DLV)."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from node.accounts.models import Account
from node.base.runtime import running
from node.moderation.service import set_domain_policy
from node.posts.service import Draft, edit, withdraw
from node.remote.actors import fetch_actor
from outbox import deliver as delivering
from outbox import turns
from outbox.outcomes import LEASE
from outbox.queue import claim
from outbox.relay import relay
from tests.support.fake_peer import Answer, FakePeer, PeerRequest, document, redirect
from tests.support.make import make_account, make_post
from tests.support.redis_server import RedisServer
from tests.support.sending import SendingNode, sending_node
from tests.support.stranger import Stranger


@pytest.fixture
async def node(redis_server: RedisServer, database_url: str) -> AsyncIterator[SendingNode]:
    async with sending_node(redis_server, database_url=database_url) as opened:
        yield opened


@pytest.fixture
async def ann(node: SendingNode) -> Account:
    return await make_account(node.runtime, "ann")


async def test_a_post_goes_once_to_each_shared_inbox_and_is_signed(
    node: SendingNode, ann: Account, peer: FakePeer
) -> None:
    """DLV-1, SIG-1."""
    async with FakePeer(host="127.0.0.2") as other:
        for name in ("bo", "cy", "di"):
            await node.known(Stranger(peer, name), follows=ann)
        await node.known(Stranger(other, "ed"), follows=ann)
        post = await make_post(node.runtime, ann, "Hello world")
        await node.send()
        for server in (peer, other):
            (activity,) = await node.taken(server)
            assert activity["type"] == "Create"
            assert activity["id"] == f"{post.uri}/activity"
            assert activity["object"]["id"] == post.uri
            assert [request.path for request in server.requests] == ["/inbox"]
    assert await node.waiting() == []
    assert await node.activities() == []


async def test_a_direct_post_goes_to_the_personal_inbox_alone(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    """DLV-1, AUD."""
    bo = await node.known(Stranger(peer, "bo"), follows=ann)
    await node.known(Stranger(peer, "cy"), follows=ann)
    await make_post(node.runtime, ann, f"@{bo.acct} psst", visibility="direct")
    await node.send()
    (activity,) = await node.taken(peer)
    assert [request.path for request in peer.requests] == ["/users/bo/inbox"]
    assert activity["to"] == [bo.uri]
    assert activity["cc"] == []


async def test_a_direct_post_to_two_of_one_host_shares_its_inbox(
    node: SendingNode, ann: Account, peer: FakePeer
) -> None:
    bo, cy = await node.known(Stranger(peer, "bo")), await node.known(Stranger(peer, "cy"))
    await make_post(node.runtime, ann, f"@{bo.acct} @{cy.acct} psst", visibility="direct")
    await node.send()
    assert [request.path for request in peer.requests if request.method == "POST"] == ["/inbox"]


async def test_a_repeated_event_doubles_nothing(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    from node.events import PostPublished

    await node.known(Stranger(peer, "bo"), follows=ann)
    post = await make_post(node.runtime, ann, "Once")
    async with node.runtime.write() as uow:
        await uow.record(PostPublished(post.id))
    await relay(node.runtime)
    assert len(await node.waiting()) == 1
    await node.send()
    assert len(await node.taken(peer)) == 1


@pytest.mark.parametrize("status", [400, 404, 405, 406, 413, 415, 422, 501])
async def test_a_final_no_is_final(node: SendingNode, ann: Account, peer: FakePeer, status: int) -> None:
    """DLV-3."""
    await node.known(Stranger(peer, "bo"), follows=ann)
    peer.routes["/inbox"] = Answer(status=status)
    await make_post(node.runtime, ann, "Hello")
    await node.send()
    assert await node.waiting() == []
    known = await node.peer(peer.domain)
    assert known is None or known.consecutive_failures == 0


async def test_a_failed_delivery_is_tried_again_later_and_signed_anew(
    node: SendingNode, ann: Account, peer: FakePeer
) -> None:
    """DLV-4, SIG-7."""
    await node.known(Stranger(peer, "bo"), follows=ann)
    peer.routes["/inbox"] = Answer(status=502)
    await make_post(node.runtime, ann, "Hello")
    await node.send()
    (row,) = await node.waiting()
    assert row.slow
    assert timedelta(seconds=10) < row.due_at - node.runtime.now() < timedelta(seconds=26)
    assert row.last_error == "HTTP 502"
    peer.routes["/inbox"] = Answer(status=202)
    await node.send()
    assert len(peer.requests) == 1
    await node.later(seconds=30)
    assert len(await node.taken(peer)) == 2
    first, second = peer.requests
    assert first.header("date") != second.header("date")
    assert await node.waiting() == []
    known = await node.peer(peer.domain)
    assert known is not None
    assert known.consecutive_failures == 0


async def test_a_refused_scheme_is_followed_by_the_other_and_remembered(
    node: SendingNode, ann: Account, peer: FakePeer
) -> None:
    """SIG-13: a peer that reads RFC 9421 only."""
    await node.known(Stranger(peer, "bo"), follows=ann)

    def picky(request: PeerRequest) -> Answer:
        return Answer(status=202 if request.header("signature-input") else 401)

    peer.routes["/inbox"] = picky
    await make_post(node.runtime, ann, "First")
    await node.send()
    assert [await node.verify(peer, request) for request in peer.requests] == ["cavage", "rfc9421"]
    peer.requests.clear()
    await make_post(node.runtime, ann, "Second")
    await node.send()
    assert [await node.verify(peer, request) for request in peer.requests] == ["rfc9421"]


async def test_a_peer_that_refuses_both_schemes_is_tried_four_times_in_all(
    node: SendingNode, ann: Account, peer: FakePeer
) -> None:
    """DLV-3."""
    await node.known(Stranger(peer, "bo"), follows=ann)
    peer.routes["/inbox"] = Answer(status=403)
    await make_post(node.runtime, ann, "Hello")
    for _ in range(6):
        await node.send()
        node.clock.advance(minutes=10)
    assert len(peer.requests) == 8
    assert await node.waiting() == []


async def test_a_peer_that_asks_for_time_gets_it(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    """DLV-7, attack row 57: the wish counts for everything that waits for the host."""
    await node.known(Stranger(peer, "bo"), follows=ann)
    peer.routes["/inbox"] = Answer(status=429, headers=(("Retry-After", "3600"),))
    for number in range(6):
        await make_post(node.runtime, ann, f"Hello {number}")
    await node.send()
    assert len(peer.requests) <= node.runtime.settings.deliveries_per_host
    now = node.runtime.now()
    assert all(row.due_at - now > timedelta(minutes=59) for row in await node.waiting())
    peer.routes["/inbox"] = Answer(status=202)
    await node.later(minutes=61)
    assert await node.waiting() == []


async def test_updates_wait_for_their_create_and_others_do_not(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    """DLV-6."""
    await node.known(Stranger(peer, "bo"), follows=ann)
    failures = iter([503])

    def once(request: PeerRequest) -> Answer:
        return Answer(status=next(failures, 202))

    peer.routes["/inbox"] = once
    first = await make_post(node.runtime, ann, "First")
    await node.send()
    async with node.runtime.write() as uow:
        await edit(uow, node.runtime.settings, first, Draft(text="First!"), mentions={}, now=node.runtime.now())
    await make_post(node.runtime, ann, "Second")
    await node.send()
    await node.later(seconds=5)
    kinds = [(a["type"], a["object"]["source"]["content"]) for a in await node.taken(peer)]
    assert kinds == [("Create", "First"), ("Create", "Second")]
    await node.later(seconds=60)
    kinds = [(a["type"], a["object"]["source"]["content"]) for a in await node.taken(peer)]
    assert kinds[2:] == [("Create", "First"), ("Update", "First!")]


async def test_what_was_taken_back_before_it_left_is_never_sent(
    node: SendingNode, ann: Account, peer: FakePeer
) -> None:
    """DLV-6: a Delete cancels an unsent Create and is sent all the same."""
    await node.known(Stranger(peer, "bo"), follows=ann)
    peer.routes["/inbox"] = Answer(status=503)
    post = await make_post(node.runtime, ann, "Oh no")
    await node.send()
    peer.requests.clear()
    async with node.runtime.write() as uow:
        await withdraw(uow, post, now=node.runtime.now())
    peer.routes["/inbox"] = Answer(status=202)
    await node.send()
    await node.later(seconds=60)
    assert [activity["type"] for activity in await node.taken(peer)] == ["Delete"]
    assert await node.waiting() == []


async def test_a_dead_host_is_asked_five_times_and_then_paused(node: SendingNode, ann: Account) -> None:
    """DLV-5: a probe after half an hour, and the rest one by one when it is back."""
    async with FakePeer() as peer:
        await node.known(Stranger(peer, "bo"), follows=ann)
        peer.routes["/inbox"] = Answer(hang_up=True)
        for number in range(20):
            await make_post(node.runtime, ann, f"Hello {number}")
        for _ in range(12):
            await node.send()
            node.clock.advance(seconds=45)
        asked = len(peer.requests)
        known = await node.peer(peer.domain)
        assert known is not None
        assert known.paused_until is not None
        assert len(await node.waiting()) == 20
        assert asked <= 2 * 6  # the client repeats a broken exchange once by itself
        await node.send()
        assert len(peer.requests) == asked
        resting = [(row.id, row.due_at, row.attempts) for row in await node.waiting()]
        assert {due for _, due, _ in resting} == {None}
        await node.later(minutes=31)
        probed = [(row.id, row.due_at, row.attempts) for row in await node.waiting()]
        assert sum(one != other for one, other in zip(resting, probed, strict=True)) == 1
        assert {due for _, due, _ in probed} == {None}
        await make_post(node.runtime, ann, "Hello while it is paused")
        await node.send()
        assert {row.due_at for row in await node.waiting()} == {None}
        peer.routes["/inbox"] = Answer(status=202)
        peer.requests.clear()
        await node.later(minutes=31)
        assert len(peer.requests) == 1
        await node.later(seconds=5)
        assert 4 <= len(peer.requests) <= 8
        await node.later(seconds=30)
        assert len(peer.requests) == 21
        assert await node.waiting() == []


async def test_a_slow_host_does_not_hold_up_the_living(
    node: SendingNode, ann: Account, peer: FakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DLV-7."""
    monkeypatch.setattr(delivering, "PATIENCE", 2.0)
    arrived: list[float] = []

    def living(request: PeerRequest) -> Answer:
        arrived.append(time.monotonic())
        return Answer(status=202)

    async with FakePeer(host="127.0.0.2") as slow:
        await node.known(Stranger(slow, "bo"), follows=ann)
        await node.known(Stranger(peer, "cy"), follows=ann)
        slow.routes["/inbox"] = Answer(status=202, delay=20)
        peer.routes["/inbox"] = living
        for number in range(30):
            await make_post(node.runtime, ann, f"Hello {number}")
        await relay(node.runtime)
        started = time.monotonic()
        await delivering.deliver(node.runtime)
        assert len(arrived) == 30
        assert max(arrived) - started < 1.5
        assert len(slow.requests) <= node.runtime.settings.deliveries_per_host
        rows = await node.waiting()
        assert len(rows) == 30
        assert all(row.slow and row.host == slow.domain for row in rows)


async def test_no_more_than_two_requests_to_a_host_at_once(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    """DLV-7."""
    under_way = most = 0

    async def counting(request: PeerRequest) -> Answer:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        return Answer(status=202)

    await node.known(Stranger(peer, "bo"), follows=ann)
    peer.routes["/inbox"] = counting
    for number in range(12):
        await make_post(node.runtime, ann, f"Hello {number}")
    await node.send()
    assert len(peer.requests) == 12
    assert most == 2


async def test_two_workers_share_the_limit_of_a_host(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    """DLV-7: a host is in the hands of one round at a time, whichever process that runs in."""
    under_way = most = 0

    async def counting(request: PeerRequest) -> Answer:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        return Answer(status=202)

    await node.known(Stranger(peer, "bo"), follows=ann)
    peer.routes["/inbox"] = counting
    for number in range(12):
        await make_post(node.runtime, ann, f"Hello {number}")
    await relay(node.runtime)
    async with running(node.runtime.settings, clock=node.runtime.clock) as other:
        first = asyncio.create_task(delivering.deliver(node.runtime))
        while not peer.requests:
            await asyncio.sleep(0.001)
        await make_post(node.runtime, ann, "One more")
        await relay(node.runtime)
        assert (await claim(other, slow=False, holder=1)).parcels == []
        await asyncio.gather(first, delivering.deliver(other))
    await node.send()
    assert len(peer.requests) == 13
    assert most == 2
    assert await node.waiting() == []


async def test_what_somebody_waits_for_goes_before_what_nobody_does(
    node: SendingNode, ann: Account, peer: FakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DLV-7: a direct post overtakes the posts to followers, also those a worker has in hand already."""
    for module, patience in ((delivering, "PATIENCE"), (delivering, "START_WITHIN"), (turns, "SLUGGISH_AFTER")):
        monkeypatch.setattr(module, patience, 60.0)
    bo = await node.known(Stranger(peer, "bo"), follows=ann)
    claimed = asyncio.Event()

    async def slowly(request: PeerRequest) -> Answer:
        await claimed.wait()
        await asyncio.sleep(0.02)
        return Answer(status=202)

    peer.routes["/inbox"] = slowly
    for number in range(20):
        await make_post(node.runtime, ann, f"Hello {number}")
    await relay(node.runtime)
    drain = asyncio.create_task(delivering.deliver(node.runtime))
    while not peer.requests:
        await asyncio.sleep(0.001)
    await make_post(node.runtime, ann, f"@{bo.acct} psst", visibility="direct")
    await relay(node.runtime)
    while not any(row.urgent and row.holder is not None for row in await node.waiting()):
        await asyncio.sleep(0.01)
    claimed.set()
    await drain
    paths = [request.path for request in peer.requests]
    assert len(paths) == 21
    assert paths.index("/users/bo/inbox") < 20


@pytest.mark.parametrize(
    ("wish", "least", "most"),
    [
        ("1000000000", 86_000, 86_401),
        ("1e9", 10, 30),
        ("-1", 10, 30),
        ("0", 0, 2),
        ("Sun, 01 Nov 2099 00:00:00 GMT", 86_000, 86_401),
        ("Sun, 01 Nov 1999 00:00:00 GMT", 0, 2),
    ],
)
async def test_no_wish_makes_a_delivery_wait_for_ever_or_spin(
    node: SendingNode, ann: Account, peer: FakePeer, wish: str, least: float, most: float
) -> None:
    """Attack row 57: what cannot be read counts as no wish, the rest is clamped to 1 s .. 24 h."""
    await node.known(Stranger(peer, "bo"), follows=ann)
    peer.routes["/inbox"] = Answer(status=429, headers=(("Retry-After", wish),))
    await make_post(node.runtime, ann, "Hello")
    await node.send()
    assert len(peer.requests) == 1
    (row,) = await node.waiting()
    assert least <= (row.due_at - node.runtime.now()).total_seconds() <= most
    peer.routes["/inbox"] = Answer(status=202)
    await node.later(seconds=most + 20)
    assert len(peer.requests) == 2
    assert await node.waiting() == []


async def test_what_waits_behind_a_slow_answer_goes_by_the_slow_lane(
    node: SendingNode, ann: Account, peer: FakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DLV-7: the host is not blamed, and what was under way arrives once."""
    monkeypatch.setattr(turns, "SLUGGISH_AFTER", 0.05)
    await node.known(Stranger(peer, "bo"), follows=ann)
    peer.routes["/inbox"] = Answer(status=202, delay=0.3)
    for number in range(6):
        await make_post(node.runtime, ann, f"Hello {number}")
    await relay(node.runtime)
    await delivering.deliver(node.runtime)
    assert len(peer.requests) == 2
    rows = await node.waiting()
    assert [row.slow for row in rows] == [True] * 4
    assert [row.attempts for row in rows] == [0] * 4
    peer.routes["/inbox"] = Answer(status=202)
    await node.send()
    assert len(peer.requests) == 6
    known = await node.peer(peer.domain)
    assert known is None or known.consecutive_failures == 0


async def test_our_own_fault_is_no_fault_of_the_host(
    node: SendingNode, ann: Account, peer: FakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DLV-5: an error of ours holds up neither the host nor what is behind."""
    await node.known(Stranger(peer, "bo"), follows=ann)
    post = node.runtime.http.post_activity
    faults = iter([KeyError("ours")])

    async def failing(*args: Any, **options: Any) -> Any:
        for fault in faults:
            raise fault
        return await post(*args, **options)

    monkeypatch.setattr(node.runtime.http, "post_activity", failing)
    for number in range(3):
        await make_post(node.runtime, ann, f"Hello {number}")
    await node.send()
    assert len(peer.requests) == 2
    (row,) = await node.waiting()
    assert (row.last_error, row.slow) == ("KeyError", False)


async def test_a_dead_worker_loses_nothing_and_doubles_at_most_once(
    node: SendingNode, ann: Account, peer: FakePeer
) -> None:
    """DLV-2: claimed and never recorded; the lease runs out."""
    await node.known(Stranger(peer, "bo"), follows=ann)
    await make_post(node.runtime, ann, "Hello")
    await relay(node.runtime)
    batch = await claim(node.runtime, slow=False, holder=1)
    assert len(batch.parcels) == 1
    await node.send()
    assert peer.requests == []
    await node.later(seconds=LEASE.total_seconds() + 1)
    assert len(await node.taken(peer)) == 1
    assert await node.waiting() == []


async def test_a_killed_drain_leaves_its_work_to_the_next(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    """DLV-2: cancelled while a request was under way."""
    await node.known(Stranger(peer, "bo"), follows=ann)
    peer.routes["/inbox"] = Answer(status=202, delay=30)
    await make_post(node.runtime, ann, "Hello")
    await relay(node.runtime)
    drain = asyncio.create_task(delivering.deliver(node.runtime))
    while not peer.requests:
        await asyncio.sleep(0.01)
    drain.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drain
    peer.routes["/inbox"] = Answer(status=202)
    await node.later(seconds=LEASE.total_seconds() + 1)
    activities = await node.taken(peer)
    assert len(activities) == 2
    assert activities[0]["id"] == activities[1]["id"]
    assert await node.waiting() == []


async def test_a_redirecting_inbox_is_looked_up_anew_and_never_followed(
    node: SendingNode, ann: Account, peer: FakePeer
) -> None:
    """DLV-8."""
    bo = Stranger(peer, "bo")
    account = await node.known(bo)
    peer.routes["/users/bo/inbox"] = redirect(f"{peer.url}/elsewhere", status=301)
    peer.routes["/elsewhere"] = Answer(status=202)
    peer.routes["/users/bo/in"] = Answer(status=202)
    bo.profile = {"inbox": f"{bo.uri}/in"}
    bo.publish_profile()
    await make_post(node.runtime, ann, f"@{account.acct} psst", visibility="direct")
    await node.send()
    assert len(await node.taken(peer, "/users/bo/in")) == 1
    assert peer.asked("/elsewhere") == []
    assert await node.waiting() == []
    assert (await node.account(bo.uri)).inbox_url == f"{bo.uri}/in"


async def test_a_redirect_without_a_new_inbox_ends_the_delivery(
    node: SendingNode, ann: Account, peer: FakePeer
) -> None:
    account = await node.known(Stranger(peer, "bo"))
    peer.routes["/users/bo/inbox"] = redirect(f"{peer.url}/elsewhere", status=302)
    await make_post(node.runtime, ann, f"@{account.acct} psst", visibility="direct")
    await node.send()
    assert peer.asked("/elsewhere") == []
    assert await node.waiting() == []


async def test_a_307_within_the_host_is_signed_again_and_followed(
    node: SendingNode, ann: Account, peer: FakePeer
) -> None:
    """DLV-8."""
    account = await node.known(Stranger(peer, "bo"))
    peer.routes["/users/bo/inbox"] = redirect(f"{peer.url}/inbox2", status=307)
    peer.routes["/inbox2"] = Answer(status=202)
    await make_post(node.runtime, ann, f"@{account.acct} psst", visibility="direct")
    await node.send()
    assert len(await node.taken(peer, "/inbox2")) == 1
    assert await node.waiting() == []


async def test_a_gone_inbox_has_its_actor_looked_at(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    """DLV-3: the actor's own 410 deletes it here."""
    from node.remote.jobs import fetch_due

    bo = Stranger(peer, "bo")
    account = await node.known(bo)
    peer.routes["/users/bo/inbox"] = Answer(status=410)
    bo.vanish()
    await make_post(node.runtime, ann, f"@{account.acct} psst", visibility="direct")
    await node.send()
    assert await node.waiting() == []
    await fetch_due(node.runtime)
    assert (await node.account(bo.uri)).deleted_at is not None


async def test_a_suspended_domain_gets_nothing_not_even_what_waited(
    node: SendingNode, ann: Account, peer: FakePeer
) -> None:
    """MOD-2: nothing but the end of its follows."""
    await node.known(Stranger(peer, "bo"), follows=ann)
    await make_post(node.runtime, ann, "Before")
    await relay(node.runtime)
    assert len(await node.waiting()) == 1
    async with node.runtime.write() as uow:
        await set_domain_policy(uow, node.runtime.settings, "127.0.0.1", "suspend", now=node.runtime.now())
    await make_post(node.runtime, ann, "After")
    await node.send()
    assert [request.json()["type"] for request in peer.requests] == ["Reject"]
    assert await node.waiting() == []


async def test_what_waited_a_week_is_dropped(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    """DLV-5."""
    await node.known(Stranger(peer, "bo"), follows=ann)
    await make_post(node.runtime, ann, "Hello")
    await relay(node.runtime)
    await node.later(days=7, minutes=1)
    assert peer.requests == []
    assert await node.waiting() == []


async def test_an_unavailable_host_gets_nothing_new_but_a_probe_a_day(
    node: SendingNode, ann: Account, peer: FakePeer
) -> None:
    """DLV-5."""
    from node.events import PeerHeard
    from outbox.peers import Health, after_failure, save_health

    await node.known(Stranger(peer, "bo"), follows=ann)
    health, now = Health(), node.runtime.now()
    for day in range(7):
        health = after_failure(health, now=now - timedelta(days=6 - day), error="timeout")
    async with node.runtime.write() as uow:
        await save_health(uow, {peer.domain: health}, now=now)
    await make_post(node.runtime, ann, "Into the void")
    await node.send()
    assert await node.waiting() == []
    node.clock.advance(days=1, minutes=1)
    peer.routes["/inbox"] = Answer(status=502)
    await make_post(node.runtime, ann, "A probe")
    await make_post(node.runtime, ann, "Another")
    await node.send()
    assert len(peer.requests) == 1
    peer.requests.clear()
    peer.routes["/inbox"] = Answer(status=202)
    async with node.runtime.write() as uow:
        await uow.record(PeerHeard(peer.domain, "cavage"))
    await relay(node.runtime)
    await make_post(node.runtime, ann, "Welcome back")
    await node.send()
    await node.later(seconds=60)
    assert len(peer.requests) == 3
    assert await node.waiting() == []


async def test_four_peers_and_two_schemes(node: SendingNode, ann: Account) -> None:
    """SIG-13: cavage only, RFC 9421 only, both, neither; three posts each, requests counted."""
    takes = {"127.0.0.1": ("cavage",), "127.0.0.2": ("rfc9421",), "127.0.0.3": ("cavage", "rfc9421"), "127.0.0.4": ()}
    async with contextlib.AsyncExitStack() as stack:
        peers = {host: await stack.enter_async_context(FakePeer(host=host)) for host in takes}
        for host, peer in peers.items():
            await node.known(Stranger(peer, "bo"), follows=ann)
            peer.routes["/inbox"] = lambda request, host=host: Answer(
                status=202 if ("rfc9421" if request.header("signature-input") else "cavage") in takes[host] else 400
            )
        for _ in range(3):
            await make_post(node.runtime, ann, "Hello")
            await node.send()
        assert {host: len(peer.requests) for host, peer in peers.items()} == {
            "127.0.0.1": 3,
            "127.0.0.2": 4,
            "127.0.0.3": 3,
            "127.0.0.4": 6,
        }


async def test_the_other_order_of_schemes(redis_server: RedisServer, peer: FakePeer) -> None:
    """SIG-13: `first_knock` rfc9421, and a peer that reads cavage only is remembered too."""
    async with sending_node(redis_server, first_knock="rfc9421") as node:
        ann = await make_account(node.runtime, "ann")
        await node.known(Stranger(peer, "bo"), follows=ann)
        peer.routes["/inbox"] = lambda request: Answer(status=401 if request.header("signature-input") else 202)
        for _ in range(2):
            await make_post(node.runtime, ann, "Hello")
            await node.send()
        assert [await node.verify(peer, request) for request in peer.requests] == ["rfc9421", "cavage", "cavage"]


async def test_a_peer_that_says_what_to_sign_gets_it(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    """SIG-13: `Accept-Signature` on a 401 comes before the other scheme; three requests at most, and never Ed25519
    (SIG-12)."""
    await node.known(Stranger(peer, "bo"), follows=ann)
    asked = (("Accept-Signature", 'chk=("@method" "@target-uri" "@authority" "content-digest");created;nonce="n0n"'),)

    def challenge(request: PeerRequest) -> Answer:
        given = request.header("signature-input") or ""
        return Answer(status=202) if 'nonce="n0n"' in given else Answer(status=401, headers=asked)

    peer.routes["/inbox"] = challenge
    await make_post(node.runtime, ann, "Hello")
    await node.send()
    assert [await node.verify(peer, request) for request in peer.requests] == ["cavage", "rfc9421"]
    assert await node.waiting() == []
    peer.requests.clear()
    peer.routes["/inbox"] = Answer(status=401, headers=asked)
    await make_post(node.runtime, ann, "Hello")
    await node.send()
    assert len(peer.requests) == 3
    assert all(
        'alg="rsa-v1_5-sha256"' in (r.header("signature-input") or 'alg="rsa-v1_5-sha256"') for r in peer.requests
    )
    assert all("#main-key" in (r.header("signature-input") or r.header("signature") or "") for r in peer.requests)


async def test_a_fetch_that_is_told_what_to_sign(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    """SIG-13, SIG-18."""
    bo = Stranger(peer, "bo")
    asked = (("Accept-Signature", 'sig1=("@method" "@target-uri" "@authority");created;nonce="n0n"'),)
    shown = document(bo.actor())
    peer.routes["/users/bo"] = lambda request: (
        shown if "n0n" in (request.header("signature-input") or "") else Answer(status=401, headers=asked)
    )
    assert (await fetch_actor(node.runtime, bo.uri)).uri == bo.uri
    assert len(peer.asked("/users/bo")) == 2
