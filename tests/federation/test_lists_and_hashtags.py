"""Lists, filters and followed hashtags with people of another node."""

from typing import Any

from sqlalchemy import select

from node.accounts.queries import get_account
from node.lists.models import ListMember
from node.moves.service import move_away, set_aliases
from node.remote.actors import fetch_actor
from tests.support.nodes import Person, World


async def words(person: Person, path: str) -> list[str]:
    found = await person.get(path)
    return [(status["reblog"] or status)["content"] for status in found]


async def new_list(person: Person, *members: Any, **fields: Any) -> str:
    made = await person.act("/api/v1/lists", title="Elsewhere", **fields)
    await person.act(f"/api/v1/lists/{made['id']}/accounts", account_ids=[member["id"] for member in members])
    found: str = made["id"]
    return found


async def test_people_elsewhere_on_a_list(world: World) -> None:
    """Their posts, for followers too; nothing in home while the list is exclusive; filters see them as others."""
    ann, bo = await world["a"].person("ann"), await world["b"].person("bo")
    there = await ann.resolve(bo.handle)
    await ann.act(f"/api/v1/accounts/{there['id']}/follow")
    made = await new_list(ann, there, exclusive=True)  # asked, not accepted yet
    await world.settle()
    await ann.home()
    await bo.post("For everybody")
    await bo.post("For followers, of dragons", visibility="private")
    await world.settle()
    path = f"/api/v1/timelines/list/{made}"
    assert set(await words(ann, path)) == {"<p>For followers, of dragons</p>", "<p>For everybody</p>"}
    assert await ann.home() == []
    keywords = [{"keyword": "dragons"}]
    await ann.act("/api/v2/filters", title="Beasts", context=["home"], keywords_attributes=keywords)
    assert sorted(len(status["filtered"]) for status in await ann.get(path)) == [0, 1]
    await ann.call("PUT", f"/api/v1/lists/{made}", json={"exclusive": False})
    await world.settle()
    assert len(await ann.home()) == 2
    await ann.act(f"/api/v1/accounts/{there['id']}/unfollow")
    assert await ann.get(f"/api/v1/lists/{made}/accounts") == []
    assert await words(ann, path) == []


async def test_who_refuses_a_follow_is_off_the_list(world: World) -> None:
    """Row 42: and nothing for followers is shown any more."""
    ann, bo = await world["a"].person("ann"), await world["b"].person("bo")
    there = await ann.resolve(bo.handle)
    await ann.act(f"/api/v1/accounts/{there['id']}/follow")
    made = await new_list(ann, there)
    await world.settle()
    post = await bo.post("For followers", visibility="private")
    await world.settle()
    assert len(await ann.get(f"/api/v1/timelines/list/{made}")) == 1
    back = await bo.resolve(ann.handle)
    await bo.act(f"/api/v1/accounts/{back['id']}/remove_from_followers")
    await world.settle()
    assert await ann.get(f"/api/v1/timelines/list/{made}") == []
    assert await ann.get(f"/api/v1/lists/{made}/accounts") == []
    assert post["visibility"] == "private"


async def test_a_followed_hashtag_of_somebody_elsewhere(world: World) -> None:
    """What came for one person comes home to everybody who follows the hashtag, if it is public."""
    a, b = world["a"], world["b"]
    ann, cy, bo = await a.person("ann"), await a.person("cy"), await b.person("bo")
    await cy.follow(bo)
    await ann.act("/api/v1/tags/owls/follow")
    await world.settle()
    await ann.home()
    await bo.post("Seen #owls")
    await bo.post("Quietly #owls", visibility="unlisted")
    await world.settle()
    found = await ann.home()
    assert len(found) == 1
    assert found[0]["content"].startswith("<p>Seen")


async def test_who_moves_stays_on_the_lists(world: World) -> None:
    """MOV-1: followers here have the new account on their lists."""
    a, b = world["a"], world["b"]
    ann, old, new = await a.person("ann"), await b.person("old"), await a.person("new")
    there = await ann.resolve(old.handle)
    await ann.act(f"/api/v1/accounts/{there['id']}/follow")
    await world.settle()
    made = await new_list(ann, there)
    async with a.runtime.write() as uow:
        await set_aliases(uow, new.account_id, [old.uri])
    target = await fetch_actor(b.runtime, new.uri)
    async with b.runtime.write() as uow:
        row = await get_account(uow, target.id)
        await move_away(uow, old.account_id, row, now=b.runtime.now())
    await world.settle()
    assert [one["acct"] for one in await ann.get(f"/api/v1/lists/{made}/accounts")] == ["new"]
    async with a.runtime.read() as reader:
        rows = await reader.scalars(select(ListMember.follow_id))
    assert all(follow_id is not None for follow_id in rows)
