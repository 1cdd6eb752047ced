"""Liking posts and taking it back, by anybody, ours or remote. Called by the doors and the inbox.

A post that goes round is liked by many at the same moment: `like_all` takes any number of likes with the same few
statements, and `like_soon` has those that reach this process at the same moment share a transaction.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import delete

from node.accounts.queries import get_account
from node.base.cache import RedisGate
from node.base.db.inserts import insert_new
from node.base.db.pieces import delete_piece
from node.base.db.together import Together
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Forbidden, NotFound
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.base.settings import Settings
from node.events import PostLiked, PostUnliked
from node.posts.consent import ask, is_like_pending, need_for
from node.posts.counters import count_on_post
from node.posts.like_queries import Likeable, find_like, list_likeable
from node.posts.models import Like, Post
from node.posts.queries import find_post
from node.uris import like_uri

MOST_AT_ONCE: Final = 16
"""Likes of a transaction: who posts meanwhile waits for it, and for their answers."""
GAP_SECONDS: Final = 0.01
"""From one transaction of likes to the next in a process: of 50 000 likes a minute eight share one."""


@dataclass(slots=True)
class Wish:
    """An account wants to like a post; `uri` is the Like activity's id where it came from elsewhere.

    `refused` says in the end what stands against it: NotFound where the account may not see the post, Forbidden where
    its author does not want it (OBJ-16).
    """

    account_id: int
    post_id: int
    uri: str = ""
    refused: NotFound | Forbidden | None = None


async def like_soon(runtime: Runtime, account_id: int, post_id: int) -> None:
    """Like a post in the name of one of ours, together with whoever likes one at the same moment; return when it is
    committed; to like it again changes nothing. Raises NotFound or Forbidden as `Wish.refused` says."""
    together = _TOGETHER.get(runtime.gate)
    if together is None:
        publishing = runtime.publishing
        together = Together(
            _commit,
            most=MOST_AT_ONCE,
            gap=GAP_SECONDS,
            give_way=publishing.give_way,
            is_wanted=publishing.__bool__,
        )
        _TOGETHER[runtime.gate] = together
    wish = Wish(account_id, post_id)
    await together.take((runtime, wish))
    if wish.refused is not None:
        raise wish.refused


_TOGETHER: "WeakKeyDictionary[RedisGate, Together[tuple[Runtime, Wish]]]" = WeakKeyDictionary()
"""One a node and process, as `node.remote.memory`."""


async def _commit(entries: Sequence[tuple[Runtime, Wish]]) -> int:
    runtime, _ = entries[0]
    async with runtime.write() as uow:
        await like_all(uow, runtime.settings, [wish for _, wish in entries], now=runtime.now())
    return len(entries)


async def like_all(uow: UnitOfWork, settings: Settings, wishes: Sequence[Wish], *, now: datetime) -> None:
    """Like posts in the name of several; what cannot be is said in the wish and harms no other. To like a post again
    changes nothing; to like a boost is to like what it boosts."""
    await uow.flush()
    found = await list_likeable(uow, {(wish.account_id, wish.post_id) for wish in wishes})
    likes: dict[tuple[int, int], dict[str, Any]] = {}
    asked: set[int] = set()
    ours: set[int] = set()
    for wish in wishes:
        target = found.get((wish.account_id, wish.post_id))
        try:
            if target is None:
                raise NotFound
            must_ask = await _must_ask(uow, target)
        except (NotFound, Forbidden) as refused:
            wish.refused = refused
            continue
        id_ = new_id()
        likes[target.account_id, target.post_id] = {
            "id": id_,
            "account_id": target.account_id,
            "post_id": target.post_id,
            "uri": wish.uri or (like_uri(settings, id_) if target.by_one_of_ours else ""),
            "created_at": now,
        }
        asked |= {id_} if must_ask else set()
        ours |= {id_} if target.by_one_of_ours else set()
    if not likes:
        return
    # In one order everywhere: two processes with the same people's likes must not wait for each other in a circle.
    new = await insert_new(uow, Like, [likes[pair] for pair in sorted(likes)])
    made = [row for row in likes.values() if row["id"] in new]
    for row in made:
        if row["id"] in asked:
            await _ask(uow, row, now)
    counted = Counter((row["post_id"], row["id"] in ours) for row in made if row["id"] not in asked)
    for (post_id, is_ours), number in counted.items():
        await count_on_post(uow, post_id, "likes_count", number, ours=is_ours)
    await uow.record(*(PostLiked(row["id"], row["account_id"], row["post_id"]) for row in made))


async def _must_ask(uow: UnitOfWork, target: Likeable) -> bool:
    """Say whether the author has to be asked first. Raises Forbidden where they want no like at all."""
    if target.post_is_ours or not target.by_one_of_ours or "like" not in target.interaction_policy:
        return False
    post = await find_post(uow, target.post_id)
    return post is not None and await need_for(uow, "like", await get_account(uow, target.account_id), post)


async def _ask(uow: UnitOfWork, row: dict[str, Any], now: datetime) -> None:
    post = await find_post(uow, row["post_id"])
    if post is not None:
        account = await get_account(uow, row["account_id"])
        await ask(uow, "like", account, post, subject_id=row["id"], subject_uri=row["uri"], now=now)


async def unlike(uow: UnitOfWork, account_id: int, post: Post) -> bool:
    """Take a like back; return whether there was one."""
    post_id = post.boost_of_id or post.id
    stored = await find_like(uow, account_id, post_id)
    if stored is None:
        return False
    was_counted = not await is_like_pending(uow, stored.id)
    gone = await uow.write(delete(Like).where(Like.id == stored.id).execution_options(synchronize_session=False))
    if not gone:
        return False
    if was_counted:
        await count_on_post(uow, post_id, "likes_count", -1, ours=True)
    await uow.record(PostUnliked(stored.id, stored.uri, account_id, post_id))
    return True


async def forget_likes(uow: UnitOfWork, post_id: int) -> bool:
    """Remove some likes of a deleted post, once all who liked it have been told; return whether there may be more."""
    return await delete_piece(uow, Like, Like.post_id == post_id)
