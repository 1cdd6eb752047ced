"""Asking a remote poll's own server how it stands: when somebody looks at it, and once it is over (OBJ-9).

At most once a minute for each poll, whoever asks and in whatever process, and never again once the results are
final. A server that does not answer changes nothing here.
"""

import asyncio
from typing import Final

import structlog

from federation.errors import FederationError
from node.base.errors import Unavailable
from node.base.lanes import FETCH
from node.base.runtime import Runtime
from node.polls.queries import PollState, find_poll
from node.polls.remote import claim_refresh
from node.polls.rules import is_worth_asking
from node.posts.models import Post
from node.posts.queries import find_post_by_uri
from node.posts.remote import edit_remote_post
from node.posts.rules import OPEN_VISIBILITIES
from node.remote.posts import download_post
from node.remote.queries import find_local_follower_id
from node.remote.tasks import POLL, queue_fetch

PATIENCE_SECONDS: Final = 5.0
"""How long somebody who looks at a poll waits for its server."""

log = structlog.get_logger(__name__)


async def refresh_poll(runtime: Runtime, post: Post, poll: PollState, *, viewer_id: int | None) -> bool:
    """Bring a poll that somebody looks at up to date, if it may have changed; return whether its server answered."""
    if post.local or not is_worth_asking(
        fetched_at=poll.fetched_at, closes_at=poll.closes_at, closed_at=poll.closed_at, now=runtime.now()
    ):
        return False
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await _refresh(runtime, post, as_account_id=viewer_id)
    except (FederationError, TimeoutError, Unavailable) as error:
        log.info("poll_not_refreshed", id=post.id, reason=type(error).__name__)
        return False


async def refresh_later(runtime: Runtime, post: Post) -> None:
    """Have the poll of a post that somebody looks at brought up to date behind the page, if it may have changed."""
    async with runtime.read() as reader:
        poll = await find_poll(reader, post.id)
    now = runtime.now()
    if (
        poll is None
        or post.local
        or not is_worth_asking(fetched_at=poll.fetched_at, closes_at=poll.closes_at, closed_at=poll.closed_at, now=now)
    ):
        return
    async with runtime.write() as uow:
        await queue_fetch(uow, POLL, uri=post.uri, now=now)
        uow.after_commit(lambda: runtime.nudge(FETCH))


async def refresh_poll_of(runtime: Runtime, uri: str) -> bool:
    """Bring the poll of a remote post up to date, in the background. Raises FederationError."""
    async with runtime.read() as reader:
        post = await find_post_by_uri(reader, uri)
        if post is None or post.local or post.deleted_at is not None or await find_poll(reader, post.id) is None:
            return False
        follower_id = await find_local_follower_id(reader, post.account_id)
    return await _refresh(runtime, post, as_account_id=follower_id)


async def _refresh(runtime: Runtime, post: Post, *, as_account_id: int | None) -> bool:
    async with runtime.write() as uow:
        if not await claim_refresh(uow, post.id, now=runtime.now()):
            return False
    is_open = post.visibility in OPEN_VISIBILITIES
    fetched = await download_post(runtime, post.uri, as_account_id=None if is_open else as_account_id)
    if fetched.post.id != post.uri or fetched.author.id != post.account_id:
        return False
    async with runtime.write() as uow:
        await edit_remote_post(
            uow, runtime.settings, post, fetched.post, mentions=fetched.circle.mentions, now=runtime.now()
        )
    return True
