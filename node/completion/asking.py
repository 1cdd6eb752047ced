"""What a look sets going: called by the doors when somebody opens a profile, pages through it, or opens a thread.

Only for people with an account here: `viewer_id` None, a stranger, asks for nothing. A look costs two reads when
there is nothing to do. Each answer is a `Refresh`, which the door may tell of, or None when nothing was ever asked.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from node.accounts.models import Account
from node.accounts.queries import find_account
from node.base.db.unit_of_work import UnitOfWork
from node.base.lanes import FETCH
from node.base.paging import Page
from node.base.runtime import Runtime
from node.completion.models import Completion
from node.completion.queries import find_completion, find_completion_by_id, has_posts_below, list_thread
from node.completion.rules import (
    ACCOUNT,
    FAILED_LIFE,
    FOLLOWING,
    FOLLOWING_LIFE,
    PROFILE_LIFE,
    THREAD,
    THREAD_LIFE,
    THREAD_REST,
    is_outbox_stale,
    may_check_thread,
)
from node.completion.service import begin, begin_newest, forget_run
from node.completion.walks import first_steps
from node.http.limits import Bucket, Limit, LimitReached, spend
from node.posts.models import Post
from node.posts.rules import OPEN_VISIBILITIES
from node.posts.walks import Found
from node.public_follows.service import forget_list
from node.pulls.service import review
from node.remote.queries import has_local_follower
from node.remote.tasks import ACTOR, queue_fetch

COMPLETIONS: Final = Limit("completions", 120, 300)
"""Runs one person may set going; beyond it they see what is stored."""
RETRY_SECONDS: Final = 2
AHEAD: Final = 40
"""How many older posts are to be stored beyond the page somebody looks at."""

_LOOK_EVERY_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Refresh:
    """How a run stands; Mastodon's API calls it an async refresh."""

    id: int
    is_running: bool
    result_count: int


async def look_at_account(runtime: Runtime, account: Account, viewer_id: int | None) -> Refresh | None:
    """Somebody opened a profile: bring in its newest posts and counts (COL-8), and itself when stale (ACT-6)."""
    if viewer_id is None or account.is_local or account.is_gone:
        return None
    now = runtime.now()
    is_old = account.fetched_at is None or account.fetched_at < now - PROFILE_LIFE
    async with runtime.read() as reader:
        row = await find_completion(reader, ACCOUNT, account.id)
        is_followed = await has_local_follower(reader, account.id)
    wants_posts = bool(account.outbox_url) and (
        row is None
        or (
            row.finished_at is not None
            and is_outbox_stale(
                read_at=account.backfilled_at, tried_at=row.finished_at, is_followed=is_followed, now=now
            )
        )
    )
    if (is_old or wants_posts) and await _may_ask(runtime, viewer_id):
        async with runtime.write() as uow:
            if is_old and await queue_fetch(uow, ACTOR, uri=account.uri, now=now):
                uow.after_commit(lambda: runtime.nudge(FETCH))
            if wants_posts:
                await begin_newest(uow, runtime, account.id, ended_by=now - FAILED_LIFE)
        return await _refresh(runtime, ACCOUNT, account.id)
    return refresh_of(row)


async def look_further(runtime: Runtime, account: Account, viewer_id: int | None, *, older_than: int) -> Refresh | None:
    """Somebody reads an account's posts down to `older_than`: see that the next ones are here before they get there.

    None when there are no older ones to be had.
    """
    if viewer_id is None or account.is_local or account.is_gone:
        return None
    async with runtime.read() as reader:
        row = await find_completion(reader, ACCOUNT, account.id)
        if row is None or not (row.finished_at is None or row.progress.get("older")):
            return None
        has_enough = await has_posts_below(reader, account.id, older_than, more_than=AHEAD)
    if row.finished_at is None or has_enough:
        return refresh_of(row)
    if not await _may_ask(runtime, viewer_id):
        return None
    async with runtime.write() as uow:
        progress = {**row.progress, "task": "older"}
        # a run that failed leaves its place as it was; it is not tried at once again
        ended_by = runtime.now() - (FAILED_LIFE if row.detail else timedelta())
        has_begun = await begin(uow, runtime, ACCOUNT, account.id, progress=progress, ended_by=ended_by)
    return await _refresh(runtime, ACCOUNT, account.id) if has_begun else None


@dataclass(frozen=True, slots=True)
class PageOfPosts:
    """A page of an account's posts, and what is under way to complete it."""

    found: Found
    refresh: Refresh | None
    has_more: bool
    """Whether there may be older posts, here or on the account's server, although this page is not full."""

    @property
    def ids(self) -> list[int]:
        """The posts of the page, newest first."""
        return self.found.ids

    @property
    def cursors(self) -> list[int]:
        """What the links of the page are made of."""
        return self.found.cursors


