"""Entries of an outbox: from what an account's server lists to posts and boosts stored here (COL-8, INB-5).

An `Errand` says on whose behalf: a run that somebody's look set going, whose finds are no news to anybody (INB-10), or
a turn of pulling, which brings the news themselves. Whatever has to be asked for passes its budget. What is known
already is passed over, so everything here may be repeated at any point. Called by `outboxes`, `threads`, `pulling`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import structlog

from federation.collection_parsing import Boosted, CollectionPage, Written, parse_outbox_item
from federation.documents import Document, first_id, type_of
from federation.errors import FederationError
from federation.parsing import parse_post
from federation.post_parsing import read_visibility
from federation.vocabulary import POST_TYPES
from node.accounts.models import Account
from node.base.errors import Unavailable
from node.base.runtime import Runtime
from node.completion.pages import polite
from node.completion.places import Entry, Place
from node.completion.queries import list_known_uris
from node.completion.service import count_result
from node.posts.models import Post
from node.posts.queries import find_post, find_post_by_uri
from node.posts.remote import store_remote_boost
from node.posts.rules import OPEN_VISIBILITIES
from node.remote.actors import is_own
from node.remote.documents import fetch_document
from node.remote.posts import FetchedPost, download_post
from node.remote.storing import keep_post, read_circle
from node.remote.tasks import MAX_DEPTH, MAX_QUOTE_DEPTH

T = TypeVar("T")

AT_ONCE: Final = 8

log = structlog.get_logger(__name__)


class Ask(Protocol):
    """Runs work that asks the host of a URI for one document, or raises FetchLimited."""

    async def __call__(self, uri: str, work: Callable[[], Awaitable[T]]) -> T: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """On whose behalf entries are kept."""

    ask: Ask
    run_id: int | None = None
    """The `Completion` that counts what it brings."""
    news_since: datetime | None = None
    """What is younger is news, and told to whom it concerns; None: nothing is."""

    def is_news(self, published: datetime | None, now: datetime) -> bool:
        """Say whether a post of that moment is news; one of a day to come is not."""
        if self.news_since is None or published is None:
            return False
        return self.news_since < published <= now + CLOCKS


CLOCKS: Final = timedelta(minutes=10)
"""How far the clocks of two servers may be apart."""


def errand_of(runtime: Runtime, run_id: int) -> Errand:
    """Return the errand of a run that somebody's look set going."""

    async def ask(uri: str, work: Callable[[], Awaitable[T]]) -> T:
        return await polite(runtime, uri, work)

    return Errand(ask=ask, run_id=run_id)


async def unknown_entries(
    runtime: Runtime, owner: Account, page: CollectionPage, place: Place
) -> tuple[list[Entry], int]:
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


async def keep_entries(runtime: Runtime, errand: Errand, owner: Account, entries: Sequence[Entry]) -> int:
    """Store what entries stand for; return how many posts are new here."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(entry: Entry) -> bool:
        async with turns:
            try:
                return await _keep_entry(runtime, errand, owner, entry)
            except (FederationError, Unavailable) as error:
                log.debug("outbox_entry_left_out", account=owner.id, reason=str(error)[:300])
            except Exception:  # one entry that trips us must not take the others with it
                log.exception("outbox_entry_failed", account=owner.id)
            return False

    return sum(await asyncio.gather(*(one(entry) for entry in entries)))


async def _keep_entry(runtime: Runtime, errand: Errand, owner: Account, entry: Entry) -> bool:
    found = parse_outbox_item(entry.what, owner=owner.uri)
    if isinstance(found, str):
        uri_asked = found
        document = (await errand.ask(found, lambda: fetch_document(runtime, uri_asked))).document
        uri = first_id(document)
        if uri is not None and type_of(document, POST_TYPES):
            found = Written(uri, document if first_id(document.get("attributedTo")) == owner.uri else None)
        else:
            found = parse_outbox_item(document, owner=owner.uri)
    if isinstance(found, Written):
        return await _keep_post(runtime, errand, owner, found, entry)
    return isinstance(found, Boosted) and await _keep_boost(runtime, errand, owner, found, entry)


async def _keep_post(runtime: Runtime, errand: Errand, owner: Account, written: Written, entry: Entry) -> bool:
    if written.document is None:
        fetched = await errand.ask(written.uri, lambda: download_post(runtime, written.uri))
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
    return await store_found(runtime, errand, fetched, sorted_at=place, may_be_news=True) is not None


async def store_found(
    runtime: Runtime,
    errand: Errand,
    fetched: FetchedPost,
    *,
    sorted_at: datetime | None = None,
    checks_quote: bool = True,
    may_be_news: bool = False,
) -> Post | None:
    """Store a post that was looked for, and count it; None if it is not new here.

    Nobody is told, unless it may be and is news to its errand; neither parent nor replies are fetched (row 50).
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
            quiet=not (may_be_news and errand.is_news(fetched.post.published, runtime.now())),
            depth=MAX_DEPTH,
            quote_depth=0 if checks_quote else MAX_QUOTE_DEPTH + 1,
            sorted_at=sorted_at,
        )
        if stored is not None and errand.run_id is not None:
            await count_result(uow, errand.run_id)
    return stored


async def _keep_boost(runtime: Runtime, errand: Errand, owner: Account, boost: Boosted, entry: Entry) -> bool:
    """Store a boost, and before it what it boosts; one level deep, posts only (row 53)."""
    async with runtime.read() as reader:
        original = await find_post_by_uri(reader, boost.object_uri)
    if original is None:
        if is_own(runtime, boost.object_uri):
            return False
        fetched = await errand.ask(boost.object_uri, lambda: download_post(runtime, boost.object_uri))
        await store_found(runtime, errand, fetched)
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
            quiet=not errand.is_news(boost.published, runtime.now()),
            sorted_at=entry.sorted_at(boost.published),
        )
        if stored is not None and errand.run_id is not None:
            await count_result(uow, errand.run_id)
    return stored is not None
