"""A run on an account: its newest posts, or the next older ones, from its outbox (COL-8); and its counts (COL-4).

"newest" reads the first `NEWEST_POSTS` entries from the top, and the numbers of posts, followers and followed that
the origin tells. "older" goes on where the last run stopped; where that is stands in the row as `older`: a page's
address, or "" when the outbox has come to its end. Outboxes come in many shapes: pages behind `first`, a first page
inlined, everything on the root, ids only, activities with or without their objects, or nothing but a number.

What is known already is passed over, so a run may be repeated at any point.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import update

from federation.collection_parsing import Boosted, CollectionPage, Written, parse_collection, parse_outbox_item
from federation.documents import Document, first_id, type_of
from federation.errors import FederationError, FetchGone
from federation.parsing import parse_post
from federation.post_parsing import read_visibility
from federation.vocabulary import POST_TYPES
from node.accounts.models import Account
from node.accounts.queries import find_account
from node.accounts.remote import set_reported_counts
from node.base.errors import Unavailable
from node.base.lanes import FETCH
from node.base.runtime import Runtime
from node.completion.models import Completion
from node.completion.pages import first_page, polite, read_document, read_page
from node.completion.places import Entry, Place
from node.completion.queries import list_known_uris, list_new_follower_ids
from node.completion.rules import (
    FOLLOW_IS_NEW,
    NEWEST_PAGES,
    NEWEST_POSTS,
    OLDER_PAGES,
    OLDER_POSTS,
)
from node.completion.service import count_result, finish
from node.posts.models import Post
from node.posts.queries import find_post, find_post_by_uri
from node.posts.remote import store_remote_boost
from node.posts.rules import OPEN_VISIBILITIES
from node.remote.actors import is_own
from node.remote.posts import FetchedPost, download_post
from node.remote.storing import keep_post, read_circle
from node.remote.tasks import FEATURED, MAX_DEPTH, MAX_QUOTE_DEPTH, queue_fetch
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
        if (owner.featured_url or owner.featured_tags_url) and await queue_fetch(
            uow, FEATURED, uri=owner.uri, now=runtime.now()
        ):
            uow.after_commit(lambda: runtime.nudge(FETCH))
    page = await first_page(runtime, root, owner=owner.uri)
    place = Place()
    brought = pages = 0
    meets_known = False
    while page is not None:
        pages += 1
        fresh, known = await _unknown(runtime, owner, page, place)
        wanted = [entry for entry in fresh if entry.position < NEWEST_POSTS]
        meets_known = meets_known or known > 0
        brought += await _keep(runtime, run, owner, wanted)
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
        fresh, _ = await _unknown(runtime, owner, page, place)
        brought, listed = brought + await _keep(runtime, run, owner, fresh[:NEWEST_POSTS]), listed + len(page.items)
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


async def _unknown(runtime: Runtime, owner: Account, page: CollectionPage, place: Place) -> tuple[list[Entry], int]:
    """Return the entries that stand for nothing known here, and how many stand for something known."""
    names = {number: _name_of(item, owner) for number, item in enumerate(page.items)}
    async with runtime.read() as reader:
        known = await list_known_uris(reader, [name for name in names.values() if name is not None])
    fresh = [
        Entry(place.base + number, page.items[number])
        for number, name in names.items()
        if name is not None and name not in known
    ]
    return fresh, len(known)


def _name_of(item: str | Document, owner: Account) -> str | None:
    found = parse_outbox_item(item, owner=owner.uri)
    return found.uri if isinstance(found, Written) else found.id if isinstance(found, Boosted) else found


async def _keep(runtime: Runtime, run: Completion, owner: Account, entries: Sequence[Entry]) -> int:
    """Store what entries stand for; return how many posts are new here."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(entry: Entry) -> bool:
        async with turns:
            try:
                return await _keep_entry(runtime, run, owner, entry)
            except (FederationError, Unavailable) as error:
                log.debug("outbox_entry_left_out", account=owner.id, reason=str(error)[:300])
            except Exception:  # one entry that trips us must not take the others with it
                log.exception("outbox_entry_failed", account=owner.id)
            return False

    return sum(await asyncio.gather(*(one(entry) for entry in entries)))


