"""A run on a thread: what hangs below its posts and what stands above them, from their own servers (COL-7, INB-7).

A `Walk` is a queue of steps and the budgets used so far; it is written down between turns, so that a worker that
dies repeats at most what it had under way. First the missing parents, upwards. Then the root: if it names a context
of its own host that is a collection, that one lists the thread. If not, the `replies` of each post of the thread
known here, and of each reply found: a first page inlined, then the `next` chain, pages of the post's own host only.

Every reply is fetched from its own origin and kept only if it answers something known here or something that this
walk is about to fetch, so nobody can make us keep a thousand posts that belong to no thread of ours.
"""

import asyncio
import time
from datetime import datetime
from typing import Final

import structlog

from federation.collection_parsing import CollectionPage, parse_collection
from federation.documents import Document, first_id
from federation.errors import FederationError, MalformedDocument
from federation.origins import host_of, is_http_uri, same_origin
from federation.parsing import RemotePost
from node.base.errors import Unavailable
from node.base.runtime import Runtime
from node.completion.entries import errand_of, store_found
from node.completion.models import Completion
from node.completion.pages import polite, read_page
from node.completion.queries import ThreadPost, find_thread_post, list_thread
from node.completion.rules import MAX_POSTS, MAX_QUOTES, MAX_UPWARD, WALL, may_check_thread
from node.completion.service import finish, mark_checked, save
from node.completion.walks import (
    BEGIN,
    CONTEXT,
    KNOWN,
    PAGE,
    UPWARD,
    Step,
    Walk,
    add_items,
    add_replies,
    follow,
)
from node.posts.queries import find_post, find_post_by_uri
from node.posts.remote import refresh_reported
from node.remote.actors import is_own
from node.remote.posts import download_post

AT_ONCE: Final = 10
TURN_SECONDS: Final = 5.0
"""After this no step begins; those under way have `REQUEST_SECONDS` each."""

log = structlog.get_logger(__name__)


async def complete_thread(runtime: Runtime, run: Completion) -> None:
    """Take a turn of a run: as many steps as its seconds allow; end it when none is left or its time is over."""
    walk = Walk.read(run.progress)
    stop_at = time.monotonic() + TURN_SECONDS
    under_way: dict[asyncio.Task[None], Step] = {}
    try:
        while under_way or (walk.queue and time.monotonic() < stop_at):
            while walk.queue and len(under_way) < AT_ONCE and time.monotonic() < stop_at:
                step = walk.queue.pop(0)
                under_way[asyncio.create_task(_take(runtime, run, walk, step))] = step
            done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del under_way[task]
                task.result()
    finally:
        for task in under_way:
            task.cancel()
    is_over = not walk.queue or runtime.now() > run.started_at + WALL
    async with runtime.write() as uow:
        if is_over:
            await finish(uow, run.id, now=runtime.now(), progress={})
        else:
            await save(uow, run.id, walk.written(), due_at=runtime.now())


async def _take(runtime: Runtime, run: Completion, walk: Walk, step: Step) -> None:
    try:
        match step[0]:
            case "begin":
                await _begin(runtime, run, walk, int(step[1]))
            case "upward":
                await _climb(runtime, run, walk, str(step[1]), int(step[2]))
            case "known":
                await _ask_known(runtime, walk, int(step[1]))
            case "context":
                await _read_context(runtime, walk, str(step[1]), str(step[2]), int(step[3]))
            case "page":
                await _read_replies(runtime, walk, str(step[1]), str(step[2]), int(step[3]))
            case "post":
                await _fetch_reply(runtime, run, walk, str(step[1]))
    except (FederationError, Unavailable) as error:
        log.debug("thread_step_left_out", step=step[0], reason=str(error)[:300])
    except Exception:  # one document that trips us must not end the walk
        log.exception("thread_step_failed", step=step[0])


async def _begin(runtime: Runtime, run: Completion, walk: Walk, post_id: int) -> None:
    """Look at the root or the opened post: what is above it, what its server says of it, where its thread is listed."""
    async with runtime.read() as reader:
        post = await find_thread_post(reader, post_id)
        row = await find_post(reader, post_id)
    if post is None or row is None:
        return
    top = await _topmost(runtime, row.thread_id)
    if top is not None and top.in_reply_to_uri and not is_own(runtime, top.in_reply_to_uri):
        walk.add([UPWARD, top.in_reply_to_uri, 1], first=True)
    is_root = post.id == row.thread_id
    document = await _refreshed(runtime, walk, post) if _may_check(post, runtime.now()) else None
    context = _context_of(runtime, document, post.uri) if document is not None and is_root else None
    if context is not None:
        walk.add([CONTEXT, context, post.uri, 0], first=True)
        return
    if document is not None:
        add_replies(walk, document, post.uri)
        async with runtime.write() as uow:
            await mark_checked(uow, post.id, now=runtime.now())
    if is_root or top is None:
        await _begin_below(runtime, walk, row.thread_id)
    else:
        walk.add([BEGIN, row.thread_id])  # the root may have come in since the walk began


async def _topmost(runtime: Runtime, thread_id: int) -> ThreadPost | None:
    async with runtime.read() as reader:
        return await find_thread_post(reader, thread_id)


async def _refreshed(runtime: Runtime, walk: Walk, post: ThreadPost) -> Document | None:
    """Return the post as its server shows it now, its counts stored (COL-4); None when that cannot be had."""
    try:
        async with walk.gate.turn(host_of(post.uri)):
            fetched = await polite(runtime, post.uri, lambda: download_post(runtime, post.uri))
    except FederationError:
        return None
    if fetched.post.id != post.uri:
        return None
    async with runtime.write() as uow:
        await refresh_reported(uow, post.id, fetched.post)
    return fetched.post.raw


