"""A run on whom an account follows in public: read from its server when somebody here begins to follow it, so that
suggestions know friends of friends on a node where nobody else lives.

The list is a hint, and stays one: names in a light table (`node/public_follows`), never follows. A few of the people
named are fetched from their own servers, those named most often first, until some of them want to be found: without a
name and a face nobody can be suggested. Somebody who hides whom they follow has no list here (COL-3); what was known is
forgotten. Pages end at the owner's host, at a page read before, and at the budgets of `rules` (row 51); nobody named in
a list makes us fetch more than that one actor (row 54).

A run that is killed is begun anew: what it wrote stands, and is not asked for again.
"""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Final

import structlog

from federation.documents import ids_of
from federation.errors import FederationError, FetchGone, FetchRefused
from federation.origins import host_of, is_http_uri
from node.accounts.models import Account
from node.accounts.queries import find_account
from node.base.errors import Unavailable
from node.base.runtime import Runtime
from node.completion.models import Completion
from node.completion.pages import first_page, polite, read_page
from node.completion.rules import (
    ENOUGH_MET,
    FOLLOWING_PAGES,
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
    elif await _read_list(runtime, owner):
        await _meet_some(runtime, owner)
    else:
        detail = HIDDEN
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


async def _meet_some(runtime: Runtime, owner: Account) -> None:
    """Fetch some of the people in a list who are not known here, until enough of them want to be found."""
    async with runtime.read() as reader:
        names = await list_unresolved(reader, owner.id, limit=MAX_FOLLOWING)
    asked: Counter[str] = Counter()
    wanted: list[str] = []
    for uri in names:
        host = host_of(uri)
        if len(wanted) < MAX_MET and asked[host] < MAX_MET_PER_HOST and not is_own(runtime, uri):
            asked[host] += 1
            wanted.append(uri)
    met = 0
    for start in range(0, len(wanted), MET_AT_ONCE):
        found = await asyncio.gather(*(_meet(runtime, uri) for uri in wanted[start : start + MET_AT_ONCE]))
        met += sum(found)
        if met >= ENOUGH_MET:
            break


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
