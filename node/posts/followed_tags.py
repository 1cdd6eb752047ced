"""Hashtags that people follow: public posts with one come into their home. Reading them is `tag_queries`."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete

from node.base.db.inserts import insert_if_absent
from node.base.db.locks import lock_use
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.events import HomeChanged
from node.posts.hashtags import MAX_NAME, keep_hashtag
from node.posts.models import Hashtag, TagFollow
from node.posts.queries import find_hashtag
from node.posts.tag_queries import count_followed_tags, find_tag_follow
from node.text.writing import fold_hashtag, is_hashtag

MAX_FOLLOWED_TAGS: Final = 200
"""Attack row 59; and a home that is made anew looks for each of them."""


async def follow_tag(uow: UnitOfWork, account_id: int, name: str, *, now: datetime) -> Hashtag:
    """Follow a hashtag, given with or without `#`; repeating changes nothing. Raises Invalid."""
    display = name.strip().removeprefix("#")
    folded = fold_hashtag(display)
    if not is_hashtag(display) or len(display) > MAX_NAME or len(folded) > MAX_NAME:
        raise Invalid("This is not a hashtag.")
    await lock_use(uow, f"followed tags:{account_id}")
    tag_id = await keep_hashtag(uow, folded, display, now)
    if await find_tag_follow(uow, account_id, tag_id) is None:
        if await count_followed_tags(uow, account_id) >= MAX_FOLLOWED_TAGS:
            raise Invalid(f"You can follow {MAX_FOLLOWED_TAGS} hashtags. Unfollow another one first.")
        row = {"id": new_id(), "account_id": account_id, "hashtag_id": tag_id, "created_at": now}
        await insert_if_absent(uow, TagFollow, row)
        await uow.record(HomeChanged(account_id))
    found = await find_hashtag(uow, folded)
    assert found is not None
    return found


async def unfollow_tag(uow: UnitOfWork, account_id: int, hashtag_id: int) -> bool:
    """Follow a hashtag no longer; return whether it was followed. What it brought home is gone at the next read."""
    gone = await uow.write(
        delete(TagFollow)
        .where(TagFollow.account_id == account_id, TagFollow.hashtag_id == hashtag_id)
        .execution_options(synchronize_session=False)
    )
    return bool(gone)


async def forget_followed_tags(uow: UnitOfWork, account_id: int) -> None:
    """Remove all hashtags that somebody who is gone followed."""
    await uow.write(
        delete(TagFollow).where(TagFollow.account_id == account_id).execution_options(synchronize_session=False)
    )
