"""Two web processes of one node: whatever changes through the one is seen through the other at once.

Rendered posts are kept in each process and in Redis, under keys that carry their versions (`posts/rendered_posts`).
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import update

from admin.lookups import read_lookups, tell_lookups
from node.accounts.queries import get_account
from node.accounts.standing import suspend_account, unsuspend_account
from node.base.runtime import open_runtime
from node.cards.models import LinkCard
from node.posts.models import Post
from tests.api.conftest import serve
from tests.support.make import make_post
from tests.support.nodes import Node, Person, settle


@pytest.fixture
async def second(node: Node) -> AsyncIterator[Node]:
    """Another process of the same node."""
    runtime = open_runtime(node.runtime.settings, clock=node.runtime.clock)
    async for served in serve(runtime):
        yield served
    await runtime.close()


class Readers:
    """Somebody who reads through both processes, and a stranger who does."""

    def __init__(self, person: Person, second: Node) -> None:
        self.person = person
        self.doors = [person.node, second]

    async def see(self, path: str, *, expect: int = 200) -> Any:
        """Return what all four are answered, in which only the viewer's own flags may differ."""
        found = []
        for door in self.doors:
            for headers in ({"Authorization": f"Bearer {self.person.token}"}, {}):
                response = await door.http.get(path, headers=headers)
                assert response.status_code == expect, response.text[:300]
                found.append(_without_counts_of_people(response.json()))
        assert found[0] == found[2]
        assert found[1] == found[3]
        return found[0]


def _without_counts_of_people(answer: Any) -> Any:
    """Leave out what may be a minute old, and is not the same age in each process."""
    for status in (answer, answer.get("reblog")):
        if status and "account" in status:
            status["account"].pop("statuses_count")
            status["account"].pop("last_status_at")
    return answer


async def test_every_kind_of_change_is_seen_at_once_through_both(ann: Person, bob: Person, second: Node) -> None:
    node = ann.node
    readers = Readers(bob, second)
    poll = {"options": ["yes", "no"], "expires_in": 3600}
    post = await ann.post("First words #rooks", poll=poll)
    path = f"/api/v1/statuses/{post['id']}"
    assert (await readers.see(path))["content"] == post["content"]

    await ann.call("PUT", path, json={"status": "Second words", "spoiler_text": "Careful", "poll": poll})
    seen = await readers.see(path)
    assert "Second" in seen["content"]
    assert (seen["spoiler_text"], seen["tags"]) == ("Careful", [])

    await bob.act(f"{path}/favourite")
    await bob.act(f"{path}/bookmark")
    boost = await bob.act(f"{path}/reblog")
    answer = await bob.post("So it is", in_reply_to_id=post["id"])
    seen = await readers.see(path)
    assert [seen[f"{name}_count"] for name in ("favourites", "reblogs", "replies")] == [1, 1, 1]
    assert (seen["favourited"], seen["reblogged"], seen["bookmarked"]) == (True, True, True)
    assert (await readers.see(f"/api/v1/statuses/{boost['id']}"))["reblog"]["favourites_count"] == 1

    await bob.act(f"/api/v1/polls/{seen['poll']['id']}/votes", choices=[0])
    assert (await readers.see(path))["poll"]["votes_count"] == 1

    await ann.call("PATCH", "/api/v1/accounts/update_credentials", json={"display_name": "Another name"})
    assert (await readers.see(path))["account"]["display_name"] == "Another name"
    assert (await readers.see(f"/api/v1/statuses/{boost['id']}"))["reblog"]["account"]["display_name"] == "Another name"

    async with node.runtime.write() as uow:
        address, now = "https://rooks.example/", node.runtime.now()
        moments = {"due_at": now, "created_at": now}
        uow.add(LinkCard(id=7, url=address, host="rooks.example", page_url=address, title="The page", **moments))
        await uow.flush()
        await uow.write(update(Post).where(Post.id == int(post["id"])).values(card_id=7))
    assert (await readers.see(path))["card"]["title"] == "The page"

    await ann.call("DELETE", path)
    await readers.see(path, expect=404)
    assert (await readers.see(f"/api/v1/statuses/{answer['id']}"))["in_reply_to_id"] in (None, post["id"])


async def test_the_posts_of_somebody_suspended_go_and_come_back_at_once(ann: Person, bob: Person, second: Node) -> None:
    readers = Readers(bob, second)
    post = await ann.post("Seen")
    path = f"/api/v1/statuses/{post['id']}"
    await readers.see(path)
    node = ann.node.runtime
    async with node.write() as uow:
        await suspend_account(uow, ann.account_id, now=node.now())
    await readers.see(path, expect=404)
    async with node.write() as uow:
        await unsuspend_account(uow, ann.account_id)
    assert (await readers.see(path))["content"] == post["content"]


async def test_what_one_process_made_the_other_need_not_make(ann: Person, bob: Person, second: Node) -> None:
    """And the second process tells in which way its lookups ended."""
    first = ann.node.runtime
    async with first.read() as reader:
        author = await get_account(reader, ann.account_id)
    posts = [await make_post(first, author, f"No. {number}") for number in range(5)]  # through no process's door
    await settle(first)
    first_answer = await ann.node.http.get("/api/v1/timelines/public")
    answer = await second.http.get("/api/v1/timelines/public")
    assert [status["id"] for status in answer.json()] == [f"{post.id}" for post in reversed(posts)]
    assert [status["content"] for status in answer.json()] == [status["content"] for status in first_answer.json()]
    lookups = second.runtime.caches.lookups()
    assert (lookups["rendered_posts:redis"], lookups["rendered_posts:made"]) == (5, 0)
    assert (lookups["authors:redis"], lookups["authors:made"]) == (1, 0)
    for process in (first, second.runtime):
        await tell_lookups(process)
    told = await read_lookups(second.runtime.queues)
    assert (told["rendered_posts", "redis"], told["rendered_posts", "made"]) == (5, 5)
