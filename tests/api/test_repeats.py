"""Client-api 8 for every unsafe call: the same `Idempotency-Key` gives the first answer again, and makes one effect."""

import asyncio
import os
import socket
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import func, select, update

from admin.pruning import prune
from node.http import repeats
from node.http.models import KeyedCall
from node.lists.models import List
from node.media.models import Media
from tests.api.test_accounts import picture
from tests.support.make import make_token
from tests.support.nodes import Node, Person

KEY = {"Idempotency-Key": "4b3e"}


async def make_list(person: Person, title: str = "friends", expect: int = 200, key: str = "4b3e") -> Any:
    return await person.call(
        "POST", "/api/v1/lists", json={"title": title}, expect=expect, headers={"Idempotency-Key": key}
    )


async def count(node: Node, table: Any) -> int:
    async with node.runtime.read() as reader:
        return int(await reader.scalar(select(func.count()).select_from(table)) or 0)


async def test_a_repeat_hears_the_first_answer(node: Node, ann: Person) -> None:
    first = await make_list(ann)
    assert await make_list(ann) == first
    assert await count(node, List) == 1
    assert (await make_list(ann, key="other"))["id"] != first["id"]


async def test_a_repeat_says_that_it_is_one(ann: Person) -> None:
    headers = {"Authorization": f"Bearer {ann.token}", **KEY}
    answers = [await ann.node.http.post("/api/v1/lists", json={"title": "x"}, headers=headers) for _ in range(2)]
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, "true"]
    assert answers[0].content == answers[1].content


async def test_two_at_once_make_one(node: Node, ann: Person) -> None:
    made = await asyncio.gather(*(make_list(ann) for _ in range(5)))
    assert len({one["id"] for one in made}) == 1
    assert await count(node, List) == 1


async def test_another_person_and_another_path_have_keys_of_their_own(node: Node, ann: Person, bob: Person) -> None:
    assert (await make_list(ann))["id"] != (await make_list(bob))["id"]
    await ann.call("POST", f"/api/v1/accounts/{bob.account_id}/follow", headers=KEY)
    assert await count(node, KeyedCall) == 3


async def test_another_body_under_the_same_key_is_refused(node: Node, ann: Person) -> None:
    await make_list(ann)
    refused = await make_list(ann, "enemies", expect=422)
    assert refused["error"] == "This Idempotency-Key was used for something else"
    assert await count(node, List) == 1


async def test_a_refusal_is_not_kept(node: Node, ann: Person) -> None:
    await make_list(ann, "", expect=422)
    assert await count(node, KeyedCall) == 0
    assert (await make_list(ann))["title"] == "friends"


async def test_a_form_packed_anew_is_the_same(node: Node, ann: Person) -> None:
    file = picture()
    made = [
        await ann.call("POST", "/api/v2/media", files={"file": ("x.png", file, "image/png")}, headers=KEY)
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert await count(node, Media) == 1
    other = {"file": ("x.png", picture("blue"), "image/png")}
    await ann.call("POST", "/api/v2/media", files=other, headers=KEY, expect=422)


async def test_no_token_hears_what_it_may_not_ask_for(node: Node, ann: Person) -> None:
    await make_list(ann)
    ann.token = await make_token(node.runtime, ann.account_id, "read")
    await make_list(ann, expect=403)


async def test_after_an_hour_a_key_is_new(node: Node, ann: Person) -> None:
    first = await make_list(ann)
    node.clock.advance(hours=1, seconds=1)
    assert (await make_list(ann))["id"] != first["id"]


async def test_old_keys_are_thrown_away(node: Node, ann: Person) -> None:
    await make_list(ann)
    assert "keyed_calls" not in await prune(node.runtime)
    node.clock.advance(hours=1, seconds=1)
    assert (await prune(node.runtime))["keyed_calls"] == 1


async def test_a_call_whose_process_was_killed_goes_through(node: Node, ann: Person) -> None:
    """Between the claim and the answer: the repeat takes the claim over at once, where nobody is left to see."""
    await make_list(ann)
    await leave_claimed(node, f"{socket.gethostname()[:60]}:{ended_process()}:abc")
    assert (await make_list(ann))["title"] == "friends"


async def test_a_follow_cut_off_by_a_kill_is_one_follow(node: Node, ann: Person, bob: Person) -> None:
    path = f"/api/v1/accounts/{bob.account_id}/follow"
    await ann.call("POST", path, headers=KEY)
    await leave_claimed(node, f"{socket.gethostname()[:60]}:{ended_process()}:abc")
    assert (await ann.call("POST", path, headers=KEY))["following"] is True
    assert (await bob.get(f"/api/v1/accounts/{bob.account_id}"))["followers_count"] == 1


async def test_what_is_under_way_elsewhere_is_waited_for(
    node: Node, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another machine: nobody can see whether it lives, so a minute is given."""
    monkeypatch.setattr(repeats, "PATIENCE", 0)
    await make_list(ann)
    await leave_claimed(node, "another-machine:1:abc")
    await make_list(ann, expect=409)
    assert await count(node, List) == 1
    node.clock.advance(minutes=1, seconds=1)
    assert (await make_list(ann))["title"] == "friends"


async def test_what_is_under_way_in_a_living_process_is_left_to_it(
    node: Node, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "PATIENCE", 0)
    await make_list(ann)
    await leave_claimed(node, f"{socket.gethostname()[:60]}:{os.getppid()}:abc")
    await make_list(ann, expect=409)


async def test_row_59_keys_are_counted(node: Node, ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "MOST_KEPT", 2)
    await make_list(ann, key="1")
    await make_list(ann, key="2")
    await make_list(ann, key="3", expect=429)
    await make_list(ann, key="1")


async def test_a_key_that_is_too_long(ann: Person) -> None:
    await make_list(ann, key="x" * 256, expect=400)


async def test_redis_is_not_asked(node: Node, ann: Person) -> None:
    first = await make_list(ann)
    await node.runtime.gate.call(lambda redis: redis.flushdb())
    assert await make_list(ann) == first


def ended_process() -> int:
    """Return the number of a process that is gone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


async def leave_claimed(node: Node, by: str) -> None:
    """Make every kept call one that was claimed and never answered."""
    async with node.runtime.write() as uow:
        await uow.write(update(KeyedCall).values(status=0, body=b"", claimed_by=by))
