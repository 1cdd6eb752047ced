"""A turn of a pulled account: read what is new in its outbox, and say when to come back (architecture 5).

Its server is asked for the first page alone, with what we know of its version: an unchanged one is a 304 and costs both
sides next to nothing. The root is asked where that page is not known, and again every `ROOT_LIFE`, since some servers
move it. From there the turn goes back page by page until it meets something known here, and no further than `PAGES`.

What it finds goes the way of everything that arrives (`entries`): the post's id makes it one, whether it was delivered
before, is delivered at this moment, or later. What is new since the last turn is news and told like a delivery; on the
first turn, and after a long absence, nothing is. Nobody's home is pushed to: `node/timelines` merges.

A turn may be cut off anywhere and repeated: what it stored stands, and its row says only afterwards that it was done.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import update

from federation.answers import FetchedDocument, Validators
from federation.collection_parsing import CollectionPage, parse_collection
from federation.errors import FederationError, FetchFailed, FetchGone, FetchRefused, FetchUnchanged, OriginMismatch
from federation.origins import host_of, same_origin
from node.accounts.models import Account
from node.accounts.queries import find_account
from node.accounts.remote import set_reported_counts
from node.base.db.unit_of_work import UnitOfWork
from node.base.runtime import Runtime
from node.completion.allowance import Allowance
from node.completion.entries import CLOCKS, Errand, keep_entries, unknown_entries
from node.completion.places import Place
from node.completion.queries import list_newest_times
from node.pulls.models import PulledAccount
from node.pulls.queries import list_local_follower_ids
from node.pulls.rules import ASLEEP, LONGEST, NEWS_LIFE, SAMPLE, interval_of, spread, wait_after
from node.pulls.service import review, settle
from node.remote.documents import fetch_document, fetch_newer
from node.remote.errors import FetchLimited, is_passing
from node.remote.queries import has_local_follower
from node.timelines.author_lists import forget_author
from node.timelines.fanout import forget_home

PAGES: Final = 3
MAX_ENTRIES: Final = 60
ROOT_LIFE: Final = timedelta(hours=6)
PIECE: Final = 1_000

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How a turn ended; `wait` None: as long as the account's own rate says."""

    result: str
    detail: str = ""
    brought: int = 0
    wait: timedelta | None = None
    followers: int | None = None
    total: int | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    """Columns of the row."""


@dataclass(slots=True, kw_only=True)
class _Top:
    """Where an outbox begins. `page` None: nothing changed there."""

    page: CollectionPage | None
    root: CollectionPage | None = None
    changes: dict[str, Any] = field(default_factory=dict)


async def pull_account(runtime: Runtime, row: PulledAccount, *, is_anybody_around: bool) -> None:
    """Take the turn of an account and write down how it ended."""
    async with runtime.read() as reader:
        owner = await find_account(reader, row.account_id)
    if owner is None:
        return
    if not row.is_on:
        await _leave(runtime, row)
        return
    if owner.is_gone or not owner.outbox_url:
        async with runtime.write() as uow:
            await review(uow, runtime, owner)
        return
    began = runtime.now()
    if is_anybody_around:
        outcome = await _attempt(runtime, row, owner)
    else:
        async with runtime.read() as reader:
            is_followed = await has_local_follower(reader, owner.id)
        outcome = Outcome(
            result="asleep", detail="nobody who follows it is around", wait=ASLEEP if is_followed else LONGEST
        )
    await _write_down(runtime, row, owner, outcome, began=began)


async def give_up(runtime: Runtime, row: PulledAccount, *, detail: str) -> None:
    """End the turn of a row that killed its worker again and again, or tripped it."""
    outcome = Outcome(result="failed", detail=detail, wait=LONGEST, changes={"failures": row.failures + 1})
    async with runtime.write() as uow:
        await _save(uow, row, outcome, now=runtime.now(), wait=LONGEST)


async def _attempt(runtime: Runtime, row: PulledAccount, owner: Account) -> Outcome:
    try:
        return await _read(runtime, row, owner)
    except FetchLimited as error:
        return Outcome(result="put off", detail=error.detail, wait=timedelta(seconds=error.retry_after))
    except FederationError as error:
        failures = row.failures + 1
        wait = wait_after(failures) if is_passing(error) else LONGEST
        if isinstance(error, FetchFailed) and error.retry_after is not None:
            wait = max(wait, timedelta(seconds=error.retry_after))
        changes: dict[str, Any] = {"failures": failures}
        if not is_passing(error):  # begin at the root again
            changes |= {"page_url": "", "asked_url": "", "etag": "", "last_modified": ""}
        return Outcome(result=error.reason, detail=error.detail, wait=wait, changes=changes)


