"""Hashtags that people follow: what they bring home, what they never do, and how much they are used."""

from typing import Any

from tests.support.make import make_token
from tests.support.nodes import Node, Person, settle


async def home(person: Person) -> list[str]:
    found = await person.home()
    return [status["content"].partition("<p>")[2].partition(" ")[0] for status in found]


async def test_a_followed_hashtag_comes_home(node: Node, ann: Person, bob: Person) -> None:
    """Pushed, and made anew from SQL, and once where author and hashtags are followed."""
    before = await bob.post("Before #Owls")
    await ann.home()
    tag = await ann.act("/api/v1/tags/owls/follow")
    assert (tag["name"], tag["following"]) == ("Owls", True)
    await ann.act("/api/v1/tags/Barn/follow")
    await settle(node.runtime)
    assert [status["id"] for status in await ann.home()] == [before["id"]]
    await bob.post("After #owls #barn")
    await bob.post("Other #eagles")
    await settle(node.runtime)
    assert await home(ann) == ["After", "Before"]
    await ann.follow(bob)
    await settle(node.runtime)
    assert await home(ann) == ["Other", "After", "Before"]
    await node.runtime.gate.redis.flushdb()
    assert await home(ann) == ["Other", "After", "Before"]


async def test_a_hashtag_followed_no_more_is_gone_at_the_next_read(node: Node, ann: Person, bob: Person) -> None:
    """Row 106, as for people."""
    await ann.act("/api/v1/tags/owls/follow")
    await bob.post("One #owls")
    await settle(node.runtime)
    assert await home(ann) == ["One"]
    tag = await ann.act("/api/v1/tags/OWLS/unfollow")
    assert tag["following"] is False
    assert await home(ann) == []