async def _keep_entry(runtime: Runtime, run: Completion, owner: Account, entry: Entry) -> bool:
    found = parse_outbox_item(entry.what, owner=owner.uri)
    if isinstance(found, str):
        document = await read_document(runtime, found)
        uri = first_id(document)
        if uri is not None and type_of(document, POST_TYPES):
            found = Written(uri, document if first_id(document.get("attributedTo")) == owner.uri else None)
        else:
            found = parse_outbox_item(document, owner=owner.uri)
    if isinstance(found, Written):
        return await _keep_post(runtime, run, owner, found, entry)
    return isinstance(found, Boosted) and await _keep_boost(runtime, run, owner, found, entry)


async def _keep_post(runtime: Runtime, run: Completion, owner: Account, written: Written, entry: Entry) -> bool:
    if written.document is None:
        fetched = await polite(runtime, written.uri, lambda: download_post(runtime, written.uri))
        if fetched.author.id != owner.id:
            return False
    else:
        followers = owner.followers_url or None
        post = parse_post(written.document, followers_url=followers, activity_to=written.to, activity_cc=written.cc)
        if post.attributed_to != owner.uri or post.is_vote or post.visibility not in OPEN_VISIBILITIES:
            return False
        async with runtime.read() as reader:
            circle = await read_circle(reader, runtime.settings, post, author=owner)
        fetched = FetchedPost(owner, post, circle)
    place = entry.sorted_at(fetched.post.published)
    return await store_found(runtime, run, fetched, sorted_at=place) is not None


async def store_found(
    runtime: Runtime,
    run: Completion,
    fetched: FetchedPost,
    *,
    sorted_at: datetime | None = None,
    checks_quote: bool = True,
) -> Post | None:
    """Store a post that was looked for, and count it; None if it is not new here.

    Nobody is told, and no parent is fetched for it (row 50).
    """
    async with runtime.write() as uow:
        if await find_post_by_uri(uow, fetched.post.id) is not None:
            return None
        stored = await keep_post(
            uow,
            runtime.settings,
            fetched.author,
            fetched.post,
            circle=fetched.circle,
            now=runtime.now(),
            quiet=True,
            depth=MAX_DEPTH,
            quote_depth=0 if checks_quote else MAX_QUOTE_DEPTH + 1,
            sorted_at=sorted_at,
        )
        if stored is not None:
            await count_result(uow, run.id)
    return stored


async def _keep_boost(runtime: Runtime, run: Completion, owner: Account, boost: Boosted, entry: Entry) -> bool:
    """Store a boost, and before it what it boosts; one level deep, posts only (row 53)."""
    async with runtime.read() as reader:
        original = await find_post_by_uri(reader, boost.object_uri)
    if original is None:
        if is_own(runtime, boost.object_uri):
            return False
        fetched = await polite(runtime, boost.object_uri, lambda: download_post(runtime, boost.object_uri))
        await store_found(runtime, run, fetched)
        async with runtime.read() as reader:
            original = await find_post_by_uri(reader, fetched.post.id)
    if original is None:
        return False
    told = boost.to or boost.cc
    visibility = read_visibility(boost.to, boost.cc, owner.followers_url or None) if told else "public"
    if visibility not in OPEN_VISIBILITIES:
        return False
    async with runtime.write() as uow:
        boosted = await find_post(uow, original.id)
        if boosted is None or await find_post_by_uri(uow, boost.id) is not None:
            return False
        stored = await store_remote_boost(
            uow,
            owner,
            boosted,
            uri=boost.id,
            published=boost.published,
            now=runtime.now(),
            visibility=visibility,
            quiet=True,
            sorted_at=entry.sorted_at(boost.published),
        )
        if stored is not None:
            await count_result(uow, run.id)
    return stored is not None


async def _finish(runtime: Runtime, run: Completion, progress: dict[str, Any], *, detail: str = "") -> None:
    async with runtime.write() as uow:
        await finish(uow, run.id, now=runtime.now(), progress=progress, detail=detail)
