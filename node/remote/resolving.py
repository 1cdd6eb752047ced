"""What somebody pastes into the search box: a handle, or the URL of a profile or post, here or anywhere.

Called by search (API and pages) and by remote interaction. Whatever cannot be found, fetched or seen is None:
the box gives no oracle for what exists.
"""

import re
from typing import Final

import structlog

from federation.discovery import find_object
from federation.documents import Document, type_of
from federation.errors import FederationError, MalformedDocument
from federation.origins import is_http_uri, parse_handle
from federation.vocabulary import ACTOR_TYPES, POST_TYPES
from node.accounts.models import Account
from node.accounts.queries import find_account_by_uri, find_local_account
from node.base.errors import NotFound
from node.base.runtime import Runtime
from node.posts.models import Post
from node.posts.queries import find_post, find_post_by_uri, get_visible_post
from node.remote.actors import fetch_actor, is_own, resolve_handle
from node.remote.documents import guarded, signer_for
from node.remote.posts import fetch_post

MAX_QUERY: Final = 2048

_OWN_PAGE = re.compile(r"/@(?P<name>[A-Za-z0-9_.-]{1,64})(?:/(?P<post>[0-9]{1,19}))?/?")

log = structlog.get_logger(__name__)


async def resolve(runtime: Runtime, query: str, viewer_id: int | None) -> Account | Post | None:
    """Return the account or post that `query` names, fetching it if needed; None if there is none to see."""
    query = query.strip()
    if not query or len(query) > MAX_QUERY:
        return None
    try:
        found = await (_by_url(runtime, query) if is_http_uri(query) else _by_handle(runtime, query))
    except FederationError as error:
        log.info("resolve_failed", reason=error.reason)
        return None
    if isinstance(found, Account):
        return None if found.is_gone else found
    if found is None:
        return None
    try:
        async with runtime.read() as reader:
            return await get_visible_post(reader, found.id, viewer_id)
    except NotFound:
        return None


async def _by_handle(runtime: Runtime, query: str) -> Account | None:
    if "@" not in query.lstrip("@") and not query.startswith("@"):
        return None
    try:
        handle = parse_handle(query)
    except MalformedDocument:
        return None
    return await resolve_handle(runtime, handle)


async def _by_url(runtime: Runtime, url: str) -> Account | Post | None:
    async with runtime.read() as reader:
        known = await find_account_by_uri(reader, url) or await find_post_by_uri(reader, url)
    if known is not None:
        return known
    if is_own(runtime, url):
        return await _own_page(runtime, url)
    document = await guarded(runtime, ("link", url), url, lambda: _fetch_link(runtime, url))
    uri = document.get("id")
    if not isinstance(uri, str):
        return None
    if type_of(document, ACTOR_TYPES):
        return await fetch_actor(runtime, uri)
    if type_of(document, POST_TYPES):
        return await fetch_post(runtime, uri)
    return None


async def _fetch_link(runtime: Runtime, url: str) -> Document:
    fetched = await find_object(runtime.http, url, signer=await signer_for(runtime))
    return fetched.document


async def _own_page(runtime: Runtime, url: str) -> Account | Post | None:
    match = _OWN_PAGE.fullmatch(url.removeprefix(runtime.settings.public_url))
    if match is None:
        return None
    async with runtime.read() as reader:
        if match["post"]:
            return await find_post(reader, int(match["post"]))
        return await find_local_account(reader, match["name"])
