"""Polls over the API: made, voted on once, closed, changed (OBJ-9, OBJ-11, attack rows 45, 59 and 115)."""

import asyncio
from typing import Any

import pytest

from node.polls.rules import MAX_OPTION_LENGTH, MAX_OPTIONS, MAX_SECONDS
from tests.api.shapes import TIME, check_status
from tests.support.nodes import Node, Person, settle
from tests.unit.node.media.pictures import picture


async def ask(person: Person, *options: str, text: str = "Tea?", **poll: Any) -> dict[str, Any]:
    """Publish a poll and return its post."""
    made: dict[str, Any] = await person.post(
        text, poll={"options": list(options or ("Yes", "No")), "expires_in": 3600, **poll}
    )
    return made


async def vote(person: Person, post: dict[str, Any], *choices: int, expect: int = 200) -> Any:
    path = f"/api/v1/polls/{post['poll']['id']}/votes"
    return await person.call("POST", path, json={"choices": list(choices)}, expect=expect)


def counts(poll: dict[str, Any]) -> list[int | None]:
    return [option["votes_count"] for option in poll["options"]]


async def test_a_poll_is_made_and_voted_on(node: Node, ann: Person, bob: Person) -> None:
    """client-api `polls/{id}`: every field, who voted for what is the voter's own knowledge."""
    post = await ask(ann)
    check_status(post, signed_in=True)
    poll = post["poll"]
    assert TIME.fullmatch(poll["expires_at"])
    assert poll | {"expires_at": None} == {
        "id": post["id"],
        "expires_at": None,
        "expired": False,
        "multiple": False,
        "votes_count": 0,
        "voters_count": 0,
        "options": [{"title": "Yes", "votes_count": 0}, {"title": "No", "votes_count": 0}],
        "emojis": [],
        "voted": True,
        "own_votes": [],
    }
    answer = await vote(bob, post, 1)
    assert (counts(answer), answer["voters_count"], answer["voted"], answer["own_votes"]) == ([0, 1], 1, True, [1])
    assert (await ann.get(f"/api/v1/statuses/{post['id']}"))["poll"]["own_votes"] == []
    anonymous = (await node.http.get(f"/api/v1/polls/{post['id']}")).json()
    assert counts(anonymous) == [0, 1]
    assert not {"voted", "own_votes"} & anonymous.keys()
    boost = await bob.act(f"/api/v1/statuses/{post['id']}/reblog")
    assert boost["poll"] is None
    assert boost["reblog"]["poll"]["own_votes"] == [1]


@pytest.mark.parametrize("how", ["json", "data", "params"])
async def test_json_form_and_query(ann: Person, bob: Person, how: str) -> None:
    """client-api behaviours 1 to 3: Tusky sends forms, Ice Cubes queries, choices come as text or numbers."""
    fields = {"status": "?", "poll[options][]": ["A", "B"], "poll[expires_in]": "300", "poll[multiple]": "true"}
    nested = {"status": "?", "poll": {"options": ["A", "B"], "expires_in": 300, "multiple": True}}
    post = await ann.call("POST", "/api/v1/statuses", **{how: nested if how == "json" else fields})
    assert post["poll"]["multiple"]
    sent = {"choices": ["0", "1"]} if how == "json" else {"choices[]": ["0", "1"]}
    answer = await bob.call("POST", f"/api/v1/polls/{post['id']}/votes", **{how: sent})
    assert (answer["votes_count"], answer["voters_count"], answer["own_votes"]) == (2, 1, [0, 1])


@pytest.mark.parametrize(
    "poll",
    [
        {"options": ["only"], "expires_in": 300},
        {"options": ["same", "Same"], "expires_in": 300},
        {"options": ["", "  "], "expires_in": 300},
        {"options": [str(n) for n in range(MAX_OPTIONS + 1)], "expires_in": 300},
        {"options": ["x" * (MAX_OPTION_LENGTH + 1), "b"], "expires_in": 300},
        {"options": ["a", "b"], "expires_in": 299},
        {"options": ["a", "b"], "expires_in": MAX_SECONDS + 1},
        {"options": ["a", "b"]},
    ],
)
async def test_bad_polls_are_refused(ann: Person, poll: dict[str, Any]) -> None:
    """Attack row 59: the limits of the instance's configuration hold."""
    answer = await ann.call("POST", "/api/v1/statuses", json={"status": "?", "poll": poll}, expect=422)
    assert answer["error"].startswith("Validation failed: ")
    assert await ann.home() == []


async def test_where_several_may_be_chosen_a_later_vote_adds_to_the_first(ann: Person, bob: Person) -> None:
    poll = {"options": ["a", "b", "c"], "expires_in": 3600, "multiple": True}
    post = await ann.post("Which ones?", poll=poll)
    await vote(bob, post, 1)
    await vote(bob, post, 0, 1, expect=422)
    await vote(bob, post, 0)
    found = await bob.get(f"/api/v1/polls/{post['poll']['id']}")
    assert [option["votes_count"] for option in found["options"]] == [1, 1, 0]
    assert (found["votes_count"], found["voters_count"], sorted(found["own_votes"])) == (2, 1, [0, 1])


async def test_a_poll_may_have_a_picture(ann: Person, bob: Person) -> None:
    media = await ann.call("POST", "/api/v2/media", files={"file": ("a.png", picture(), "image/png")})
    post = await ann.post("Which?", media_ids=[media["id"]], poll={"options": ["a", "b"], "expires_in": 3600})
    seen = await bob.get(f"/api/v1/statuses/{post['id']}")
    assert seen["poll"] is not None
    assert [item["id"] for item in seen["media_attachments"]] == [media["id"]]


