"""Block: somebody elsewhere wants nothing to do with one of ours (ACV-7).

Follows end both ways and nothing more is sent there; nobody here is told. A community's ban of somebody (Lemmy, with
a `target`) is no block.
"""

from dataclasses import dataclass

from inbox.context import Context
from inbox.handlers.targets import own_account
from inbox.outcomes import Ignored
from inbox.tombstones import is_buried
from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.blocks.service import block


@dataclass(frozen=True, slots=True)
class Verified:
    account: Account
    target: Account


async def verify(context: Context) -> Verified:
    """Find both sides. Raises Ignored when nobody here is blocked."""
    if context.activity.target is not None:
        raise Ignored("community_ban", "a ban from a community")
    actor = await context.actor()
    return Verified(actor, await own_account(context, context.activity.object_id))


async def receive(uow: UnitOfWork, context: Context, verified: Verified) -> None:
    """Block, unless its Undo came first."""
    activity = context.activity
    if await is_buried(uow, activity.id, actor_uri=activity.actor, now=context.now):
        raise Ignored("undone_before", activity.id or "")
    await block(
        uow, context.runtime.settings, verified.account, verified.target, uri=activity.id or "", now=context.now
    )
