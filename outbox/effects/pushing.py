"""Effects on phones that are rung: who loses access is rung no more (attack row 95). What rings: `telling.made`."""

from node.events import AccessChanged, AccountDeleted, AccountSuspended
from node.push.service import end_without_access
from outbox.occasion import Occasion


async def access_changed(on: Occasion, event: AccessChanged) -> None:
    """End the subscriptions of tokens that were revoked."""
    await end_without_access(on.uow, event.account_id)


async def account_gone(on: Occasion, event: AccountSuspended | AccountDeleted) -> None:
    """End all subscriptions of somebody who may not be here any more."""
    await end_without_access(on.uow, event.account_id, whole=True)
