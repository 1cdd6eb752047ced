"""What relays answer and ask: their Accept or Reject of the node's Follow, and the Follow with which some of them begin
to follow the node's own actor (DLV-10, DLV-11). Asked by `accept`, `reject` and `follow`.
"""

from dataclasses import dataclass

from federation.documents import first_id, object_of
from inbox.context import Context
from inbox.outcomes import Refused
from node.base.db.unit_of_work import UnitOfWork
from node.events import RelayFollowedBack
from node.relays.queries import find_relay, find_relay_by_follow, is_relay
from node.relays.service import answer_relay, may_answer
from node.uris import instance_actor_uri


@dataclass(frozen=True, slots=True)
class RelayAnswered:
    """A relay said yes or no."""

    relay_id: int


@dataclass(frozen=True, slots=True)
class RelayFollows:
    """A relay follows the node's actor."""

    follow_uri: str


async def find_relay_answered(context: Context) -> RelayAnswered | None:
    """Return the relay whose Follow is answered; None when it is none. Raises Refused when another answers."""
    inner = object_of(context.activity.object)
    uri = context.activity.object_id or (first_id(inner.get("id")) if inner is not None else None)
    if not uri:
        return None
    async with context.runtime.read() as reader:
        relay = await find_relay_by_follow(reader, uri)
    if relay is None:
        return None
    if not may_answer(relay, context.activity.actor):
        raise Refused("not_the_relay", "only the relay may answer")
    return RelayAnswered(relay.id)


async def receive_relay_answer(uow: UnitOfWork, context: Context, answered: RelayAnswered, *, accepted: bool) -> None:
    """Note the answer."""
    relay = await find_relay(uow, answered.relay_id)
    if relay is not None:
        await answer_relay(uow, relay, context.activity.actor, accepted=accepted, now=context.now)


async def find_relay_follow(context: Context) -> RelayFollows | None:
    """Return a relay's Follow of the node's actor; None for any other."""
    if context.activity.object_id != instance_actor_uri(context.runtime.settings):
        return None
    async with context.runtime.read() as reader:
        known = await is_relay(reader, context.activity.actor)
    return RelayFollows(context.activity.id or "") if known else None


async def receive_relay_follow(uow: UnitOfWork, context: Context, follows: RelayFollows) -> None:
    """Say yes: nothing but public posts is sent that way."""
    await uow.record(RelayFollowedBack(context.activity.actor, follows.follow_uri))