async def complete_page(
    runtime: Runtime, account: Account, viewer_id: int | None, page: Page, read: Callable[[], Awaitable[Found]]
) -> PageOfPosts:
    """Read a page of an account's posts with `read`, and see that it is full if its server has more.

    Waits for that about as long as the setting `completion_wait` says; what comes later is there at the next look.
    """
    if viewer_id is None or account.is_local or page.min_id is not None or page.since_id is not None:
        found = await read()
        return PageOfPosts(found, None, found.looked_to is not None)
    refresh = await look_at_account(runtime, account, viewer_id) if page.max_id is None else None
    found = await read()
    seconds = runtime.settings.completion_wait / 1000
    # apps take an empty page for the end of everything, so that one is waited for longer
    until = time.monotonic() + seconds * (1 if found.ids else 2)
    if refresh is not None and len(found.ids) < page.limit:
        refresh = await wait_for(runtime, refresh, until=until)
        found = await read()
    while True:
        is_full = len(found.ids) >= page.limit
        if found.looked_to is not None:  # older ones are stored here: the next page has them
            return PageOfPosts(found, refresh, has_more=True)
        older = await look_further(runtime, account, viewer_id, older_than=found.ids[-1] if is_full else 0)
        if is_full or older is None or time.monotonic() >= until:
            return PageOfPosts(found, older or refresh, has_more=older is not None)
        await wait_for(runtime, older, until=until)
        found = await read()


async def look_at_thread(runtime: Runtime, post: Post, viewer_id: int | None) -> Refresh | None:
    """Somebody opened a post: bring in what its thread lacks (COL-7)."""
    if viewer_id is None or post.visibility not in OPEN_VISIBILITIES or post.boost_of_id is not None:
        return None
    now = runtime.now()
    async with runtime.read() as reader:
        row = await find_completion(reader, THREAD, post.thread_id)
        if row is not None and (row.finished_at is None or row.finished_at > now - THREAD_REST):
            return refresh_of(row)
        posts = await list_thread(reader, post.thread_id, first=(post.id, post.thread_id))
    named = {post.id, post.thread_id}
    may_climb = row is None or row.finished_at is None or row.finished_at <= now - THREAD_LIFE
    lacks = any(
        may_check_thread(
            is_local=one.local,
            is_fetched=one.fetched,
            published_at=one.published_at,
            checked_at=one.thread_checked_at,
            now=now,
        )
        or (one.in_reply_to_uri is not None and one.id in named and may_climb)
        for one in posts
    )
    if not lacks or not await _may_ask(runtime, viewer_id):
        return refresh_of(row)
    async with runtime.write() as uow:
        steps = first_steps(post.thread_id, post.id)
        await begin(uow, runtime, THREAD, post.thread_id, progress=steps, ended_by=now - THREAD_REST)
    return await _refresh(runtime, THREAD, post.thread_id)


async def follow_begins(uow: UnitOfWork, runtime: Runtime, follower_id: int, followee_id: int) -> None:
    """Somebody here follows, or asks to: bring in what they will look for (COL-8). Inside the caller's transaction."""
    follower, followee = await find_account(uow, follower_id), await find_account(uow, followee_id)
    if follower is None or followee is None or not follower.is_local:
        return
    if followee.is_local or followee.is_gone:
        return
    await review(uow, runtime, followee)
    if followee.outbox_url and followee.backfilled_at is None:
        await begin_newest(uow, runtime, followee.id, ended_by=runtime.now() - FAILED_LIFE)
    if followee.following_url:
        ended_by = runtime.now() - FOLLOWING_LIFE
        await begin(uow, runtime, FOLLOWING, followee.id, progress={}, ended_by=ended_by)


async def follow_ends(uow: UnitOfWork, followee_id: int) -> None:
    """Nobody here may follow an account any more: forget whom it follows. Inside the caller's transaction."""
    followee = await find_account(uow, followee_id)
    if followee is not None and not followee.is_local and not await has_local_follower(uow, followee_id):
        await forget_list(uow, followee_id)
        await forget_run(uow, FOLLOWING, followee_id)


async def wait_for(runtime: Runtime, refresh: Refresh | None, *, until: float) -> Refresh | None:
    """Wait for the end of a run, by the monotonic clock no longer than `until`; return how it stands then."""
    while refresh is not None and refresh.is_running and time.monotonic() < until:
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        refresh = await find_refresh(runtime, refresh.id)
    return refresh


async def find_refresh(runtime: Runtime, refresh_id: int) -> Refresh | None:
    """Return how a run stands."""
    async with runtime.read() as reader:
        return refresh_of(await find_completion_by_id(reader, refresh_id))


def refresh_of(row: Completion | None) -> Refresh | None:
    """Return a row as its doors tell of it."""
    return None if row is None else Refresh(row.id, row.finished_at is None, row.result_count)


async def _refresh(runtime: Runtime, kind: str, subject_id: int) -> Refresh | None:
    async with runtime.read() as reader:
        return refresh_of(await find_completion(reader, kind, subject_id))


async def _may_ask(runtime: Runtime, viewer_id: int) -> bool:
    try:
        await spend(runtime, Bucket(COMPLETIONS, f"account:{viewer_id}"))
    except LimitReached:
        return False
    return True
