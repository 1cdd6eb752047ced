"""Runs in the database: one for everybody, taken up again, begun when it is time (COL-7, COL-8, DLV-9)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from node.accounts.models import Account
from node.base.runtime import Runtime
from node.completion import rules
from node.completion.asking import Refresh, complete_page, find_refresh, follow_begins, look_at_account, look_at_thread
from node.completion.models import Completion
from node.moderation.service import set_domain_policy
from node.posts.models import Post
from node.posts.walks import Found
from node.remote.actors import fetch_actor
from node.remote.posts import fetch_post
from tests.support.fake_peer import Answer, document
from tests.support.make import make_account
from tests.support.nodes import clock_of, settle
from tests.support.stranger import Stranger

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def serve_outbox(alice: Stranger, number: int, **root: Any) -> None:
    items = [
        alice.create(alice.note(f"Post {n}", published=NOW + timedelta(hours=n), serve=False)) for n in range(number)
    ]
    alice.peer.routes["/users/alice/outbox"] = document(
        {"id": f"{alice.uri}/outbox", "type": "OrderedCollection", "orderedItems": items[::-1], **root}
    )


@pytest.mark.parametrize(
    ("age", "checked", "is_fetched", "expected"),
    [
        (1, None, False, False),
        (6, None, False, True),
        (1, None, True, True),
        (60, 14, True, False),
        (60, 16, False, True),
    ],
)
def test_when_replies_are_worth_asking_for(age: int, checked: int | None, is_fetched: bool, expected: bool) -> None:
    """COL-7: settled, and not asked about lately; never of our own."""
    facts: dict[str, Any] = {
        "is_fetched": is_fetched,
        "published_at": NOW - timedelta(minutes=age),
        "checked_at": None if checked is None else NOW - timedelta(minutes=checked),
        "now": NOW,
    }
    assert rules.may_check_thread(is_local=False, **facts) is expected
    assert not rules.may_check_thread(is_local=True, **facts)


@pytest.mark.parametrize(
    ("read", "tried", "is_followed", "expected"),
    [
        (None, 5, False, False),
        (None, 11, True, True),
        (29, 29, False, False),
        (31, 31, False, True),
        (31, 31, True, False),
    ],
)
def test_when_an_outbox_is_read_again(read: int | None, tried: int, is_followed: bool, expected: bool) -> None:
    """COL-8"""
    read_at = None if read is None else NOW - timedelta(minutes=read)
    tried_at = NOW - timedelta(minutes=tried)
    assert rules.is_outbox_stale(read_at=read_at, tried_at=tried_at, is_followed=is_followed, now=NOW) is expected


async def test_everybody_shares_one_run(runtime: Runtime, ann: Account, bo: Account, alice: Stranger) -> None:
    """COL-8: two people and a follow make one run and one reading of the outbox."""
    serve_outbox(alice, 3)
    account = await fetch_actor(runtime, alice.uri)
    first = await look_at_account(runtime, account, ann.id)
    assert first is not None
    assert first.is_running
    assert await look_at_account(runtime, account, bo.id) == first
    async with runtime.write() as uow:
        await follow_begins(uow, runtime, ann.id, account.id)
        await follow_begins(uow, runtime, account.id, ann.id)
        await follow_begins(uow, runtime, ann.id, bo.id)
    await settle(runtime)
    assert await find_refresh(runtime, first.id) == Refresh(first.id, is_running=False, result_count=3)
    async with runtime.read() as reader:
        kinds = await reader.scalars(select(Completion.kind))
    assert sorted(kinds) == [rules.ACCOUNT, rules.FOLLOWING], "the follow reads whom she follows too"
    assert len(alice.peer.asked("/users/alice/outbox")) == 1


async def test_an_outbox_all_on_its_root_is_taken_in_portions(runtime: Runtime, ann: Account, alice: Stranger) -> None:
    """COL-8, row 51: forty now, forty with each further look, until it is at its end."""
    serve_outbox(alice, 100)
    account = await fetch_actor(runtime, alice.uri)
    counts = []
    for _ in range(5):
        from node.base.paging import Page

        async def read() -> Found:
            async with runtime.read() as reader:
                return Found(list(await reader.scalars(select(Post.id).order_by(Post.id.desc()))))

        found = await complete_page(runtime, account, ann.id, Page(limit=200), read)
        await settle(runtime)
        counts.append(len((await read()).ids))
    assert counts == [40, 80, 100, 100, 100]
    assert not found.has_more
    async with runtime.read() as reader:
        posts = await reader.scalars(select(Post.content).order_by(Post.id))
    assert list(posts) == [f"<p>Post {n}</p>" for n in range(100)]


async def test_who_is_gone_or_blocked_is_not_asked(runtime: Runtime, ann: Account, alice: Stranger) -> None:
    """Row 47: nothing is fetched from a suspended domain, not even what was asked for before."""
    serve_outbox(alice, 3)
    account = await fetch_actor(runtime, alice.uri)
    assert await look_at_account(runtime, account, ann.id) is not None
    async with runtime.write() as uow:
        await set_domain_policy(uow, runtime.settings, alice.peer.domain, severity="suspend", now=runtime.now())
    await settle(runtime)
    assert alice.peer.asked("/users/alice/outbox") == []


async def test_pins_come_with_the_posts(runtime: Runtime, ann: Account, alice: Stranger) -> None:
    """COL-4"""
    serve_outbox(alice, 1)
    pinned = alice.note("Pinned", published=NOW)
    alice.profile = {"featured": f"{alice.uri}/featured"}
    alice.publish_profile()
    alice.peer.routes["/users/alice/featured"] = document(
        {"id": f"{alice.uri}/featured", "type": "OrderedCollection", "orderedItems": [pinned["id"]]}
    )
    account = await fetch_actor(runtime, alice.uri)
    await look_at_account(runtime, account, ann.id)
    await settle(runtime)
    async with runtime.read() as reader:
        assert set(await reader.scalars(select(Post.content))) == {"<p>Pinned</p>", "<p>Post 0</p>"}


async def test_a_thread_of_authors_never_met(
    runtime: Runtime, ann: Account, alice: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ACT-6: a run fetches so many new actors and no more."""
    monkeypatch.setattr("node.completion.walks.MAX_NEW_ACTORS", 4)
    root = alice.note("Root")
    people = [Stranger(alice.peer, f"p{n}") for n in range(10)]
    items = [someone.note("Reply", inReplyTo=root["id"])["id"] for someone in people]
    path = root["id"].removeprefix(alice.peer.url)
    uri = f"{root['id']}/replies"
    alice.peer.routes[path] = document(root | {"replies": {"id": uri, "type": "Collection", "items": items}})
    post = await fetch_post(runtime, root["id"])
    assert post is not None
    await look_at_thread(runtime, post, ann.id)
    await settle(runtime)
    async with runtime.read() as reader:
        authors = await reader.scalars(select(Account.username).where(Account.username.like("p%")))
    assert len(authors) == 4