async def test_votes_that_do_not_count(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """Attack row 45: own poll, no such option, two of one, twice, after the end; hidden polls are not there."""
    post = await ask(ann)
    for voter, choices, said in (
        (ann, (0,), "You cannot vote in your own polls"),
        (bob, (2,), "The chosen vote option does not exist"),
        (bob, (-1,), "The chosen vote option does not exist"),
        (bob, (0, 1), "Only one option can be chosen"),
        (bob, (), "Choose an option"),
    ):
        assert (await vote(voter, post, *choices, expect=422))["error"] == f"Validation failed: {said}"
    await bob.call("POST", f"/api/v1/polls/{post['id']}/votes", json={"choices": ["x"]}, expect=422)
    await vote(bob, post, 0)
    assert "already voted" in (await vote(bob, post, 1, expect=422))["error"]
    node.clock.advance(hours=2)
    assert "already ended" in (await vote(carol, post, 1, expect=422))["error"]
    plain = await ann.post("no poll")
    for path in (f"/api/v1/polls/{plain['id']}", "/api/v1/polls/123456"):
        await bob.call("GET", path, expect=404)
        await bob.call("POST", f"{path}/votes", json={"choices": [0]}, expect=404)
    friends = await ann.post("?", visibility="private", poll={"options": ["A", "B"], "expires_in": 300})
    await vote(bob, friends, 0, expect=404)
    answer = await node.http.post(f"/api/v1/polls/{post['id']}/votes", json={"choices": [0]})
    assert answer.status_code == 401
    assert counts(await bob.get(f"/api/v1/polls/{post['id']}")) == [1, 0]


async def test_blocks_close_polls(ann: Person, bob: Person, carol: Person) -> None:
    """Whom the author blocks does not see the poll; who blocks the author may not vote."""
    post = await ask(ann)
    await ann.act(f"/api/v1/accounts/{bob.account_id}/block")
    await carol.act(f"/api/v1/accounts/{ann.account_id}/block")
    await vote(bob, post, 0, expect=404)
    await vote(carol, post, 0, expect=403)


@pytest.mark.parametrize("multiple", [False, True])
async def test_votes_at_the_same_moment_count_once(ann: Person, bob: Person, multiple: bool) -> None:
    """Attack rows 45 and 115: one voter, one vote for an option, however many requests."""
    counted = 3 if multiple else 1
    post = await ask(ann, "A", "B", "C", multiple=multiple)
    path = f"/api/v1/polls/{post['id']}/votes"
    headers = {"Authorization": f"Bearer {bob.token}"}
    answers = await asyncio.gather(
        *(bob.node.http.post(path, json={"choices": [n % 3]}, headers=headers) for n in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [*[200] * counted, *[422] * (6 - counted)]
    poll = await ann.get(f"/api/v1/polls/{post['id']}")
    assert (poll["votes_count"], poll["voters_count"]) == (counted, 1)


async def test_hidden_totals_show_at_the_end(node: Node, ann: Person, bob: Person) -> None:
    post = await ask(ann, hide_totals=True)
    answer = await vote(bob, post, 0)
    assert (counts(answer), answer["votes_count"]) == ([None, None], 1)
    node.clock.advance(hours=2)
    poll = await bob.get(f"/api/v1/polls/{post['id']}")
    assert (counts(poll), poll["expired"]) == ([1, 0], True)


async def test_the_end_is_told_once_to_author_and_voters(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """The POLLS lane closes a poll when its time has come; nobody else is told."""
    post = await ask(ann)
    await vote(bob, post, 0)

    async def told(person: Person) -> list[Any]:
        found: list[Any] = await person.get("/api/v1/notifications", **{"types[]": "poll"})
        return found

    await settle(node.runtime)
    assert await told(bob) == []
    node.clock.advance(hours=2)
    await settle(node.runtime)
    await settle(node.runtime)
    for person in (ann, bob):
        (notice,) = await told(person)
        assert notice["account"]["id"] == str(ann.account_id)
        assert notice["status"]["poll"]["expired"]
    assert await told(carol) == []


async def test_an_edit_that_asks_anew_voids_the_votes(node: Node, ann: Person, bob: Person) -> None:
    """OBJ-11."""
    post = await ask(ann)
    path = f"/api/v1/statuses/{post['id']}"
    await vote(bob, post, 0)
    same = await ann.call("PUT", path, json={"status": "Tea or not?"})
    assert counts(same["poll"]) == [1, 0]
    longer = await ann.call(
        "PUT", path, json={"status": "Tea or not?", "poll": {"options": ["Yes", "No"], "expires_in": 7200}}
    )
    assert counts(longer["poll"]) == [1, 0]
    assert longer["poll"]["expires_at"] > post["poll"]["expires_at"]
    other = await ann.call(
        "PUT", path, json={"status": "Tea or not?", "poll": {"options": ["Yes", "Never"], "expires_in": 7200}}
    )
    assert (counts(other["poll"]), other["poll"]["voters_count"]) == ([0, 0], 0)
    assert counts(await vote(bob, post, 1)) == [0, 1]
    plain = await ann.post("no poll yet")
    asked = await ann.call(
        "PUT", f"/api/v1/statuses/{plain['id']}", json={"poll": {"options": ["A", "B"], "expires_in": 300}}
    )
    assert counts(asked["poll"]) == [0, 0]


async def test_delete_and_redraft_has_the_poll(node: Node, ann: Person, bob: Person) -> None:
    """client-api: DELETE answers with the poll; then it is gone with its votes."""
    post = await ask(ann)
    await vote(bob, post, 0)
    gone = await ann.call("DELETE", f"/api/v1/statuses/{post['id']}")
    assert [option["title"] for option in gone["poll"]["options"]] == ["Yes", "No"]
    await settle(node.runtime)
    await bob.call("GET", f"/api/v1/polls/{post['id']}", expect=404)
