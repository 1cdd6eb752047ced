"""Effects of a move on our own people: who follows, blocks or mutes the old account does so with the new one (MOV-1).

In pieces, each the effect of an event of its own: no transaction is long, and a crash repeats one piece at most,
which changes nothing (attack row 115).
"""

from node.events import AccountMoved, MoveContinues
from node.moves.service import BLOCKS, carry_some
from outbox.occasion import Occasion


async def account_moved(on: Occasion, event: AccountMoved) -> None:
    """Begin with the blocks: nobody is to follow whom they blocked."""
    await on.uow.record(MoveContinues(event.account_id, event.target_id, BLOCKS, 0))


async def move_continues(on: Occasion, event: MoveContinues) -> None:
    """Take the next piece along."""
    await carry_some(
        on.uow,
        on.runtime.settings,
        event.account_id,
        event.target_id,
        step=event.step,
        after_id=event.after_id,
        now=on.now,
    )
