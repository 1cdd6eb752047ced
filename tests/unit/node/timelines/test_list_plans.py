"""What makes a list or a home with hashtags walks indexes: no table is read from end to end (a page costs the same
however many posts there are)."""

import re
from typing import Any

import pytest
from sqlalchemy import insert

from node.accounts.models import Account
from node.base.ids import new_id
from node.base.paging import Page
from node.base.runtime import Runtime
from node.follows.service import follow
from node.lists.service import add_members, create_list
from node.posts.followed_tags import follow_tag
from node.posts.models import Post, PostHashtag
from node.posts.rendering import render_posts
from node.posts.tag_queries import list_tag_ids
from node.timelines.home_queries import list_home_ids
from node.timelines.list_queries import list_in_list_among, list_list_candidates
from node.timelines.live_queries import list_list_ids, list_lists_among, list_tag_followers_among
from node.timelines.queries import list_tag_push_targets
from tests.bench.filling import post_values
from tests.support.make import make_account, make_post
from tests.support.plans import effort, learn_statistics, plans


@pytest.fixture
async def ann(runtime: Runtime) -> Account:
    return await make_account(runtime, "ann")


@pytest.fixture
async def bo(runtime: Runtime, ann: Account) -> Account:
    bo = await make_account(runtime, "bo")
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, ann, bo, now=runtime.now())
        await follow_tag(uow, ann.id, "owls", now=runtime.now())
    return bo


def check(found: list[str]) -> None:
    assert found
    for plan in found:
        for scanned in re.findall(r"SCAN (?:TABLE )?(\w+)(?! USING)", plan):
            assert not scanned.startswith(("posts", "post_hashtags", "mentions", "media")), plan
        assert "Seq Scan on posts" not in plan, plan
        assert "Seq Scan on post_hashtags" not in plan, plan


async def test_a_list_walks_indexes(runtime: Runtime, ann: Account, bo: Account) -> None:
    async with runtime.write() as uow:
        made = await create_list(uow, ann.id, "Birds", now=runtime.now())
        await add_members(uow, ann.id, made.id, [bo.id], now=runtime.now())
    post = await make_post(runtime, bo)

    async def work(reader: Any) -> None:
        page = Page(limit=20)
        assert await list_list_candidates(reader, made, page) == [post.id]
        assert await list_list_candidates(reader, made, Page(limit=20, min_id=post.id - 1)) == [post.id]
        assert await list_in_list_among(reader, made, [post.id, 7], now=runtime.now()) == [post.id]
        assert await list_list_ids(reader, made.id, ann.id, page, now=runtime.now(), among=[post.id]) == [post.id]
        assert await list_list_ids(reader, made.id, bo.id, page, now=runtime.now(), among=[post.id]) == []
        assert await list_lists_among(reader, bo.id, [made.id, 7]) == {made.id}

    check(await plans(runtime, work))


async def test_a_page_looks_at_few_posts_of_each_author(runtime: Runtime, ann: Account) -> None:
    """However long the page is, and however few are followed: not at a page of each."""
    if runtime.database.dialect == "postgresql":
        pytest.skip("PostgreSQL reads a small table from end to end")
    authors = [await make_account(runtime, f"author{number}") for number in range(12)]
    async with runtime.write() as uow:
        made = await create_list(uow, ann.id, "Birds", now=runtime.now())
        for author in authors:
            await follow(uow, runtime.settings, ann, author, now=runtime.now())
        await add_members(uow, ann.id, made.id, [author.id for author in authors], now=runtime.now())
    page = Page(limit=40)

    async def write(count: int) -> None:
        async with runtime.write() as uow:
            posts = [
                post_values(runtime.settings, new_id(), author.id, runtime.now(), "Hoo", local=True, parent=None)
                for _ in range(count)
                for author in authors
            ]
            await uow.execute(insert(Post), posts)
            await learn_statistics(uow)

    async def listed(reader: Any) -> None:
        assert len(await list_list_candidates(reader, made, page)) == 40

    async def home(reader: Any) -> None:
        assert len(await list_home_ids(reader, ann.id, page)) == 40

    await write(4)
    few = [await effort(runtime, each) for each in (listed, home)]
    await write(80)
    many = [await effort(runtime, each) for each in (listed, home)]
    assert all(now < 2.5 * before for before, now in zip(few, many, strict=True)), (few, many)


async def test_home_with_hashtags_walks_indexes(runtime: Runtime, ann: Account, bo: Account) -> None:
    cy = await make_account(runtime, "cy")
    post = await make_post(runtime, cy, "Look #owls")

    async def work(reader: Any) -> None:
        assert await list_home_ids(reader, ann.id, Page(limit=20)) == [post.id]
        assert await list_tag_followers_among(reader, post.id, [ann.id, bo.id]) == {ann.id}
        since = runtime.now().replace(year=2020)
        targets = await list_tag_push_targets(reader, post.id, active_since=since, after_id=0, limit=10)
        assert targets == [ann.id]
        assert len(await render_posts(runtime, reader, [post.id], viewer_id=ann.id, home=True)) == 1

    check(await plans(runtime, work))


@pytest.mark.parametrize("which", ["newest", "upwards"])
async def test_the_far_bound_of_a_page_costs_nothing(runtime: Runtime, ann: Account, bo: Account, which: str) -> None:
    """As where an app asks for what is newer than what it had a week ago, and gets the newest twenty of it."""
    if runtime.database.dialect == "postgresql":
        pytest.skip("SQLite walks to the bound it meets first; PostgreSQL weighs them, and few rows are all the same")
    async with runtime.write() as uow:
        made = await create_list(uow, ann.id, "Birds", now=runtime.now())
        await add_members(uow, ann.id, made.id, [bo.id], now=runtime.now())
    first = await make_post(runtime, bo, "#owls")

    async def write(count: int) -> None:
        async with runtime.write() as uow:
            tag_id = (await list_tag_ids(uow, {"owls"}))["owls"]
            ids = [new_id() for _ in range(count)]
            posts = [
                post_values(runtime.settings, id_, bo.id, runtime.now(), "Hoo", local=True, parent=None) for id_ in ids
            ]
            await uow.execute(insert(Post), posts)
            await uow.execute(insert(PostHashtag), [{"post_id": id_, "hashtag_id": tag_id} for id_ in ids])
            await learn_statistics(uow)

    async def listed(reader: Any) -> None:
        assert len(await list_list_candidates(reader, made, page)) == 5

    async def home(reader: Any) -> None:
        assert len(await list_home_ids(reader, ann.id, page)) == 5

    work = (listed, home)
    await write(60)
    page = Page(limit=5, since_id=first.id) if which == "newest" else Page(limit=5, min_id=first.id, max_id=new_id())
    few = [await effort(runtime, each) for each in work]
    await write(600)
    if which == "upwards":
        page = Page(limit=5, min_id=first.id, max_id=new_id())
    many = [await effort(runtime, each) for each in work]
    assert all(now < 1.5 * before for before, now in zip(few, many, strict=True)), (few, many)
