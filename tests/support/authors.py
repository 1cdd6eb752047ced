"""People on another node whom somebody new begins to follow: they wrote for a day, and follow others."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import update

from node.accounts.models import Account
from node.base.ids import id_at, new_id
from node.base.runtime import Runtime
from node.follows.models import Follow
from node.posts.models import Post

POSTS = 24
"""Of each author."""


async def let_them_write(runtime: Runtime, authors: Mapping[int, str], others: Sequence[int], **profile: bool) -> None:
    """Let authors (their names by id) write `POSTS` posts each, "name fancies n", and follow all `others`."""
    now = runtime.now()
    async with runtime.write() as uow:
        for author_id, name in authors.items():
            for n in range(POSTS):
                published = now - timedelta(hours=n + 1)
                post_id = id_at(published)
                uow.add(
                    Post(
                        id=post_id,
                        uri=f"{runtime.settings.public_url}/users/{author_id}/statuses/{post_id}",
                        account_id=author_id,
                        local=True,
                        visibility="public",
                        content=f"{name} fancies {n}",
                        thread_id=post_id,
                        published_at=published,
                        created_at=published,
                    )
                )
            for other_id in others:
                uow.add(
                    Follow(
                        id=new_id(),
                        follower_id=author_id,
                        followee_id=other_id,
                        created_at=now,
                        accepted_at=now,
                    )
                )
            counts = {"posts_count": POSTS, "following_count": len(others)}
            await uow.write(update(Account).where(Account.id == author_id).values(**counts, **profile))