def _context_of(runtime: Runtime, document: Document, uri: str) -> str | None:
    context = first_id(document.get("context"))
    if context is None or not is_http_uri(context) or not same_origin(context, uri) or is_own(runtime, context):
        return None
    return context


async def _begin_below(runtime: Runtime, walk: Walk, thread_id: int) -> None:
    """Ask for the replies of every post of the thread that may have some we do not know."""
    now = runtime.now()
    async with runtime.read() as reader:
        posts = await list_thread(reader, thread_id, first=(walk.opened, thread_id))
    for post in posts:
        if _may_check(post, now):
            walk.add([KNOWN, post.id])


def _may_check(post: ThreadPost, now: datetime) -> bool:
    return may_check_thread(
        is_local=post.local,
        is_fetched=post.fetched,
        published_at=post.published_at,
        checked_at=post.thread_checked_at,
        now=now,
    )


async def _climb(runtime: Runtime, run: Completion, walk: Walk, uri: str, height: int) -> None:
    """Fetch a missing parent, and then its parent; what it is the parent of is tied to it as it is stored."""
    stored = await _fetch(runtime, run, walk, uri, must_fit=False)
    if stored is None:
        return
    if stored.in_reply_to and height < MAX_UPWARD and not is_own(runtime, stored.in_reply_to):
        async with runtime.read() as reader:
            known = await find_post_by_uri(reader, stored.in_reply_to)
        if known is None:
            walk.add([UPWARD, stored.in_reply_to, height + 1], first=True)
            return
    # This is the root, as far as one can get: it knows of branches that nothing below it does.
    context = _context_of(runtime, stored.raw, uri)
    if context is not None:
        walk.add([CONTEXT, context, uri, 0], first=True)
    add_replies(walk, stored.raw, uri)


async def _ask_known(runtime: Runtime, walk: Walk, post_id: int) -> None:
    async with runtime.read() as reader:
        post = await find_thread_post(reader, post_id)
    now = runtime.now()
    if post is None or not _may_check(post, now):
        return
    if post.replies_uri:
        walk.add([PAGE, post.replies_uri, post.uri, 0])
    else:
        document = await _refreshed(runtime, walk, post)
        if document is not None:
            add_replies(walk, document, post.uri)
    async with runtime.write() as uow:
        await mark_checked(uow, post.id, now=now)


async def _read_context(runtime: Runtime, walk: Walk, where: str, root_uri: str, taken: int) -> None:
    """Read a page of the root's context; without any collection there, go by replies instead."""
    try:
        page = await _page(runtime, walk, where, root_uri)
    except FederationError:
        if taken == 0:
            await _fall_back(runtime, walk, root_uri)
        raise
    if taken == 0 and not page.items and page.first is not None:
        if isinstance(page.first, str):
            walk.add([CONTEXT, page.first, root_uri, 0], first=True)
            return
        page = parse_collection(page.first)
    if taken == 0:
        walk.is_listed = True
        await _check_root(runtime, root_uri)
    taken += add_items(walk, page, MAX_POSTS - taken)
    if page.next is not None and taken < MAX_POSTS and same_origin(page.next, root_uri):
        walk.add([CONTEXT, page.next, root_uri, taken])


async def _check_root(runtime: Runtime, root_uri: str) -> None:
    async with runtime.write() as uow:
        root = await find_post_by_uri(uow, root_uri)
        if root is not None:
            await mark_checked(uow, root.id, now=runtime.now())


async def _fall_back(runtime: Runtime, walk: Walk, root_uri: str) -> None:
    async with runtime.read() as reader:
        root = await find_post_by_uri(reader, root_uri)
    if root is not None:
        await _begin_below(runtime, walk, root.thread_id)


async def _read_replies(runtime: Runtime, walk: Walk, where: str, owner: str, taken: int) -> None:
    page = await _page(runtime, walk, where, owner)
    follow(walk, page, owner, taken)


async def _page(runtime: Runtime, walk: Walk, where: str, owner: str) -> CollectionPage:
    if not same_origin(where, owner):
        raise MalformedDocument("foreign_page", where[:200])
    async with walk.gate.turn(host_of(where)):
        return await read_page(runtime, where, owner=owner)


async def _fetch_reply(runtime: Runtime, run: Completion, walk: Walk, uri: str) -> None:
    """Bring in a reply, and ask for what hangs below it; of one that is known, only the latter."""
    if is_own(runtime, uri):
        return
    async with runtime.read() as reader:
        known = await find_post_by_uri(reader, uri)
    if known is not None:
        if not (walk.is_listed or known.local) and known.deleted_at is None and known.id != walk.opened:
            walk.add([KNOWN, known.id])
        return
    found = await _fetch(runtime, run, walk, uri, must_fit=True)
    if found is not None and not walk.is_listed:
        add_replies(walk, found.raw, uri)


async def _fetch(runtime: Runtime, run: Completion, walk: Walk, uri: str, *, must_fit: bool) -> RemotePost | None:
    """Fetch and store a post; None when it is not kept. `must_fit`: it has to answer something of this walk."""
    async with walk.gate.turn(host_of(uri)):
        fetched = await polite(runtime, uri, lambda: download_post(runtime, uri, may_meet=walk.may_meet))
    parent = fetched.post.in_reply_to
    if must_fit and fetched.circle.parent is None and (parent is None or not walk.expects(parent)):
        return None
    walk.quotes += fetched.post.quote_uri is not None
    stored = await store_found(runtime, errand_of(runtime, run.id), fetched, checks_quote=walk.quotes <= MAX_QUOTES)
    if stored is None:
        return None
    async with runtime.write() as uow:
        await mark_checked(uow, stored.id, now=runtime.now())
    return fetched.post
