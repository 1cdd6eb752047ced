"""Reactions to posts: once an emoji, counted, bounded, by wish of the author (ACV-6, OBJ-16, row 115)."""

import pytest
from sqlalchemy import update

from node.accounts.models import Account
from node.base.errors import Forbidden, Invalid
from node.base.runtime import Runtime
from node.emojis.service import add_emoji
from node.posts.models import Post
from node.posts.queries import find_post
from node.posts.reacting import MAX_OF_ONE, forget_reactions, react, unreact
from node.posts.rendering import render_post
from node.posts.service import withdraw
from tests.support.make import make_account, make_post
from tests.unit.node.posts.makers import make_stranger, remote_post, store


async def give(runtime: Runtime, account: Account, post: Post, name: str) -> None:
    async with runtime.write() as uow:
        await react(uow, runtime.settings, account, post, name=name, now=runtime.now())


async def test_acv_6_counted_once_and_shown_with_whose_they_are(runtime: Runtime) -> None:
    """Row 115: the same again changes nothing; a custom emoji and one of Unicode, in the order they were given."""
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    post = await make_post(runtime, ann)
    for _ in range(2):
        await give(runtime, bo, post, "🔥")
    async with runtime.write() as uow:
        emoji = await add_emoji(uow, "rook", storage_key="k.png", now=runtime.now())
        await react(uow, runtime.settings, ann, post, name="rook", emoji=emoji, now=runtime.now())
    await give(runtime, ann, post, "🔥")
    async with runtime.read() as reader:
        seen = {
            viewer: (await render_post(runtime, reader, post.id, viewer_id=viewer))["reactions"]
            for viewer in (ann.id, bo.id, None)
        }
        stored = await find_post(reader, post.id)
    assert stored is not None
    assert stored.reactions_count == 3
    assert [(one["name"], one["count"]) for one in seen[None]] == [("🔥", 2), ("rook", 1)]
    assert [one["me"] for one in seen[ann.id]] == [True, True]
    assert [one["me"] for one in seen[bo.id]] == [True, False]
    assert "me" not in seen[None][0]
    async with runtime.write() as uow:
        assert await unreact(uow, bo.id, post, name="🔥")
        assert not await unreact(uow, bo.id, post, name="🔥")
        assert not await unreact(uow, bo.id, post, name="rook", emoji_id=emoji.id)
        assert await withdraw(uow, post, now=runtime.now())
        assert not await forget_reactions(uow, post.id)


async def test_row_114_one_account_gives_a_post_only_so_many(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    post = await make_post(runtime, ann)
    for number in range(MAX_OF_ONE):
        await give(runtime, ann, post, chr(0x1F400 + number))
    with pytest.raises(Invalid):
        await give(runtime, ann, post, "🔥")


@pytest.mark.parametrize("words", ["denied", "manual"])
async def test_obj_16_who_wants_no_likes_gets_no_reactions(runtime: Runtime, words: str) -> None:
    """A reaction is a Like on the wire: it waits for nobody's answer, so it is refused where one is asked for."""
    ann, al = await make_account(runtime, "ann"), await make_stranger(runtime)
    post = await store(runtime, al, remote_post(al, 1))
    assert post is not None
    policy = {"like": {"automatic": [], "manual": ["public"] if words == "manual" else []}}
    async with runtime.write() as uow:
        await uow.write(update(Post).where(Post.id == post.id).values(interaction_policy=policy))
    async with runtime.read() as reader:
        stored = await find_post(reader, post.id)
    assert stored is not None
    with pytest.raises(Forbidden):
        await give(runtime, ann, stored, "🔥")
