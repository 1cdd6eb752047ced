"""Accept: whom one of ours asked to follow says yes (ACV-1), or whom they asked to quote (`consent_answers`).

Only the followed actor may; the follow is found by its id, else by who and whom. An Accept can overtake the commit
of our own Follow, so an unknown one is looked for again a few times (INB-9).
"""

from datetime import timedelta
from typing import Final

from federation.documents import first_id, object_of, type_of
from inbox.context import Context
from inbox.handlers.consent_answers import Answered, find_answered, receive_answer
from inbox.handlers.relay_answers import RelayAnswered, find_relay_answered, receive_relay_answer
from inbox.outcomes import Ignored, Refused, TryLater
from node.accounts.queries import find_account_by_uri
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.follows.models import Follow
from node.follows.queries import find_follow, find_follow_by_uri
from node.follows.service import accept_follow

RETRY_DELAY: Final = timedelta(seconds=5)
RETRIES: Final = 3


async def verify(context: Context) -> int | Answered | RelayAnswered:
    """Return the id of the follow that is meant, or the request. Raises TryLater while there is none."""
    relay = await find_relay_answered(context)
    if relay is not None:
        return relay
    actor = await context.actor()
    answered = await find_answered(context, actor, accepted=context.activity.type == "Accept")
    if answered is not None:
        return answered
    async with context.runtime.read() as reader:
        found = await find_meant_follow(reader, context)
    if found is None:
        raise TryLater("unknown_follow", "there is no such follow", delay=RETRY_DELAY, tries=RETRIES)
    if found.followee_id != actor.id:
        raise Refused("not_the_followed", "only whoever is followed may answer")
    return found.id


async def receive(uow: UnitOfWork, context: Context, verified: int | Answered | RelayAnswered) -> None:
    """Let the follow hold, or what was asked for; a repeat changes nothing."""
    if isinstance(verified, RelayAnswered):
        await receive_relay_answer(uow, context, verified, accepted=True)
        return
    if isinstance(verified, Answered):
        await receive_answer(uow, context, verified, accepted=True)
        return
    found = await find_meant_follow(uow, context)
    if found is None or found.id != verified:
        raise Ignored("follow_withdrawn", "it was withdrawn meanwhile")
    await accept_follow(uow, found, now=context.now)


async def find_meant_follow(reader: Reader, context: Context) -> Follow | None:
    """Return the follow of ours that an Accept or Reject answers. Raises Ignored when it answers something else."""
    inner = object_of(context.activity.object)
    if inner is not None and not type_of(inner, {"Follow"}):
        raise Ignored("not_a_follow", "it answers no Follow")
    found = await find_follow_by_uri(reader, context.activity.object_id or "")
    if found is None and inner is not None:
        follower = await find_account_by_uri(reader, first_id(inner.get("actor")) or "")
        followee = await find_account_by_uri(reader, first_id(inner.get("object")) or "")
        if follower is not None and followee is not None and follower.is_local:
            found = await find_follow(reader, follower.id, followee.id)
    return found
