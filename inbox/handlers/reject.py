"""Reject: whom one of ours asked to follow, or follows, says no. A held follow ends too ("remove follower", ACV-1)."""

from inbox.context import Context
from inbox.handlers.accept import find_meant_follow
from inbox.handlers.accept import verify as verify
from inbox.handlers.consent_answers import Answered, receive_answer
from inbox.handlers.relay_answers import RelayAnswered, receive_relay_answer
from inbox.outcomes import Ignored
from node.base.db.unit_of_work import UnitOfWork
from node.follows.service import reject_follow


async def receive(uow: UnitOfWork, context: Context, verified: int | Answered | RelayAnswered) -> None:
    """End the follow, or take back what was not allowed."""
    if isinstance(verified, RelayAnswered):
        await receive_relay_answer(uow, context, verified, accepted=False)
        return
    if isinstance(verified, Answered):
        await receive_answer(uow, context, verified, accepted=False)
        return
    found = await find_meant_follow(uow, context)
    if found is None or found.id != verified:
        raise Ignored("follow_withdrawn", "it was withdrawn meanwhile")
    await reject_follow(uow, found)