async def test_a_hashtag_brings_public_posts_only(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """Rows 42 and 98."""
    await ann.act("/api/v1/tags/owls/follow")
    await ann.home()
    for visibility in ("public", "unlisted", "private", "direct"):
        await bob.post(f"{visibility} #owls", visibility=visibility)
    post = await carol.post("Boosted words")
    await bob.act(f"/api/v1/statuses/{post['id']}/reblog")
    await settle(node.runtime)
    assert await home(ann) == ["public"]
    await node.runtime.gate.redis.flushdb()
    assert await home(ann) == ["public"]


async def test_a_hashtag_brings_nobody_home_who_is_unwelcome(node: Node, ann: Person, bob: Person) -> None:
    from node.moderation.service import silence_account

    await ann.act("/api/v1/tags/owls/follow")
    people = [await node.person(name) for name in ("muted", "blocked", "blocks", "silenced")]
    await ann.act(f"/api/v1/accounts/{people[0].account_id}/mute")
    await ann.act(f"/api/v1/accounts/{people[1].account_id}/block")
    await people[2].act(f"/api/v1/accounts/{ann.account_id}/block")
    async with node.runtime.write() as uow:
        await silence_account(uow, people[3].account_id, silenced=True, now=node.runtime.now())
    await settle(node.runtime)
    await ann.home()
    for person in (*people, bob):
        await person.post(f"{person.username} #owls")
    await settle(node.runtime)
    assert await home(ann) == ["bob"]
    await node.runtime.gate.redis.flushdb()
    assert await home(ann) == ["bob"]


async def test_an_exclusive_list_counts_for_hashtags_too(node: Node, ann: Person, bob: Person) -> None:
    await ann.act("/api/v1/tags/owls/follow")
    await ann.follow(bob)
    made = await ann.act("/api/v1/lists", title="Birds", exclusive=True)
    await bob.post("One #owls")
    await settle(node.runtime)
    assert await home(ann) == ["One"]
    await ann.act(f"/api/v1/lists/{made['id']}/accounts", account_ids=[bob.account_id])
    assert await home(ann) == []


async def test_home_with_hashtags_goes_on_to_its_end(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """client-api 35: in order, each once, across what is pushed and what is not."""
    await ann.act("/api/v1/tags/owls/follow")
    await ann.act("/api/v1/tags/barn/follow")
    await ann.follow(carol)
    expected = []
    for n in range(30):
        mine = await bob.post(f"{n} #owls", visibility="public" if n % 3 else "unlisted")
        other = await carol.post(f"{n} #barn")
        expected += [mine["id"]] if n % 3 else []
        expected += [other["id"]]
    await node.runtime.gate.redis.flushdb()
    for redis in (True, False):
        seen: list[str] = []
        while True:
            page = await ann.get("/api/v1/timelines/home", limit=7, **({"max_id": seen[-1]} if seen else {}))
            if not page:
                break
            seen += [status["id"] for status in page]
            if not redis:
                await node.runtime.gate.redis.flushdb()
        assert seen == expected[::-1]


async def test_followed_hashtags_are_paged_by_the_follow(node: Node, ann: Person) -> None:
    """client-api 14."""
    for name in ("one", "two", "three"):
        await ann.act(f"/api/v1/tags/{name}/follow")
    headers = {"Authorization": f"Bearer {ann.token}"}
    first = await node.http.get("/api/v1/followed_tags", params={"limit": 2}, headers=headers)
    assert [tag["name"] for tag in first.json()] == ["three", "two"]
    assert all(tag["following"] for tag in first.json())
    second = await node.http.get(first.links["next"]["url"], headers=headers)
    assert [tag["name"] for tag in second.json()] == ["one"]
    back = await node.http.get(second.links["prev"]["url"], headers=headers)
    assert back.json() == first.json()


async def test_following_is_counted_and_checked(ann: Person, monkeypatch: Any) -> None:
    """Row 59."""
    monkeypatch.setattr("node.posts.followed_tags.MAX_FOLLOWED_TAGS", 1)
    await ann.act("/api/v1/tags/one/follow")
    await ann.act("/api/v1/tags/one/follow")
    await ann.call("POST", "/api/v1/tags/two/follow", expect=422)
    for nonsense in ("12", "a%20b", "x" * 400):
        await ann.call("POST", f"/api/v1/tags/{nonsense}/follow", expect=422)
    assert [tag["name"] for tag in await ann.get("/api/v1/followed_tags")] == ["one"]
    assert (await ann.act("/api/v1/tags/never/unfollow"))["following"] is False


async def test_hashtags_need_their_own_scopes(node: Node, ann: Person) -> None:
    """Row 90."""

    async def with_scope(scope: str) -> Person:
        return Person(node, ann.account_id, "ann", await make_token(node.runtime, ann.account_id, scope))

    follows, accounts = await with_scope("write:follows"), await with_scope("write:accounts")
    for verb in ("follow", "unfollow"):
        await follows.call("POST", f"/api/v1/tags/owls/{verb}")
        await accounts.call("POST", f"/api/v1/tags/owls/{verb}", expect=403)
    for verb in ("feature", "unfeature"):
        await accounts.call("POST", f"/api/v1/tags/owls/{verb}")
        await follows.call("POST", f"/api/v1/tags/owls/{verb}", expect=403)
    await (await with_scope("read:follows")).get("/api/v1/followed_tags")
    await (await with_scope("read:lists")).call("GET", "/api/v1/followed_tags", expect=403)


async def test_a_hashtag_is_featured_by_its_name(ann: Person, bob: Person) -> None:
    shown = await ann.act("/api/v1/tags/Owls/feature")
    assert (shown["featuring"], shown["following"]) == (True, False)
    assert [tag["name"] for tag in await ann.get(f"/api/v1/accounts/{ann.account_id}/featured_tags")] == ["Owls"]
    assert (await bob.get("/api/v1/tags/owls"))["featuring"] is False
    assert (await ann.act("/api/v1/tags/owls/unfeature"))["featuring"] is False
    assert await ann.get("/api/v1/featured_tags") == []


async def test_the_history_of_a_hashtag_is_counted(node: Node, ann: Person, bob: Person) -> None:
    await ann.post("One #owls")
    await ann.post("Two #Owls")
    await bob.post("Three #owls")
    await bob.post("For followers #owls", visibility="private")
    days = (await ann.get("/api/v1/tags/owls"))["history"]
    assert len(days) == 7
    assert [int(days[n]["day"]) - int(days[n + 1]["day"]) for n in range(6)] == [86_400] * 6
    assert int(days[0]["day"]) % 86_400 == 0
    assert sum(int(day["uses"]) for day in days) == 3
    assert sum(int(day["accounts"]) for day in days) in (2, 3)  # 3 where a midnight lies between
    found = await ann.get("/api/v2/search", q="owls", type="hashtags")
    assert found["hashtags"][0]["history"] == days
    assert (await ann.get("/api/v1/tags/nobody_used_it"))["history"] == []
