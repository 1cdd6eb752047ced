"""What remote actors feature on their pages: read as a whole from their collections, or a post at a time (COL-4).

Only posts the actor wrote itself count, and only open ones (row 43); at most one page is read, and no more than a few
posts of it are fetched. What cannot be fetched is left out and takes nothing else with it. Called by back-fill, by the
FETCH lane, and by the inbox for `Add`.
"""

from typing import Final

import structlog

from federation.documents import Document
from federation.errors import FederationError
from federation.lists_parsing import hashtag_names, item_ids, parse_list
from federation.origins import same_origin
from node.accounts.models import Account
from node.base.errors import Unavailable
from node.base.runtime import Runtime
from node.posts.featured_tags import set_remote_tags
from node.posts.models import Post
from node.posts.pins import MAX_REMOTE_PINS, set_remote_pins
from node.posts.queries import find_post_by_uri
from node.remote.documents import fetch_document
from node.remote.posts import fetch_post

MOST_FETCHED: Final = 10

log = structlog.get_logger(__name__)


async def sync_featured(runtime: Runtime, account: Account) -> bool:
    """Make an actor's pins and featured hashtags those its server lists; return whether its pins changed.

    Raises FederationError when the collection of posts cannot be had: then nothing changes.
    """
    if account.is_local or account.is_gone:
        return False
    changed = await _sync_posts(runtime, account) if account.featured_url else False
    if account.featured_tags_url:
        try:
            items = await _items_of(runtime, account.featured_tags_url)
        except FederationError as error:
            log.info("featured_tags_not_had", actor=account.uri, reason=error.reason)
        else:
            async with runtime.write() as uow:
                await set_remote_tags(uow, account.id, hashtag_names(items), now=runtime.now())
    return changed


async def fetch_featured_post(runtime: Runtime, account: Account, uri: str) -> Post | None:
    """Return a post that an actor wants to feature, fetched when unknown; None when it is not its own to feature."""
    if not same_origin(uri, account.uri):
        return None
    post = await fetch_post(runtime, uri)
    return post if post is not None and post.account_id == account.id else None


async def _sync_posts(runtime: Runtime, account: Account) -> bool:
    uris = item_ids(await _items_of(runtime, account.featured_url))
    posts: list[Post] = []
    fetched = 0
    for uri in [uri for uri in uris if same_origin(uri, account.uri)][:MAX_REMOTE_PINS]:
        async with runtime.read() as reader:
            known = await find_post_by_uri(reader, uri)
        if known is None and fetched < MOST_FETCHED:
            fetched += 1
            try:
                known = await fetch_featured_post(runtime, account, uri)
            except (FederationError, Unavailable) as error:
                log.info("featured_post_not_had", post=uri, reason=str(error))
        if known is not None and known.deleted_at is None:
            posts.append(known)
    async with runtime.write() as uow:
        return await set_remote_pins(uow, account.id, posts, now=runtime.now())


async def _items_of(runtime: Runtime, url: str) -> tuple[object, ...]:
    """Return what a collection lists: itself, or else its first page, which must be of the same origin (row 51)."""
    found = parse_list((await fetch_document(runtime, url)).document)
    if found.items or found.more is None:
        return found.items
    page: Document
    if isinstance(found.more, str):
        if not same_origin(found.more, url):
            return ()
        page = (await fetch_document(runtime, found.more)).document
    else:
        page = found.more
    return parse_list(page).items
