"""Publishing a whole thread at once: all of its posts or none, each answering the one before.

In one transaction, so nobody ever sees half of it, and under one idempotency key. Ids grow in the order of the thread
and each post is dated a moment after the last, so that every timeline has them in order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.base.settings import Settings
from node.posts.consent import need_for
from node.posts.drafts import Draft
from node.posts.idempotency import KeyUsed, claim_key, name_posts
from node.posts.models import Post
from node.posts.queries import find_idempotency_key, find_post, get_visible_post
from node.posts.service import publish

MAX_POSTS: Final = 25
_STEP: Final = timedelta(milliseconds=1)


async def publish_thread(
    uow: UnitOfWork,
    settings: Settings,
    author: Account,
    drafts: Sequence[Draft],
    *,
    mentions: Mapping[str, Account],
    now: datetime,
    idempotency_key: str | None = None,
) -> list[Post]:
    """Publish posts as a thread, in order; only the first may answer something else, with one visibility for all.

    Raises Invalid with fields: what is wrong with the third post is said of `statuses[2]`. NotFound, Forbidden,
    KeyUsed as `publish` does.
    """
    if not 1 <= len(drafts) <= MAX_POSTS:
        raise Invalid(fields={"statuses": [f"Statuses must be from 1 to {MAX_POSTS} posts"]})
    if idempotency_key:
        earlier_id = await claim_key(uow, author.id, idempotency_key, new_id(), now)
        if earlier_id is not None:
            return await _earlier(uow, author.id, idempotency_key, earlier_id)
    first = drafts[0]
    visibility = first.visibility
    if first.in_reply_to_id is not None:
        parent = await get_visible_post(uow, first.in_reply_to_id, author.id)
        if await need_for(uow, "reply", author, parent):
            raise Invalid("Validation failed: The author you answer has to agree first: send one post, not a thread")
        visibility = visibility or parent.visibility
    posts: list[Post] = []
    for number, draft in enumerate(drafts):
        above = posts[-1].id if posts else first.in_reply_to_id
        whole = replace(draft, in_reply_to_id=above, visibility=visibility or "public", local_only=first.local_only)
        try:
            post = await publish(uow, settings, author, whole, mentions=mentions, now=now + number * _STEP)
        except Invalid as error:
            raise _placed(error, number) from error
        visibility = post.visibility  # a quote may have narrowed it: the rest goes no further (row 107)
        posts.append(post)
    if idempotency_key:
        await name_posts(uow, author.id, idempotency_key, [post.id for post in posts])
    return posts


async def _earlier(uow: UnitOfWork, author_id: int, key: str, first_id: int) -> list[Post]:
    row = await find_idempotency_key(uow, author_id, key)
    ids = [first_id, *(row.also_ids if row is not None else ())]
    found = [await find_post(uow, id_) for id_ in ids]
    standing = [post for post in found if post is not None and post.deleted_at is None]
    if not standing:
        raise KeyUsed(first_id)
    return standing


def _placed(error: Invalid, number: int) -> Invalid:
    if not error.fields:
        return Invalid(f"{error.message} (post {number + 1})")
    where = f"statuses[{number}]"
    return Invalid(
        fields={
            f"{where}.{name}": [f"Post {number + 1}: {text}" for text in texts] for name, texts in error.fields.items()
        }
    )
