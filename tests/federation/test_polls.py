"""Polls between two whole nodes: asked here, voted on there, both ways (OBJ-9, OBJ-10)."""

from typing import Any

import pytest

from tests.support.nodes import Person, World


@pytest.fixture
async def ann(world: World) -> Person:
    return await world["a"].person("ann")


@pytest.fixture
async def bo(world: World) -> Person:
    return await world["b"].person("bo")


async def ask(person: Person, *options: str, **fields: Any) -> dict[str, Any]:
    poll = {"options": list(options), "expires_in": 3600, "multiple": len(options) > 2}
    made: dict[str, Any] = await person.post("Tea?", poll=poll, **fields)
    return made


def counts(poll: dict[str, Any]) -> list[int]:
    return [option["votes_count"] for option in poll["options"]]


async def poll_of(person: Person, post: dict[str, Any]) -> dict[str, Any]:
    """Return a poll as it stands in somebody's home timeline: nothing is fetched for that."""
    found: dict[str, Any] = next(one for one in await person.home() if one["uri"] == post["uri"])["poll"]
    return found


async def told(person: Person) -> list[Any]:
    return list(await person.get("/api/v1/notifications", **{"types[]": "poll"}))


@pytest.mark.parametrize("options", [("Yes", "No"), ("Yes", "No", "Both")])
async def test_obj_10_votes_cross_and_the_end_is_told(
    world: World, ann: Person, bo: Person, options: tuple[str, ...]
) -> None:
    """A vote counts at once for who cast it, at home when it arrives, for everybody three minutes later; at the end
    the author and the voters of both nodes are told, and the results stand everywhere."""
    cy, dee = await world["b"].person("cy"), await world["a"].person("dee")
    await bo.follow(ann)
    await cy.follow(ann)
    await world.settle()
    post = await ask(ann, *options)
    await world.settle()
    there = await poll_of(bo, post)
    assert [option["title"] for option in there["options"]] == list(options)
    assert (there["multiple"], there["expired"], there["voted"]) == (len(options) > 2, False, False)
    assert there["expires_at"] == post["poll"]["expires_at"][:-4] + "000Z"
    choices = [0] if len(options) == 2 else [0, 2]
    answer = await bo.act(f"/api/v1/polls/{there['id']}/votes", choices=choices)
    expected = [int(n in choices) for n in range(len(options))]
    assert (counts(answer), answer["own_votes"], answer["voters_count"]) == (expected, choices, 1)
    await world.settle()
    here = await ann.get(f"/api/v1/polls/{post['id']}")
    assert (counts(here), here["voters_count"]) == (expected, 1)
    await dee.act(f"/api/v1/polls/{post['id']}/votes", choices=[1])
    await world.settle()
    assert counts(await poll_of(cy, post)) == expected  # three minutes are not over
    world["a"].clock.advance(minutes=4)
    world["b"].clock.advance(minutes=4)
    await world.settle()
    later = await poll_of(cy, post)
    assert (counts(later)[1], later["voters_count"]) == (1, 2)
    for node in world.nodes.values():
        node.clock.advance(hours=2)
    await world.settle()
    assert [len(await told(person)) for person in (ann, bo, cy, dee)] == [1, 1, 0, 1]
    (notice,) = await told(bo)
    assert notice["account"]["acct"] == ann.handle.removeprefix("@")
    final = notice["status"]["poll"]
    assert (final["expired"], final["voters_count"], counts(final)) == (True, 2, counts(later))
    assert final["own_votes"] == choices


async def test_obj_9_a_poll_is_asked_for_when_somebody_looks(world: World, ann: Person, bo: Person) -> None:
    """No follow, so nothing is sent: the counts come from the origin when they are looked at, once a minute, and
    once more after the end; then never again."""
    post = await ask(ann, "Yes", "No")
    found = await bo.resolve(post["uri"])
    dee = await world["a"].person("dee")
    await dee.act(f"/api/v1/polls/{post['id']}/votes", choices=[1])
    path = f"/api/v1/polls/{found['poll']['id']}"
    assert counts(await bo.get(path)) == [0, 0]
    world["b"].clock.advance(minutes=2)
    assert counts(await bo.get(path)) == [0, 1]
    eve = await world["a"].person("eve")
    await eve.act(f"/api/v1/polls/{post['id']}/votes", choices=[0])
    assert counts(await bo.get(path)) == [0, 1]
    for node in world.nodes.values():
        node.clock.advance(hours=2)
    await world.settle()
    over = await bo.get(path)
    assert (counts(over), over["expired"]) == ([1, 1], True)


async def test_an_edit_voids_votes_there_too(world: World, ann: Person, bo: Person) -> None:
    """OBJ-11: other options are another question; counts alone are no edit."""
    await bo.follow(ann)
    await world.settle()
    post = await ask(ann, "Yes", "No")
    await world.settle()
    there = await poll_of(bo, post)
    await bo.act(f"/api/v1/polls/{there['id']}/votes", choices=[0])
    await world.settle()
    world["a"].clock.advance(minutes=4)
    world["b"].clock.advance(minutes=4)
    await world.settle()
    status = next(one for one in await bo.home() if one["uri"] == post["uri"])
    assert (counts(status["poll"]), status["edited_at"]) == ([1, 0], None)
    fresh = {"options": ["Tea", "Coffee"], "expires_in": 3600}
    await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "Which?", "poll": fresh})
    await world.settle()
    changed = await poll_of(bo, post)
    assert [option["title"] for option in changed["options"]] == ["Tea", "Coffee"]
    assert (counts(changed), changed["voted"]) == ([0, 0], False)
    await bo.act(f"/api/v1/polls/{there['id']}/votes", choices=[1])
    await world.settle()
    assert counts(await ann.get(f"/api/v1/polls/{post['id']}")) == [0, 1]


async def test_a_direct_poll_stays_between_those_it_names(world: World, ann: Person, bo: Person) -> None:
    """AUD: votes and counts reach whom the poll is for, and nobody else."""
    cy = await world["b"].person("cy")
    poll = {"options": ["Yes", "No"], "expires_in": 3600}
    await bo.follow(ann)
    await world.settle()
    post = await ann.post(f"{bo.handle} Tea?", visibility="direct", poll=poll)
    await world.settle()
    (mention,) = await bo.get("/api/v1/notifications", **{"types[]": "mention"})
    there = mention["status"]["poll"]
    await cy.call("GET", f"/api/v1/polls/{there['id']}", expect=404)
    await bo.act(f"/api/v1/polls/{there['id']}/votes", choices=[0])
    await world.settle()
    assert counts(await ann.get(f"/api/v1/polls/{post['id']}")) == [1, 0]
    for node in world.nodes.values():
        node.clock.advance(hours=2)
    await world.settle()
    assert [len(await told(person)) for person in (ann, bo, cy)] == [1, 1, 0]
