"""Effects of posts on link previews: tie a post to its link once it stands, have the page looked at, tell who watches.

A page is looked at for posts that somebody here will see: ours, and others' that go to a follower or name somebody
here.
"""

import secrets
from datetime import timedelta
from typing import Final

from node.base.db.stream_log import StreamEvent
from node.base.ids import id_at
from node.base.lanes import CARDS
from node.cards.queries import find_link, list_linking_posts
from node.cards.rules import SPREAD
from node.events import LinkCardReady, PostDeleted, PostEdited, PostPublished
from node.posts.cards import link_post, unlink_post
from node.remote.queries import has_local_follower
from outbox.event_queries import PostFacts, list_local_mentions
from outbox.occasion import Occasion, facts_of

TOLD_WITHIN: Final = timedelta(hours=1)
"""Posts older than this get their card quietly."""
MOST_TOLD: Final = 40


async def post_published(on: Occasion, event: PostPublished) -> None:
    """Tie a new post, or what a boost brings, to its link."""
    if event.quiet or not on.runtime.settings.link_previews:
        return
    facts = await facts_of(on, event.post_id)
    if facts is None or (facts.boost_of_id is None and not facts.links) or not await _is_seen(on, event.post_id, facts):
        return
    post_id = facts.boost_of_id or event.post_id
    await _link(on, post_id, at_once=facts.local and facts.boost_of_id is None)


async def post_edited(on: Occasion, event: PostEdited) -> None:
    """Look again which link a post has."""
    if not on.runtime.settings.link_previews:
        return
    facts = await facts_of(on, event.post_id)
    if facts is None:
        return
    known = facts.local or await find_link(on.uow, event.post_id) is not None
    if known or await _is_seen(on, event.post_id, facts):
        await _link(on, event.post_id, at_once=facts.local)


async def post_deleted(on: Occasion, event: PostDeleted) -> None:
    """Forget the link of a post that is gone."""
    await unlink_post(on.uow, event.post_id)


async def card_ready(on: Occasion, event: LinkCardReady) -> None:
    """Tell those who watch that young posts show a card now."""
    since = id_at(on.now - TOLD_WITHIN)
    for post_id in await list_linking_posts(on.uow, event.card_id, newer_than=since, limit=MOST_TOLD):
        on.streamed.append(StreamEvent("status.update", post_id))


async def _is_seen(on: Occasion, post_id: int, facts: PostFacts) -> bool:
    if facts.local or await has_local_follower(on.uow, facts.account_id):
        return True
    return facts.names and bool(await list_local_mentions(on.uow, post_id))


async def _link(on: Occasion, post_id: int, *, at_once: bool) -> None:
    delay = timedelta() if at_once else secrets.randbelow(1000) / 1000 * SPREAD
    has_link = await link_post(on.uow, on.runtime.settings, post_id, now=on.now, delay=delay)
    if has_link and at_once:
        on.lanes.add(CARDS)
