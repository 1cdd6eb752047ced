"""Remote posts: from an id to a `Post`, fetched from its own server when unknown.

What a fetched document says is believed only for its own origin (INB-5); who wrote it is fetched too. Fetched
posts are no news: they enter no home timeline and notify nobody. Their missing parents are queued, not fetched
on the spot.
"""

from collections.abc import Callable
from dataclasses import dataclass

from federation.errors import DiscoveryFailed, EgressRefused, FetchGone
from federation.parsing import RemotePost, parse_post
from node.accounts.models import Account
from node.accounts.queries import find_account_by_uri
from node.base.runtime import Runtime
from node.posts.models import Post
from node.posts.queries import find_post_by_uri
from node.posts.rules import OPEN_VISIBILITIES
from node.posts.service import withdraw
from node.remote.actors import fetch_actor, is_own
from node.remote.documents import fetch_document
from node.remote.storing import Circle, keep_post, read_circle


@dataclass(frozen=True, slots=True)
class FetchedPost:
    """A post as its own server gave it out, its author, and whom it concerns here. Nothing is stored yet."""

    author: Account
    post: RemotePost
    circle: Circle
    size: int = 0
    """Bytes of its document."""


async def fetch_post(
    runtime: Runtime, uri: str, *, depth: int = 0, root: str = "", quote_depth: int = 0
) -> Post | None:
    """Return the post with this id, fetching and storing it when it is unknown; None when it is deleted here.

    Raises FederationError when it cannot be had, or is not public and so not ours to keep.
    """
    async with runtime.read() as reader:
        known = await find_post_by_uri(reader, uri)
    if known is not None:
        return known if known.deleted_at is None else None
    fetched = await download_post(runtime, uri)
    async with runtime.write() as uow:
        return await keep_post(
            uow,
            runtime.settings,
            fetched.author,
            fetched.post,
            circle=fetched.circle,
            now=runtime.now(),
            quiet=True,
            depth=depth,
            root=root or uri,
            quote_depth=quote_depth,
        )


async def download_post(
    runtime: Runtime,
    uri: str,
    *,
    as_account_id: int | None = None,
    may_meet: Callable[[], bool] | None = None,
) -> FetchedPost:
    """Fetch a post and its author, and store at most the author.

    Without `as_account_id` only public and unlisted posts are taken: whatever else a server shows to our
    instance actor was not meant for anybody here. `may_meet` is asked before an author unknown here is fetched, for
    callers that bring in many (ACT-6). Raises FederationError; a 410 withdraws a post we have.
    """
    if is_own(runtime, uri):
        raise DiscoveryFailed("not_found", f"{uri[:200]} is no post here")
    try:
        fetched = await fetch_document(runtime, uri, as_account_id=as_account_id)
    except FetchGone as error:
        if error.status == 410:
            await _forget_gone(runtime, uri)
        raise
    # Read twice: who wrote it decides whose followers count when its audience is read.
    author_uri = parse_post(fetched.document).attributed_to
    if may_meet is not None:
        async with runtime.read() as reader:
            is_known = await find_account_by_uri(reader, author_uri) is not None
        if not is_known and not may_meet():
            raise EgressRefused("too_many_actors", f"{author_uri[:200]} is one more than may be met at once")
    author = await fetch_actor(runtime, author_uri)
    if author.is_gone:
        raise EgressRefused("author_gone", f"{author.uri[:200]} is suspended or deleted here")
    post = parse_post(fetched.document, followers_url=author.followers_url or None)
    if as_account_id is None and post.visibility not in OPEN_VISIBILITIES:
        raise EgressRefused("not_public", f"{post.id[:200]} is not public")
    if post.is_vote:
        raise DiscoveryFailed("not_a_post", f"{post.id[:200]} is a vote")
    async with runtime.read() as reader:
        circle = await read_circle(reader, runtime.settings, post, author=author)
    return FetchedPost(author, post, circle, fetched.size)


async def _forget_gone(runtime: Runtime, uri: str) -> None:
    async with runtime.write() as uow:
        known = await find_post_by_uri(uow, uri)
        if known is not None and not known.local and known.deleted_at is None:
            await withdraw(uow, known, now=runtime.now())
