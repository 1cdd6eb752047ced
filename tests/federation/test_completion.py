"""What other servers have and we do not, brought in when somebody looks (COL-4 to COL-8, ACT-6, rows 50, 51, 53, 54).

The other server is a `FakePeer` in the shapes that real ones have, or a second node.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

from federation.documents import format_time
from federation.vocabulary import PUBLIC
from node.accounts.models import Account
from node.accounts.queries import find_account_by_uri
from node.completion import rules
from node.completion.models import Completion
from node.notifications.models import Notification
from node.posts.models import Post
from node.posts.queries import find_post_by_uri
from node.remote.models import FetchTask
from tests.support.fake_peer import Answer, FakePeer, PeerRequest, document
from tests.support.make import make_post
from tests.support.nodes import Node, Person, World, settle
from tests.support.stranger import Stranger

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

Document = dict[str, Any]


@pytest.fixture
async def ann(node: Node) -> Person:
    return await node.person("ann")


def path(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def serve(peer: FakePeer, value: Document) -> Document:
    """Let the peer serve a document under its id."""
    peer.routes[path(value["id"])] = document(value)
    return value


def notes(author: Stranger, number: int, *, serve_them: bool = True, **fields: Any) -> list[Document]:
    """Make posts, newest first, an hour apart."""
    made = [
        author.note(f"Post {count}", published=START + timedelta(hours=count), serve=serve_them, **fields)
        for count in range(number)
    ]
    return made[::-1]


def outbox(
    author: Stranger, items: Sequence[Any], *, per_page: int = 20, inline_first: bool = False, **root: Any
) -> None:
    """Serve an outbox in pages."""
    uri = f"{author.uri}/outbox"
    pages = [list(items[start : start + per_page]) for start in range(0, len(items), per_page)]
    served: list[Document] = []
    for number, entries in enumerate(pages):
        page: Document = {
            "id": f"{uri}?page={number}",
            "type": "OrderedCollectionPage",
            "partOf": uri,
            "orderedItems": entries,
        }
        if number + 1 < len(pages):
            page["next"] = f"{uri}?page={number + 1}"
        served.append(serve(author.peer, page))
    whole: Document = {"id": uri, "type": "OrderedCollection", "totalItems": len(items)}
    if served:
        whole["first"] = served[0] if inline_first else served[0]["id"]
    serve(author.peer, whole)


async def arrive(node: Node, author: Stranger) -> Account:
    """Make an account known here, without anybody having looked at it."""
    from node.remote.actors import fetch_actor

    return await fetch_actor(node.runtime, author.uri)


async def texts(person: Person, account_id: int, **params: Any) -> list[str]:
    found = await person.get(f"/api/v1/accounts/{account_id}/statuses", limit=40, **params)
    return [(post["reblog"] or post)["content"] for post in found]


async def count_posts(node: Node) -> int:
    async with node.runtime.read() as reader:
        return int(await reader.scalar(select(func.count()).select_from(Post)))


async def row(node: Node, kind: str) -> Completion:
    async with node.runtime.read() as reader:
        found: Completion = await reader.scalar(select(Completion).where(Completion.kind == kind))
    assert found is not None
    return found


def creates(author: Stranger, posts: Sequence[Document]) -> list[Document]:
    return [author.create(post) for post in posts]


def _mastodon(author: Stranger) -> None:
    outbox(author, creates(author, notes(author, 3, serve_them=False)))


def _first_inlined(author: Stranger) -> None:
    outbox(author, creates(author, notes(author, 3, serve_them=False)), inline_first=True)


def _gotosocial(author: Stranger) -> None:
    outbox(author, [author.create(post) | {"object": post["id"]} for post in notes(author, 3)])


def _object_ids(author: Stranger) -> None:
    outbox(author, [post["id"] for post in notes(author, 3)])


def _activity_ids(author: Stranger) -> None:
    outbox(author, [serve(author.peer, create)["id"] for create in creates(author, notes(author, 3))])


def _all_on_the_root(author: Stranger) -> None:
    items = creates(author, notes(author, 3, serve_them=False))
    serve(author.peer, {"id": f"{author.uri}/outbox", "type": "OrderedCollection", "orderedItems": items})


def _bare_notes_in_items(author: Stranger) -> None:
    serve(
        author.peer, {"id": f"{author.uri}/outbox", "type": "Collection", "items": notes(author, 3, serve_them=False)}
    )


def _takahe(author: Stranger) -> None:
    """Bare notes, and no id of the collection."""
    items = notes(author, 3, serve_them=False)
    whole = {"type": "OrderedCollection", "totalItems": len(items), "orderedItems": items}
    author.peer.routes[path(f"{author.uri}/outbox")] = document(whole)


SHAPES = [
    _mastodon,
    _first_inlined,
    _gotosocial,
    _object_ids,
    _activity_ids,
    _all_on_the_root,
    _bare_notes_in_items,
    _takahe,
]


@pytest.mark.parametrize("shape", SHAPES)
async def test_every_shape_of_outbox_is_read(node: Node, ann: Person, alice: Stranger, shape: Any) -> None:
    """COL-8"""
    shape(alice)
    account = await arrive(node, alice)
    assert await texts(ann, account.id) == []
    await settle(node.runtime)
    assert await texts(ann, account.id) == ["<p>Post 2</p>", "<p>Post 1</p>", "<p>Post 0</p>"]


@pytest.mark.parametrize("root", [{}, {"orderedItems": []}])
async def test_an_outbox_that_tells_a_number_only(node: Node, ann: Person, alice: Stranger, root: Document) -> None:
    """COL-4, COL-8: snac and Misskey list nothing; the number still is what the origin says."""
    uri = f"{alice.uri}/outbox"
    serve(alice.peer, {"id": uri, "type": "OrderedCollection", "totalItems": 1204, **root})
    for name, total in (("followers", -1), ("following", 10**18)):
        serve(alice.peer, {"id": f"{alice.uri}/{name}", "type": "OrderedCollection", "totalItems": total})
    account = await arrive(node, alice)
    await ann.get(f"/api/v1/accounts/{account.id}")
    await settle(node.runtime)
    shown = await ann.get(f"/api/v1/accounts/{account.id}")
    assert shown["statuses_count"] == 1204
    assert shown["followers_count"] == 0, "row 51: never below nothing"
    assert shown["following_count"] <= 2**53, "row 51: no number that a browser cannot hold"
    assert await texts(ann, account.id) == []
    assert (await row(node, rules.ACCOUNT)).finished_at is not None


async def test_newest_forty_then_the_rest_as_one_scrolls(node: Node, ann: Person, alice: Stranger) -> None:
    """COL-8: 100 posts, 40 at once, the others page by page, in order, each once; nobody is told of any."""
    mentions = [ann.uri]
    made = [
        alice.note(f"Post {n}", published=START + timedelta(hours=n), serve=False, mentions=mentions)
        for n in range(100)
    ]
    outbox(alice, creates(alice, made[::-1]))
    account = await arrive(node, alice)
    await ann.get(f"/api/v1/accounts/{account.id}")
    await settle(node.runtime)
    assert await count_posts(node) == 40
    seen: list[str] = []
    cursor: Document = {}
    for _ in range(12):
        page = await ann.get(f"/api/v1/accounts/{account.id}/statuses", limit=20, **cursor)
        await settle(node.runtime)
        if len(page) < 20:
            page = await ann.get(f"/api/v1/accounts/{account.id}/statuses", limit=20, **cursor)
        if not page:
            break
        seen += [post["content"] for post in page]
        cursor = {"max_id": page[-1]["id"]}
    assert seen == [f"<p>Post {n}</p>" for n in reversed(range(100))]
    assert len([request for request in alice.peer.requests if "/outbox" in request.target]) == 6, "each page once"
    async with node.runtime.read() as reader:
        assert await reader.scalar(select(func.count()).select_from(Notification)) == 0
    assert await ann.home() == []


async def test_strangers_make_us_ask_for_nothing(node: Node, ann: Person, alice: Stranger) -> None:
    """COL-8: a crawler without an account sees what is stored."""
    _mastodon(alice)
    note = alice.note(replies=f"{alice.uri}/replies")
    account = await arrive(node, alice)
    post = await ann.resolve(note["id"])
    await settle(node.runtime)
    before = len(alice.peer.requests)
    for where in (f"/api/v1/accounts/{account.id}", f"/api/v1/accounts/{account.id}/statuses", f"/@{account.acct}"):
        assert (await node.http.get(where)).status_code == 200
    assert (await node.http.get(f"/api/v1/statuses/{post['id']}/context")).status_code == 200
    assert (await node.http.get(f"/@{account.acct}/{post['id']}")).status_code == 200
    await settle(node.runtime)
    assert len(alice.peer.requests) == before


async def test_a_new_follow_fills_the_home_by_dates(node: Node, ann: Person, alice: Stranger) -> None:
    """COL-8: the posts of whom one follows now stand in the home timeline, each at its time."""
    outbox(alice, creates(alice, notes(alice, 3, serve_them=False)))
    account = await arrive(node, alice)
    followed = await ann.act(f"/api/v1/accounts/{account.id}/follow")
    assert followed["requested"]
    assert await ann.home() == []
    async with node.runtime.write() as uow:
        from node.follows.queries import find_follow
        from node.follows.service import accept_follow

        follow = await find_follow(uow, ann.account_id, account.id)
        assert follow is not None
        await accept_follow(uow, follow)
    await settle(node.runtime)
    assert [post["content"] for post in await ann.home()] == ["<p>Post 2</p>", "<p>Post 1</p>", "<p>Post 0</p>"]
    assert await ann.get("/api/v1/notifications") == []


async def test_what_an_outbox_inlines_of_others_is_fetched_or_dropped(
    node: Node, ann: Person, alice: Stranger, mallory: Stranger
) -> None:
    """COL-8, INB-5, row 25: only the owner's own posts are believed as inlined; others' and private ones are not."""
    bob = Stranger(alice.peer, "bob")
    victim = alice.note("What alice said")
    lie = victim | {"content": "<p>What she never said</p>"}
    mine = mallory.note("Mallory's", serve=False)
    elsewhere = mallory.note("Of another host", serve=False) | {"id": f"{alice.peer.url}/users/alice/statuses/999"}
    private = mallory.note("For friends", to=[mallory.followers], cc=[], serve=False)
    forged = bob.note("By somebody else", serve=False)
    items = [
        mallory.create(lie),
        mallory.create(elsewhere),
        mallory.create(private),
        alice.create(forged),
        mallory.create(mine),
        mallory.create(mine | {"id": f"{mallory.uri}/statuses/none", "attributedTo": alice.uri}),
        mallory.activity("Announce", {**lie}, to=[PUBLIC]),
        5,
        None,
        {"type": "Create"},
        {"type": "Delete", "actor": mallory.uri, "object": victim["id"]},
    ]
    outbox(mallory, items)
    account = await arrive(node, mallory)
    await ann.get(f"/api/v1/accounts/{account.id}")
    await settle(node.runtime)
    async with node.runtime.read() as reader:
        stored = {post.content for post in await reader.scalars(select(Post).where(Post.boost_of_id.is_(None)))}
    assert stored == {"<p>Mallory's</p>", "<p>What alice said</p>"}, "the boosted post came from its own server"
    assert sorted(await texts(ann, account.id)) == ["<p>Mallory's</p>", "<p>What alice said</p>"]


async def test_boosts_of_boosts_and_of_nothing_are_passed_over(node: Node, ann: Person, alice: Stranger) -> None:
    """Row 53"""
    boost = serve(alice.peer, alice.activity("Announce", alice.note()["id"], to=[PUBLIC]))
    again = serve(alice.peer, alice.activity("Announce", boost["id"], to=[PUBLIC]))
    items = [
        again,
        alice.activity("Announce", again["id"], to=[PUBLIC]),
        alice.activity("Announce", f"{alice.peer.url}/nothing", to=[PUBLIC]),
        alice.activity("Announce", f"{node.url}/users/1/statuses/2", to=[PUBLIC]),
    ]
    outbox(alice, items)
    account = await arrive(node, alice)
    await ann.get(f"/api/v1/accounts/{account.id}")
    await settle(node.runtime)
    assert await count_posts(node) == 0


async def read_evil_outbox(node: Node, ann: Person, alice: Stranger) -> int:
    """Look, and scroll twenty times; return how often the outbox was asked for."""
    account = await arrive(node, alice)
    for _ in range(20):
        await ann.get(f"/api/v1/accounts/{account.id}/statuses")
        await settle(node.runtime)
    return len([request for request in alice.peer.requests if "/outbox" in request.target])


async def test_endless_pages_come_to_an_end(node: Node, ann: Person, alice: Stranger) -> None:
    """Row 51: an empty page that always names another one."""
    uri = f"{alice.uri}/outbox"

    def endless(request: PeerRequest) -> Answer:
        number = int(request.target.partition("page=")[2] or 0)
        page = {"id": f"{uri}?page={number}", "type": "OrderedCollectionPage", "orderedItems": []}
        return document(page | {"next": f"{uri}?page={number + 1}"})

    alice.peer.routes[path(uri)] = endless
    serve(alice.peer, {"id": uri, "type": "OrderedCollection", "first": f"{uri}?page=0"})
    alice.peer.routes[path(uri)] = lambda request: (
        endless(request)
        if "page=" in request.target
        else document({"id": uri, "type": "OrderedCollection", "first": f"{uri}?page=0"})
    )
    assert await read_evil_outbox(node, ann, alice) <= 1 + rules.NEWEST_PAGES + rules.OLDER_PAGES


@pytest.mark.parametrize("following", ["{uri}?page=0", "https://elsewhere.test/outbox?page=1", "{evil}/outbox?page=1"])
async def test_pages_that_lead_back_or_away_end_there(
    node: Node, ann: Person, alice: Stranger, evil: FakePeer, following: str
) -> None:
    """Row 51: `next` to itself, and to other hosts."""
    uri = f"{alice.uri}/outbox"
    page = {
        "id": f"{uri}?page=0",
        "type": "OrderedCollectionPage",
        "orderedItems": creates(alice, notes(alice, 3, serve_them=False)),
        "next": following.format(uri=uri, evil=evil.url),
    }
    serve(alice.peer, page)
    serve(alice.peer, {"id": uri, "type": "OrderedCollection", "first": page["id"], "totalItems": -1})
    assert await read_evil_outbox(node, ann, alice) == 2
    assert evil.requests == []
    assert await count_posts(node) == 3


async def test_a_host_that_is_away_is_asked_again_later(node: Node, ann: Person, alice: Stranger) -> None:
    """DLV-9: a failure ends the run and is remembered; later it is tried again."""
    _mastodon(alice)
    account = await arrive(node, alice)
    kept = alice.peer.routes.pop("/users/alice/outbox")
    alice.peer.routes["/users/alice/outbox"] = Answer(status=503)
    for _ in range(3):
        await ann.get(f"/api/v1/accounts/{account.id}")
        await settle(node.runtime)
    assert len(alice.peer.asked("/users/alice/outbox")) == 1
    alice.peer.routes["/users/alice/outbox"] = kept
    node.clock.advance(minutes=11)
    await ann.get(f"/api/v1/accounts/{account.id}")
    await settle(node.runtime)
    assert len(await texts(ann, account.id)) == 3


async def test_new_posts_of_somebody_nobody_follows_are_found(node: Node, ann: Person, alice: Stranger) -> None:
    """COL-8: nothing is delivered of them, so a later look reads the top again, and only what is new."""
    posts = notes(alice, 30, serve_them=False)
    outbox(alice, creates(alice, posts))
    account = await arrive(node, alice)
    await ann.get(f"/api/v1/accounts/{account.id}")
    await settle(node.runtime)
    newer = alice.note("Newer", published=START + timedelta(days=9), serve=False)
    outbox(alice, creates(alice, [newer, *posts]))
    await ann.get(f"/api/v1/accounts/{account.id}")
    await settle(node.runtime)
    assert (await texts(ann, account.id))[0] == "<p>Post 29</p>"
    node.clock.advance(minutes=31)
    await ann.get(f"/api/v1/accounts/{account.id}")
    await settle(node.runtime)
    assert (await texts(ann, account.id))[:2] == ["<p>Newer</p>", "<p>Post 29</p>"]


async def test_a_stale_profile_is_fetched_when_it_is_looked_at(node: Node, ann: Person, alice: Stranger) -> None:
    """ACT-6: after 24 hours, once for any number of looks."""
    outbox(alice, [])
    account = await arrive(node, alice)
    await ann.get(f"/api/v1/accounts/{account.id}")
    await settle(node.runtime)
    assert len(alice.peer.asked("/users/alice")) == 1
    alice.profile = {"name": "Renewed"}
    alice.publish_profile()
    node.clock.advance(hours=25)
    for _ in range(3):
        await ann.get(f"/api/v1/accounts/{account.id}")
    await settle(node.runtime)
    assert len(alice.peer.asked("/users/alice")) == 2
    assert (await ann.get(f"/api/v1/accounts/{account.id}"))["display_name"] == "Renewed"


async def test_a_delivery_of_what_we_had_fetched_still_is_news(node: Node, ann: Person, alice: Stranger) -> None:
    """INB-9, INB-10: the outbox was read a moment before the Create came."""
    note = alice.note("Hello ann", mentions=[ann.uri], published=datetime.now(UTC) - timedelta(minutes=1))
    create = alice.create(note)
    boost = alice.activity("Announce", alice.note("Old", published=START)["id"], to=[PUBLIC])
    boost["published"] = format_time(datetime.now(UTC) - timedelta(minutes=1))
    outbox(alice, [create, boost])
    account = await arrive(node, alice)
    async with node.runtime.write() as uow:
        from node.accounts.queries import get_account
        from node.follows.queries import find_follow
        from node.follows.service import accept_follow, follow

        me, her = await get_account(uow, ann.account_id), await get_account(uow, account.id)
        await follow(uow, node.runtime.settings, me, her, now=node.runtime.now())
        asked = await find_follow(uow, me.id, her.id)
        assert asked is not None
        await accept_follow(uow, asked)
    await settle(node.runtime)
    assert await ann.get("/api/v1/notifications") == []
    for _ in range(2):
        for activity in (create, boost):
            assert (await alice.deliver(f"{node.url}/inbox", activity)).status_code == 202
        await settle(node.runtime)
    (notice,) = await ann.get("/api/v1/notifications")
    assert (notice["type"], notice["status"]["content"]) == ("mention", "<p>Hello ann</p>")
    assert len(await ann.home()) == 2


async def test_counts_are_the_origins(node: Node, ann: Person, alice: Stranger) -> None:
    """COL-4: what its own server reports is shown, moves with what we do, and is asked for again with the thread."""
    note = alice.note("Much liked", likes={"type": "Collection", "totalItems": 41}, shares={"totalItems": -7})
    post = await ann.resolve(note["id"])
    assert (post["favourites_count"], post["reblogs_count"]) == (41, 0)
    assert (await ann.act(f"/api/v1/statuses/{post['id']}/favourite"))["favourites_count"] == 42
    assert (await ann.act(f"/api/v1/statuses/{post['id']}/unfavourite"))["favourites_count"] == 41
    serve(alice.peer, note | {"likes": {"type": "Collection", "totalItems": 58}})
    await ann.get(f"/api/v1/statuses/{post['id']}/context")
    await settle(node.runtime)
    assert (await ann.get(f"/api/v1/statuses/{post['id']}"))["favourites_count"] == 58


# Threads


def replies_of(note: Document, *pages: Sequence[str], inline: bool = True) -> Document:
    """Give a post a replies collection in pages, the first one inlined."""
    uri = f"{note['id']}/replies"
    made = []
    for number, items in enumerate(pages):
        page: Document = {"id": f"{uri}?page={number}", "type": "CollectionPage", "partOf": uri, "items": list(items)}
        if number + 1 < len(pages):
            page["next"] = f"{uri}?page={number + 1}"
        made.append(page)
    return note | {"replies": {"id": uri, "type": "Collection", "first": made[0] if inline else made[0]["id"]}}, made


def thread(author: Stranger, note: Document, *pages: Sequence[str], inline: bool = True) -> Document:
    """Serve a post again, with its replies."""
    whole, made = replies_of(note, *pages, inline=inline)
    for page in made:
        serve(author.peer, page)
    serve(author.peer, whole["replies"])
    return serve(author.peer, whole)


async def open_thread(node: Node, person: Person, post_id: str) -> list[str]:
    """Open a thread, let it fill, and return the replies as they then stand."""
    await person.get(f"/api/v1/statuses/{post_id}/context")
    await settle(node.runtime)
    found = await person.get(f"/api/v1/statuses/{post_id}/context")
    return [post["content"] for post in found["descendants"]]


async def test_an_opened_thread_fills_itself(node: Node, ann: Person, alice: Stranger, mallory: Stranger) -> None:
    """COL-7: replies, and replies to them, of other hosts too, each from its own server; nobody is told."""
    root = alice.note("Root", published=START)
    first = alice.note("First", inReplyTo=root["id"], mentions=[ann.uri], published=START + timedelta(hours=1))
    second = mallory.note("Second", inReplyTo=root["id"], published=START + timedelta(hours=2))
    third = alice.note("Third", inReplyTo=second["id"])
    thread(alice, root, [first["id"]], [second["id"], root["id"], f"{alice.peer.url}/none"])
    thread(mallory, second, [third["id"]], inline=False)
    post = await ann.resolve(root["id"])
    await settle(node.runtime)
    assert await open_thread(node, ann, post["id"]) == ["<p>First</p>", "<p>Second</p>", "<p>Third</p>"]
    assert await ann.get("/api/v1/notifications") == []
    assert await ann.home() == []


async def test_it_is_told_of_while_it_goes_on(node: Node, ann: Person, alice: Stranger) -> None:
    """Mastodon's async refresh: the header while it runs, then the state by its id; the same run for everybody."""
    root = alice.note("Root")
    replies = [alice.note(f"Reply {n}", inReplyTo=root["id"]) for n in range(3)]
    thread(alice, root, [reply["id"] for reply in replies])
    post = await ann.resolve(root["id"])
    bo = await node.person("bo")
    headers = []
    for person in (ann, bo):
        answer = await node.http.get(
            f"/api/v1/statuses/{post['id']}/context", headers={"Authorization": f"Bearer {person.token}"}
        )
        headers.append(answer.headers["Mastodon-Async-Refresh"])
    assert headers[0] == headers[1]
    refresh_id = headers[0].partition('"')[2].partition('"')[0]
    assert headers[0] == f'id="{refresh_id}", retry=2, result_count=0'
    url = f"/api/v1_alpha/async_refreshes/{refresh_id}"
    state = await ann.get(url)
    assert state == {"async_refresh": {"id": refresh_id, "status": "running", "result_count": 0}}
    await settle(node.runtime)
    state = await ann.get(url)
    assert state == {"async_refresh": {"id": refresh_id, "status": "finished", "result_count": 3}}
    answer = await node.http.get(
        f"/api/v1/statuses/{post['id']}/context", headers={"Authorization": f"Bearer {ann.token}"}
    )
    assert "Mastodon-Async-Refresh" not in answer.headers
    assert (await node.http.get(url)).status_code == 401
    await ann.call("GET", "/api/v1_alpha/async_refreshes/4711", expect=404)


