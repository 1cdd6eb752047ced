"""The tick on a real node: what the buckets and the rows say, and that both say the same."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update

from node.accounts.models import Account
from node.auth.models import SignUpNetwork, User
from node.base.ids import floor_id, new_id
from node.base.lanes import TRENDS
from node.base.runtime import Runtime
from node.base.work import DRAINS
from node.follows.models import Follow
from node.moments.automatic import topic_posts
from node.posts.models import Hashtag, Like, Post, PostHashtag
from node.suggestions.service import suggest
from node.trends import queries
from node.trends.models import TrendDay, TrendState
from node.trends.noting import EVERY, note_likes, note_post
from node.trends.rules import Trend, explanation
from node.trends.service import current_trends, forget_boards
from node.trends.tick import DAYS_STATE, count_days, is_due, tick
from node.trends.trusting import kept_trust, work_out_trust
from tests.support.nodes import clock_of

Rows = list[dict[str, Any]]


class Crowd:
    """Accounts, posts, follows and likes on a node, in bulk."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.now = runtime.now()
        self.tags: dict[str, int] = {}
        self.posted = 0
        self.ours: set[int] = set()

    async def people(self, count: int, *, days: float = 100, domain: str = "", role: str = "user") -> list[int]:
        """Make accounts; ours with somebody behind them."""
        ids = [new_id() for _ in range(count)]
        made = self.now - timedelta(days=days)
        accounts: Rows = [
            {
                "id": id_,
                "username": f"p{id_}",
                "username_folded": f"p{id_}",
                "domain": domain and f"n{id_ % 20}.{domain}",
                "uri": f"https://x.example/{id_}",
                "url": f"https://x.example/{id_}",
                "created_at": made,
                "discoverable": True,
                "followers_count": 3,
                "following_count": 3,
            }
            for id_ in ids
        ]
        async with self.runtime.write() as uow:
            await uow.execute(insert(Account), accounts)
            if not domain:
                self.ours |= set(ids)
                users: Rows = [
                    {
                        "account_id": id_,
                        "email": f"{id_}@x.example",
                        "password_hash": "",
                        "created_at": made,
                        "approved_at": made,
                        "role": role,
                    }
                    for id_ in ids
                ]
                await uow.execute(insert(User), users)
        return ids

    async def follow(self, followers: Sequence[int], followees: Sequence[int]) -> None:
        """Let all follow all."""
        rows: Rows = [
            {"id": new_id(), "follower_id": one, "followee_id": other, "created_at": self.now, "accepted_at": self.now}
            for one in followers
            for other in followees
            if one != other
        ]
        async with self.runtime.write() as uow:
            await uow.execute(insert(Follow), rows)

    async def post(
        self, authors: Sequence[int], tag: str = "", *, minutes: float = 10, text: str = "", language: str = "en"
    ) -> list[int]:
        """Let each post once in the minutes before now."""
        at = self.now - timedelta(minutes=minutes)
        rows: Rows = []
        for place, author in enumerate(authors):
            when = at + timedelta(seconds=place * 0.05)
            self.posted += 1
            id_ = floor_id(when) + self.posted
            rows.append(
                {
                    "id": id_,
                    "thread_id": id_,
                    "uri": f"https://x.example/posts/{id_}",
                    "account_id": author,
                    "local": author in self.ours,
                    "visibility": "public",
                    "content": f"<p>{text}</p>",
                    "language": language,
                    "published_at": when,
                    "created_at": when,
                }
            )
        ids = [row["id"] for row in rows]
        async with self.runtime.write() as uow:
            await uow.execute(insert(Post), rows)
            if tag:
                if tag not in self.tags:
                    self.tags[tag] = new_id()
                    uow.add(Hashtag(id=self.tags[tag], name=tag, display=tag, created_at=self.now))
                    await uow.flush()
                await uow.execute(insert(PostHashtag), [{"post_id": id_, "hashtag_id": self.tags[tag]} for id_ in ids])
        return ids

    async def like(self, people: Sequence[int], post_id: int) -> list[int]:
        """Let all like a post."""
        rows: Rows = [{"id": new_id(), "account_id": one, "post_id": post_id, "created_at": self.now} for one in people]
        async with self.runtime.write() as uow:
            await uow.execute(insert(Like), rows)
        return [row["id"] for row in rows]

    async def trends(self, kind: Any = "tags", language: str = "") -> list[Trend]:
        """Return what trends, read anew."""
        forget_boards(self.runtime)
        return await current_trends(self.runtime, kind, language=language)

    async def names(self, language: str = "") -> list[str]:
        """Return the hashtags that trend."""
        known = {id_: name for name, id_ in self.tags.items()}
        return [known[trend.id] for trend in await self.trends(language=language)]


