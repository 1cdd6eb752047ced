"""One request, one post, however often it is sent (client-api 8): `Idempotency-Key`s, in the post's own transaction.

A key is tied to the id that is about to be made: a post, the first post of a thread, or a scheduled post. The insert
itself decides between two requests at once; a process that dies before the commit leaves neither post nor key.
Called by what publishes and what schedules.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, update

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Conflict
from node.posts.models import IdempotencyKey
from node.posts.queries import find_idempotency_key, find_post, stored_key

LIFE: Final = timedelta(hours=1)


class KeyUsed(Conflict):
    """The key made something of another kind before; `made_id` is its id. The door answers with that."""

    default_message = "This Idempotency-Key was used for something else"

    def __init__(self, made_id: int) -> None:
        super().__init__()
        self.made_id = made_id


async def claim_key(uow: UnitOfWork, account_id: int, key: str, new_id: int, now: datetime) -> int | None:
    """Tie a key to what is about to be made, or return the id of what it made before.

    On PostgreSQL a second request waits here for the first one's commit. A key older than an hour, or whose post is
    deleted, is free again. Raises Conflict when two take an old key over at one moment.
    """
    made = {"post_id": new_id, "also_ids": [], "created_at": now}
    if await insert_if_absent(uow, IdempotencyKey, {"account_id": account_id, "key": stored_key(key), **made}):
        return None
    row = await find_idempotency_key(uow, account_id, key)
    if row is None:
        raise Conflict()
    if row.created_at > now - LIFE:
        post = await find_post(uow, row.post_id)
        if post is None or post.deleted_at is None:
            return row.post_id
    moved = await uow.write(
        update(IdempotencyKey)
        .where(
            IdempotencyKey.account_id == account_id,
            IdempotencyKey.key == row.key,
            IdempotencyKey.post_id == row.post_id,
        )
        .values(**made)
        .execution_options(synchronize_session=False)
    )
    if not moved:
        raise Conflict()
    return None


async def name_posts(uow: UnitOfWork, account_id: int, key: str, ids: Sequence[int]) -> None:
    """Tie a key that was just claimed to the posts of a thread."""
    await uow.write(
        update(IdempotencyKey)
        .where(IdempotencyKey.account_id == account_id, IdempotencyKey.key == stored_key(key))
        .values(post_id=ids[0], also_ids=list(ids[1:]))
        .execution_options(synchronize_session=False)
    )


async def pass_key(uow: UnitOfWork, account_id: int, made_id: int, post_id: int) -> None:
    """Let the key that made a scheduled post answer with the post that came of it."""
    await uow.write(
        update(IdempotencyKey)
        .where(IdempotencyKey.account_id == account_id, IdempotencyKey.post_id == made_id)
        .values(post_id=post_id)
        .execution_options(synchronize_session=False)
    )


async def free_key(uow: UnitOfWork, account_id: int, made_id: int) -> None:
    """Forget the key of what was taken back before it became a post."""
    await uow.write(
        delete(IdempotencyKey)
        .where(IdempotencyKey.account_id == account_id, IdempotencyKey.post_id == made_id)
        .execution_options(synchronize_session=False)
    )
