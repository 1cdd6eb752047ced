"""Like: of a post stored here; of anything else it is ignored (ACV-5).

A reaction with an emoji counts as a plain like until there are reactions (ACV-6).
"""

from dataclasses import dataclass

from inbox.context import Context
from inbox.handlers.targets import known_post
from inbox.outcomes import Ignored, Refused
from inbox.tombstones import is_buried
from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.follows.queries import is_block_between
from node.posts.likes import like
from node.posts.models import Post


@dataclass(frozen=True, slots=True)
class Verified:
    actor: Account
    post: Post


async def verify(context: Context) -> Verified:
    """Find the post. Raises Ignored when the actor could not have seen it here, or across a block."""
    if context.activity.object_id is None:
        raise Refused("no_object", "a Like of nothing")
    actor = await context.actor()
    post = await known_post(context, context.activity.object_id, viewer_id=actor.id)
    async with context.runtime.read() as reader:
        if await is_block_between(reader, actor.id, post.account_id):
            raise Ignored("blocked", "a block stands between them")
    return Verified(actor, post)


async def receive(uow: UnitOfWork, context: Context, verified: Verified) -> None:
    """Like, once an actor and post, unless its Undo came first."""
    activity = context.activity
    if await is_buried(uow, activity.id, actor_uri=activity.actor, now=context.now):
        raise Ignored("undone_before", activity.id or "")
    await like(uow, context.runtime.settings, verified.actor, verified.post, uri=activity.id or "", now=context.now)
