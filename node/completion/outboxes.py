"""A run on an account: its newest posts, or the next older ones, from its outbox (COL-8); and its counts (COL-4).

"newest" reads the first `NEWEST_POSTS` entries from the top, and the numbers of posts, followers and followed that
the origin tells. "older" goes on where the last run stopped; where that is stands in the row as `older`: a page's
address, or "" when the outbox has come to its end. Outboxes come in many shapes: pages behind `first`, a first page
inlined, everything on the root, ids only, activities with or without their objects, or nothing but a number.

What is known already is passed over, so a run may be repeated at any point.
"""

import asyncio
from typing import Any, Final

import structlog
from sqlalchemy import update

from federation.collection_parsing import parse_collection
from federation.errors import FederationError, FetchGone
from node.accounts.models import Account
from node.accounts.queries import find_account
from node.accounts.remote import set_reported_counts
from node.base.lanes import FETCH
from node.base.runtime import Runtime
from node.completion.entries import errand_of, keep_entries, unknown_entries
from node.completion.models import Completion
from node.completion.pages import first_page, read_document, read_page
from node.completion.places import Place
from node.completion.queries import list_new_follower_ids
from node.completion.rules import (
    FOLLOW_IS_NEW,
    NEWEST_PAGES,
    NEWEST_POSTS,
    OLDER_PAGES,
    OLDER_POSTS,
)
from node.completion.service import finish
from node.pulls.service import review
from node.remote.queries import has_local_follower
from node.remote.tasks import FEATURED, queue_fetch
from node.timelines.author_lists import forget_author
from node.timelines.fanout import forget_home

AT_ONCE: Final = 8
MAX_FOLLOWERS_TOLD: Final = 1_000

log = structlog.get_logger(__name__)


async def complete_account(runtime: Runtime, run: Completion) -> None:
    """Do the whole of a run and end it. Raises FederationError when the outbox cannot be had."""
    async with runtime.read() as reader:
        owner = await find_account(reader, run.subject_id)
    if owner is None or owner.is_local or owner.is_gone or not owner.outbox_url:
        await _finish(runtime, run, {"older": ""}, detail="no outbox")
        return
    if run.progress.get("task") == "older":
        progress, brought = await _read_older(runtime, run, owner)
    else:
        progress, brought = await _read_newest(runtime, run, owner)
    await _finish(runtime, run, progress)
    if brought:
        await forget_author(runtime, owner.id)
        async with runtime.read() as reader:
            since = runtime.now() - FOLLOW_IS_NEW
            told = await list_new_follower_ids(reader, owner.id, since=since, limit=MAX_FOLLOWERS_TOLD)
        if told:
            await forget_home(runtime, *told)


async def _read_newest(runtime: Runtime, run: Completion, owner: Account) -> tuple[dict[str, Any], int]:
    """Read from the top of the outbox; return where its older part goes on, and how many posts came in."""
    root, followers, following = await asyncio.gather(
        read_page(runtime, owner.outbox_url, owner=owner.uri),
        _total(runtime, owner.followers_url),
        _total(runtime, owner.following_url),
    )
    async with runtime.write() as uow:
        await set_reported_counts(uow, owner.id, followers=followers, following=following, posts=root.total)
        await uow.write(update(Account).where(Account.id == owner.id).values(backfilled_at=runtime.now()))
        counted = await find_account(uow, owner.id)
        if counted is not None and await has_local_follower(uow, owner.id):
            await review(uow, runtime, counted)
        if (owner.featured_url or owner.featured_tags_url) and await queue_fetch(
            uow, FEATURED, uri=owner.uri, now=runtime.now()
        ):
            uow.after_commit(lambda: runtime.nudge(FETCH))
    page = await first_page(runtime, root, owner=owner.uri)
    place = Place()
    errand = errand_of(runtime, run.id)
    brought = pages = 0
    meets_known = False
    while page is not None:
        pages += 1
        fresh, known = await unknown_entries(runtime, owner, page, place)
        wanted = [entry for entry in fresh if entry.position < NEWEST_POSTS]
        meets_known = meets_known or known > 0
        brought += await keep_entries(runtime, errand, owner, wanted)
        if len(wanted) < len(fresh):
            place.stay(page.id or root.id or "")
            break
        place.go_on(page, owner)
        if not place.older or pages >= NEWEST_PAGES or place.base >= NEWEST_POSTS:
            break
        page = await read_page(runtime, place.older, owner=owner.uri)
    if meets_known and run.progress.get("older") is not None:
        place = Place.read(run.progress)  # what lies between was read before
    return place.written(), brought


async def _read_older(runtime: Runtime, run: Completion, owner: Account) -> tuple[dict[str, Any], int]:
    """Go on where the last run stopped, until some posts came in."""
    place = Place.read(run.progress)
    errand = errand_of(runtime, run.id)
    brought = listed = 0
    for _ in range(OLDER_PAGES):
        if not place.older or brought >= OLDER_POSTS:
            break
        try:
            page = await read_page(runtime, place.older, owner=owner.uri)
            if page.first is not None and not page.items:
                page = await first_page(runtime, page, owner=owner.uri) or page
        except FetchGone:
            place.stay("")
            break
        fresh, _ = await unknown_entries(runtime, owner, page, place)
        brought += await keep_entries(runtime, errand, owner, fresh[:NEWEST_POSTS])
        listed += len(page.items)
        if len(fresh) <= NEWEST_POSTS:
            place.go_on(page, owner)
    if not listed:
        place.stay("")  # pages without end and without entries (row 51)
    return place.written(), brought


async def _total(runtime: Runtime, uri: str) -> int | None:
    """Return how many entries a collection says it has; None when that cannot be had."""
    if not uri:
        return None
    try:
        return parse_collection(await read_document(runtime, uri)).total
    except FederationError:
        return None


async def _finish(runtime: Runtime, run: Completion, progress: dict[str, Any], *, detail: str = "") -> None:
    async with runtime.write() as uow:
        await finish(uow, run.id, now=runtime.now(), progress=progress, detail=detail)
