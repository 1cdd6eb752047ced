"""Follow: somebody elsewhere wants to read one of ours (ACV-1).

An unlocked account accepts at once, by the service; the outbox answers. A repeat is answered again and keeps the
newest id. Across a block, and from somebody who has moved away (MOV-2), the answer is a Reject, so that nobody
waits for ever.
"""

from dataclasses import dataclass

from inbox.context import Context
from inbox.handlers.relay_answers import RelayFollows, find_relay_follow, receive_relay_follow
from inbox.handlers.targets import own_account
from inbox.outcomes import Ignored
from inbox.tombstones import is_buried, let_undo_again
from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.events import FollowRejected
from node.follows.queries import is_follow_barred
from node.follows.service import follow


@dataclass(frozen=True, slots=True)
class Verified:
    follower: Account
    followee: Account


async def verify(context: Context) -> Verified | RelayFollows:
    """Find both sides. Raises Ignored when nobody here is followed."""
    follower = await context.actor()
    relay = await find_relay_follow(context)
    if relay is not None:
        return relay
    return Verified(follower, await own_account(context, context.activity.object_id))


async def receive(uow: UnitOfWork, context: Context, verified: Verified | RelayFollows) -> None:
    """Follow, ask, or be turned away. An Undo that came first wins (row 115)."""
    if isinstance(verified, RelayFollows):
        await receive_relay_follow(uow, context, verified)
        return
    activity, follower, followee = context.activity, verified.follower, verified.followee
    if await is_buried(uow, activity.id, actor_uri=activity.actor, now=context.now):
        raise Ignored("undone_before", activity.id or "")
    if followee.moved_to_uri or await is_follow_barred(uow, follower.id, followee.id):
        await uow.record(FollowRejected(new_id(), activity.id or "", follower.id, followee.id))
        return
    await follow(uow, context.runtime.settings, follower, followee, uri=activity.id or "", now=context.now)
    if activity.id is not None:
        await let_undo_again(uow, activity.id, actor_uri=activity.actor)
