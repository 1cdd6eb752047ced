"""What our people say: their posts and boosts, edited and taken back (ACV-3 to ACV-5).

They only read and send, before the transaction that ends the event; other servers are told only what ours did.
"""

from node.accounts.queries import find_account
from node.events import (
    PostDeleted,
    PostEdited,
    PostPublished,
)
from node.posts.consent_queries import find_request
from node.posts.queries import find_post
from node.posts.rules import OPEN_VISIBILITIES
from node.relays.service import PUBLIC_STYLE
from outbox import activities
from outbox.address import audience_of, inboxes_of, named_in, send, standing
from outbox.occasion import Sending, facts_of
from outbox.recipients import with_relays


async def post_published(on: Sending, event: PostPublished) -> None:
    """Tell of a new post or boost of ours."""
    facts = await facts_of(on, event.post_id)
    if facts is None or not facts.local or facts.local_only:
        return
    if facts.boost_of_id is not None:
        await _boost_published(on, event)
        return
    settings = on.runtime.settings
    to = audience_of(facts, await named_in(on, facts))
    to = await with_relays(on.reader, facts, to, replies=settings.relay_replies, style=PUBLIC_STYLE)
    post = await standing(on, event.post_id) if await inboxes_of(on, to) else None
    if post is not None:
        note = await activities.note(on.reader, post, settings=settings)
        document = activities.create(post, note, settings=settings)
        await send(on, document, to, object_key=post.uri, urgent=post.visibility == "direct")


async def _boost_published(on: Sending, event: PostPublished) -> None:
    post = await standing(on, event.post_id)
    original = (
        await find_post(on.reader, post.boost_of_id) if post is not None and post.boost_of_id is not None else None
    )
    author = None if original is None else await find_account(on.reader, original.account_id)
    if post is None or original is None or author is None or original.deleted_at is not None:
        return
    request = await find_request(on.reader, "announce", post.id) if original.interaction_policy else None
    stamp = request.authorization_uri if request is not None else ""
    document = activities.announce(post, original, author, settings=on.runtime.settings, authorization=stamp)
    await send(on, document, audience_of(post, {author.id}), object_key=post.uri)


async def post_edited(on: Sending, event: PostEdited) -> None:
    """Tell of the new words of a post of ours: everybody who has it, liked it, boosted it or answered it."""
    post = await standing(on, event.post_id)
    if post is None:
        return
    note = await activities.note(on.reader, post, settings=on.runtime.settings)
    document = activities.update_of_post(post, note, event_id=on.event_id, edited=post.edited_at or on.now)
    named = await named_in(on, post)
    to = audience_of(post, named, involved=post.visibility in OPEN_VISIBILITIES)
    to = await with_relays(on.reader, post, to, replies=on.runtime.settings.relay_replies)
    await send(on, document, to, object_key=post.uri, urgent=post.visibility == "direct")


async def post_deleted(on: Sending, event: PostDeleted) -> None:
    """Take back a post or boost of ours, from everybody who may have it (ACV-4)."""
    post = await find_post(on.reader, event.post_id)
    if post is None or not post.local or post.local_only:
        return
    author = await find_account(on.reader, post.account_id)
    if author is None or author.deleted_at is not None:
        return  # the Delete of the account says it all
    settings = on.runtime.settings
    if post.boost_of_id is not None:
        original = await find_post(on.reader, post.boost_of_id)
        boosted = None if original is None else await find_account(on.reader, original.account_id)
        if original is None or boosted is None:
            return
        document = activities.undo(activities.announce(post, original, boosted, settings=settings))
        await send(on, document, audience_of(post, {boosted.id}), object_key=post.uri)
        return
    named = await named_in(on, post)
    document = activities.delete_of_post(post, settings=settings)
    to = audience_of(post, named, involved=post.visibility in OPEN_VISIBILITIES)
    to = await with_relays(on.reader, post, to, replies=settings.relay_replies)
    await send(on, document, to, object_key=post.uri)
