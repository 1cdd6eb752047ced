"""What our people put on their pages and take down: told to their followers (ACV-8).

A new follow of a remote actor makes us read what that one features.
"""

from sqlalchemy import select

from federation.documents import Document
from federation.vocabulary import PUBLIC
from federation.writing import HashtagFacts, feature_activity, hashtag_document
from node.accounts.models import Account
from node.accounts.queries import find_account, list_accounts
from node.base.lanes import FETCH
from node.events import FollowAccepted, PostPinned, PostUnpinned, TagFeatured, TagUnfeatured
from node.posts.models import Hashtag
from node.posts.queries import find_post
from node.posts.rules import OPEN_VISIBILITIES
from node.remote.tasks import FEATURED, queue_fetch
from node.uris import featured_tags_uri, featured_uri, followers_uri, tag_url
from outbox.address import send
from outbox.occasion import Occasion, Sending
from outbox.recipients import Recipients


async def post_pinned(on: Sending, event: PostPinned) -> None:
    """Tell of a pinned post."""
    await _tell_of_post(on, event, removed=False)


async def post_unpinned(on: Sending, event: PostUnpinned) -> None:
    """Tell of a post that is pinned no more."""
    await _tell_of_post(on, event, removed=True)


async def tag_featured(on: Sending, event: TagFeatured) -> None:
    """Tell of a featured hashtag."""
    await _tell_of_tag(on, event, removed=False)


async def tag_unfeatured(on: Sending, event: TagUnfeatured) -> None:
    """Tell of a hashtag that is featured no more."""
    await _tell_of_tag(on, event, removed=True)


async def follow_accepted(on: Occasion, event: FollowAccepted) -> None:
    """Read what a remote actor features once somebody here follows it."""
    found = await list_accounts(on.uow, {event.follower_id, event.followee_id})
    follower, followee = found.get(event.follower_id), found.get(event.followee_id)
    if follower is None or followee is None or not follower.is_local or followee.is_local or followee.is_gone:
        return
    if (followee.featured_url or followee.featured_tags_url) and await queue_fetch(
        on.uow, FEATURED, uri=followee.uri, now=on.now
    ):
        on.lanes.add(FETCH)


async def _tell_of_post(on: Sending, event: PostPinned | PostUnpinned, *, removed: bool) -> None:
    account = await _speaker(on, event.account_id)
    post = await find_post(on.reader, event.post_id)
    if account is None or post is None or post.deleted_at is not None or post.visibility not in OPEN_VISIBILITIES:
        return
    if post.local_only:
        return
    target = featured_uri(on.runtime.settings, account.id)
    await _tell(on, account, post.uri, target=target, object_key=post.uri, removed=removed)


async def _tell_of_tag(on: Sending, event: TagFeatured | TagUnfeatured, *, removed: bool) -> None:
    account = await _speaker(on, event.account_id)
    tag: Hashtag | None = await on.reader.scalar(select(Hashtag).where(Hashtag.id == event.hashtag_id))
    if account is None or tag is None:
        return
    settings = on.runtime.settings
    document = hashtag_document(HashtagFacts(name=tag.display, url=tag_url(settings, tag.name)))
    # Mastodon looks for both kinds in `featured`, whatever else the actor lists (ACV-8).
    target, key = featured_uri(settings, account.id), f"{featured_tags_uri(settings, account.id)}#{tag.name}"
    await _tell(on, account, document, target=target, object_key=key[:2048], removed=removed)


async def _tell(
    on: Sending, account: Account, inner: Document | str, *, target: str, object_key: str, removed: bool
) -> None:
    document = feature_activity(
        f"{account.uri}#featured/{on.event_id}",
        account.uri,
        inner,
        target=target,
        removed=removed,
        to=[PUBLIC],
        cc=[followers_uri(on.runtime.settings, account.id)],
    )
    await send(on, document, Recipients(author_id=account.id, followers=True), object_key=object_key)


async def _speaker(on: Sending, account_id: int) -> Account | None:
    account = await find_account(on.reader, account_id)
    return None if account is None or not account.is_local or account.is_gone else account