async def test_a_thread_is_asked_for_once_a_quarter_of_an_hour(node: Node, ann: Person, alice: Stranger) -> None:
    """COL-7"""
    root = alice.note("Root")
    thread(alice, root, [alice.note("Reply", inReplyTo=root["id"])["id"]])
    post = await ann.resolve(root["id"])
    await open_thread(node, ann, post["id"])
    before = len(alice.peer.requests)
    node.clock.advance(minutes=10)
    await open_thread(node, ann, post["id"])
    assert len(alice.peer.requests) == before
    node.clock.advance(minutes=6)
    await open_thread(node, ann, post["id"])
    assert len(alice.peer.requests) > before


async def test_a_fresh_delivery_is_left_alone(node: Node, ann: Person, alice: Stranger) -> None:
    """COL-7: what was delivered a moment ago still gets its replies delivered; five minutes later it is asked for.

    Of an arrival only the inlined replies of its own host are fetched, five at most.
    """
    root = alice.note("Hello", mentions=[ann.uri], published=datetime.now(UTC), serve=False)
    own = [alice.note(f"More {n}", inReplyTo=root["id"])["id"] for n in range(8)]
    whole = thread(alice, root, [*own, "https://elsewhere.test/note"], ["https://elsewhere.test/another"])
    assert (await alice.deliver(f"{node.url}/inbox", alice.create(whole))).status_code == 202
    await settle(node.runtime)
    asked = sorted(request.path for request in alice.peer.requests if "/statuses/" in request.path)
    assert asked == sorted(path(uri) for uri in own[:5])
    async with node.runtime.read() as reader:
        post = await find_post_by_uri(reader, root["id"])
        assert await reader.scalar(select(func.count()).select_from(FetchTask)) == 0
    assert post is not None
    assert len(await open_thread(node, ann, str(post.id))) == 5
    node.clock.advance(minutes=6)
    assert len(await open_thread(node, ann, str(post.id))) == 8


