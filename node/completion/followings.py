"""A run on whom an account follows in public: read from its server when somebody here begins to follow it, so that
suggestions know friends of friends on a node where nobody else lives.

The list is a hint, and stays one: names in a light table (`node/public_follows`), never follows. A few of the people
named are fetched from their own servers, those named most often first, until some of them want to be found: without a
name and a face nobody can be suggested. Somebody who hides whom they follow has no list here (COL-3); what was known is
forgotten. Where lists tell of too few, the public directory of the server is asked for others who want to be found.
Pages end at the owner's host, at a page read before, and at the budgets of `rules` (row 51); nobody named in a list
makes us fetch more than that one actor (row 54).

A run that is killed is begun anew: what it wrote stands, and is not asked for again.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog

from federation.directory_parsing import MOST, parse_directory
from federation.documents import ids_of
from federation.errors import FederationError, FetchGone, FetchRefused
from federation.origins import host_of, is_http_uri, parse_origin
from node.accounts.models import Account
from node.accounts.queries import find_account
from node.base.errors import Unavailable
from node.base.runtime import Runtime
from node.completion.models import Completion
from node.completion.pages import first_page, polite, read_page
from node.completion.rules import (
    DIRECTORY_LIFE,
    ENOUGH_MET,
    ENOUGH_NEIGHBOURS,
    FOLLOWING_PAGES,
    MAX_DIRECTORY_BYTES,
    MAX_FOLLOWING,
    MAX_MET,
    MAX_MET_PER_HOST,
    MET_AT_ONCE,
)
from node.completion.service import finish
from node.public_follows.queries import list_unresolved
from node.public_follows.service import add_listed, forget_list, mark_failed, tie
from node.remote.actors import fetch_actor, is_own
from node.remote.errors import FetchLimited

HIDDEN: Final = "whom it follows is hidden"

log = structlog.get_logger(__name__)


async def complete_following(runtime: Runtime, run: Completion) -> None:
    """Do the whole of a run and end it. Raises FederationError when the list cannot be had."""
    async with runtime.read() as reader:
        owner = await find_account(reader, run.subject_id)
    detail = ""
    if owner is None or owner.is_local or owner.is_gone or not owner.following_url:
        detail = "no list of followed accounts"
    else:
        is_open = await _read_list(runtime, owner)
        met = await _meet_some(runtime, owner) if is_open else 0
        if met < ENOUGH_MET:
            await _meet_neighbours(runtime, owner)
        detail = "" if is_open else HIDDEN
    async with runtime.write() as uow:
        await finish(uow, run.id, now=runtime.now(), detail=detail)


async def _read_list(runtime: Runtime, owner: Account) -> bool:
    """Write down whom an account follows; False when it does not show that."""
    try:
        root = await read_page(runtime, owner.following_url, owner=owner.uri)
        page = await first_page(runtime, root, owner=owner.uri)
    except (FetchGone, FetchRefused):
        page = None
    if page is None:
        async with runtime.write() as uow:
            await forget_list(uow, owner.id)
        return False
    listed: dict[str, None] = {}
    visited: set[str] = set()
    for _ in range(FOLLOWING_PAGES):
        uris = [uri for uri in ids_of(list(page.items)) if is_http_uri(uri) and uri != owner.uri and uri not in listed]
        uris = uris[: MAX_FOLLOWING - len(listed)]
        listed.update(dict.fromkeys(uris))
        async with runtime.write() as uow:
            await add_listed(uow, owner.id, uris, now=runtime.now())
        visited |= {uri for uri in (page.id, page.next) if uri is not None}
        following = page.next
        if following is None or len(listed) >= MAX_FOLLOWING:
            break
        try:
            page = await read_page(runtime, following, owner=owner.uri)
        except FederationError as error:
            log.debug("following_cut_short", account=owner.id, reason=error.reason)
            break
        if page.next in visited:
            page = replace(page, next=None)
    async with runtime.write() as uow:
        await forget_list(uow, owner.id, but=listed)
    return True


async def _meet_some(runtime: Runtime, owner: Account) -> int:
    """Fetch some of the people in a list who are not known here, until enough of them want to be found; how many do."""
    async with runtime.read() as reader:
        names = await list_unresolved(reader, owner.id, limit=MAX_FOLLOWING)
    asked: Counter[str] = Counter()
    wanted: list[str] = []
    for uri in names:
        host = host_of(uri)
        if len(wanted) < MAX_MET and asked[host] < MAX_MET_PER_HOST and not is_own(runtime, uri):
            asked[host] += 1
            wanted.append(uri)
    return await _meet_all(runtime, wanted, enough=ENOUGH_MET)


async def _meet_neighbours(runtime: Runtime, owner: Account) -> None:
    """Fetch some of those whom the owner's server shows to strangers: who follows somebody there may like them too."""
    asked = runtime.caches.get("directories", size=10_000, seconds=DIRECTORY_LIFE.total_seconds())
    host = host_of(owner.uri)
    if asked.get(host):
        return
    asked.put(host, True)
    base = str(parse_origin(owner.uri))
    url = f"{base}/api/v1/directory?local=true&order=active&limit={MOST}"
    try:
        answer = await polite(
            runtime, url, lambda: runtime.http.fetch_bytes(url, accept="application/json", limit=MAX_DIRECTORY_BYTES)
        )
        uris = parse_directory(answer.body, base=base)
    except FederationError as error:
        log.debug("no_directory", host=host, reason=error.reason)
        return
    await _meet_all(runtime, [uri for uri in uris if not is_own(runtime, uri)], enough=ENOUGH_NEIGHBOURS)


async def _meet_all(runtime: Runtime, uris: Sequence[str], *, enough: int) -> int:
    met = 0
    for start in range(0, len(uris), MET_AT_ONCE):
        met += sum(await asyncio.gather(*(_meet(runtime, uri) for uri in uris[start : start + MET_AT_ONCE])))
        if met >= enough:
            break
    return met


async def _meet(runtime: Runtime, uri: str) -> bool:
    """Fetch one of the people in a list; say whether they want to be found."""
    try:
        account = await polite(runtime, uri, lambda: fetch_actor(runtime, uri))
    except Unavailable:
        return False
    except FederationError as error:
        log.debug("followed_one_not_met", reason=error.reason)
        if not isinstance(error, FetchLimited):
            async with runtime.write() as uow:
                await mark_failed(uow, uri, now=runtime.now())
        return False
    async with runtime.write() as uow:
        await tie(uow, uri, account.id)
    return account.discoverable and not account.is_gone
