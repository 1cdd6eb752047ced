"""Writing which hashtags a post carries. Reading them is `posts/queries`; finding them in text `text/writing`."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, delete, or_, select, update

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.posts.models import Hashtag, PostHashtag
from node.text.writing import MAX_HASHTAGS, fold_hashtag, shown_hashtag

MAX_NAME = 300
USED_STEP: Final = timedelta(hours=1)
"""How exactly is known when a hashtag was last used: who posts with one that is all the rage waits for nobody."""


async def set_hashtags(uow: UnitOfWork, post_id: int, names: Iterable[str], *, now: datetime) -> None:
    """Make `names` (as written, without `#`) the hashtags of a post: adds what is new, removes what is gone."""
    ids = await add_hashtags(uow, post_id, names, now=now)
    await uow.write(
        delete(PostHashtag)
        .where(PostHashtag.post_id == post_id, PostHashtag.hashtag_id.not_in(ids))
        .execution_options(synchronize_session=False)
    )


async def add_hashtags(uow: UnitOfWork, post_id: int, names: Iterable[str], *, now: datetime) -> list[int]:
    """Give a post hashtags and return their ids: all that a post needs that was just made."""
    wanted: dict[str, str] = {}
    for name in names:
        folded = fold_hashtag(name)
        if folded and len(folded) <= MAX_NAME and len(name) <= MAX_NAME and len(wanted) < MAX_HASHTAGS:
            wanted.setdefault(folded, name)
    ids = [await keep_hashtag(uow, folded, display, now) for folded, display in wanted.items()]
    for hashtag_id in ids:
        await insert_if_absent(uow, PostHashtag, {"post_id": post_id, "hashtag_id": hashtag_id})
    if ids:
        await uow.write(
            update(Hashtag)
            .where(Hashtag.id.in_(_long_unused(ids, now)))
            .values(last_used_at=now)
            .execution_options(synchronize_session=False)
        )
    return ids


def _long_unused(ids: Sequence[int], now: datetime) -> Select[int]:
    """Return those of which that is worth noting, without those that somebody else is noting it of right now."""
    unused = or_(Hashtag.last_used_at.is_(None), Hashtag.last_used_at < now - USED_STEP)
    found = select(Hashtag.id).where(Hashtag.id.in_(ids), unused)
    return select(found.with_for_update(key_share=True, skip_locked=True).cte("unused").c.id)


async def keep_hashtag(uow: UnitOfWork, folded: str, display: str, now: datetime) -> int:
    """Return the id of a hashtag, storing it if nobody used it before: it is shown as whoever is first writes it."""
    query = select(Hashtag.id).where(Hashtag.name == folded)
    found: int | None = await uow.scalar(query)
    if found is None:
        values = {"id": new_id(), "name": folded, "display": shown_hashtag(display) or folded, "created_at": now}
        await insert_if_absent(uow, Hashtag, values)
        found = await uow.scalar(query)  # ours, or that of whoever was first
    assert found is not None
    return found