async def test_a_context_of_the_roots_host_is_preferred(node: Node, ann: Person, alice: Stranger) -> None:
    """COL-7, FEP-f228: one collection instead of a walk; its items come from their own servers."""
    bob = Stranger(alice.peer, "bob")
    root = alice.note("Root", context=f"{alice.peer.url}/contexts/1")
    replies = [bob.note(f"Reply {n}", inReplyTo=root["id"], published=START + timedelta(hours=n)) for n in range(3)]
    unrelated = bob.note("Of another thread")
    pages = [
        {"id": f"{alice.peer.url}/contexts/1?page={n}", "type": "OrderedCollectionPage", "orderedItems": items}
        for n, items in enumerate(([root["id"], replies[0]["id"]], [reply["id"] for reply in replies[1:]]))
    ]
    pages[1]["orderedItems"].append(unrelated["id"])
    serve(alice.peer, pages[0] | {"next": pages[1]["id"]})
    serve(alice.peer, pages[1])
    serve(
        alice.peer,
        {"id": f"{alice.peer.url}/contexts/1", "type": "OrderedCollection", "first": pages[0]["id"], "totalItems": 4},
    )
    thread(alice, root, ["https://elsewhere.test/never/asked"])
    post = await ann.resolve(root["id"])
    assert await open_thread(node, ann, post["id"]) == [f"<p>Reply {n}</p>" for n in range(3)]
    async with node.runtime.read() as reader:
        assert await find_post_by_uri(reader, unrelated["id"]) is None, "it answers nothing of this thread"


