"""Undo: of a Follow, Like, EmojiReact, Announce, Block or Accept of the same actor (ACV-2).

What is undone is found by its id, or, since some servers send another id or none, by type and object. If it is not
here, its id is remembered for six hours, so that it has no effect when it comes (INB-9). Only a Follow that stood
here may come again under its id. Nobody undoes another's (row 26).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from federation.documents import Document, first_id, object_of, type_of
from federation.reaction_parsing import parse_reaction
from inbox.context import Context
from inbox.handlers.targets import find_own_account, inner_actor
from inbox.outcomes import Ignored, Refused
from inbox.tombstones import UNDONE_LIFE, bury, let_follow_again
from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.blocks.queries import find_block_by_uri
from node.blocks.service import unblock
from node.follows.queries import find_follow, find_follow_by_uri
from node.follows.service import reject_follow, unfollow
from node.posts.like_queries import find_like_by_uri
from node.posts.likes import unlike
from node.posts.models import Post
from node.posts.queries import find_boost, find_post, find_post_by_uri
from node.posts.reacting import remove_reaction
from node.posts.service import withdraw
from node.reactions.queries import find_reaction_by_uri, list_reactions_of


@dataclass(frozen=True, slots=True)
class Verified:
    actor: Account
    uri: str | None
    """Id of what is undone, if it was given."""
    kind: str | None
    """Its type, if it was given."""
    object_uri: str | None
    """What it was about, if that was given."""
    inner: Document | None


async def verify(context: Context) -> Verified:
    """Return what is undone. Raises Refused when it is another's, Ignored for a type that has no undoing here."""
    activity = context.activity
    actor = await context.actor()
    inner = object_of(activity.object)
    if inner is None:
        if activity.object_id is None:
            raise Refused("no_object", "an Undo of nothing")
        return Verified(actor, activity.object_id, None, None, None)
    claimed = inner_actor(inner)
    if claimed is not None and claimed != activity.actor:
        raise Refused("foreign_object", "it undoes what another did")
    kind = type_of(inner, UNDOINGS)
    if kind is None:
        raise Ignored("unknown_type", str(inner.get("type"))[:64])
    return Verified(actor, activity.object_id, kind, first_id(inner.get("object")), inner)


async def receive(uow: UnitOfWork, context: Context, verified: Verified) -> None:
    """Undo it, or remember that it is undone."""
    kinds = [verified.kind] if verified.kind is not None else list(UNDOINGS)
    for kind in kinds:
        if await UNDOINGS[kind](uow, context, verified):
            if kind == "Follow" and verified.uri is not None:
                await let_follow_again(uow, verified.uri, actor_uri=verified.actor.uri)
                return
            break
    if verified.uri is not None:
        # Also when it was here: a copy of it may still be on its way.
        await bury(uow, verified.uri, actor_uri=verified.actor.uri, now=context.now, life=UNDONE_LIFE)


async def _undo_follow(uow: UnitOfWork, context: Context, verified: Verified) -> bool:
    found = await find_follow_by_uri(uow, verified.uri or "")
    if found is not None and found.follower_id == verified.actor.id:
        return await unfollow(uow, found.follower_id, found.followee_id)
    followee = await find_own_account(uow, verified.object_uri)
    return followee is not None and await unfollow(uow, verified.actor.id, followee.id)


async def _undo_like(uow: UnitOfWork, context: Context, verified: Verified) -> bool:
    """Take back a like, or the reaction that a Like with an emoji was."""
    if await _undo_reaction(uow, context, verified):
        return True
    found = await find_like_by_uri(uow, verified.uri) if verified.uri else None
    post: Post | None = None
    if found is not None and found.account_id == verified.actor.id:
        post = await find_post(uow, found.post_id)
    elif verified.object_uri:
        post = await find_post_by_uri(uow, verified.object_uri)
    return post is not None and await unlike(uow, verified.actor.id, post)


async def _undo_reaction(uow: UnitOfWork, context: Context, verified: Verified) -> bool:
    """Found by its id, else by post and emoji; of a Like without an emoji nothing is a reaction (ACV-6)."""
    found = await find_reaction_by_uri(uow, verified.uri or "")
    if found is None and verified.object_uri and verified.inner is not None:
        reaction = parse_reaction(verified.inner)
        post = await find_post_by_uri(uow, verified.object_uri) if reaction is not None else None
        if reaction is not None and post is not None:
            given = await list_reactions_of(uow, verified.actor.id, post.id)
            found = next((one for one in given if one.name == reaction.name), None)
    return found is not None and found.account_id == verified.actor.id and await remove_reaction(uow, found)


async def _undo_announce(uow: UnitOfWork, context: Context, verified: Verified) -> bool:
    boost = await find_post_by_uri(uow, verified.uri) if verified.uri else None
    if boost is None or boost.account_id != verified.actor.id or boost.boost_of_id is None:
        post = await find_post_by_uri(uow, verified.object_uri) if verified.object_uri else None
        boost = await find_boost(uow, verified.actor.id, post.id) if post is not None else None
    if boost is None or boost.deleted_at is not None:
        return False
    await withdraw(uow, boost, now=context.now)
    return True


async def _undo_block(uow: UnitOfWork, context: Context, verified: Verified) -> bool:
    found = await find_block_by_uri(uow, verified.uri) if verified.uri else None
    if found is not None and found.account_id == verified.actor.id:
        return await unblock(uow, found.account_id, found.target_id)
    target = await find_own_account(uow, verified.object_uri)
    return target is not None and await unblock(uow, verified.actor.id, target.id)


async def _undo_accept(uow: UnitOfWork, context: Context, verified: Verified) -> bool:
    """Whoever takes an Accept back removes the follower."""
    follow_document = object_of(verified.inner.get("object")) if verified.inner is not None else None
    found = await find_follow_by_uri(uow, verified.object_uri or "")
    if found is None and follow_document is not None:
        follower = await find_own_account(uow, first_id(follow_document.get("actor")))
        found = await find_follow(uow, follower.id, verified.actor.id) if follower is not None else None
    if found is None or found.followee_id != verified.actor.id:
        return False
    return await reject_follow(uow, found)


UNDOINGS: Final[dict[str, Callable[[UnitOfWork, Context, Verified], Awaitable[bool]]]] = {
    "Follow": _undo_follow,
    "Like": _undo_like,
    "EmojiReact": _undo_like,
    "Announce": _undo_announce,
    "Block": _undo_block,
    "Accept": _undo_accept,
}
