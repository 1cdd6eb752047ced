"""Reactions with an emoji to posts, by anybody, ours or remote (ACV-6). Called by the doors and the inbox.

A reaction is no like: both may stand side by side, and one person may react to a post with several emoji.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import delete

from federation.reaction_parsing import read_unicode_emoji
from node.accounts.models import Account
from node.base.db.inserts import insert_if_absent
from node.base.db.pieces import delete_piece
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import Forbidden, Invalid, NotFound
from node.base.ids import new_id
from node.base.settings import Settings
from node.emojis.models import Emoji
from node.emojis.queries import LOCAL, find_named_emoji
from node.events import ReactionAdded, ReactionRemoved
from node.posts.consent import need_for
from node.posts.counters import count_on_post
from node.posts.models import Post
from node.posts.queries import get_visible_post, may_see
from node.reactions.models import Reaction
from node.reactions.queries import find_reaction, list_reactions_of, list_tallies
from node.uris import reaction_uri

MAX_OF_ONE: Final = 20
"""Different emoji that one account may give one post."""
ASKS_FIRST: Final = "The author of this post wants to be asked first. A like does that, a reaction cannot."


async def choose_emoji(reader: Reader, post_id: int, name: str) -> tuple[str, Emoji | None]:
    """Return what an app or page means by an emoji's name: itself, a shortcode of ours, or `shortcode@host`.

    Of other servers' emoji only those may be used that stand at the post already. Raises Invalid.
    """
    unicode = read_unicode_emoji(name[:100])
    if unicode is not None:
        return unicode, None
    shortcode, _, domain = name.strip().strip(":")[:400].partition("@")
    emoji = await find_named_emoji(reader, domain.lower() or LOCAL, shortcode)
    if emoji is not None and not emoji.is_local:
        tallies = (await list_tallies(reader, [post_id], viewer_id=None)).get(post_id, ())
        if not any(tally.emoji_id == emoji.id for tally in tallies):
            emoji = None
    if emoji is None:
        raise Invalid(fields={"emoji": ["Choose one emoji, or the name of one of this server"]})
    return emoji.shortcode, emoji


async def react(
    uow: UnitOfWork,
    settings: Settings,
    account: Account,
    post: Post,
    *,
    name: str,
    emoji: Emoji | None = None,
    now: datetime,
    uri: str = "",
) -> Reaction:
    """React to a post; the same emoji again changes nothing and returns the first reaction.

    To react to a boost is to react to what it boosts. Raises NotFound when the account may not see the post, Forbidden
    when its author does not want likes of everybody (OBJ-16), Invalid when it reacted with too many emoji already.
    """
    if post.boost_of_id is not None:
        post = await get_visible_post(uow, post.boost_of_id, account.id)
    elif not await may_see(uow, post.id, account.id):
        raise NotFound()
    if account.is_local and await need_for(uow, "like", account, post):
        raise Forbidden(ASKS_FIRST)
    emoji_id = emoji.id if emoji is not None else 0
    known = await find_reaction(uow, account.id, post.id, name=name, emoji_id=emoji_id)
    if known is not None:
        return known
    if len(await list_reactions_of(uow, account.id, post.id)) >= MAX_OF_ONE:
        raise Invalid(fields={"emoji": [f"Emoji would be more than {MAX_OF_ONE} to one post"]})
    reaction_id = new_id()
    values = {
        "id": reaction_id,
        "account_id": account.id,
        "post_id": post.id,
        "name": name,
        "emoji_id": emoji_id,
        "uri": uri or (reaction_uri(settings, reaction_id) if account.is_local else ""),
        "created_at": now,
    }
    if await insert_if_absent(uow, Reaction, values):
        await count_on_post(uow, post.id, "reactions_count", 1)
        await uow.record(ReactionAdded(reaction_id, account.id, post.id))
    stored = await find_reaction(uow, account.id, post.id, name=name, emoji_id=emoji_id)
    assert stored is not None
    return stored


async def unreact(uow: UnitOfWork, account_id: int, post: Post, *, name: str, emoji_id: int = 0) -> bool:
    """Take a reaction back; return whether there was one."""
    stored = await find_reaction(uow, account_id, post.boost_of_id or post.id, name=name, emoji_id=emoji_id)
    return stored is not None and await remove_reaction(uow, stored)


async def remove_reaction(uow: UnitOfWork, reaction: Reaction) -> bool:
    """Take a reaction back; return whether it still stood."""
    gone = await uow.write(
        delete(Reaction).where(Reaction.id == reaction.id).execution_options(synchronize_session=False)
    )
    if not gone:
        return False
    await count_on_post(uow, reaction.post_id, "reactions_count", -1)
    await uow.record(
        ReactionRemoved(
            reaction.id, reaction.uri, reaction.account_id, reaction.post_id, reaction.name, reaction.emoji_id
        )
    )
    return True


async def forget_reactions(uow: UnitOfWork, post_id: int) -> bool:
    """Remove some reactions to a deleted post, once everybody has been told; return whether there may be more."""
    return await delete_piece(uow, Reaction, Reaction.post_id == post_id)
