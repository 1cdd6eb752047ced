"""Search boxes, mentions in texts, and posts on demand (DISC-11, INB-5)."""

import pytest

from federation.errors import FederationError
from node.accounts.models import Account
from node.base.runtime import Runtime
from node.posts.models import Post
from node.posts.service import Draft, publish, withdraw
from node.remote.mentions import resolve_mentions
from node.remote.posts import fetch_post
from node.remote.resolving import resolve
from tests.support.fake_peer import Answer, document
from tests.support.make import make_account
from tests.support.stranger import Stranger


async def own_post(runtime: Runtime, author: Account, visibility: str = "public") -> Post:
    async with runtime.write() as uow:
        draft = Draft(text="Mine", visibility=visibility)
        return await publish(uow, runtime.settings, author, draft, mentions={}, now=runtime.now())


async def test_what_people_paste(runtime: Runtime, alice: Stranger) -> None:
    """A handle, an id, a page with an alternate link; a post the same."""
    note = alice.note("Hello")
    page = f'<html><head><link rel="alternate" type="application/activity+json" href="{note["id"]}"></head></html>'
    alice.peer.routes["/@alice/1"] = Answer(body=page.encode(), content_type="text/html")
    for query in (alice.handle, f"@{alice.handle}", alice.uri):
        found = await resolve(runtime, query, None)
        assert isinstance(found, Account)
        assert found.uri == alice.uri
    for query in (note["id"], f"{alice.peer.url}/@alice/1", f" {note['id']} "):
        post = await resolve(runtime, query, None)
        assert isinstance(post, Post)
        assert post.uri == note["id"]


async def test_our_own_pages(runtime: Runtime) -> None:
    bob, carol = await make_account(runtime, "bob"), await make_account(runtime, "carol")
    open_post, private = await own_post(runtime, bob), await own_post(runtime, bob, "followers")
    base = runtime.settings.public_url
    for query in (f"{base}/@bob", bob.uri, "@bob"):
        account = await resolve(runtime, query, carol.id)
        assert isinstance(account, Account)
        assert account.id == bob.id
    for query in (open_post.uri, f"{base}/@bob/{open_post.id}"):
        post = await resolve(runtime, query, None)
        assert isinstance(post, Post)
    for query in (private.uri, f"{base}/@bob/{private.id}"):
        assert await resolve(runtime, query, carol.id) is None
        assert await resolve(runtime, query, bob.id) is not None


@pytest.mark.parametrize(
    "query",
    ["", "x", "two words", "javascript:alert(1)", "https://10.0.0.1/x", "https://", "a@b@c", "x" * 5000, "@x@[::1"],
)
async def test_what_leads_nowhere_is_none(runtime: Runtime, query: str) -> None:
    assert await resolve(runtime, query, None) is None


async def test_a_page_without_a_link_is_none(runtime: Runtime, alice: Stranger) -> None:
    alice.peer.routes["/p"] = Answer(body=b"<html></html>", content_type="text/html")
    assert await resolve(runtime, f"{alice.peer.url}/p", None) is None


async def test_posts_that_are_not_ours_to_keep(runtime: Runtime, alice: Stranger) -> None:
    """Shown to our instance actor by mistake: not public; a vote; somebody else's; a follow."""
    private = alice.note("psst", to=[alice.followers], cc=[])
    vote = alice.note("", inReplyTo=f"{alice.uri}/poll", name="A", content=None)
    foreign = alice.note("x", attributedTo="https://other.test/u")
    follow = alice.activity("Follow", alice.uri)
    alice.peer.routes[follow["id"].removeprefix(alice.peer.url)] = document(follow)
    for thing in (private, vote, foreign, follow):
        with pytest.raises(FederationError):
            await fetch_post(runtime, thing["id"])


async def test_a_post_that_went(runtime: Runtime, alice: Stranger) -> None:
    """A deleted one is None and is not fetched again."""
    note = alice.note()
    post = await fetch_post(runtime, note["id"])
    assert post is not None
    async with runtime.write() as uow:
        await withdraw(uow, post, now=runtime.now())
    asked = len(alice.peer.requests)
    assert await fetch_post(runtime, note["id"]) is None
    assert len(alice.peer.requests) == asked


async def test_mentions_in_a_text(runtime: Runtime, alice: Stranger) -> None:
    """Ours, known and unknown remote ones; whoever is not found stays text."""
    bob, carol = await make_account(runtime, "bob"), await make_account(runtime, "carol")
    text = f"@carol @{alice.handle} @carol@{runtime.settings.domain} @nobody @ghost@{alice.peer.domain}"
    found = await resolve_mentions(runtime, text, bob)
    assert found["carol"].id == carol.id
    assert found[alice.handle].uri == alice.uri
    assert len(found) == 3
    asked = len(alice.peer.requests)
    await resolve_mentions(runtime, text, bob)
    assert len(alice.peer.requests) == asked
    assert await resolve_mentions(runtime, "nobody here", bob) == {}


async def test_a_text_full_of_strangers_asks_for_ten(runtime: Runtime, alice: Stranger) -> None:
    """Row 54"""
    bob = await make_account(runtime, "bob")
    text = " ".join(f"@u{number}@{alice.peer.domain}" for number in range(40))
    assert await resolve_mentions(runtime, text, bob) == {}
    assert len(alice.peer.asked("/.well-known/webfinger")) <= 10
