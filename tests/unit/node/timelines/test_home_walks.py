"""Every walk through a home against the plain truth of SQL, over random graphs, tiers, removals and lost lists."""

import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import select

from node.accounts.models import Account
from node.base.errors import NotFound
from node.base.paging import Page
from node.base.runtime import Runtime, open_runtime
from node.blocks.service import block, mute, unblock, unmute
from node.follows.models import Follow
from node.follows.service import follow, unfollow
from node.lists.service import add_members, create_list
from node.posts.boosts import boost
from node.posts.followed_tags import follow_tag
from node.posts.models import Post
from node.posts.service import withdraw
from node.timelines import author_lists, home, home_lists
from node.timelines.fanout import forget_home, push_post
from node.timelines.home import home_page
from node.timelines.home_queries import list_home_entries, list_in_home_among
from node.timelines.rules import OVERLAP, TIER_SECONDS, earlier_showings
from tests.support.make import make_account, make_post
from tests.support.nodes import Clock, open_node
from tests.support.redis_server import RedisServer

PEOPLE = 7
STEPS = 70
EVERYTHING = Page(limit=2_000)


@dataclass
class Stage:
    """A few people on one node, seen by two processes of it: one that pushes, one that reads."""

    worker: Runtime
    web: Runtime
    clock: Clock
    dice: random.Random
    people: list[Account] = field(default_factory=list)
    posts: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)

    def person(self) -> Account:
        return self.dice.choice(self.people)

    def two(self) -> tuple[Account, Account]:
        one, other = self.dice.sample(self.people, 2)
        return one, other

    def pass_time(self) -> None:
        """What a process keeps of tiers is good for a minute: here by the test's clock."""
        seconds = self.dice.choice([0, 5, 70, OVERLAP.total_seconds() + 1])
        self.clock.advance(seconds=seconds)
        for process in (self.worker, self.web):
            if seconds >= TIER_SECONDS:
                for name in ("author_tiers", "merged_authors"):
                    process.caches.get(name, size=1, seconds=1).clear()

    async def post(self) -> None:
        author = self.person()
        parent = self.dice.choice(self.posts) if self.posts and self.dice.random() < 0.3 else None
        tag = " #owls" if self.dice.random() < 0.3 else ""
        async with self.worker.read() as reader:
            found = await reader.scalar(select(Post).where(Post.id == parent, Post.deleted_at.is_(None)))
        made = await make_post(
            self.worker,
            author,
            f"Number {len(self.posts)}{tag}",
            in_reply_to_id=parent if found else None,
            visibility=self.dice.choice(["public", "public", "unlisted", "followers"]),
        )
        self.posts.append(made.id)
        self.waiting.append(made.id)

    async def boost(self) -> None:
        async with self.worker.write() as uow:
            wanted = await uow.scalars(
                select(Post).where(Post.visibility == "public", Post.boost_of_id.is_(None), Post.deleted_at.is_(None))
            )
            if wanted:
                settings, now = self.worker.settings, self.worker.now()
                post = self.dice.choice(wanted[-5:])
                made = await boost(uow, settings, self.person(), post, visibility="public", now=now)
                self.waiting.append(made.id)

    async def withdraw(self) -> None:
        async with self.worker.write() as uow:
            found = await uow.scalars(select(Post).where(Post.deleted_at.is_(None)))
            if found:
                await withdraw(uow, self.dice.choice(found), now=self.worker.now())

    async def follow(self) -> None:
        one, other = self.two()
        async with self.worker.write() as uow:
            shows = self.dice.random() < 0.8
            await follow(uow, self.worker.settings, one, other, now=self.worker.now(), show_boosts=shows)
        await forget_home(self.worker, one.id)

    async def unfollow(self) -> None:
        one, other = self.two()
        async with self.worker.write() as uow:
            await unfollow(uow, one.id, other.id)
        await forget_home(self.worker, one.id)

    async def shun(self) -> None:
        one, other = self.two()
        now = self.worker.now()
        if self.dice.random() < 0.5:
            async with self.worker.write() as uow:
                await mute(uow, one, other, now=now)
            if self.dice.random() < 0.5:
                async with self.worker.write() as uow:
                    await unmute(uow, one.id, other.id)
            return
        async with self.worker.write() as uow:
            await block(uow, self.worker.settings, one, other, now=now)
        async with self.worker.write() as uow:
            await unblock(uow, one.id, other.id)
        await forget_home(self.worker, one.id, other.id)

    async def follow_owls(self) -> None:
        person = self.person()
        async with self.worker.write() as uow:
            await follow_tag(uow, person.id, "owls", now=self.worker.now())
        await forget_home(self.worker, person.id)

    async def set_aside(self) -> None:
        """Put somebody on an exclusive list."""
        async with self.worker.write() as uow:
            edge = await uow.scalar(select(Follow).order_by(Follow.id.desc()).limit(1))
            if edge is None:
                return
            made = await create_list(uow, edge.follower_id, "Aside", now=self.worker.now(), exclusive=True)
            await add_members(uow, edge.follower_id, made.id, [edge.followee_id], now=self.worker.now())
        await forget_home(self.worker, edge.follower_id)

    async def change_tier(self) -> None:
        """As if an author's followers had become many, or few again."""
        low = self.dice.choice([0, 1, 3, 100])
        self.worker.caches.get("author_tiers", size=1, seconds=1).clear()
        limits = {"push_limit": low, "active_limit": low + self.dice.choice([0, 2])}
        self.worker = replace(self.worker, settings=replace(self.worker.settings, **limits))

    async def lose_lists(self) -> None:
        keys = await self.web.gate.redis.keys("*:{*}:*")
        for key in self.dice.sample(keys, len(keys) // 2):
            await self.web.gate.redis.delete(key)

    async def push_some(self) -> None:
        self.dice.shuffle(self.waiting)
        for _ in range(self.dice.randrange(len(self.waiting) + 1)):
            await self.push_next()

    async def push_next(self) -> None:
        post_id = self.waiting.pop()
        await push_post(self.worker, post_id)
        if self.dice.random() < 0.2:
            await push_post(self.worker, post_id)

    async def read(self) -> None:
        limit, max_id = self.dice.choice([1, 5, 20]), self.dice.choice([None, *self.posts])
        await home_page(self.web, self.person().id, Page(limit=limit, max_id=max_id))


ACTS: Sequence[tuple[int, Callable[[Stage], Awaitable[None]]]] = (
    (14, Stage.post),
    (6, Stage.boost),
    (3, Stage.withdraw),
    (5, Stage.follow),
    (2, Stage.unfollow),
    (2, Stage.shun),
    (1, Stage.follow_owls),
    (1, Stage.set_aside),
    (3, Stage.change_tier),
    (1, Stage.lose_lists),
    (5, Stage.push_some),
    (6, Stage.read),
)


async def truth(stage: Stage, reader_id: int) -> list[tuple[int, int]]:
    """Everything the reader is to see, newest first, with what each boosts."""
    async with stage.web.read() as reader:
        entries = await list_home_entries(reader, reader_id, EVERYTHING)
        seen = await list_in_home_among(reader, reader_id, [id_ for id_, _ in entries], now=stage.web.now())
    return [entry for entry in entries if entry[0] in seen]


async def walk(runtime: Runtime, reader_id: int, limit: int, *, up: bool, edges: list[int]) -> list[int]:
    """Return the ids of a walk through all pages; `edges` are the cursors."""
    page = Page(limit=limit, min_id=1) if up else Page(limit=limit)
    found: list[int] = []
    while True:
        ids = [int(status["id"]) for status in (await home_page(runtime, reader_id, page)).posts]
        if not ids:
            return found
        assert len(ids) <= limit
        assert ids == sorted(set(ids), reverse=True)
        edges.append(ids[0] if up else ids[-1])
        found = [*ids, *found] if up else [*found, *ids]
        page = replace(page, min_id=ids[0]) if up else replace(page, max_id=ids[-1])


def check(found: list[int], wanted: list[tuple[int, int]], *, above: int = 0, exact: bool = False) -> None:
    """Hold a walk against the truth. Beyond the window a boost may repeat what stands above."""
    ids = [id_ for id_, _ in wanted if id_ > above]
    assert found == sorted(set(found), reverse=True), "in order, no double"
    assert set(found) <= set(ids), "nothing that does not belong"
    repeated = earlier_showings(wanted, set(ids))
    assert not [id_ for id_ in ids if id_ not in repeated and id_ not in found], "no gap"
    if exact:
        assert not repeated.keys() & set(found), "each post once"


@pytest.mark.parametrize(("seed", "is_short"), [(1, False), (2, True), (3, True)])
async def test_every_walk_finds_what_sql_finds(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, seed: int, is_short: bool
) -> None:
    """Down and up, with any limit, and from any cursor on, whether lists are short or whole."""
    if is_short:
        for module, name, value in (
            (home, "FIRST", 9),
            (home, "MORE", 12),
            (author_lists, "LENGTH", 8),
            (home_lists, "SLACK", 3),
        ):
            monkeypatch.setattr(module, name, value)
    clock = Clock()
    async with contextlib.AsyncExitStack() as stack:
        length: dict[str, Any] = {"home_length": 40} if is_short else {}
        worker = await stack.enter_async_context(open_node(redis_server, clock=clock, **length))
        web = open_runtime(worker.settings, clock=clock)
        stack.push_async_callback(web.close)
        stage = Stage(worker, web, clock, random.Random(seed))
        stage.people = [await make_account(worker, f"person{number}") for number in range(PEOPLE)]
        for _ in range(10):
            await stage.follow()
        for _ in range(STEPS):
            (act,) = stage.dice.choices([act for _, act in ACTS], [weight for weight, _ in ACTS])
            stage.pass_time()
            with contextlib.suppress(NotFound):  # an answer to what its author must not see
                await act(stage)
        while stage.waiting:
            await stage.push_next()
        for number, person in enumerate(stage.people):
            wanted = await truth(stage, person.id)
            edges: list[int] = []
            for limit, up in ((7, False), (5, True), (40, False))[: 3 if number < 3 else 1]:
                check(
                    await walk(stage.web, person.id, limit, up=up, edges=edges), wanted, exact=not is_short and not up
                )
            for edge in stage.dice.sample(edges, min(2, len(edges))):
                page = Page(limit=40, since_id=edge)
                newer = [int(status["id"]) for status in (await home_page(stage.web, person.id, page)).posts]
                if len(newer) < page.limit:
                    check(newer, wanted, above=edge)
