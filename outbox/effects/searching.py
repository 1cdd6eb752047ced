"""What search is to look at again: posts that changed or came into a library, accounts that allow it or are gone.

Effects: each writes tasks in the transaction that ends its event; the INDEX lane reads what the posts are by then.
Nobody nudges that lane: a commit of the index costs as much as many posts, so what a second brings is left to the
sweep.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from node.cards.queries import list_linking_posts
from node.events import (
    AccountDeleted,
    AccountSuspended,
    AccountUnsuspended,
    LinkCardReady,
    PostBookmarked,
    PostDeleted,
    PostEdited,
    PostLiked,
    PostPublished,
    SearchConsentChanged,
)
from node.search.tasks import ask_for_account, ask_for_posts, is_on
from outbox.event_queries import list_ours_among
from outbox.occasion import Occasion, facts_of

MOST_LINKING: Final = 200
"""Posts with the same link that are indexed anew once its page was looked at."""
RUSH_WAIT: Final = timedelta(seconds=2)
"""How long a post that several like at once waits for more of them: its document has all who like it."""


async def post_published(on: Occasion, event: PostPublished) -> None:
    """Index a new post; what one of ours boosted is in their library now."""
    if not is_on(on.runtime.settings):
        return
    post = await facts_of(on, event.post_id)
    if post is None:
        return
    if post.boost_of_id is None:
        await _posts(on, [event.post_id])
    elif post.local:
        await _posts(on, [post.boost_of_id])


async def post_changed(on: Occasion, event: PostEdited | PostDeleted | PostBookmarked) -> None:
    """Index a post anew, or take it away."""
    await _posts(on, [event.post_id])


async def posts_liked(on: Occasion, events: Sequence[PostLiked]) -> None:
    """Index what ours liked: it is in their library now. In a rush not at each like, but every now and then."""
    if is_on(on.runtime.settings):
        ours = await list_ours_among(on.uow, [event.account_id for event in events])
        liked = [event.post_id for event in events if event.account_id in ours]
        await _posts(on, liked, wait=RUSH_WAIT if len(liked) > 1 else timedelta())


async def card_ready(on: Occasion, event: LinkCardReady) -> None:
    """Index the newest posts with a link anew: the words of its page are shown with them now."""
    if is_on(on.runtime.settings):
        await _posts(on, await list_linking_posts(on.uow, event.card_id, limit=MOST_LINKING))


async def account_changed(
    on: Occasion, event: SearchConsentChanged | AccountSuspended | AccountUnsuspended | AccountDeleted
) -> None:
    """Look at all posts of an account again. What may be found is decided on the rows: this only tidies."""
    await ask_for_account(on.uow, on.runtime.settings, event.account_id, now=on.now)


async def _posts(on: Occasion, ids: Iterable[int], *, wait: timedelta = timedelta()) -> None:
    await ask_for_posts(on.uow, on.runtime.settings, ids, wait=wait, now=on.now)
