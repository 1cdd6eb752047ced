"""A page of a walk costs the same however many posts lie beyond what it looks at, and whoever asks."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import insert

from node.accounts.models import Account
from node.base.ids import MAX_ID, new_id
from node.base.paging import Page
from node.base.runtime import Runtime
from node.blocks.service import block
from node.media.models import Media
from node.posts import walks
from node.posts.account_queries import list_account_post_ids
from node.posts.models import Post, PostHashtag
from node.posts.tag_queries import list_tag_ids
from node.timelines.home_queries import list_home_ids
from node.timelines.public_queries import list_hashtag_ids, list_public_ids
from tests.bench.filling import post_values
from tests.support.make import make_post
from tests.support.plans import effort, learn_statistics

LOOKS = (10, 20, 40)


async def write(runtime: Runtime, author: Account, other: Account, count: int, tag_id: int) -> None:
    """Insert public replies to the other, with a hashtag and a picture."""
    now = runtime.now()
    ids = [new_id() for _ in range(count)]
    posts = [post_values(runtime.settings, id_, author.id, now, "Caw", local=True, parent=(1, other.id)) for id_ in ids]
    async with runtime.write() as uow:
        await uow.execute(insert(Post), posts)
        await uow.execute(insert(PostHashtag), [{"post_id": id_, "hashtag_id": tag_id} for id_ in ids])
        await uow.execute(insert(Media), [_picture(author, id_, now) for id_ in ids])
        await learn_statistics(uow)


def _picture(author: Account, post_id: int, now: datetime) -> dict[str, Any]:
    return {"id": new_id(), "account_id": author.id, "post_id": post_id, "created_at": now}


@pytest.mark.parametrize("upwards", [False, True])
async def test_nobody_looks_beyond_the_end_of_a_look(
    runtime: Runtime, ann: Account, bo: Account, upwards: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in zip(("FIRST", "MOST", "FARTHEST"), LOOKS, strict=True):
        monkeypatch.setattr(walks, name, value)
    own = await make_post(runtime, bo, "#rooks")
    page = Page(limit=5, min_id=own.id) if upwards else Page(limit=5)
    async with runtime.write() as uow:
        await block(uow, runtime.settings, bo, ann, now=runtime.now())
        tag_id = (await list_tag_ids(uow, {"rooks"}))["rooks"]

    async def public(reader: Any) -> None:
        found = await list_public_ids(
            reader, page, viewer_id=bo.id, now=runtime.now(), local=False, remote=False, only_media=False
        )
        assert (found.ids, found.looked_to is None) == ([], False)

    async def pictures(reader: Any) -> None:
        found = await list_public_ids(
            reader, page, viewer_id=bo.id, now=runtime.now(), local=False, remote=False, only_media=True
        )
        assert (found.ids, found.looked_to is None) == ([], False)

    async def tagged(reader: Any) -> None:
        found = await list_hashtag_ids(reader, page, viewer_id=bo.id, now=runtime.now(), any_of=["rooks"])
        assert (found.ids, found.looked_to is None) == ([], False)

    async def written(reader: Any) -> None:
        found = await list_account_post_ids(reader, ann.id, None, page, exclude_replies=True)
        assert (found.ids, found.looked_to is None) == ([], False)

    works = (public, pictures, tagged, written)
    await write(runtime, ann, bo, 2 * LOOKS[-1], tag_id)
    few = [await effort(runtime, work) for work in works]
    await write(runtime, ann, bo, 20 * LOOKS[-1], tag_id)
    many = [await effort(runtime, work) for work in works]
    assert all(now < 1.5 * before for before, now in zip(few, many, strict=True)), (few, many)


@pytest.mark.parametrize(
    "bounds", [{"since_id": MAX_ID}, {"min_id": MAX_ID}, {"max_id": MAX_ID}, {"max_id": 0, "min_id": 0}]
)
async def test_the_greatest_and_the_least_id_are_bounds_like_others(
    runtime: Runtime, ann: Account, bo: Account, bounds: dict[str, int]
) -> None:
    """No sum leaves the numbers that the database knows (client-api 36)."""
    await make_post(runtime, ann, "#rooks")
    page, now = Page(limit=5, **bounds), runtime.now()
    async with runtime.read() as reader:
        await list_public_ids(reader, page, viewer_id=bo.id, now=now, local=False, remote=False, only_media=False)
        await list_hashtag_ids(reader, page, viewer_id=bo.id, now=now, any_of=["rooks"])
        await list_account_post_ids(reader, ann.id, bo.id, page)
        await list_home_ids(reader, bo.id, page)
