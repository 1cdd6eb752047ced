"""Move: somebody whom ours follow goes on under another account (MOV-1, attack row 39).

Believed only when both sides say so: the actor moves itself, and the target, fetched now from its own server, lists
it in `alsoKnownAs`. A target that is gone, suspended or has moved itself is not followed any further, and an actor
moves once a week. The people are taken along by the effects of the event.
"""

from dataclasses import dataclass

from federation.errors import FetchGone
from inbox.context import Context
from inbox.outcomes import Ignored, Refused
from node.accounts.models import Account
from node.accounts.queries import get_account
from node.base.db.unit_of_work import UnitOfWork
from node.moves.queries import concerns_anybody
from node.moves.rules import is_alias_of, moved_lately
from node.moves.service import note_move
from node.remote.actors import fetch_actor
from node.uris import INSTANCE_ACTOR_ID


@dataclass(frozen=True, slots=True)
class Verified:
    account: Account
    target: Account


async def verify(context: Context) -> Verified:
    """Return who moves and where to. Raises Refused for what only one side says, Ignored for what concerns nobody."""
    activity = context.activity
    account = await context.actor()
    if activity.object_id not in (None, account.uri):
        raise Refused("foreign_object", "an actor may move itself only")
    if activity.target is None or activity.target == account.uri:
        raise Refused("no_target", "a Move to nowhere")
    if moved_lately(account, context.now):
        raise Ignored("moved_lately", "it moved within the week")
    async with context.runtime.read() as reader:
        if not await concerns_anybody(reader, account.id):
            raise Ignored("no_interest", "nobody here follows, blocks or mutes it")
    try:
        target = await fetch_actor(context.runtime, activity.target, force=True)
    except FetchGone as error:
        raise Refused("target_gone", error.detail) from error
    if target.is_gone or target.id == INSTANCE_ACTOR_ID:
        raise Refused("target_gone", f"{target.uri[:200]} is suspended or deleted")
    if target.moved_to_uri:
        raise Refused("target_moved", f"{target.uri[:200]} has moved itself")
    if not is_alias_of(account.uri, target):
        raise Refused("no_alias", f"{target.uri[:200]} does not name the actor as an alias")
    return Verified(account, target)


async def receive(uow: UnitOfWork, context: Context, verified: Verified) -> None:
    """Note the move, unless another was noted meanwhile."""
    if moved_lately(await get_account(uow, verified.account.id), context.now):
        raise Ignored("moved_lately", "it moved within the week")
    await note_move(uow, verified.account, verified.target, now=context.now)
