"""Hashtags that people show on their pages. Reading them is `featured_queries`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import delete

from node.base.db.inserts import insert_if_absent
from node.base.db.locks import lock_pair
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.events import TagFeatured, TagUnfeatured
from node.posts.featured_queries import count_featured_tags, find_featured_by_name
from node.posts.hashtags import MAX_NAME, keep_hashtag
from node.posts.models import FeaturedTag
from node.text.writing import fold_hashtag, is_hashtag

MAX_FEATURED_TAGS: Final = 10


async def feature_tag(uow: UnitOfWork, account_id: int, name: str, *, now: datetime, told: bool = True) -> FeaturedTag:
    """Let an account show a hashtag, given with or without `#`; showing it again changes nothing. Raises Invalid.

    `told`: the world is to hear of it, as it does of our own people.
    """
    display = name.strip().removeprefix("#")
    folded = fold_hashtag(display)
    if not is_hashtag(display) or len(display) > MAX_NAME or len(folded) > MAX_NAME:
        raise Invalid("This is not a hashtag.")
    await lock_pair(uow, "featured tags", account_id, account_id)
    known = await find_featured_by_name(uow, account_id, folded)
    if known is not None:
        return known
    if await count_featured_tags(uow, account_id) >= MAX_FEATURED_TAGS:
        raise Invalid(f"You can feature {MAX_FEATURED_TAGS} hashtags. Remove another one first.")
    tag_id = await keep_hashtag(uow, folded, display, now)
    await insert_if_absent(
        uow, FeaturedTag, {"id": new_id(), "account_id": account_id, "hashtag_id": tag_id, "created_at": now}
    )
    if told:
        await uow.record(TagFeatured(account_id, tag_id))
    made = await find_featured_by_name(uow, account_id, folded)
    assert made is not None
    return made


async def unfeature_tag(uow: UnitOfWork, featured: FeaturedTag, *, told: bool = True) -> None:
    """Let an account show a hashtag no longer."""
    gone = await uow.write(
        delete(FeaturedTag).where(FeaturedTag.id == featured.id).execution_options(synchronize_session=False)
    )
    if gone and told:
        await uow.record(TagUnfeatured(featured.account_id, featured.hashtag_id))


async def set_remote_tags(uow: UnitOfWork, account_id: int, names: Iterable[str], *, now: datetime) -> None:
    """Make these hashtags all that a remote account features; what is none is left out (COL-4)."""
    await forget_featured_tags(uow, account_id)
    for name in list(names)[:MAX_FEATURED_TAGS]:
        try:
            await feature_tag(uow, account_id, name, now=now, told=False)
        except Invalid:
            continue


async def forget_featured_tags(uow: UnitOfWork, account_id: int) -> None:
    """Remove all that an account features."""
    await uow.write(
        delete(FeaturedTag).where(FeaturedTag.account_id == account_id).execution_options(synchronize_session=False)
    )
