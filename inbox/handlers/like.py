"""Like and EmojiReact: of a post stored here; of anything else they are ignored (ACV-5, ACV-6).

Either may carry an emoji and is then a reaction; what carries none, or something that is no emoji, is a plain like.
A custom emoji is one that its reactor's host tells us of, or one that we know by the id it comes with: nobody changes
how another host's emoji looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from federation.errors import MalformedDocument
from federation.origins import host_of
from federation.reaction_parsing import RemoteReaction, parse_reaction
from federation.tag_parsing import RemoteEmoji
from inbox.context import Context
from inbox.handlers.targets import known_post
from inbox.outcomes import Ignored, Refused
from inbox.tombstones import is_buried
from node.accounts.models import Account
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.emojis.models import Emoji
from node.emojis.queries import find_named_emoji
from node.emojis.service import learn_emojis
from node.follows.queries import is_block_between
from node.posts.likes import Wish, like_all
from node.posts.models import Post
from node.posts.reacting import react
from node.uris import emoji_uri


@dataclass(frozen=True, slots=True)
class Verified:
    actor: Account
    post: Post
    reaction: RemoteReaction | None


async def verify(context: Context) -> Verified:
    """Find the post. Raises Ignored when the actor could not have seen it here, or across a block."""
    if context.activity.object_id is None:
        raise Refused("no_object", "a Like of nothing")
    actor = await context.actor()
    post = await known_post(context, context.activity.object_id, viewer_id=actor.id)
    async with context.runtime.read() as reader:
        if await is_block_between(reader, actor.id, post.account_id):
            raise Ignored("blocked", "a block stands between them")
    return Verified(actor, post, parse_reaction(context.activity.raw))


async def receive(uow: UnitOfWork, context: Context, verified: Verified) -> None:
    """Like or react, once an actor, post and emoji, unless its Undo came first."""
    await receive_all(uow, [(context, verified)])


async def receive_all(uow: UnitOfWork, several: Sequence[tuple[Context, Verified]]) -> None:
    """Like or react in the name of several actors: the plain likes among these take the same few
    statements."""
    wishes = []
    for context, verified in several:
        activity = context.activity
        if await is_buried(uow, activity.id, actor_uri=activity.actor, now=context.now):
            raise Ignored("undone_before", activity.id or "")
        if verified.reaction is None:
            wishes.append(Wish(verified.actor.id, verified.post.id, activity.id or ""))
        else:
            await _react(uow, context, verified, verified.reaction)
    if wishes:
        context, _ = several[0]
        await like_all(uow, context.runtime.settings, wishes, now=context.now)
    for wish in wishes:
        if wish.refused is not None:
            raise wish.refused


async def _react(uow: UnitOfWork, context: Context, verified: Verified, reaction: RemoteReaction) -> None:
    emoji = None
    if reaction.emoji is not None:
        emoji = await _emoji_of(uow, context, reaction.emoji)
        if emoji is None:
            raise Ignored("no_emoji", reaction.name)
    await react(
        uow,
        context.runtime.settings,
        verified.actor,
        verified.post,
        name=reaction.name,
        emoji=emoji,
        uri=context.activity.id or "",
        now=context.now,
    )


async def _emoji_of(uow: UnitOfWork, context: Context, brought: RemoteEmoji) -> Emoji | None:
    known = await known_emoji(uow, context, brought)
    if known is not None:
        return known
    learned = await learn_emojis(uow, host_of(context.activity.actor), [brought], now=context.now)
    return learned[0] if learned else None


async def known_emoji(reader: Reader, context: Context, brought: RemoteEmoji) -> Emoji | None:
    """Return the emoji of a third host, or of ours, that a reaction names by its id; None for any other."""
    try:
        host = host_of(brought.id or "")
    except MalformedDocument:
        return None
    if host == host_of(context.activity.actor):
        return None
    if host == context.runtime.settings.web_host:
        own = await find_named_emoji(reader, "", brought.shortcode)
        return own if own is not None and brought.id == emoji_uri(context.runtime.settings, own.id) else None
    found = await find_named_emoji(reader, host, brought.shortcode)
    return found if found is not None and found.uri == brought.id else None
