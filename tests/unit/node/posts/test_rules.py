"""`can_see` and `visible_to` are one rule in two languages: every combination is asked of both."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from node.base.db.prepared import in_lists
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.blocks.models import Block, Mute, UserDomainBlock
from node.follows.models import Follow
from node.posts.models import Mention, Post
from node.posts.post_facts import list_facts
from node.posts.rules import (
    VISIBILITIES,
    Standing,
    can_see,
    in_home_of,
    may_boost,
    visible_to,
    was_visible_to,
    welcome_to,
)
from tests.support.make import make_account


def _post(account_id: int, visibility: str, runtime: Runtime, **columns: object) -> Post:
    id_ = new_id()
    now = runtime.now()
    values = {"published_at": now, "created_at": now, "thread_id": id_, **columns}
    return Post(id=id_, uri=f"http://x/{id_}", account_id=account_id, visibility=visibility, **values)


async def test_the_rule_and_its_sql_agree_on_every_combination(runtime: Runtime) -> None:
    """Rows 41, 42, 98: two hundred standings, each asked in Python and in SQL."""
    now = runtime.now()
    reader_account = await make_account(runtime, "reader")
    combinations = list(
        itertools.product(
            VISIBILITIES, [False, True], ["none", "requested", "accepted"], [False, True], [False, True], [False, True]
        )
    )
    expected: dict[int, bool] = {}
    expected_before: dict[int, bool] = {}
    authors = {}
    for gone, follow, blocked in itertools.product([False, True], ["none", "requested", "accepted"], [False, True]):
        author = await make_account(runtime, f"author{len(authors)}x", suspended_at=now if gone else None)
        authors[gone, follow, blocked] = author.id
    async with runtime.write() as uow:
        for (_gone, follow, blocked), author_id in authors.items():
            if follow != "none":
                accepted = now if follow == "accepted" else None
                uow.add(
                    Follow(
                        id=new_id(),
                        follower_id=reader_account.id,
                        followee_id=author_id,
                        created_at=now,
                        accepted_at=accepted,
                    )
                )
            if blocked:
                uow.add(Block(id=new_id(), account_id=author_id, target_id=reader_account.id, created_at=now))
        for visibility, addressed, follow, blocked, gone, local_only in combinations:
            for deleted in (False, True):
                author_id, deleted_at = authors[gone, follow, blocked], now if deleted else None
                post = _post(author_id, visibility, runtime, deleted_at=deleted_at, local_only=local_only)
                uow.add(post)
                await uow.flush()
                if addressed:
                    uow.add(Mention(post_id=post.id, account_id=reader_account.id))
                standing = Standing(
                    visibility=visibility,
                    deleted=deleted,
                    author_gone=gone,
                    follows_author=follow == "accepted",
                    is_addressed=addressed,
                    blocked_by_author=blocked,
                    local_only=local_only,
                    viewer_is_local=True,
                )
                expected[post.id] = can_see(standing)
                if deleted:
                    expected_before[post.id] = can_see(replace(standing, deleted=False, author_gone=False))
    async with runtime.read() as reader:
        seen = set(await reader.scalars(select(Post.id).where(visible_to(reader_account.id))))
        withdrawn = set(await reader.scalars(select(Post.id).where(was_visible_to(reader_account.id))))
        open_to_all = set(await reader.scalars(select(Post.id).where(visible_to(None))))
        stranger_rule = {
            post.id
            for post in await reader.scalars(select(Post))
            if post.deleted_at is None
            and post.visibility in ("public", "unlisted")
            and not post.local_only
            and not any(gone for (gone, _, _), id_ in authors.items() if id_ == post.account_id)
        }
    assert seen == {id_ for id_, visible in expected.items() if visible}
    assert withdrawn == {id_ for id_, visible in expected_before.items() if visible}
    assert open_to_all == stranger_rule
    assert seen
    assert len(seen) < len(expected)
    booster = await make_account(runtime, "booster")
    async with runtime.write() as uow:
        for id_ in expected:
            uow.add(_post(booster.id, "public", runtime, boost_of_id=id_))
    for viewer_id in (reader_account.id, None):
        async with runtime.read() as reader:
            every = list(await reader.scalars(select(Post.id)))
            looked_up = set(await reader.scalars(select(Post.id).where(visible_to(viewer_id))))
            facts = [row for some in in_lists(every) for row in await list_facts(reader, some, viewer_id=viewer_id)]
        assert {row.id for row in facts} == looked_up, "a page of posts has authors and originals joined"
        assert len(looked_up) == 2 * len(seen if viewer_id else open_to_all)


@pytest.mark.parametrize("shuns", ["blocks", "mutes", "mutes no more", "blocks the server of", "nobody"])
async def test_a_page_with_authors_joined_shuns_whom_the_rule_shuns(runtime: Runtime, shuns: str) -> None:
    now = runtime.now()
    viewer, friend = await make_account(runtime, "viewer"), await make_account(runtime, "friend")
    shunned = await make_account(runtime, "shunned", domain="far.example")
    theirs = {"account_id": viewer.id, "target_id": shunned.id, "created_at": now}
    async with runtime.write() as uow:
        for followee in (friend, shunned):
            about = {"follower_id": viewer.id, "followee_id": followee.id}
            uow.add(Follow(id=new_id(), created_at=now, accepted_at=now, **about))
        if shuns == "blocks":
            uow.add(Block(id=new_id(), **theirs))
        elif shuns.startswith("mutes"):
            ended = now - timedelta(hours=1) if shuns == "mutes no more" else None
            uow.add(Mute(id=new_id(), expires_at=ended, **theirs))
        elif shuns == "blocks the server of":
            uow.add(UserDomainBlock(id=new_id(), account_id=viewer.id, domain="far.example", created_at=now))
        originals = {author.id: _post(author.id, "public", runtime) for author in (friend, shunned)}
        for post in originals.values():
            uow.add(post)
        await uow.flush()
        boosts = [_post(friend.id, "public", runtime, boost_of_id=post.id) for post in originals.values()]
        for boost in boosts:
            uow.add(boost)
    async with runtime.read() as reader:
        rule = visible_to(viewer.id), in_home_of(viewer.id), welcome_to(viewer.id, Post, now)
        looked_up = set(await reader.scalars(select(Post.id).where(*rule)))
        every = list(await reader.scalars(select(Post.id)))
        facts = await list_facts(reader, every, viewer_id=viewer.id, home_at=now)
    welcome = {originals[friend.id].id, boosts[0].id}
    if shuns in ("mutes no more", "nobody"):
        welcome |= {originals[shunned.id].id, boosts[1].id}
    assert looked_up == welcome
    assert {row.id for row in facts} == welcome


async def test_a_boost_is_as_visible_as_what_it_boosts(runtime: Runtime) -> None:
    """AUD-4: nobody reads a followers-only post through somebody else's boost."""
    author = await make_account(runtime, "author")
    booster = await make_account(runtime, "booster")
    stranger = await make_account(runtime, "stranger")
    async with runtime.write() as uow:
        original = _post(author.id, "followers", runtime)
        uow.add(original)
        await uow.flush()
        boost = _post(booster.id, "public", runtime, boost_of_id=original.id)
        uow.add(boost)
    async with runtime.read() as reader:
        for viewer, expected in ((None, 0), (stranger.id, 0), (author.id, 2), (booster.id, 0)):
            found = await reader.scalars(select(Post.id).where(visible_to(viewer)))
            assert len(found) == expected, viewer


@pytest.mark.parametrize(
    ("visibility", "is_author", "allowed"),
    [
        ("public", False, True),
        ("unlisted", False, True),
        ("followers", False, False),
        ("followers", True, True),
        ("direct", True, False),
        ("direct", False, False),
    ],
)
def test_what_may_be_boosted(visibility: str, is_author: bool, allowed: bool) -> None:
    """AUD-4, row 107."""
    assert may_boost(visibility=visibility, is_author=is_author) is allowed
