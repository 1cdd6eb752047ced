"""What the end of an account takes along, once its event has been dealt with (MOD-1)."""

from sqlalchemy import select

from node.accounts.service import delete_account
from node.auth.models import OAuthToken, WebSession
from node.auth.service import open_session
from node.base.runtime import Runtime
from node.blocks.models import Block, Mute
from node.blocks.service import block, mute
from node.follows.models import Follow
from node.follows.service import follow
from node.notifications.models import Notification
from node.posts.models import Like, Post
from tests.support.make import like, make_account, make_post, make_token
from tests.support.nodes import settle
from tests.unit.node.accounts.actors import fresh


async def test_nothing_of_a_deleted_account_is_left_but_its_name(runtime: Runtime) -> None:
    ann, bo, cy = [await make_account(runtime, name) for name in ("ann", "bo", "cy")]
    mine, theirs = await make_post(runtime, ann, "mine @bo"), await make_post(runtime, bo, "theirs")
    await make_token(runtime, ann.id)
    async with runtime.write() as uow:
        await open_session(uow, ann.id, now=runtime.now())
        for one, other in ((ann, bo), (bo, ann)):
            await follow(uow, runtime.settings, one, other, now=runtime.now())
        await like(uow, runtime.settings, ann, theirs, now=runtime.now())
        await block(uow, runtime.settings, ann, cy, now=runtime.now())
        await mute(uow, cy, ann, now=runtime.now())
    await settle(runtime)
    async with runtime.read() as reader:
        assert await reader.scalars(select(Notification.kind))
    async with runtime.write() as uow:
        await delete_account(uow, ann.id, now=runtime.now())
    await settle(runtime)
    async with runtime.read() as reader:
        for table in (WebSession, Follow, Like, Block, Mute, Notification):
            assert await reader.scalars(select(table)) == [], table.__name__
        assert all(token.revoked_at for token in await reader.scalars(select(OAuthToken)))
        post = await reader.scalar(select(Post).where(Post.id == mine.id))
        liked = await reader.scalar(select(Post).where(Post.id == theirs.id))
    assert (post.text, post.content, post.deleted_at is not None) == ("", "", True)
    assert liked.likes_count == 0
    after = await fresh(runtime, bo)
    assert (after.followers_count, after.following_count, after.posts_count) == (0, 0, 1)
    assert (await fresh(runtime, ann)).username == "ann"