@pytest.fixture
def crowd(runtime: Runtime) -> Crowd:
    return Crowd(runtime)


async def begin(runtime: Runtime) -> None:
    """Let there be a tick now, as after the first note."""
    async with runtime.write() as uow:
        now = runtime.now()
        found = await uow.scalar(select(TrendState.name).where(TrendState.name == "tick"))
        if found is None:
            uow.add(TrendState(name="tick", made_at=now, due_at=now, body={}))
        await uow.write(update(TrendState).where(TrendState.name == "tick").values(due_at=now))
    assert await is_due(runtime, runtime.now())
    await tick(runtime)
    assert not await is_due(runtime, runtime.now())


@pytest.mark.parametrize("kind", ["old friends", "new and remote"])
async def test_a_farm_of_five_hundred_pushes_nothing_on_a_node_of_fifty(crowd: Crowd, kind: str) -> None:
    """Whatever is cheap: age, follows among themselves and of others, twenty domains, a like each. The shapes of farms,
    and texts of their own, are in `test_trust` and `test_scoring`."""
    honest = await crowd.people(50, days=60)
    for place, one in enumerate(honest):
        await crowd.follow([one], sorted({honest[(place * step + 1) % 50] for step in (3, 7, 11, 19, 23, 31)}))
    is_old = kind == "old friends"
    bots = await crowd.people(500, days=400 if is_old else 0.1, domain="" if is_old else "bots.example")
    await crowd.post(honest, "daily", minutes=200)
    await crowd.post(bots, "buynow", text="Buy all of these wonderful watches today")
    if is_old:
        await crowd.follow(bots[:40], [*bots[:40], *honest])
    await crowd.post(honest[30:38], "herons", text="Herons at the lake")
    (pushed,) = await crowd.post(bots[:1], text="Look")
    (liked,) = await crowd.post(honest[:1], text="A good one")
    await crowd.like(bots[1:], pushed)
    await crowd.like(honest[10:17], liked)
    if is_old:
        assert await crowd.names() == [], "so many people are not gone through while somebody waits"
    await DRAINS[TRENDS].service(crowd.runtime)
    names = await crowd.names()
    assert "buynow" not in names
    assert "herons" in names
    assert [trend.id for trend in await crowd.trends("posts")] == [liked]


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Let few posts of a subject be looked at one by one."""
    monkeypatch.setattr(queries, "MOST_POSTS", 40)
    queries._newest.cache_clear()
    yield 40
    queries._newest.cache_clear()


async def test_a_flood_under_a_hashtag_of_others_hides_nobody(crowd: Crowd, few_at_once: int) -> None:
    """More posts than are looked at one by one: then the last of each person is. And no moment is made of them."""
    people = await crowd.people(5)
    said = await crowd.post(people, "herons", minutes=200, text="Herons at the lake this morning")
    bots = await crowd.people(2, domain="bots.example")
    await crowd.post(bots * few_at_once, "herons", minutes=190, text="Buy")
    (trend,) = await crowd.trends()
    assert trend.people == 7
    assert trend.post_ids[:5] == tuple(reversed(said))
    await begin(crowd.runtime)
    async with crowd.runtime.read() as reader:
        posts = await topic_posts(reader, trend, await kept_trust(crowd.runtime), crowd.now)
    assert {post.author_id for post in posts} == set(people)


async def test_who_signed_up_in_a_crowd_counts_nothing_until_somebody_follows_them(crowd: Crowd) -> None:
    """A node of three, on which ten more sign up within a minute from one network: they are no founders of it."""
    people = await crowd.people(3)
    bots = await crowd.people(10, days=0.01)
    async with crowd.runtime.write() as uow:
        for bot in bots:
            uow.add(SignUpNetwork(account_id=bot, network="203.0.114.0/24", created_at=crowd.now))
    await crowd.post(bots, "buynow")
    await crowd.post(people, "herons")
    trust = await work_out_trust(crowd.runtime, crowd.now)
    assert (set(trust.of), trust.crowd) == (set(people), set(bots))
    assert await crowd.names() == ["herons"]
    await crowd.follow(people[:1], bots[:1])
    assert bots[0] in (await work_out_trust(crowd.runtime, crowd.now)).of


async def test_a_farm_is_not_popular(crowd: Crowd) -> None:
    """Suggestions of who is much followed and liked go by people who are known here: bots do both for each other."""
    people = await crowd.people(12)
    bots = await crowd.people(30, days=30)
    await crowd.post(people, text="Herons", minutes=100)
    await crowd.follow(people[1:2], people[2:3])
    await crowd.follow(bots, bots)
    pushed = await crowd.post(bots, text="Buy")
    async with crowd.runtime.write() as uow:
        await uow.write(update(Post).where(Post.id.in_(pushed)).values(likes_count=30))
        await uow.write(update(Account).values(last_post_at=crowd.now))
        await uow.write(update(User).where(User.account_id == people[0]).values(role="admin"))
    await begin(crowd.runtime)
    async with crowd.runtime.read() as reader:
        found = await suggest(crowd.runtime, reader, people[0], limit=40)
    assert {one.account.id for one in found} & {*people, *bots} == {people[2]}


async def test_the_buckets_say_what_the_rows_say(crowd: Crowd) -> None:
    """Noted event by event, replayed, lost and filled anew: the same trends, each person once."""
    runtime = crowd.runtime
    people = await crowd.people(6)
    posts = await crowd.post(people[:5], "herons")
    german = await crowd.post(people[3:], "reiher", language="de-AT", minutes=90)
    likes = await crowd.like(people[1:4], posts[0])
    by_rows = await crowd.trends(), await crowd.trends("posts"), await crowd.trends(language="de")
    assert [explanation(trend, "tags") for trend in by_rows[0]] == [
        *("5 posts by 5 people in 1 h, new here", "3 posts by 3 people in 2 h, new here"),
    ]
    await begin(runtime)
    for _ in range(2):
        for id_ in (*posts, *german):
            await note_post(runtime, id_)
        for place, id_ in enumerate(likes):
            await note_likes(runtime, [(posts[0], people[1 + place], id_)])
    counts = await runtime.gate.redis.hgetall(f"{{trends}}:tags:hour:{int(crowd.now.timestamp() - 600) // 3600}")
    assert int(counts[f"{crowd.tags['herons']}:en".encode()]) >> 32 == 5
    for lost in (False, True):
        if lost:
            await runtime.gate.redis.flushdb()
        runtime.caches.get("trend_buckets", size=1, seconds=1).clear()
        await begin(runtime)
        found = await crowd.trends(), await crowd.trends("posts"), await crowd.trends(language="de")
        for seen, wanted in zip(found, by_rows, strict=True):
            assert [(t.id, t.uses, t.people, t.post_ids) for t in seen] == [
                (t.id, t.uses, t.people, t.post_ids) for t in wanted
            ]
    assert set(by_rows[0][0].post_ids) == set(posts)


async def test_a_tick_goes_on_without_redis(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await crowd.people(4)
    posts = await crowd.post(people, "herons")

    async def away(use: Any) -> None:
        return None

    monkeypatch.setattr(crowd.runtime.gate, "call", away)
    await note_post(crowd.runtime, posts[0])
    await begin(crowd.runtime)
    assert await crowd.names() == ["herons"]


async def test_one_worker_takes_a_tick_and_none_comes_before_anything_is_noted(crowd: Crowd) -> None:
    runtime = crowd.runtime
    assert not await is_due(runtime, runtime.now())
    people = await crowd.people(3)
    plain = await crowd.post(people[:1])
    await note_post(runtime, plain[0])
    assert not await is_due(runtime, runtime.now()), "it has no hashtag"
    (post_id, _) = await crowd.post(people[:2], "herons")
    await note_post(runtime, post_id)
    assert await is_due(runtime, runtime.now())
    await tick(runtime)
    assert await crowd.names() == ["herons"]
    async with runtime.write() as uow:
        await uow.write(delete(PostHashtag))
    await tick(runtime)
    assert await crowd.names() == ["herons"], "it is another minute's turn"
    assert await is_due(runtime, runtime.now() + EVERY)


async def test_what_is_not_public_is_not_noted(crowd: Crowd) -> None:
    """Row 98: followers-only, direct, local-only and deleted posts say nothing, nor do those of silenced people."""
    people = await crowd.people(8)
    posts = await crowd.post(people, "herons")
    changes: list[dict[str, Any]] = [
        {"visibility": "followers"}, {"visibility": "direct"}, {"visibility": "unlisted"}, {"local_only": True},
        {"deleted_at": crowd.now},
    ]  # fmt: skip
    async with crowd.runtime.write() as uow:
        for id_, change in zip(posts, changes, strict=False):
            await uow.write(update(Post).where(Post.id == id_).values(**change))
        await uow.write(update(Account).where(Account.id == people[5]).values(silenced_at=crowd.now))
    (trend,) = await crowd.trends()
    assert (trend.people, trend.uses) == (2, 2)
    assert set(trend.post_ids) == set(posts[6:])
    for id_ in posts[:5]:
        await note_post(crowd.runtime, id_)
    assert not await is_due(crowd.runtime, crowd.runtime.now())


async def test_a_hashtag_of_every_day_is_counted_by_day_and_is_none(crowd: Crowd) -> None:
    """The daily rows, and what they are for: as many people as on every day are no news."""
    runtime = crowd.runtime
    clock_of(runtime).advance(hours=(12 - crowd.now.hour) % 24)  # when yesterday is over for latecomers too
    crowd.now = runtime.now()
    people = await crowd.people(6)
    for day in range(10):
        await crowd.post(people, "morning", minutes=1_440 * day + 10)
    await crowd.post(people, "herons")
    await crowd.post(people[:1], "own", minutes=1_450)
    for _ in range(11):
        await begin(runtime)
    async with runtime.read() as reader:
        rows = list(await reader.scalars(select(TrendDay).where(TrendDay.subject_id == crowd.tags["morning"])))
        own = await reader.scalar(select(TrendDay).where(TrendDay.subject_id == crowd.tags["own"]))
    assert own is None, "what one person uses has no row"
    assert len(rows) == 9, "all but today's"
    assert {(row.uses, row.accounts, sum(row.hours)) for row in rows} == {(6, 6, 6)}
    async with runtime.write() as uow:  # whoever counted the latest of them was killed before they had noted it
        await uow.write(delete(TrendState).where(TrendState.name == DAYS_STATE))
    await count_days(runtime)
    async with runtime.read() as reader:
        assert await reader.scalar(select(func.count()).where(TrendDay.subject_id == crowd.tags["morning"])) == len(
            rows
        )
    for name in ("trend_popular", "trend_active"):
        runtime.caches.get(name, size=1, seconds=1).clear()
    await begin(runtime)
    assert await crowd.names() == ["herons"]


async def test_an_hour_of_an_id_is_that_of_its_time(crowd: Crowd) -> None:
    moment = datetime.fromisoformat("2026-11-20T23:59:59+00:00")
    from node.trends.day_queries import _HOUR, day_number, day_start

    assert floor_id(moment) // _HOUR % 24 == 23
    assert day_start(day_number(moment)) <= moment < day_start(day_number(moment) + 1)
