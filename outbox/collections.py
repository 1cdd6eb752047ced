"""Our collections, a page at a time: outbox, followers, following, featured, replies, likes, shares, contexts (COL).

A root has `totalItems` and `first`; a page's id is its URL. Only what the onlooker may see is in any of them.
"""

from typing import Final

from federation.documents import Document
from federation.writing import HashtagFacts, collection, hashtag_document, ordered_collection, ordered_collection_page
from node.accounts.models import Account
from node.accounts.queries import find_account, list_accounts
from node.base.db.unit_of_work import Reader
from node.base.errors import Gone, NotFound
from node.base.paging import Page
from node.base.runtime import Runtime
from node.base.settings import Settings
from node.follows.queries import list_follower_uris
from node.posts.featured_queries import list_featured_tags, list_pinned
from node.posts.models import Post
from node.posts.pins import MAX_PINS
from node.posts.queries import find_post, may_see
from node.uris import (
    context_uri,
    featured_tags_uri,
    featured_uri,
    followers_sync_uri,
    followers_uri,
    following_uri,
    outbox_uri,
    tag_url,
)
from outbox import activities
from outbox.onlookers import Onlooker
from outbox.queries import (
    count_context,
    count_outbox,
    list_context_uris,
    list_member_uris,
    list_outbox,
    list_reply_uris,
)

OUTBOX_PAGE: Final = 20
MEMBERS_PAGE: Final = 40
REPLIES_PAGE: Final = 40
CONTEXT_PAGE: Final = 60
ONLY_OTHERS: Final = "only_other_accounts=true"


async def present_owner(reader: Reader, account_id: int) -> Account:
    """Return the local account a collection belongs to. Raises NotFound, or Gone for a deleted one."""
    account = await find_account(reader, account_id)
    if account is None or not account.is_local or account.waiting:
        raise NotFound()
    if account.deleted_at is not None:
        raise Gone()
    return account


async def outbox(runtime: Runtime, owner: Account, onlooker: Onlooker, *, page: Page | None) -> Document:
    """Return the outbox or a page of it: Creates with their Notes, Announces with an id, newest first (COL-2)."""
    uri = outbox_uri(runtime.settings, owner.id)
    async with runtime.read() as reader:
        if page is None:
            total = 0 if owner.is_gone else await count_outbox(reader, owner.id)
            return ordered_collection(uri, total=total, first=f"{uri}?page=true" if total else None)
        posts = await list_outbox(reader, owner.id, page, viewer_id=onlooker.account_id)
        items = await _activities(reader, posts, settings=runtime.settings)
    return ordered_collection_page(
        _page_uri(uri, page),
        part_of=uri,
        items=items,
        next_uri=f"{uri}?page=true&max_id={posts[-1].id}" if len(posts) == page.limit else None,
        prev_uri=f"{uri}?page=true&min_id={posts[0].id}" if posts else None,
    )


async def _activities(reader: Reader, posts: list[Post], *, settings: Settings) -> list[Document]:
    notes = await activities.notes(reader, [post for post in posts if post.boost_of_id is None], settings=settings)
    originals = {
        post.id: original
        for post in posts
        if post.boost_of_id is not None and (original := await find_post(reader, post.boost_of_id)) is not None
    }
    authors = await list_accounts(reader, {original.account_id for original in originals.values()})
    items = []
    for post in posts:
        if post.id in notes:
            items.append(activities.create(post, notes[post.id], settings=settings))
        elif post.id in originals:
            original = originals[post.id]
            items.append(activities.announce(post, original, authors[original.account_id], settings=settings))
    return items


async def members(runtime: Runtime, owner: Account, *, followers: bool, page: Page | None) -> Document:
    """Return whom an account follows or who follows it; without `first` where the owner hides that (COL-3)."""
    settings = runtime.settings
    uri = followers_uri(settings, owner.id) if followers else following_uri(settings, owner.id)
    hidden = owner.hide_collections or owner.is_gone
    total = owner.followers_count if followers else owner.following_count
    if page is None:
        return ordered_collection(uri, total=total, first=f"{uri}?page=true" if total and not hidden else None)
    if hidden:
        raise NotFound()
    async with runtime.read() as reader:
        rows = await list_member_uris(reader, owner.id, page, followers=followers)
    return ordered_collection_page(
        _page_uri(uri, page),
        part_of=uri,
        total=total,
        items=[member for _, member in rows],
        next_uri=f"{uri}?page=true&max_id={rows[-1][0]}" if len(rows) == page.limit else None,
        prev_uri=f"{uri}?page=true&min_id={rows[0][0]}" if rows else None,
    )


