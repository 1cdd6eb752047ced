"""Following, blocking, muting: every answer is the new Relationship (client-api behaviours 32 and 33)."""

from tests.api.shapes import check_relationship
from tests.support.nodes import Node, Person


async def test_follow_and_unfollow(ann: Person, bob: Person) -> None:
    path = f"/api/v1/accounts/{bob.account_id}"
    now = await ann.act(f"{path}/follow")
    check_relationship(now)
    assert now["following"] is True
    assert now["showing_reblogs"] is True
    assert now["requested"] is False
    account = await ann.get(path)
    assert account["followers_count"] == 1
    now = await ann.act(f"{path}/unfollow")
    assert now["following"] is False
    assert (await ann.get(path))["followers_count"] == 0


async def test_parameters_in_the_query_of_a_post(ann: Person, bob: Person) -> None:
    """client-api behaviour 1: Ice Cubes sends them there."""
    path = f"/api/v1/accounts/{bob.account_id}/follow"
    now = await ann.call("POST", f"{path}?notify=true&reblogs=false")
    assert (now["notifying"], now["showing_reblogs"]) == (True, False)
    now = await ann.call("POST", path)
    assert (now["notifying"], now["showing_reblogs"]) == (True, False)
    now = await ann.call("POST", path, data={"reblogs": "1"})
    assert (now["notifying"], now["showing_reblogs"]) == (True, True)


async def test_a_locked_account_is_asked(node: Node, ann: Person) -> None:
    locked = await node.person("locked", locked=True)
    path = f"/api/v1/accounts/{locked.account_id}/follow"
    now = await ann.act(path)
    assert (now["following"], now["requested"]) == (False, True)
    waiting = await locked.get("/api/v1/follow_requests")
    assert [account["username"] for account in waiting] == ["ann"]
    assert (await locked.get("/api/v1/accounts/verify_credentials"))["source"]["follow_requests_count"] == 1
    answer = await locked.act(f"/api/v1/follow_requests/{ann.account_id}/authorize")
    check_relationship(answer)
    assert answer["followed_by"] is True
    assert (await ann.get("/api/v1/accounts/relationships", id=locked.account_id))[0]["following"] is True
    await locked.call("POST", f"/api/v1/follow_requests/{ann.account_id}/authorize", expect=404)


async def test_a_request_can_be_refused(node: Node, ann: Person) -> None:
    locked = await node.person("locked", locked=True)
    await ann.act(f"/api/v1/accounts/{locked.account_id}/follow")
    answer = await locked.act(f"/api/v1/follow_requests/{ann.account_id}/reject")
    assert answer["requested_by"] is False
    assert await locked.get("/api/v1/follow_requests") == []
    await locked.call("POST", f"/api/v1/follow_requests/{ann.account_id}/reject", expect=404)


async def test_a_request_opens_nothing(node: Node, ann: Person) -> None:
    """Attack row 41."""
    locked = await node.person("locked", locked=True)
    await ann.act(f"/api/v1/accounts/{locked.account_id}/follow")
    post = await locked.post("for followers", visibility="private")
    await ann.call("GET", f"/api/v1/statuses/{post['id']}", expect=404)


async def test_remove_from_followers(ann: Person, bob: Person) -> None:
    await bob.act(f"/api/v1/accounts/{ann.account_id}/follow")
    answer = await ann.act(f"/api/v1/accounts/{bob.account_id}/remove_from_followers")
    assert answer["followed_by"] is False
    assert (await ann.get("/api/v1/accounts/verify_credentials"))["followers_count"] == 0
    await ann.act(f"/api/v1/accounts/{bob.account_id}/remove_from_followers")


async def test_relationships_keep_the_order_and_skip_the_unknown(ann: Person, bob: Person, carol: Person) -> None:
    query = f"id[]={carol.account_id}&id[]=99&id[]=zzz&id[]={bob.account_id}"
    found = await ann.call("GET", f"/api/v1/accounts/relationships?{query}")
    assert [entry["id"] for entry in found] == [str(carol.account_id), str(bob.account_id)]
    for entry in found:
        check_relationship(entry)
    assert len(await ann.get("/api/v1/accounts/relationships", id=bob.account_id)) == 1
    assert await ann.get("/api/v1/accounts/relationships") == []


async def test_nobody_follows_blocks_or_mutes_themselves(ann: Person) -> None:
    for verb in ("follow", "block", "mute"):
        await ann.call("POST", f"/api/v1/accounts/{ann.account_id}/{verb}", expect=422)


async def test_a_block_ends_everything(ann: Person, bob: Person) -> None:
    await bob.act(f"/api/v1/accounts/{ann.account_id}/follow")
    await ann.act(f"/api/v1/accounts/{bob.account_id}/follow")
    post = await ann.post("hello")
    now = await ann.act(f"/api/v1/accounts/{bob.account_id}/block")
    check_relationship(now)
    assert now["blocking"] is True
    assert (now["following"], now["followed_by"]) == (False, False)
    assert [account["username"] for account in await ann.get("/api/v1/blocks")] == ["bob"]
    await bob.call("GET", f"/api/v1/statuses/{post['id']}", expect=404)
    await bob.call("POST", f"/api/v1/accounts/{ann.account_id}/follow", expect=403)
    assert await bob.get(f"/api/v1/accounts/{ann.account_id}/statuses") == []
    now = await ann.act(f"/api/v1/accounts/{bob.account_id}/unblock")
    assert now["blocking"] is False
    assert await ann.get("/api/v1/blocks") == []


async def test_a_mute_ends_by_itself(node: Node, ann: Person, bob: Person) -> None:
    now = await ann.act(f"/api/v1/accounts/{bob.account_id}/mute", duration=3600, notifications=False)
    assert (now["muting"], now["muting_notifications"]) == (True, False)
    (muted,) = await ann.get("/api/v1/mutes")
    assert muted["mute_expires_at"].endswith("Z")
    node.clock.advance(hours=2)
    assert await ann.get("/api/v1/mutes") == []
    assert (await ann.get("/api/v1/accounts/relationships", id=bob.account_id))[0]["muting"] is False


async def test_a_mute_without_end(ann: Person, bob: Person) -> None:
    now = await ann.act(f"/api/v1/accounts/{bob.account_id}/mute")
    assert (now["muting"], now["muting_notifications"]) == (True, True)
    assert (await ann.get("/api/v1/mutes"))[0]["mute_expires_at"] is None
    assert (await ann.act(f"/api/v1/accounts/{bob.account_id}/unmute"))["muting"] is False
    for duration in (-1, 10**15):
        await ann.call("POST", f"/api/v1/accounts/{bob.account_id}/mute", json={"duration": duration}, expect=422)
    await ann.call("POST", f"/api/v1/accounts/{bob.account_id}/mute", json={"duration": "soon"}, expect=400)


async def test_unknown_accounts(ann: Person) -> None:
    for verb in ("follow", "unfollow", "block", "unblock", "mute", "unmute", "remove_from_followers"):
        assert await ann.call("POST", f"/api/v1/accounts/4711/{verb}", expect=404) == {"error": "Record not found"}
