"""What people feature on their pages: pinned posts and hashtags, over the API (COL-4, row 89)."""

from node.posts.pins import MAX_PINS
from tests.support.nodes import Node, Person


async def test_pins_stand_on_their_authors_page(ann: Person, bob: Person) -> None:
    first, second = await ann.post("first"), await ann.post("second", visibility="private")
    assert (await ann.act(f"/api/v1/statuses/{first['id']}/pin"))["pinned"] is True
    assert (await ann.act(f"/api/v1/statuses/{first['id']}/pin"))["pinned"] is True
    assert (await ann.act(f"/api/v1/statuses/{second['id']}/pin"))["pinned"] is True
    path = f"/api/v1/accounts/{ann.account_id}/statuses"
    assert [post["id"] for post in await ann.get(path, pinned="true")] == [second["id"], first["id"]]
    seen = await bob.get(path, pinned="true")
    assert [post["id"] for post in seen] == [first["id"]], "a pin shows a post to nobody else"
    assert "pinned" not in seen[0]
    assert {post["id"]: post["pinned"] for post in await ann.home()} == {first["id"]: True, second["id"]: True}
    boosted = await ann.act(f"/api/v1/statuses/{first['id']}/reblog")
    assert boosted["reblog"]["pinned"] is True
    assert (await ann.act(f"/api/v1/statuses/{first['id']}/unpin"))["pinned"] is False
    await ann.call("DELETE", f"/api/v1/statuses/{second['id']}")
    assert await ann.get(path, pinned="true") == []


async def test_who_may_pin_what(ann: Person, bob: Person) -> None:
    """Row 43: own posts, no boosts, nothing said in private, and not too many."""
    theirs = await bob.post("bob's")
    await ann.call("POST", f"/api/v1/statuses/{theirs['id']}/pin", expect=404)
    await ann.call("POST", f"/api/v1/statuses/{theirs['id']}/unpin", expect=404)
    boost = await ann.act(f"/api/v1/statuses/{theirs['id']}/reblog")
    await ann.call("POST", f"/api/v1/statuses/{boost['id']}/pin", expect=422)
    direct = await ann.post("@bob psst", visibility="direct")
    await ann.call("POST", f"/api/v1/statuses/{direct['id']}/pin", expect=422)
    posts = [await ann.post(f"number {number}") for number in range(MAX_PINS + 1)]
    for post in posts[:MAX_PINS]:
        await ann.act(f"/api/v1/statuses/{post['id']}/pin")
    await ann.call("POST", f"/api/v1/statuses/{posts[MAX_PINS]['id']}/pin", expect=422)


async def test_featured_hashtags(node: Node, ann: Person, bob: Person) -> None:
    await ann.post("#Birds and #bees")
    await ann.post("more #birds")
    await ann.post("#secret", visibility="private")
    assert [tag["name"] for tag in await ann.get("/api/v1/featured_tags/suggestions")] == ["Birds", "bees"]
    made = await ann.act("/api/v1/featured_tags", name="#birds")
    assert made["name"] == "Birds"
    assert made["statuses_count"] == "2"
    assert made["url"] == f"{node.url}/tags/birds"
    assert len(made["last_status_at"]) == 10
    assert (await ann.act("/api/v1/featured_tags", name="BIRDS"))["id"] == made["id"]
    new = await ann.act("/api/v1/featured_tags", name="Owls")
    assert (new["statuses_count"], new["last_status_at"]) == ("0", None)
    assert [tag["name"] for tag in await ann.get("/api/v1/featured_tags/suggestions")] == ["bees"]
    own = await ann.get("/api/v1/featured_tags")
    assert [tag["name"] for tag in own] == ["Birds", "Owls"]
    assert await bob.get(f"/api/v1/accounts/{ann.account_id}/featured_tags") == own
    await bob.call("DELETE", f"/api/v1/featured_tags/{made['id']}", expect=404)
    await ann.call("DELETE", f"/api/v1/featured_tags/{made['id']}")
    assert [tag["name"] for tag in await ann.get("/api/v1/featured_tags")] == ["Owls"]
    for name in ("", "two words", "123", "x" * 400):
        await ann.call("POST", "/api/v1/featured_tags", json={"name": name}, expect=422)
    for number in range(9):
        await ann.act("/api/v1/featured_tags", name=f"tag{number}")
    await ann.call("POST", "/api/v1/featured_tags", json={"name": "toomany"}, expect=422)
