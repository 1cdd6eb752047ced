"""Effects of a person's block of a whole server (MOD-4): follows end piece by piece, what was told is taken back.

And of this node's own decision about one (MOD-2), where it has more accounts than could be marked at once.
"""

from dataclasses import replace

from node.base.runtime import Runtime
from node.blocks.domains import WALKS, sever_some
from node.blocks.queries import has_domain_block
from node.events import DomainBlocked, DomainPolicyChanged
from node.moderation.reaching import reach
from node.notifications.withdrawing import withdraw_some_from_domain
from node.timelines.fanout import forget_home
from outbox.occasion import Occasion


async def domain_blocked(on: Occasion, event: DomainBlocked) -> None:
    """End some of the follows; come again while there may be more, unless the block was taken back meanwhile."""
    if not await has_domain_block(on.uow, event.account_id, event.domain):
        return
    told = event.told
    if told >= 0:
        told = await withdraw_some_from_domain(on.uow, event.account_id, event.domain, after_id=told)
    further = await sever_some(on.uow, event)
    if told >= 0 or further.walk < len(WALKS):
        await on.uow.record(replace(further, told=told))


async def forget(runtime: Runtime, event: DomainBlocked) -> None:
    """Let the person's home be made anew."""
    await forget_home(runtime, event.account_id)


async def policy_changed(on: Occasion, event: DomainPolicyChanged) -> None:
    """Do it to some more of the accounts; come again while there may be more."""
    await reach(on.uow, event)
