"""Threads as the API shows them: a walk through the tree, bounded, loop-safe, for this viewer (behaviour 30)."""

from sqlalchemy import update

from node.accounts.models import Account
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.blocks.models import Mute
from node.posts.models import Post
from node.posts.queries import list_context
from node.posts.service import withdraw
from node.posts.thread_queries import (
    ANONYMOUS_ANCESTORS,
    ANONYMOUS_DEPTH,
    ANONYMOUS_DESCENDANTS,
    MAX_ENTRIES,
)
from tests.support.make import make_post


async def context(runtime: Runtime, post: Post, viewer: Account | None = None) -> tuple[list[int], list[int]]:
    async with runtime.read() as reader:
        return await list_context(reader, post, viewer.id if viewer else None, now=runtime.now())


async def bare_chain(runtime: Runtime, author: Account, length: int, *, star: bool = False) -> list[Post]:
    """Insert a chain (or a star) of posts without their services: fast."""
    now = runtime.now()
    posts: list[Post] = []
    async with runtime.write() as uow:
        for _ in range(length):
            id_ = new_id()
            parent = (posts[0] if star else posts[-1]) if posts else None
            post = Post(
                id=id_, uri=f"http://x/{id_}", account_id=author.id, visibility="public", published_at=now,
                created_at=now, thread_id=posts[0].id if posts else id_, in_reply_to_id=parent.id if parent else None,
            )  # fmt: skip
            uow.add(post)
            posts.append(post)
    return posts


async def test_behaviour_30_a_thread_is_walked_as_a_tree(runtime: Runtime, ann: Account, bo: Account) -> None:
    root = await make_post(runtime, ann, "root")
    first = await make_post(runtime, bo, "first", in_reply_to_id=root.id)
    second = await make_post(runtime, bo, "second", in_reply_to_id=root.id)
    below_first = await make_post(runtime, ann, "below first", in_reply_to_id=first.id)
    deeper = await make_post(runtime, bo, "deeper", in_reply_to_id=below_first.id)
    own = await make_post(runtime, ann, "I go on", in_reply_to_id=root.id)
    expected = [own.id, first.id, below_first.id, deeper.id, second.id]
    assert await context(runtime, root) == ([], expected)
    assert await context(runtime, root, bo) == ([], expected)
    assert await context(runtime, below_first) == ([root.id, first.id], [deeper.id])
    assert await context(runtime, second) == ([root.id], [])


async def test_rows_42_106_what_is_hidden_is_left_out_and_the_rest_stays(
    runtime: Runtime, ann: Account, bo: Account
) -> None:
    root = await make_post(runtime, ann, "root")
    gone = await make_post(runtime, bo, "gone", in_reply_to_id=root.id)
    private = await make_post(runtime, ann, "@bo psst", in_reply_to_id=gone.id, visibility="direct")
    leaf = await make_post(runtime, bo, "leaf", in_reply_to_id=private.id, visibility="public")
    async with runtime.write() as uow:
        await withdraw(uow, gone, now=runtime.now())
    assert await context(runtime, root) == ([], [leaf.id])
    assert await context(runtime, root, bo) == ([], [private.id, leaf.id])
    assert await context(runtime, leaf) == ([root.id], [])
    assert await context(runtime, leaf, ann) == ([root.id, private.id], [])
    async with runtime.write() as uow:
        uow.add(Mute(id=new_id(), account_id=ann.id, target_id=bo.id, created_at=runtime.now()))
    assert await context(runtime, root, ann) == ([], [private.id])


async def test_behaviour_30_limits_for_strangers(runtime: Runtime, ann: Account) -> None:
    chain = await bare_chain(runtime, ann, 60)
    above, below = await context(runtime, chain[-1])
    assert above == [post.id for post in chain[-1 - ANONYMOUS_ANCESTORS : -1]]
    above, below = await context(runtime, chain[0])
    assert below == [post.id for post in chain[1 : 1 + ANONYMOUS_DEPTH]]
    assert await context(runtime, chain[30], ann) == (
        [post.id for post in chain[:30]],
        [post.id for post in chain[31:]],
    )
    star = await bare_chain(runtime, ann, 100, star=True)
    assert len((await context(runtime, star[0]))[1]) == ANONYMOUS_DESCENDANTS
    assert len((await context(runtime, star[0], ann))[1]) == 99


async def test_row_50_a_long_chain_and_a_circle_end(runtime: Runtime, ann: Account) -> None:
    chain = await bare_chain(runtime, ann, 1500)
    above, below = await context(runtime, chain[-1], ann)
    assert len(above) == 1499 < MAX_ENTRIES
    async with runtime.write() as uow:
        await uow.write(update(Post).where(Post.id == chain[0].id).values(in_reply_to_id=chain[3].id))
        await uow.write(update(Post).where(Post.id == chain[9].id).values(in_reply_to_id=chain[9].id))
    chain[0].in_reply_to_id = chain[3].id
    above, below = await context(runtime, chain[0], ann)
    assert above == [chain[1].id, chain[2].id, chain[3].id]
    assert below == [post.id for post in chain[1:9]]
    chain[9].in_reply_to_id = chain[9].id
    above, below = await context(runtime, chain[9], ann)
    assert above == []
    assert len(below) == 1490
    above, below = await context(runtime, chain[6], ann)
    assert above[-1] == chain[5].id
    assert len(set(above)) == len(above) == 6