async def _read(runtime: Runtime, row: PulledAccount, owner: Account) -> Outcome:
    if not same_origin(owner.outbox_url, owner.uri):
        raise OriginMismatch("foreign_outbox", f"{owner.outbox_url[:200]} is not at the account's own server")
    allowance = Allowance(runtime, host_of(owner.outbox_url))
    top = await _find_top(runtime, row, owner, allowance)
    outcome = Outcome(result="unchanged", changes={**top.changes, "failures": 0})
    if top.root is not None:
        outcome.total = top.root.total
        outcome.followers = await _count_followers(runtime, owner, allowance)
    if top.page is None:
        return outcome
    if not top.page.items:
        outcome.wait = LONGEST
        told = 0 if top.root is None else top.root.total
        outcome.result = "hidden" if told else "empty"
        outcome.detail = f"{told} posts, none of them listed" if told else "it lists no posts"
        return outcome
    errand = Errand(ask=allowance, news_since=_news_since(row, runtime.now()))
    outcome.brought, has_own = await _walk(runtime, errand, owner, top.page, pages=PAGES if row.read_at else 1)
    outcome.result = "new" if outcome.brought else "nothing new"
    if not has_own:
        outcome.result, outcome.wait, outcome.detail = "foreign", LONGEST, "nothing it lists is its own"
    if allowance.is_short:  # the rest is looked for again, whether or not the page changes meanwhile
        outcome.changes |= {"asked_url": "", "etag": "", "last_modified": ""}
        outcome.detail = outcome.detail or "not all of it: a budget was used up"
    return outcome


async def _find_top(runtime: Runtime, row: PulledAccount, owner: Account, ask: Allowance) -> _Top:
    """Return the first page of an outbox and what to remember of where it lies."""
    root_url, now = owner.outbox_url, runtime.now()
    is_known = row.root_url == root_url and row.page_url not in {"", root_url}
    is_fresh = row.root_read_at is not None and row.root_read_at > now - ROOT_LIFE
    if is_known and is_fresh and not row.page_moves:
        try:
            page = await _newer(runtime, row, row.page_url, ask)
        except (FetchGone, FetchRefused):
            log.debug("outbox_page_moved", account=owner.id)
        else:
            if page is None:
                return _Top(page=None)
            return _Top(page=parse_collection(page.document), changes=_version_of(row.page_url, page))
    fetched = await _newer(runtime, row, root_url, ask)
    if fetched is None:
        return _Top(page=None)
    root = parse_collection(fetched.document)
    changes = {"root_url": root_url, "root_read_at": now, "page_url": root_url, **_version_of(root_url, fetched)}
    if root.items or root.first is None:
        return _Top(page=root, root=root, changes=changes)
    if not isinstance(root.first, str):
        return _Top(page=parse_collection(root.first), root=root, changes=changes)
    if not same_origin(root.first, owner.uri):
        raise OriginMismatch("foreign_page", f"{root.first[:200]} is not at the account's own server")
    moves = row.page_moves or (is_known and row.page_url != root.first)
    changes |= {"page_url": root.first, "page_moves": moves}
    page = await _newer(runtime, row, root.first, ask)
    if page is None:
        return _Top(page=None, root=root, changes=changes if moves else _without_version(changes))
    if not moves:
        changes |= _version_of(root.first, page)
    return _Top(page=parse_collection(page.document), root=root, changes=changes)


async def _walk(
    runtime: Runtime, errand: Errand, owner: Account, page: CollectionPage, *, pages: int
) -> tuple[int, bool]:
    """Keep what is new down to what is known; return how many posts came in, and whether anything was the owner's."""
    place = Place()
    brought, room, has_own = 0, MAX_ENTRIES, False
    for number in range(pages):
        fresh, known = await unknown_entries(runtime, owner, page, place)
        has_own = has_own or bool(fresh) or known > 0
        brought += await keep_entries(runtime, errand, owner, fresh[:room])
        room -= len(fresh)
        place.go_on(page, owner)
        if known or room <= 0 or not place.older or number + 1 == pages:
            break
        try:
            page = await _page(runtime, place.older, errand)
        except FederationError as error:
            log.debug("pull_cut_short", account=owner.id, reason=error.reason)
            break
    return brought, has_own


