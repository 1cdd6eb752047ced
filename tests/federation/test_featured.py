"""What actors feature on their pages, both ways: pins and hashtags (ACV-8, COL-4, row 43)."""

from typing import Any

import httpx
import pytest

from federation.errors import FederationError
from node.base.runtime import Runtime
from node.posts.featured_queries import list_featured_tags, list_pins
from node.posts.pins import MAX_REMOTE_PINS
from node.remote.featured import sync_featured
from tests.support.doors import Door
from tests.support.fake_peer import document
from tests.support.nodes import Person, World
from tests.support.stranger import Stranger

AP = {"Accept": "application/activity+json"}


async def pinned(runtime: Runtime, uri: str) -> list[str]:
    """Return the ids of what an actor is known to have pinned."""
    from node.accounts.queries import find_account_by_uri
    from node.posts.queries import find_post

    async with runtime.read() as reader:
        account = await find_account_by_uri(reader, uri)
        assert account is not None
        posts = [await find_post(reader, id_) for id_ in await list_pins(reader, account.id)]
        return [post.uri for post in posts if post is not None]


async def read(person: Person, name: str = "") -> Any:
    """GET a person, or one of their collections, as another server would."""
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{person.uri}/{name}".rstrip("/"), headers=AP)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/activity+json")
        return answer.json()


async def test_pins_and_hashtags_reach_the_other_server_and_leave_it(world: World) -> None:
    """ACV-8, COL-4: what stood there before the follow, what came after it, and what was taken down."""
    ann, bo = await world["a"].person("ann"), await world["b"].person("bo")
    before = await ann.post("from before")
    hidden = await ann.post("for followers", visibility="private")
    for post in (before, hidden):
        await ann.act(f"/api/v1/statuses/{post['id']}/pin")
    await ann.act("/api/v1/featured_tags", name="Birds")
    await bo.follow(ann)
    await world.settle()
    other = world["b"].runtime
    assert await pinned(other, ann.uri) == [before["uri"]]
    there = await bo.resolve(ann.handle)
    assert [tag["name"] for tag in await bo.get(f"/api/v1/accounts/{there['id']}/featured_tags")] == ["Birds"]
    after = await ann.post("from after", visibility="unlisted")
    await ann.act(f"/api/v1/statuses/{after['id']}/pin")
    await ann.act("/api/v1/featured_tags", name="Owls")
    await world.settle()
    assert await pinned(other, ann.uri) == [after["uri"], before["uri"]]
    shown = await bo.get(f"/api/v1/accounts/{there['id']}/statuses", pinned="true")
    assert [post["uri"] for post in shown] == [after["uri"], before["uri"]]
    assert len(await bo.get(f"/api/v1/accounts/{there['id']}/featured_tags")) == 2
    featured, tags = await read(ann, "featured"), await read(ann, "tags")
    assert featured["type"] == "OrderedCollection"
    assert [item["id"] for item in featured["orderedItems"]] == [after["uri"], before["uri"]]
    assert featured["totalItems"] == 2
    assert "content" in featured["orderedItems"][0]
    assert tags["type"] == "Collection"
    assert {(item["type"], item["name"]) for item in tags["items"]} == {("Hashtag", "#Birds"), ("Hashtag", "#Owls")}
    actor = await read(ann)
    assert (actor["featured"], actor["featuredTags"]) == (featured["id"], tags["id"])
    await ann.act(f"/api/v1/statuses/{before['id']}/unpin")
    await ann.call("DELETE", f"/api/v1/statuses/{after['id']}")
    (owls,) = [tag for tag in await ann.get("/api/v1/featured_tags") if tag["name"] == "Owls"]
    await ann.call("DELETE", f"/api/v1/featured_tags/{owls['id']}")
    await world.settle()
    assert await pinned(other, ann.uri) == []
    assert [tag["name"] for tag in await bo.get(f"/api/v1/accounts/{there['id']}/featured_tags")] == ["Birds"]


@pytest.fixture
async def curator(door: Door, good: Any) -> Stranger:
    """Somebody elsewhere with a `featured` collection, followed here."""
    curator = Stranger(good, "cy")
    curator.profile = {"featured": f"{curator.uri}/featured", "featuredTags": f"{curator.uri}/tags"}
    curator.publish_profile()
    await door.follow(await door.person("bob"), curator)
    return curator


