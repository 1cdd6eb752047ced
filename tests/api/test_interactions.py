"""Likes, boosts, bookmarks: answers carry the new counts and flags at once (client-api behaviour 32)."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from tests.api.shapes import check_account, check_status, links
from tests.support.nodes import Node, Person, settle


async def test_favourite_and_back(ann: Person, bob: Person) -> None:
    post = await ann.post("like me")
    path = f"/api/v1/statuses/{post['id']}"
    for _ in range(2):
        now = await bob.act(f"{path}/favourite")
        check_status(now, signed_in=True)
        assert (now["favourited"], now["favourites_count"]) == (True, 1)
    assert [status["id"] for status in await bob.get("/api/v1/favourites")] == [post["id"]]
    (liker,) = await ann.get(f"{path}/favourited_by")
    check_account(liker)
    assert liker["username"] == "bob"
    for _ in range(2):
        now = await bob.act(f"{path}/unfavourite")
        assert (now["favourited"], now["favourites_count"]) == (False, 0)
    assert await bob.get("/api/v1/favourites") == []


async def test_reblog_answers_the_wrapper_and_unreblog_the_original(ann: Person, bob: Person) -> None:
    post = await ann.post("boost me")
    path = f"/api/v1/statuses/{post['id']}"
    boost = await bob.act(f"{path}/reblog")
    check_status(boost, signed_in=True)
    assert boost["reblog"]["id"] == post["id"]
    assert boost["id"] != post["id"]
    assert (boost["reblog"]["reblogged"], boost["reblog"]["reblogs_count"]) == (True, 1)
    assert (await bob.act(f"{path}/reblog"))["id"] == boost["id"]
    assert (await bob.home())[0]["id"] == boost["id"]
    assert [account["username"] for account in await ann.get(f"{path}/reblogged_by")] == ["bob"]
    back = await bob.act(f"{path}/unreblog")
    assert back["id"] == post["id"]
    assert (back["reblogged"], back["reblogs_count"]) == (False, 0)


async def test_acting_on_a_boost_acts_on_the_original(ann: Person, bob: Person, carol: Person) -> None:
    post = await ann.post("original")
    boost = await bob.act(f"/api/v1/statuses/{post['id']}/reblog")
    again = await carol.act(f"/api/v1/statuses/{boost['id']}/reblog")
    assert again["reblog"]["id"] == post["id"]
    await carol.act(f"/api/v1/statuses/{boost['id']}/favourite")
    assert (await ann.get(f"/api/v1/statuses/{post['id']}"))["favourites_count"] == 1
    back = await carol.act(f"/api/v1/statuses/{boost['id']}/unreblog")
    assert back["id"] == post["id"]


@pytest.mark.parametrize(
    ("visibility", "status"), [("public", 200), ("unlisted", 200), ("private", 200), ("direct", 422)]
)
async def test_the_visibility_of_a_boost(ann: Person, bob: Person, visibility: str, status: int) -> None:
    post = await ann.post("boost me")
    body = {"visibility": visibility}
    answer = await bob.call("POST", f"/api/v1/statuses/{post['id']}/reblog", data=body, expect=status)
    assert answer.get("visibility", "") in ("", visibility)


async def test_nobody_boosts_wider_than_the_author_wrote(ann: Person, bob: Person) -> None:
    """Attack row 107."""
    await bob.act(f"/api/v1/accounts/{ann.account_id}/follow")
    secret = await ann.post("for followers", visibility="private")
    await bob.call("POST", f"/api/v1/statuses/{secret['id']}/reblog", expect=403)
    assert (await ann.get(f"/api/v1/statuses/{secret['id']}"))["reblogs_count"] == 0


async def test_bookmarks_are_nobody_elses_business(ann: Person, bob: Person) -> None:
    post = await ann.post("keep me")
    now = await bob.act(f"/api/v1/statuses/{post['id']}/bookmark")
    assert now["bookmarked"] is True
    assert (await ann.get(f"/api/v1/statuses/{post['id']}"))["bookmarked"] is False
    assert [status["id"] for status in await bob.get("/api/v1/bookmarks")] == [post["id"]]
    assert (await bob.act(f"/api/v1/statuses/{post['id']}/unbookmark"))["bookmarked"] is False
    assert await bob.get("/api/v1/bookmarks") == []


async def test_favourites_are_paged_by_the_like(node: Node, ann: Person, bob: Person) -> None:
    posts = [await ann.post(str(number)) for number in range(5)]
    for post in reversed(posts):  # the oldest post is liked last
        await bob.act(f"/api/v1/statuses/{post['id']}/favourite")
    seen: list[str] = []
    url = "/api/v1/favourites?limit=2"
    while url:
        response = await node.http.get(url, headers={"Authorization": f"Bearer {bob.token}"})
        seen += [status["id"] for status in response.json()]
        url = links(response.headers.get("Link", "")).get("next", "")
    assert seen == [post["id"] for post in posts]


async def test_counters_are_right_under_concurrency(node: Node, ann: Person) -> None:
    post = await ann.post("popular")
    people = [await node.person(f"p{number}") for number in range(6)]
    verbs = ("favourite", "favourite", "reblog", "reblog")
    await asyncio.gather(*(p.act(f"/api/v1/statuses/{post['id']}/{verb}") for p in people for verb in verbs))
    await settle(node.runtime)
    now = await ann.get(f"/api/v1/statuses/{post['id']}")
    assert (now["favourites_count"], now["reblogs_count"]) == (6, 6)
    verbs = ("unfavourite", "unfavourite", "unreblog", "unreblog")
    await asyncio.gather(*(p.act(f"/api/v1/statuses/{post['id']}/{verb}") for p in people for verb in verbs))
    await settle(node.runtime)
    now = await ann.get(f"/api/v1/statuses/{post['id']}")
    assert (now["favourites_count"], now["reblogs_count"]) == (0, 0)


async def test_likes_at_the_same_moment_share_a_transaction_and_nothing_else(
    node: Node, ann: Person, bob: Person, carol: Person
) -> None:
    """Row 115: who likes twice, or by way of a boost, likes once; who may not is told so and stands in nobody's way."""
    post, secret, gone = (
        await ann.post("popular"),
        await ann.post("@bob psst", visibility="direct"),
        await ann.post("x"),
    )
    await ann.call("DELETE", f"/api/v1/statuses/{gone['id']}")
    followers_only = await ann.post("for friends", visibility="private")
    boosted = await ann.act(f"/api/v1/statuses/{followers_only['id']}/reblog", visibility="private")
    wrapper = await bob.act(f"/api/v1/statuses/{post['id']}/reblog")
    await ann.act(f"/api/v1/accounts/{carol.account_id}/block")
    people = [bob, *[await node.person(f"p{number}") for number in range(4)]]

    def likes(person: Person, status: int, *posts: dict[str, Any]) -> list[Coroutine[Any, Any, Any]]:
        return [person.call("POST", f"/api/v1/statuses/{it['id']}/favourite", expect=status) for it in posts]

    answers = await asyncio.gather(
        *(call for person in people for call in likes(person, 200, post, wrapper, post)),
        *likes(carol, 404, post, secret),
        *likes(people[1], 404, secret, gone, followers_only, boosted),
        *likes(bob, 200, secret),
    )
    assert all((answer.get("reblog") or answer)["favourited"] for answer in answers if "id" in answer)
    await settle(node.runtime)
    assert (await ann.get(f"/api/v1/statuses/{post['id']}"))["favourites_count"] == 5
    assert (await ann.get(f"/api/v1/statuses/{secret['id']}"))["favourites_count"] == 1
    likers = await ann.get(f"/api/v1/statuses/{post['id']}/favourited_by")
    assert sorted(account["id"] for account in likers) == sorted(str(person.account_id) for person in people)
    groups = (await ann.get("/api/v2/notifications", types="favourite"))["notification_groups"]
    counts = {group["status_id"]: group["notifications_count"] for group in groups}
    assert counts == {post["id"]: 5, secret["id"]: 1}
