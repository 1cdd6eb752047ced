"""Our people themselves: changed, suspended, moved, gone (ACT-5, MOV-2, MOD-1).

They only read and send, before the transaction that ends the event; other servers are told only what ours did.
"""

from sqlalchemy import delete, or_

from node.accounts.queries import find_account
from node.events import (
    AccountDeleted,
    AccountMoved,
    AccountSuspended,
    AccountUnsuspended,
    ProfileUpdated,
)
from node.uris import followers_uri
from outbox import activities
from outbox.address import pair, send
from outbox.models import Delivery
from outbox.occasion import Occasion, Sending
from outbox.outcomes import LEASE
from outbox.recipients import Recipients


async def profile_changed(on: Sending, event: ProfileUpdated | AccountSuspended | AccountUnsuspended) -> None:
    """Tell followers and the hosts we talk with of a changed profile, a suspension, or its end (ACT-5, MOD-1)."""
    account = await find_account(on.reader, event.account_id)
    if account is None or not account.is_local or account.deleted_at is not None:
        return
    settings = on.runtime.settings
    document = activities.update_of_actor(
        await activities.actor(on.reader, account, settings=settings),
        event_id=on.event_id,
        now=on.now,
        followers=followers_uri(settings, account.id),
    )
    to = Recipients(author_id=account.id, followers=True, recent_hosts=True)
    await send(on, document, to, object_key=account.uri)


async def account_deleted(on: Sending, event: AccountDeleted) -> None:
    """Tell every server we know that an account of ours is gone for good (MOD-1)."""
    account = await find_account(on.reader, event.account_id)
    if account is None or not account.is_local:
        return
    document = activities.delete_of_actor(account, settings=on.runtime.settings)
    await send(on, document, Recipients(author_id=account.id, everybody=True), object_key=account.uri)


async def drop_waiting(on: Occasion, event: AccountDeleted) -> None:
    """Tell nothing else of an account of ours that is gone."""
    account = await find_account(on.uow, event.account_id)
    if account is None or not account.is_local:
        return
    idle = or_(Delivery.due_at.is_(None), Delivery.due_at <= on.now, Delivery.due_at > on.now + LEASE)
    await on.uow.write(
        delete(Delivery)
        .where(Delivery.account_id == account.id, Delivery.activity_id < on.event_id, idle)
        .execution_options(synchronize_session=False)
    )


async def account_moved(on: Sending, event: AccountMoved) -> None:
    """Tell the followers of one of ours that it has moved, so that their servers take them along (MOV-2)."""
    account, target = await pair(on, event.account_id, event.target_id)
    if account is None or target is None or not account.is_local or account.is_gone:
        return
    document = activities.move(account, target, event_id=on.event_id, settings=on.runtime.settings)
    await send(on, document, Recipients(author_id=account.id, followers=True), object_key=account.uri)