async def test_row_43_only_own_open_posts_in_the_own_collection(
    door: Door, curator: Stranger, mallory: Stranger
) -> None:
    own, secret = curator.note("mine"), curator.note("for friends", to=[curator.followers], cc=[])
    foreign = mallory.note("not mine")
    await door.send(mallory, mallory.activity("Add", own["id"], target=f"{curator.uri}/featured"))
    await door.send(curator, curator.activity("Add", own["id"], target=f"{mallory.uri}/featured"))
    await door.send(curator, curator.activity("Add", own["id"]))
    await door.send(curator, curator.activity("Add", foreign["id"], target=f"{curator.uri}/featured"))
    await door.send(curator, curator.activity("Add", secret["id"], target=f"{curator.uri}/featured"))
    await door.settle()
    assert await pinned(door.runtime, curator.uri) == []
    assert mallory.peer.asked(foreign["id"].removeprefix(mallory.peer.url)) == []
    await door.send(curator, curator.activity("Add", own, target=f"{curator.uri}/featured"))
    await door.send(curator, curator.activity("Add", own["id"], target=f"{curator.uri}/featured"))
    assert await pinned(door.runtime, curator.uri) == [own["id"]]
    await door.send(mallory, mallory.activity("Remove", own["id"], target=f"{curator.uri}/featured"))
    await door.send(mallory, curator.activity("Remove", own["id"], target=f"{curator.uri}/featured"))
    assert await pinned(door.runtime, curator.uri) == [own["id"]]
    await door.send(curator, curator.activity("Remove", own["id"], target=f"{curator.uri}/featured"))
    assert await pinned(door.runtime, curator.uri) == []


async def test_col_4_a_featured_collection_is_read_as_a_whole(door: Door, curator: Stranger, mallory: Stranger) -> None:
    """At most one page, only the actor's own, capped; what is listed no more goes, a failure changes nothing."""
    peer, url = curator.peer, f"{curator.uri}/featured"
    path = url.removeprefix(peer.url)
    notes = [curator.note(f"number {number}") for number in range(4)]
    gone, foreign = f"{curator.uri}/statuses/gone", mallory.note("not theirs")
    lying = curator.note("by another", attributedTo=f"{peer.url}/users/else")

    def listing(items: list[Any], **more: Any) -> None:
        peer.routes[path] = document({"id": url, "type": "OrderedCollection", "orderedItems": items, **more})

    account = await door.account(curator.uri)
    assert account is not None
    listing([notes[0]["id"], notes[1], gone, foreign["id"], foreign, lying["id"], 5, None])
    assert await sync_featured(door.runtime, account)
    assert await pinned(door.runtime, curator.uri) == [notes[0]["id"], notes[1]["id"]]
    assert mallory.peer.requests == []
    assert not await sync_featured(door.runtime, account)
    peer.routes[path] = document(
        {
            "id": url,
            "type": "OrderedCollection",
            "first": {
                "type": "OrderedCollectionPage",
                "orderedItems": [notes[2]["id"], notes[0]["id"]],
                "next": f"{url}?page=2",
            },
        }
    )
    assert await sync_featured(door.runtime, account)
    assert await pinned(door.runtime, curator.uri) == [notes[2]["id"], notes[0]["id"]]
    assert not [request for request in peer.requests if request.target.endswith("page=2")]
    peer.routes[path] = document({"type": "Note", "id": url})
    with pytest.raises(FederationError):
        await sync_featured(door.runtime, account)
    assert len(await pinned(door.runtime, curator.uri)) == 2
    listing([f"{curator.uri}/statuses/made-up-{number}" for number in range(10_000)])
    before = len(peer.requests)
    await sync_featured(door.runtime, account)
    assert len(peer.requests) - before <= MAX_REMOTE_PINS
    assert await pinned(door.runtime, curator.uri) == []


async def test_featured_hashtags_of_others(door: Door, curator: Stranger) -> None:
    """ACV-8, COL-4: read from the collection, added and removed by activities, whichever collection these name."""
    peer, account = curator.peer, await door.account(curator.uri)
    assert account is not None
    peer.routes[f"/users/{curator.name}/featured"] = document(
        {"id": f"{curator.uri}/featured", "type": "OrderedCollection", "orderedItems": []}
    )
    names = ["#Birds", "bees", "not one", "", 5]
    peer.routes[f"/users/{curator.name}/tags"] = document(
        {
            "id": f"{curator.uri}/tags",
            "type": "Collection",
            "items": [{"type": "Hashtag", "name": name, "href": f"{peer.url}/tags/x"} for name in names] + ["#x"],
        }
    )
    await sync_featured(door.runtime, account)

    async def shown() -> list[str]:
        async with door.runtime.read() as reader:
            return sorted(entry.display for entry in await list_featured_tags(reader, account.id))

    assert await shown() == ["Birds", "bees"]
    owls = {"type": "Hashtag", "name": "#owls", "href": f"{peer.url}/tags/owls"}
    await door.send(curator, curator.activity("Add", owls, target=f"{curator.uri}/featured"))
    assert await shown() == ["Birds", "bees", "owls"]
    bees = owls | {"name": "#BEES"}
    await door.send(curator, curator.activity("Remove", bees, target=f"{curator.uri}/tags"))
    assert await shown() == ["Birds", "owls"]
