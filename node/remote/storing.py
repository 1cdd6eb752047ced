"""From a parsed remote post to rows: whom it names, whether it is news, and which parent is still missing.

One path for posts that were delivered and posts that were fetched; the caller has proven who the author is.
`read_circle` only reads, `keep_post` only writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from federation.collection_parsing import COLLECTION_TYPES, parse_collection
from federation.documents import ids_of, object_of, type_of
from federation.errors import MalformedDocument
from federation.origins import parse_handle, same_origin
from federation.parsing import RemotePost
from federation.vocabulary import is_public
from node.accounts.models import Account
from node.accounts.rules import fold_username
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.settings import Settings
from node.posts.models import Post
from node.posts.queries import find_post_by_uri
from node.posts.quotes import needs_check
from node.posts.remote import store_remote_post
from node.posts.rules import OPEN_VISIBILITIES
from node.remote.queries import list_accounts_named
from node.remote.tasks import MAX_DEPTH, MAX_QUOTE_DEPTH, POST, QUOTE, queue_fetch

MAX_MENTIONS: Final = 50
MAX_FIRST_REPLIES: Final = 5
OLD: Final = timedelta(days=7)
"""What is older when it arrives is kept, but is no news to anybody (INB-10)."""


@dataclass(frozen=True, slots=True)
class Circle:
    """Whom a post concerns here: the accounts it names, by the URI it names them with, and its parent."""

    mentions: Mapping[str, Account]
    parent: Post | None

    @property
    def local_ids(self) -> frozenset[int]:
        """Our own people among them."""
        return frozenset(account.id for account in self.mentions.values() if account.is_local)


async def read_circle(reader: Reader, settings: Settings, post: RemotePost, *, author: Account) -> Circle:
    """Find whom a post names, among actors known here: no tag makes us fetch anything (OBJ-4, row 54).

    A Mention is resolved by its `href`, an actor id or a profile page of ours, else by its name; whoever is
    addressed without being tagged is found too (AUD-3).
    """
    tags = post.mentions[:MAX_MENTIONS]
    names: dict[str, tuple[str, str]] = {}
    for tag in tags:
        handle = _handle_of(tag.href, tag.name, settings)
        if handle is not None:
            names[tag.href or tag.name] = handle
    addressed = [uri for uri in (*post.to, *post.cc) if not is_public(uri) and uri != author.followers_url]
    hrefs = [tag.href for tag in tags if tag.href is not None]
    by_uri, by_handle = await list_accounts_named(
        reader, uris=[*hrefs, *addressed[: MAX_MENTIONS * 2]], handles=frozenset(names.values())
    )
    found = dict(by_uri)
    for key, name in names.items():
        if key not in found and name in by_handle:
            found[key] = by_handle[name]
    parent = await find_post_by_uri(reader, post.in_reply_to) if post.in_reply_to else None
    return Circle(found, None if parent is None or parent.local_only else parent)


async def keep_post(
    uow: UnitOfWork,
    settings: Settings,
    author: Account,
    post: RemotePost,
    *,
    circle: Circle,
    now: datetime,
    delivered_to: int | None = None,
    quiet: bool = False,
    depth: int = 0,
    root: str = "",
    sorted_at: datetime | None = None,
    quote_depth: int = 0,
) -> Post | None:
    """Store a post and queue the fetch of its missing parent (INB-7); None when it was deleted before.

    `depth` counts the steps up from the post `root` that was delivered or asked for: the chain ends at
    `tasks.MAX_DEPTH`, however long it is made (row 50); one of that depth makes us ask for nothing of its thread.
    """
    if post.in_reply_to == post.id:
        post = replace(post, in_reply_to=None)
    is_old = post.published is not None and post.published < now - OLD and post.visibility != "direct"
    stored = await store_remote_post(
        uow,
        settings,
        author,
        post,
        mentions=circle.mentions,
        delivered_to=delivered_to,
        quiet=quiet or is_old,
        sorted_at=sorted_at,
        now=now,
    )
    if stored is not None and stored.in_reply_to_id is None and stored.in_reply_to_uri and circle.parent is None:
        await queue_fetch(uow, POST, uri=stored.in_reply_to_uri, now=now, depth=depth + 1, budget_key=root or post.id)
    if stored is not None and needs_check(stored) and quote_depth <= MAX_QUOTE_DEPTH:
        # Fetched posts come in heaps: of these one quote is followed, not one within it.
        await queue_fetch(uow, QUOTE, uri=stored.uri, now=now, depth=max(quote_depth, int(quiet)))
    if stored is not None and not quiet and not is_old and depth < MAX_DEPTH:
        for uri in first_replies(post):
            await queue_fetch(uow, POST, uri=uri, now=now, depth=1, budget_key=post.id)
    return stored


def first_replies(post: RemotePost) -> tuple[str, ...]:
    """Return the replies that came inlined with a post and are of its own host: all that an arrival makes us ask for
    (COL-7). The rest of a thread waits until somebody opens it.
    """
    replies = object_of(post.raw.get("replies"))
    first = object_of(replies.get("first")) if replies else None
    if first is None or type_of(first, COLLECTION_TYPES) is None or post.visibility not in OPEN_VISIBILITIES:
        return ()
    uris = [uri for uri in ids_of(list(parse_collection(first).items)) if same_origin(uri, post.id) and uri != post.id]
    return tuple(uris[:MAX_FIRST_REPLIES])


def _handle_of(href: str | None, name: str, settings: Settings) -> tuple[str, str] | None:
    """Return (folded name, domain) of a tag; a page of ours speaks for itself, else its name has to."""
    own_page = f"{settings.public_url}/@"
    if href is not None and href.startswith(own_page):
        local = href.removeprefix(own_page)
        return (fold_username(local), "") if "/" not in local and "@" not in local else None
    try:
        handle = parse_handle(name)
    except MalformedDocument:
        return None
    if handle.domain is None:
        return None
    return fold_username(handle.username), "" if handle.domain in settings.local_domains else handle.domain
