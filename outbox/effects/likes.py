"""What our people like and react to, elsewhere (ACV-5, ACV-6).

They only read and send, before the transaction that ends the event; other servers are told only what ours did.
"""

from collections.abc import Sequence
from dataclasses import replace

from node.accounts.queries import find_account
from node.emojis.queries import find_emoji
from node.events import (
    PostLiked,
    PostUnliked,
    ReactionAdded,
    ReactionRemoved,
)
from node.posts.queries import find_post
from node.reactions.models import Reaction
from node.reactions.queries import find_reaction_by_id
from node.uris import like_uri, reaction_uri
from outbox import activities
from outbox.address import send
from outbox.event_queries import list_likes_to_send
from outbox.occasion import Sending
from outbox.recipients import Recipients


async def posts_liked(on: Sending, events: Sequence[PostLiked]) -> None:
    """Tell remote authors of likes. Each is sent under the id of its like, since several events share this occasion."""
    told = await list_likes_to_send(on.reader, [event.like_id for event in events])
    for event in events:
        if event.like_id in told:
            uri = told[event.like_id] or like_uri(on.runtime.settings, event.like_id)
            await _send_like(replace(on, event_id=event.like_id), uri, event, undone=False)


async def post_unliked(on: Sending, event: PostUnliked) -> None:
    """Tell a remote author that a like is withdrawn."""
    await _send_like(on, event.like_uri or like_uri(on.runtime.settings, event.like_id), event, undone=True)


async def _send_like(on: Sending, uri: str, event: PostLiked | PostUnliked, *, undone: bool) -> None:
    post = await find_post(on.reader, event.post_id)
    account = await find_account(on.reader, event.account_id)
    author = None if post is None else await find_account(on.reader, post.account_id)
    if post is None or account is None or author is None or not account.is_local or author.is_local:
        return
    if account.deleted_at is not None:
        return  # the Delete of the account says it all
    document = activities.like(uri, account, post, author)
    to = Recipients(author_id=account.id, account_ids=frozenset({author.id}))
    await send(on, activities.undo(document) if undone else document, to, object_key=post.uri, urgent=True)


async def reaction_added(on: Sending, event: ReactionAdded) -> None:
    """Tell a remote author of a reaction."""
    found = await find_reaction_by_id(on.reader, event.reaction_id)
    if found is not None:
        await _send_reaction(on, found, undone=False)


async def reaction_removed(on: Sending, event: ReactionRemoved) -> None:
    """Tell a remote author that a reaction is withdrawn."""
    taken_back = Reaction(
        id=event.reaction_id,
        uri=event.reaction_uri,
        account_id=event.account_id,
        post_id=event.post_id,
        name=event.name,
        emoji_id=event.emoji_id,
    )
    await _send_reaction(on, taken_back, undone=True)


async def _send_reaction(on: Sending, reaction: Reaction, *, undone: bool) -> None:
    post = await find_post(on.reader, reaction.post_id)
    account = await find_account(on.reader, reaction.account_id)
    author = None if post is None else await find_account(on.reader, post.account_id)
    if post is None or account is None or author is None or not account.is_local or author.is_local:
        return
    if account.deleted_at is not None:
        return  # the Delete of the account says it all
    settings = on.runtime.settings
    emoji = await find_emoji(on.reader, reaction.emoji_id) if reaction.emoji_id else None
    document = activities.reaction(
        reaction.uri or reaction_uri(settings, reaction.id),
        account,
        post,
        author,
        name=reaction.name,
        emoji=emoji,
        settings=settings,
    )
    to = Recipients(author_id=account.id, account_ids=frozenset({author.id}))
    await send(on, activities.undo(document) if undone else document, to, object_key=post.uri, urgent=True)