async def test_turns_that_kill_their_worker_end(runtime: Runtime, ann: Account, alice: Stranger) -> None:
    """Row 114: after three leases without an end the run is given up, and tried again another day."""
    alice.peer.routes["/users/alice/outbox"] = Answer(status=500)
    account = await fetch_actor(runtime, alice.uri)
    await look_at_account(runtime, account, ann.id)
    async with runtime.write() as uow:
        row = await uow.scalar(select(Completion))
        row.attempts = rules.MAX_ATTEMPTS
    await settle(runtime)
    async with runtime.read() as reader:
        row = await reader.scalar(select(Completion))
    assert row.finished_at is not None
    assert row.detail
    assert alice.peer.asked("/users/alice/outbox") == []
    clock_of(runtime).advance(minutes=11)
    serve_outbox(alice, 2)
    await look_at_account(runtime, account, ann.id)
    await settle(runtime)
    async with runtime.read() as reader:
        assert len(await reader.scalars(select(Post.id))) == 2


async def test_a_run_is_begun_only_by_people(runtime: Runtime, alice: Stranger) -> None:
    serve_outbox(alice, 1)
    account = await fetch_actor(runtime, alice.uri)
    mine = await make_account(runtime, "cy")
    assert await look_at_account(runtime, account, None) is None
    assert await look_at_account(runtime, mine, mine.id) is None
    async with runtime.read() as reader:
        assert await reader.scalar(select(Completion.id)) is None