@pytest.mark.parametrize("context", ["{peer}/contexts/none", "{peer}/users/alice", "{evil}/contexts/1", "tag:x,2026:1"])
async def test_without_a_context_the_replies_are_asked_for(
    node: Node, ann: Person, alice: Stranger, evil: FakePeer, context: str
) -> None:
    """COL-7: it is missing, no collection, of another host, no address."""
    root = alice.note("Root", context=context.format(peer=alice.peer.url, evil=evil.url))
    thread(alice, root, [alice.note("Reply", inReplyTo=root["id"])["id"]])
    post = await ann.resolve(root["id"])
    assert await open_thread(node, ann, post["id"]) == ["<p>Reply</p>"]
    assert evil.requests == []


async def test_replies_below_a_post_of_ours(node: Node, ann: Person, alice: Stranger, mallory: Stranger) -> None:
    """COL-7: our own post's thread, where an answer from elsewhere was answered elsewhere."""
    mine = await ann.post("What do you think?")
    reply = alice.note("This", inReplyTo=mine["uri"], mentions=[ann.uri], published=datetime.now(UTC))
    assert (await alice.deliver(f"{node.url}/inbox", alice.create(reply))).status_code == 202
    await settle(node.runtime)
    below = mallory.note("And that", inReplyTo=reply["id"])
    thread(alice, reply, [below["id"]])
    node.clock.advance(minutes=6)
    assert await open_thread(node, ann, mine["id"]) == ["<p>This</p>", "<p>And that</p>"]


