"""Asking other servers on behalf of a run: every request passes the budgets here (row 50, row 51)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from federation.collection_parsing import CollectionPage, parse_collection
from federation.documents import Document
from federation.errors import FetchFailed, MalformedDocument, OriginMismatch
from federation.origins import host_of, same_origin
from node.base.runtime import Runtime
from node.completion.rules import HOST_REQUESTS, HOST_WINDOW, REQUEST_SECONDS
from node.remote.documents import fetch_document
from node.remote.errors import FetchLimited
from node.remote.memory import memory_of

T = TypeVar("T")

_LIMITED: Final = "host_limited"


async def polite(runtime: Runtime, uri: str, work: Callable[[], Awaitable[T]]) -> T:
    """Run `work`, which asks the host of `uri` for one document, within what a host is asked for and waited for.

    Raises FetchLimited when the host was asked enough this minute, FetchFailed when it takes too long.
    """
    host = host_of(uri)
    if memory_of(runtime).windows.add(("completion", host), runtime.now(), HOST_WINDOW) > HOST_REQUESTS:
        raise FetchLimited(_LIMITED, f"{host} was asked enough", retry_after=HOST_WINDOW.total_seconds())
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            return await work()
    except TimeoutError as error:
        raise FetchFailed("timeout", f"{host} took more than {REQUEST_SECONDS:.0f} s") from error


async def read_document(runtime: Runtime, uri: str) -> Document:
    """Fetch what its owner serves under `uri`. Raises FederationError."""
    fetched = await polite(runtime, uri, lambda: fetch_document(runtime, uri))
    return fetched.document


async def read_page(runtime: Runtime, where: str | Document, *, owner: str) -> CollectionPage:
    """Return a page of a collection of `owner`, fetched unless it came inlined.

    Raises OriginMismatch for a page on another host than its owner's, MalformedDocument for what is no page.
    """
    if not isinstance(where, str):
        return parse_collection(where)
    if not same_origin(where, owner):
        raise OriginMismatch("foreign_page", f"{where[:200]} is not at {owner[:200]}'s host")
    page = parse_collection(await read_document(runtime, where))
    if page.id is not None and not same_origin(page.id, owner):
        raise OriginMismatch("foreign_page", f"{page.id[:200]} is not at {owner[:200]}'s host")
    return page


async def first_page(runtime: Runtime, root: CollectionPage, *, owner: str) -> CollectionPage | None:
    """Return where the items of a collection begin: on its root, or on its first page; None when it lists none."""
    if root.items or root.first is None:
        return root if root.items else None
    try:
        return await read_page(runtime, root.first, owner=owner)
    except MalformedDocument:
        return None