async def followers_of_host(runtime: Runtime, owner: Account, host: str) -> Document:
    """Return who of one host follows an account, for that host alone (FEP-8fcf, COL-9)."""
    async with runtime.read() as reader:
        followers = [] if owner.is_gone else await list_follower_uris(reader, owner.id, [host])
    items = sorted(uri for _, uri in followers)
    return ordered_collection(followers_sync_uri(runtime.settings, owner.id), total=None, items=items)


def empty(uri: str) -> Document:
    """Return a collection with nothing in it."""
    return ordered_collection(uri, total=0, items=[])


async def featured(runtime: Runtime, owner: Account) -> Document:
    """Return the pinned open posts, whole, the newest pin first (COL-4)."""
    uri = featured_uri(runtime.settings, owner.id)
    if owner.is_gone:
        return empty(uri)
    async with runtime.read() as reader:
        posts = await list_pinned(reader, owner.id, limit=MAX_PINS)
        notes = await activities.notes(reader, posts, settings=runtime.settings)
    return ordered_collection(uri, total=len(posts), items=[notes[post.id] for post in posts])


async def featured_tags(runtime: Runtime, owner: Account) -> Document:
    """Return the hashtags an account shows on its page (COL-4)."""
    settings = runtime.settings
    async with runtime.read() as reader:
        entries = [] if owner.is_gone else await list_featured_tags(reader, owner.id)
    items = [hashtag_document(HashtagFacts(name=entry.display, url=tag_url(settings, entry.name))) for entry in entries]
    return collection(featured_tags_uri(settings, owner.id), total=len(items), items=items)


async def replies(runtime: Runtime, post: Post, *, page: Page | None, others: bool) -> Document:
    """Return the open replies to a post: its author's own first, then everybody else's (COL-5)."""
    uri = f"{post.uri}/replies"
    if page is None:
        return collection(uri, total=None, first=f"{uri}?page=true")
    async with runtime.read() as reader:
        rows = await list_reply_uris(reader, post, page, own=not others)
    suffix = f"&{ONLY_OTHERS}" if others else ""
    following = None if others else f"{uri}?page=true&{ONLY_OTHERS}"
    if len(rows) == page.limit:
        following = f"{uri}?page=true{suffix}&min_id={rows[-1][0]}"
    return ordered_collection_page(
        _page_uri(uri, page, suffix),
        part_of=uri,
        items=[reply for _, reply in rows],
        next_uri=following,
        ordered=False,
    )


def counted(post: Post, what: str) -> Document:
    """Return the likes or shares of a post: how many, never who (COL-4)."""
    total = post.likes_count if what == "likes" else post.boosts_count
    return collection(f"{post.uri}/{what}", total=total)


async def context(runtime: Runtime, thread_id: int, *, page: Page | None) -> Document:
    """Return a thread that began here: its root and every open post of it we know, oldest first (COL-6)."""
    uri = context_uri(runtime.settings, thread_id)
    async with runtime.read() as reader:
        root = await find_post(reader, thread_id)
        if root is None or not root.local or not await may_see(reader, thread_id, None):
            raise NotFound()
        author = await find_account(reader, root.account_id)
        if page is None:
            total = await count_context(reader, thread_id)
            return ordered_collection(
                uri, total=total, first=f"{uri}?page=true", attributed_to=author.uri if author else None
            )
        rows = await list_context_uris(reader, thread_id, page)
    return ordered_collection_page(
        _page_uri(uri, page),
        part_of=uri,
        items=[post for _, post in rows],
        next_uri=f"{uri}?page=true&min_id={rows[-1][0]}" if len(rows) == page.limit else None,
    )


def _page_uri(uri: str, page: Page, suffix: str = "") -> str:
    """Return a page's id: the URL it was asked by, in one spelling."""
    url = f"{uri}?page=true{suffix}"
    if page.max_id is not None:
        url += f"&max_id={page.max_id}"
    if page.min_id is not None:
        url += f"&min_id={page.min_id}"
    return url