async def test_missing_parents_are_fetched_when_a_reply_is_opened(node: Node, ann: Person, alice: Stranger) -> None:
    """INB-7, COL-7: a post from an outbox stands without its thread until somebody opens it."""
    root = alice.note("Root")
    middle = alice.note("Middle", inReplyTo=root["id"])
    leaf = alice.note("Leaf", inReplyTo=middle["id"])
    sister = alice.note("Sister", inReplyTo=root["id"])
    thread(alice, root, [middle["id"], sister["id"]])
    outbox(alice, [alice.create(leaf)])
    account = await arrive(node, alice)
    await ann.get(f"/api/v1/accounts/{account.id}")
    await settle(node.runtime)
    assert await count_posts(node) == 1
    (post,) = await ann.get(f"/api/v1/accounts/{account.id}/statuses")
    await open_thread(node, ann, post["id"])
    found = await ann.get(f"/api/v1/statuses/{post['id']}/context")
    assert [above["content"] for above in found["ancestors"]] == ["<p>Root</p>", "<p>Middle</p>"]
    assert await count_posts(node) == 4, "and what else hangs at the root"


async def test_a_parent_that_was_away_is_asked_for_again(node: Node, ann: Person, alice: Stranger) -> None:
    """INB-7, COL-7: not at once, but a quarter of an hour later."""
    root = alice.note("Root", serve=False)
    outbox(alice, [alice.create(alice.note("Leaf", inReplyTo=root["id"], serve=False))])
    alice.peer.routes[path(root["id"])] = Answer(status=503)
    account = await arrive(node, alice)
    await ann.get(f"/api/v1/accounts/{account.id}")
    await settle(node.runtime)
    (post,) = await ann.get(f"/api/v1/accounts/{account.id}/statuses")
    await open_thread(node, ann, post["id"])
    serve(alice.peer, root)
    for minutes, known in ((2, 0), (16, 1)):
        node.clock.advance(minutes=minutes)
        await open_thread(node, ann, post["id"])
        found = await ann.get(f"/api/v1/statuses/{post['id']}/context")
        assert len(found["ancestors"]) == known


