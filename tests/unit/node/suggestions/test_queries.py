"""What suggestions count."""

import pytest

from node.base.runtime import Runtime
from node.follows.service import follow
from node.posts.boosts import boost
from node.suggestions.queries import list_boosted
from tests.support.make import make_account, make_post


@pytest.mark.parametrize("visibility", ["public", "direct"])
async def test_a_boost_that_waits_for_leave_recommends_nobody(runtime: Runtime, visibility: str) -> None:
    """Attack row 106: nobody learns by it that a friend wants to boost somebody (OBJ-16)."""
    ann, bo, cara = [await make_account(runtime, name) for name in ("ann", "bo", "cara")]
    post = await make_post(runtime, cara)
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, ann, bo, now=runtime.now())
        made = await boost(uow, runtime.settings, bo, post, now=runtime.now())
        made.visibility = visibility
    async with runtime.read() as reader:
        found = await list_boosted(reader, ann.id, runtime.now())
    assert found == ([(cara.id, bo.id)] if visibility == "public" else [])
