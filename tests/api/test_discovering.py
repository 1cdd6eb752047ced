"""Trends and suggestions over the API (client-api tier B): who is found, and who never is. Attack row 106."""

from typing import Any

import pytest
from sqlalchemy import delete, update

from node.accounts.models import Account
from node.accounts.standing import silence_account
from node.cards.models import LinkCard, PostLink
from tests.support.nodes import Node, Person


async def wants_to_be_found(node: Node, *people: Person) -> None:
    async with node.runtime.write() as uow:
        ids = [person.account_id for person in people]
        await uow.execute(update(Account).where(Account.id.in_(ids)).values(discoverable=True))


async def names(person: Person, path: str = "/api/v1/suggestions") -> list[str]:
    return [account["username"] for account in await person.get(path)]


def forget(node: Node) -> None:
    """Let what the process worked out grow old."""
    for name in ("trends", "most_followed"):
        node.runtime.caches.get(name, size=1, seconds=1).clear()


async def test_friends_of_friends_are_suggested_with_the_reason(
    node: Node, ann: Person, bob: Person, carol: Person
) -> None:
    dora, eve = await node.person("dora"), await node.person("eve")
    await wants_to_be_found(node, bob, carol, eve)
    await ann.follow(bob)
    for other in (carol, dora):
        await bob.follow(other)
    (found,) = await ann.get("/api/v2/suggestions")
    assert found["account"]["username"] == "carol", "Dora does not want to be found, Eve is nobody's friend"
    assert (found["source"], found["sources"][0]) == ("past_interactions", "friends_of_friends")
    await carol.call("POST", f"/api/v1/accounts/{ann.account_id}/block")
    assert await names(ann) == []
    await carol.call("POST", f"/api/v1/accounts/{ann.account_id}/unblock")
    await ann.call("DELETE", f"/api/v1/suggestions/{carol.account_id}")
    await ann.call("DELETE", f"/api/v1/suggestions/{carol.account_id}")
    assert await names(ann) == []
    await ann.call("DELETE", "/api/v1/suggestions/404", expect=404)


async def test_those_who_are_followed_and_active_are_suggested(
    node: Node, ann: Person, bob: Person, carol: Person
) -> None:
    await wants_to_be_found(node, ann, bob, carol)
    await carol.follow(bob)
    await bob.follow(carol)
    await bob.post("Here I am")
    assert await names(ann) == ["bob"], "Carol has not posted lately"
    async with node.runtime.write() as uow:
        await silence_account(uow, bob.account_id, silenced=True, now=node.runtime.now())
    assert await names(ann) == []


async def test_people_of_the_same_hashtags_are_suggested(node: Node, ann: Person, bob: Person) -> None:
    await wants_to_be_found(node, bob)
    await ann.post("I like #herons")
    await bob.post("So do I: #Herons")
    assert (await ann.get("/api/v2/suggestions"))[0]["sources"] == ["similar_to_recently_followed"]


@pytest.fixture
async def talk(node: Node, ann: Person, bob: Person, carol: Person) -> dict[str, Any]:
    """Two speak of herons, one of himself, one in private."""
    await wants_to_be_found(node, ann, bob)
    found = await ann.post("Look, #herons")
    await bob.post("#herons again")
    for _ in range(3):
        await carol.post("#me")
    await bob.post("#hidden", visibility="private")
    await ann.post("#hidden", visibility="direct")
    for person in (bob, carol):
        await person.act(f"/api/v1/statuses/{found['id']}/favourite")
    forget(node)
    return dict(found)


async def test_a_hashtag_of_several_people_trends(node: Node, talk: dict[str, Any], ann: Person) -> None:
    for path in ("/api/v1/trends/tags", "/api/v1/trends"):
        (tag,) = (await node.http.get(path)).json()
        assert tag["name"] == "herons"
        assert tag["history"][0]["accounts"] == "2"
    assert await ann.get("/api/v1/trends/tags", offset=1) == []


async def test_a_post_that_moves_people_trends(node: Node, talk: dict[str, Any], bob: Person, carol: Person) -> None:
    """What was deleted, or is of somebody the viewer blocks, is gone at once (row 106)."""
    assert [post["id"] for post in (await node.http.get("/api/v1/trends/statuses")).json()] == [talk["id"]]
    ann_id = talk["account"]["id"]
    await bob.act(f"/api/v1/accounts/{ann_id}/block")
    assert await bob.get("/api/v1/trends/statuses") == []
    assert len(await carol.get("/api/v1/trends/statuses")) == 1
    await node.people["ann"].call("DELETE", f"/api/v1/statuses/{talk['id']}")
    assert await carol.get("/api/v1/trends/statuses") == []


async def test_a_link_of_several_people_trends(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """With its preview and its use by days; what one person posts three times is no trend."""
    posts = [await ann.post("https://paper.example/a"), await bob.post("again https://paper.example/a")]
    alone = [await carol.post(f"https://blog.example/b {n}") for n in range(3)]
    async with node.runtime.write() as uow:
        now = node.runtime.now()
        for id_, address, said in ((7, "https://paper.example/a", posts), (8, "https://blog.example/b", alone)):
            await uow.execute(delete(LinkCard).where(LinkCard.url == address))
            card = LinkCard(
                id=id_, url=address, page_url=address, host="x", state="ready", title="News", due_at=now, created_at=now
            )
            uow.add(card)
            await uow.flush()
            ids = [int(post["id"]) for post in said]
            await uow.execute(delete(PostLink).where(PostLink.post_id.in_(ids)))
            for post_id in ids:
                uow.add(PostLink(post_id=post_id, card_id=id_))
            await uow.flush()
    forget(node)
    (link,) = (await node.http.get("/api/v1/trends/links")).json()
    assert (link["url"], link["title"]) == ("https://paper.example/a", "News")
    assert (link["history"][0]["uses"], link["history"][0]["accounts"]) == ("2", "2")