async def test_ten_thousand_ancestors(node: Node, ann: Person, alice: Stranger) -> None:
    """Row 50: a chain made up on the fly ends after thirty levels."""

    class Chain(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            number = key.rpartition("/")[2]
            if not key.startswith("/chain/") or not number.isdigit():
                return super().get(key, default)
            note = alice.note(serve=False, inReplyTo=f"{alice.peer.url}/chain/{int(number) + 1}")
            return document(note | {"id": f"{alice.peer.url}/chain/{number}"})

    alice.peer.routes = Chain(alice.peer.routes)
    leaf = alice.note("Leaf", inReplyTo=f"{alice.peer.url}/chain/1")
    outbox(alice, [alice.create(leaf)])
    account = await arrive(node, alice)
    await ann.get(f"/api/v1/accounts/{account.id}")
    await settle(node.runtime)
    (post,) = await ann.get(f"/api/v1/accounts/{account.id}/statuses")
    await open_thread(node, ann, post["id"])
    climbed = [request for request in alice.peer.requests if request.path.startswith("/chain/")]
    assert len(climbed) == rules.MAX_UPWARD


async def test_a_tree_of_two_thousand_replies(
    node: Node, ann: Person, alice: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COL-7, row 51: at most so many of one post, of all, so many pages; here a tenth of it, by smaller budgets."""
    monkeypatch.setattr("node.completion.walks.MAX_PER_POST", 50)
    monkeypatch.setattr("node.completion.walks.MAX_POSTS", 100)
    root = alice.note("Root")
    children = [alice.note(f"Child {n}", inReplyTo=root["id"], serve=False) for n in range(100)]
    for child in children[:50]:
        grandchildren = [alice.note("Below", inReplyTo=child["id"])["id"] for _ in range(2)]
        thread(alice, child, grandchildren)
    thread(alice, root, *[[child["id"] for child in children[start : start + 20]] for start in range(0, 100, 20)])
    post = await ann.resolve(root["id"])
    before = len(alice.peer.requests)
    await open_thread(node, ann, post["id"])
    assert await count_posts(node) <= 1 + 100
    assert len(alice.peer.requests) - before <= 100 + 3 + 1
    assert (await row(node, rules.THREAD)).finished_at is not None


async def test_pages_of_replies_without_end(
    node: Node, ann: Person, alice: Stranger, evil: FakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 51: an endless chain, one that leads to itself, one to another host; row 50: posts that answer each other."""
    monkeypatch.setattr("node.completion.walks.MAX_PAGES", 25)
    uri = f"{alice.peer.url}/endless"

    def endless(request: PeerRequest) -> Answer:
        number = int(request.target.rpartition("=")[2])
        page = {"id": f"{uri}?page={number}", "type": "CollectionPage", "items": [f"{uri}/post/{number}"]}
        return document(page | {"next": f"{uri}?page={number + 1}"})

    alice.peer.routes["/endless"] = endless
    root = alice.note("Root", replies=f"{uri}?page=0")
    circle = alice.note("Circle", inReplyTo=root["id"])
    back = alice.note("Back", inReplyTo=circle["id"])
    thread(alice, circle, [back["id"], circle["id"]])
    thread(alice, back, [circle["id"], root["id"], back["id"]])
    looping = f"{circle['id']}/replies?page=1"
    serve(alice.peer, {"id": looping, "type": "CollectionPage", "items": [], "next": looping})
    post = await ann.resolve(root["id"])
    await ann.resolve(circle["id"])
    await open_thread(node, ann, post["id"])
    assert len(alice.peer.asked("/endless")) <= 25
    assert evil.requests == []
    assert (await row(node, rules.THREAD)).finished_at is not None


async def test_a_killed_worker_loses_nothing(node: Node, ann: Person, alice: Stranger) -> None:
    """COL-7: a run whose turn never ended goes on when its lease is over, and is given up after some of them."""
    root = alice.note("Root")
    thread(alice, root, [alice.note("Reply", inReplyTo=root["id"])["id"]])
    post = await ann.resolve(root["id"])
    await ann.get(f"/api/v1/statuses/{post['id']}/context")
    from node.completion.jobs import _claim

    (claimed,) = await _claim(node.runtime, [])
    assert claimed.attempts == 1
    await settle(node.runtime)
    assert await ann.get(f"/api/v1/statuses/{post['id']}/context") == {"ancestors": [], "descendants": []}
    node.clock.advance(minutes=2)
    await settle(node.runtime)
    found = await ann.get(f"/api/v1/statuses/{post['id']}/context")
    assert len(found["descendants"]) == 1


async def test_five_hundred_mentions_make_us_fetch_nobody(node: Node, ann: Person, alice: Stranger) -> None:
    """Row 54: neither in an outbox nor in a thread."""
    crowd = [f"{alice.peer.url}/users/nobody{n}" for n in range(500)]
    root = alice.note("Root", mentions=crowd)
    reply = alice.note("Reply", inReplyTo=root["id"], mentions=crowd)
    thread(alice, root, [reply["id"]])
    outbox(alice, [alice.create(root)])
    account = await arrive(node, alice)
    await ann.get(f"/api/v1/accounts/{account.id}")
    await settle(node.runtime)
    (post,) = await ann.get(f"/api/v1/accounts/{account.id}/statuses")
    assert await open_thread(node, ann, post["id"]) == ["<p>Reply</p>"]
    assert not [request for request in alice.peer.requests if "nobody" in request.target]


async def test_private_posts_are_not_asked_about(node: Node, ann: Person, alice: Stranger) -> None:
    """AUD-4: neither is the thread of a followers-only post fetched, nor a private reply kept."""
    hidden = alice.note("For you", to=[ann.uri], cc=[], mentions=[ann.uri], serve=False)
    assert (await alice.deliver(f"{node.url}/inbox", alice.create(hidden))).status_code == 202
    await settle(node.runtime)
    async with node.runtime.read() as reader:
        post = await find_post_by_uri(reader, hidden["id"])
    assert post is not None
    before = len(alice.peer.requests)
    await open_thread(node, ann, str(post.id))
    assert len(alice.peer.requests) == before
    root = alice.note("Root")
    secret = alice.note("For friends", to=[alice.followers], cc=[], inReplyTo=root["id"])
    thread(alice, root, [secret["id"]])
    assert await open_thread(node, ann, (await ann.resolve(root["id"]))["id"]) == []


# Two nodes


async def test_four_hundred_posts_of_an_account_never_seen_here(world: World) -> None:
    """COL-7, COL-8, as issue 3 judges it: 400 posts, 40 of them in threads, between two nodes of ours."""
    a, b = world["a"], world["b"]
    ann, bo = await a.person("ann"), await b.person("bo")
    async with a.runtime.read() as reader:
        author = await find_account_by_uri(reader, ann.uri)
    assert author is not None
    parent: Post | None = None
    a.clock.advance(days=-1)
    for number in range(400):
        in_thread = number % 10 == 0
        reply_to = parent.id if in_thread and parent is not None and number % 50 else None
        post = await make_post(a.runtime, author, f"Number {number}", in_reply_to_id=reply_to)
        a.clock.advance(seconds=1 / 3)  # on the wire three of them are of one second
        if in_thread:
            parent = post
    await world.settle()
    account = await bo.resolve(ann.handle)
    await bo.get(f"/api/v1/accounts/{account['id']}")
    await world.settle()
    assert await count_posts(b) == 40
    found = await bo.get(f"/api/v1/accounts/{account['id']}/statuses", limit=40)
    assert [post["content"] for post in found] == [f"<p>Number {n}</p>" for n in reversed(range(360, 400))]
    assert (await bo.get(f"/api/v1/accounts/{account['id']}"))["statuses_count"] == 400
    seen = len(found)
    while found:
        cursor = found[-1]["id"]
        found = await bo.get(f"/api/v1/accounts/{account['id']}/statuses", limit=40, max_id=cursor)
        await world.settle()
        if len(found) < 40:
            found = await bo.get(f"/api/v1/accounts/{account['id']}/statuses", limit=40, max_id=cursor)
        seen += len(found)
    assert seen == 400


async def test_a_thread_between_two_nodes(world: World) -> None:
    """COL-5, COL-6, COL-7: what hangs below and above a post that only its address was known of."""
    a, b = world["a"], world["b"]
    ann, bo = await a.person("ann"), await b.person("bo")
    root = await ann.post("Root")
    parent = root
    for number in range(12):
        parent = await ann.post(f"Down {number}", in_reply_to_id=parent["id"])
    for number in range(8):
        await ann.post(f"Beside {number}", in_reply_to_id=root["id"])
    await world.settle()
    there = await bo.resolve(parent["uri"])
    await bo.get(f"/api/v1/statuses/{there['id']}/context")
    await world.settle()
    found = await bo.get(f"/api/v1/statuses/{there['id']}/context")
    assert len(found["ancestors"]) == 12
    top = await bo.get(f"/api/v1/statuses/{found['ancestors'][0]['id']}/context")
    assert len(top["descendants"]) == 20