async def _page(runtime: Runtime, where: str, errand: Errand) -> CollectionPage:
    fetched = await errand.ask(where, lambda: fetch_document(runtime, where))
    return parse_collection(fetched.document)


async def _newer(runtime: Runtime, row: PulledAccount, url: str, ask: Allowance) -> FetchedDocument | None:
    """Fetch a document; None when it is as it was when it was last asked for."""
    known = Validators(row.etag, row.last_modified) if row.asked_url == url else Validators()

    async def work() -> FetchedDocument | None:
        try:
            return await fetch_newer(runtime, url, known=known)
        except FetchUnchanged:
            if known.headers():
                return None
            raise

    return await ask(url, work)


async def _count_followers(runtime: Runtime, owner: Account, ask: Allowance) -> int | None:
    """Return how many followers its server reports: that decides whether it goes on being pulled."""
    url = owner.followers_url
    if not url or not same_origin(url, owner.uri):
        return None
    try:
        fetched = await ask(url, lambda: fetch_document(runtime, url))
        return parse_collection(fetched.document).total
    except FederationError:
        return None


def _version_of(url: str, fetched: FetchedDocument) -> dict[str, Any]:
    known = fetched.validators
    return {"asked_url": url, "etag": known.etag, "last_modified": known.last_modified}


def _without_version(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if name not in {"asked_url", "etag", "last_modified"}}


def _news_since(row: PulledAccount, now: datetime) -> datetime | None:
    return None if row.read_at is None else max(row.read_at - CLOCKS, now - NEWS_LIFE)


async def _leave(runtime: Runtime, row: PulledAccount) -> None:
    """End a switch to off: have the homes of all followers made anew, then merge no more."""
    after_id = 0
    while True:
        async with runtime.read() as reader:
            ids = await list_local_follower_ids(reader, row.account_id, after_id=after_id, limit=PIECE)
        if ids:
            await forget_home(runtime, *ids)
        if len(ids) < PIECE:
            break
        after_id = ids[-1]
    await forget_author(runtime, row.account_id)
    async with runtime.write() as uow:
        await settle(uow, row.account_id, now=runtime.now())


async def _write_down(
    runtime: Runtime, row: PulledAccount, owner: Account, outcome: Outcome, *, began: datetime
) -> None:
    now = runtime.now()
    async with runtime.read() as reader:
        times = await list_newest_times(reader, owner.id, limit=SAMPLE + 1)
    delivered = row.delivered
    was_read = outcome.wait is None
    if outcome.brought:
        delivered = 0
        outcome.changes["last_new_at"] = now
        outcome.changes["new_posts"] = row.new_posts + outcome.brought
    elif was_read and row.read_at is not None and any(arrived > row.read_at for _, arrived in times):
        delivered += 1
    if outcome.result != "asleep":
        outcome.changes["pulled_at"] = began
    if was_read or outcome.brought:
        outcome.changes |= {"read_at": began, "delivered": delivered}
    wait = outcome.wait
    if wait is None:
        wait = interval_of([published for published, _ in times], delivered=delivered, now=now)
        outcome.changes["interval_seconds"] = round(wait.total_seconds())
    if outcome.brought:
        await forget_author(runtime, owner.id)
    async with runtime.write() as uow:
        await _save(uow, row, outcome, now=now, wait=spread(wait))
        if outcome.followers is not None or outcome.total is not None:
            await set_reported_counts(uow, owner.id, followers=outcome.followers, posts=outcome.total)
            counted = await find_account(uow, owner.id)
            if counted is not None:
                await review(uow, runtime, counted)


async def _save(uow: UnitOfWork, row: PulledAccount, outcome: Outcome, *, now: datetime, wait: timedelta) -> None:
    """Write a turn's end into its row, unless the account was switched off meanwhile, which has its own due time."""
    await uow.write(
        update(PulledAccount)
        .where(PulledAccount.id == row.id, PulledAccount.is_on.is_(True), PulledAccount.switched_at == row.switched_at)
        .values(
            **outcome.changes,
            attempts=0,
            due_at=now + wait,
            result=outcome.result[:64],
            detail=outcome.detail[:500],
        )
        .execution_options(synchronize_session=False)
    )
