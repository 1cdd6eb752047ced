"""Boosting posts and taking it back, for our own people. Boosts of remote actors: `remote.store_remote_boost`.

A boost is a row of `posts` with `boost_of_id` and no words of its own. It never reaches further than what it
boosts (AUD-4): a boost of an unlisted post is unlisted, one of an own followers-only post goes to followers.
"""

from datetime import datetime
from typing import Final

from node.accounts.models import Account
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Forbidden, Invalid
from node.base.ids import new_id
from node.base.settings import Settings
from node.events import PostPublished
from node.posts.consent import ask, need_for
from node.posts.counters import count_author, count_on_post
from node.posts.models import Post
from node.posts.queries import find_boost, get_visible_post
from node.posts.rules import may_boost
from node.posts.service import withdraw
from node.uris import boost_uri

_REACH: Final = {"public": 0, "unlisted": 1, "followers": 2}


async def boost(
    uow: UnitOfWork,
    settings: Settings,
    account: Account,
    post: Post,
    *,
    now: datetime,
    visibility: str | None = None,
) -> Post:
    """Boost a post and return the boost; boosting again returns the first one.

    To boost a boost is to boost what it boosts. Raises NotFound when the account may not see the post, Forbidden
    when nobody may boost it, Invalid for a visibility no boost can have.
    """
    if visibility is not None and visibility not in _REACH:
        raise Invalid(fields={"visibility": ["Visibility is not one of public, unlisted, private"]})
    post = await get_visible_post(uow, post.boost_of_id or post.id, account.id)
    if not may_boost(visibility=post.visibility, is_author=post.account_id == account.id):
        raise Forbidden()
    must_ask = await need_for(uow, "announce", account, post)
    wanted = narrower(visibility or "public", post.visibility)
    boost_id = new_id()
    values = {
        "id": boost_id,
        "uri": boost_uri(settings, account.id, boost_id),
        "account_id": account.id,
        "local": True,
        "visibility": "direct" if must_ask else wanted,
        "local_only": post.local_only,
        "boost_of_id": post.id,
        "thread_id": boost_id,
        "published_at": now,
        "created_at": now,
    }
    is_new = await insert_if_absent(uow, Post, values)
    if is_new and must_ask:
        uri = boost_uri(settings, account.id, boost_id)
        await ask(
            uow, "announce", account, post, subject_id=boost_id, subject_uri=uri, wanted_visibility=wanted, now=now
        )
    elif is_new:
        await count_on_post(uow, post.id, "boosts_count", 1, ours=True)
        await count_author(uow, account, visibility=post.visibility, published_at=now)
        await uow.record(PostPublished(boost_id))
    stored = await find_boost(uow, account.id, post.id)
    assert stored is not None
    return stored


async def unboost(uow: UnitOfWork, account_id: int, post: Post, *, now: datetime) -> bool:
    """Take a boost back; return whether there was one. `post` is what was boosted, or a boost of it."""
    stored = await find_boost(uow, account_id, post.boost_of_id or post.id)
    return stored is not None and await withdraw(uow, stored, now=now)


def narrower(wanted: str, bound: str) -> str:
    """Return the narrower of two visibilities a boost can have."""
    return max(wanted, bound, key=lambda visibility: _REACH[visibility])
