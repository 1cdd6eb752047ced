"""A deleted post between its end and the effects of it, which clear away what others did with it piece by piece."""

from tests.support.nodes import Node, settle


async def test_nobody_sees_what_others_did_with_a_deleted_post_before_it_is_cleared_away(node: Node) -> None:
    ann, bob = await node.person("ann"), await node.person("bob")
    await ann.follow(bob)
    post = await ann.post("Hello #rooks")
    for verb in ("favourite", "reblog", "bookmark"):
        await bob.act(f"/api/v1/statuses/{post['id']}/{verb}")
    await settle(node.runtime)
    places = (
        "/api/v1/bookmarks",
        "/api/v1/favourites",
        f"/api/v1/accounts/{bob.account_id}/statuses",
        "/api/v1/timelines/public",
    )
    for place in places:
        assert len(await bob.get(place)) == 1, place
    await ann.call("DELETE", f"/api/v1/statuses/{post['id']}")
    for place in (*places, "/api/v1/timelines/home"):
        assert await bob.get(place) == [], place
    assert await ann.get("/api/v1/timelines/home") == []
    await settle(node.runtime)
    for place in (*places, "/api/v1/timelines/home"):
        assert await bob.get(place) == [], place
