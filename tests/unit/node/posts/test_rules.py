"""`can_see` and `visible_to` are one rule in two languages: every combination is asked of both."""

import itertools
from dataclasses import replace

import pytest
from sqlalchemy import select

from node.base.ids import new_id
from node.base.runtime import Runtime
from node.blocks.models import Block
from node.follows.models import Follow
from node.posts.models import Mention, Post
from node.posts.rules import VISIBILITIES, Standing, can_see, may_boost, visible_to, was_visible_to
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
