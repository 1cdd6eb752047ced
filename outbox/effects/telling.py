"""Telling one of ours what happened, and what follows from that: the one place where a notification begins.

`node.notifications` decides whether it is made, held back, or only counted. What goes on to open streams, phones and
letters hangs on `made`, which is called once for each notification that was newly made and passed the person's policy
and the hour's budget, in the transaction that made it. `Made.priority` says how much it weighs.
"""

from node.accounts.queries import find_account
from node.base.db.stream_log import StreamEvent
from node.base.lanes import PUSH
from node.notifications.mailing import expect_letter
from node.notifications.priorities import Made
from node.notifications.rules import Kind
from node.notifications.service import notify
from node.push.service import ring
from outbox.occasion import Occasion


async def tell(
    on: Occasion, account_id: int, kind: Kind, from_account_id: int, post_id: int = 0, *, suspect: bool = False
) -> None:
    """Tell somebody, if they are one of ours and want to hear it. `post_id` is what it is about."""
    recipient = await find_account(on.uow, account_id)
    if recipient is None or not recipient.is_local or recipient.is_gone:
        return
    new = await notify(
        on.uow,
        on.runtime.settings,
        account_id=account_id,
        kind=kind,
        from_account_id=from_account_id,
        post_id=post_id,
        suspect=suspect,
        now=on.now,
    )
    if new is not None and new.is_told:
        await made(on, new)


async def made(on: Occasion, new: Made) -> None:
    """Have a new notification go wherever its recipient listens."""
    on.streamed.append(StreamEvent("notification", new.id, new.account_id))
    await expect_letter(on.uow, on.runtime.settings, new, now=on.now)
    if await ring(on.uow, new, now=on.now):
        on.lanes.add(PUSH)
