"""Trends and suggestions over the API (client-api tier B): who is found, and who never is. Attack row 106."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import delete, update

from node.accounts.models import Account
from node.accounts.queries import get_account
from node.accounts.standing import silence_account
from node.base.errors import Invalid
from node.base.ids import new_id
from node.cards.models import LinkCard, PostLink
from node.follows.models import Follow
from node.public_follows.models import PublicFollow
from node.suggestions.picks import pick, unpick
from tests.support.nodes import Node, Person


async def wants_to_be_found(node: Node, *people: Person) -> None:
    async with node.runtime.write() as uow:
        ids = [person.account_id for person in people]
        await uow.execute(update(Account).where(Account.id.in_(ids)).values(discoverable=True))


async def names(person: Person, path: str = "/api/v1/suggestions") -> list[str]:
    return [account["username"] for account in await person.get(path)]


def forget(node: Node) -> None:
    """Let what the process worked out grow old."""
    node.runtime.caches.get("trends", size=1, seconds=1).clear()
    node.runtime.caches.standing("most_followed", seconds=1, stale_seconds=1).forget()


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


async def test_five_follows_of_a_new_person_give_twenty_suggestions_with_reasons(node: Node, ann: Person) -> None:
    """On a node where nobody else lives: by what the servers of the followed show in public (`public_follows`)."""
    now = node.runtime.now()
    async with node.runtime.write() as uow:
        friends = [stranger_row(n, now, discoverable=False) for n in range(5)]
        others = [stranger_row(n, now, discoverable=n != 10) for n in range(10, 35)]
        for account in (*friends, *others):
            uow.add(account)
        await uow.flush()
        for friend in friends:
            uow.add(
                Follow(id=new_id(), follower_id=ann.account_id, followee_id=friend.id, created_at=now, accepted_at=now)
            )
            for other in others:
                uow.add(
                    PublicFollow(
                        id=new_id(),
                        follower_id=friend.id,
                        followee_uri=other.uri,
                        followee_id=other.id,
                        created_at=now,
                    )
                )
        await uow.flush()
    found = await ann.get("/api/v2/suggestions", limit=40)
    assert len(found) == 24, "all but the one who does not want to be found"
    for one in found:
        assert one["sources"] == ["friends_of_friends"]
        assert one["reasons"][0].startswith("Followed by Stranger")
        assert one["reasons"][0].endswith("3 more people you follow")
    assert len(await ann.get("/api/v1/suggestions", limit=2)) == 2
    for one in found[:22]:
        await ann.call("DELETE", f"/api/v1/suggestions/{one['account']['id']}")
    left = await ann.get("/api/v1/suggestions", limit=2)
    assert [one["id"] for one in left] == [one["account"]["id"] for one in found[22:]], "however many come before"


async def test_whom_friends_boost_is_suggested(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    await wants_to_be_found(node, carol)
    await ann.follow(bob)
    post = await carol.post("Boost me")
    await bob.act(f"/api/v1/statuses/{post['id']}/reblog")
    (found,) = await ann.get("/api/v2/suggestions")
    assert found["account"]["username"] == "carol"
    assert found["reasons"][0] == "Boosted lately by bob, whom you follow"
    await ann.act(f"/api/v1/accounts/{carol.account_id}/mute")
    assert await names(ann) == []


async def test_a_farm_of_accounts_makes_nobody_popular(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """Those of one other server count as one, and so do all who signed up just now; Bob's two followers count more."""
    now = node.runtime.now()
    await wants_to_be_found(node, bob, carol)
    for person in (bob, carol):
        await person.post("Here I am")
    async with node.runtime.write() as uow:
        farm = [stranger_row(n, now, discoverable=False) for n in range(20)]
        real = stranger_row(40, now, discoverable=False)
        real.domain = "elsewhere.example"
        for account in (*farm, real):
            uow.add(account)
        await uow.flush()
        pairs = [*((one, carol) for one in farm), (farm[0], bob), (real, bob)]
        for follower, followee in pairs:
            uow.add(
                Follow(
                    id=new_id(),
                    follower_id=follower.id,
                    followee_id=followee.account_id,
                    created_at=now,
                    accepted_at=now,
                )
            )
        await uow.flush()
    assert [one["reasons"] for one in await ann.get("/api/v2/suggestions")] == [
        ["Followed by at least 2 people known here"],
        ["Followed by at least 1 person known here"],
    ]
    assert await names(ann) == ["bob", "carol"]


async def test_followed_hashtags_suggest_people_too(node: Node, ann: Person, bob: Person) -> None:
    await wants_to_be_found(node, bob)
    await bob.post("So many #herons")
    await ann.act("/api/v1/tags/herons/follow")
    assert (await ann.get("/api/v2/suggestions"))[0]["reasons"] == ["Writes about #herons"]


async def test_picks_of_the_staff_are_suggested_to_everybody(node: Node, ann: Person, bob: Person) -> None:
    """With their words; nobody who does not want it, and none twice. The command line does the same."""
    async with node.runtime.write() as uow:
        with pytest.raises(Invalid):
            await pick(uow, await get_account(uow, bob.account_id), now=node.runtime.now())
    await wants_to_be_found(node, bob)
    for note in ("Good", "Better"):
        async with node.runtime.write() as uow:
            await pick(uow, await get_account(uow, bob.account_id), note=note, now=node.runtime.now())
    (found,) = await ann.get("/api/v2/suggestions")
    assert (found["source"], found["sources"], found["reasons"]) == ("staff", ["featured"], ["Better"])
    async with node.runtime.write() as uow:
        assert await unpick(uow, bob.account_id, now=node.runtime.now())
    assert await names(ann) == []


def stranger_row(number: int, now: datetime, *, discoverable: bool) -> Account:
    """Somebody of another server."""
    uri = f"https://there.example/users/{number}"
    return Account(
        id=new_id(),
        username=f"stranger{number}",
        username_folded=f"stranger{number}",
        domain="there.example",
        display_name=f"Stranger {number}",
        uri=uri,
        url=uri,
        discoverable=discoverable,
        created_at=now,
    )
