"""Passing on what others say in our people's threads, byte by byte, signed by whoever began the thread (INB-8). Which
activities are is decided in `inbox.forwarding`."""

from federation.errors import FederationError
from federation.origins import host_of
from node.accounts.queries import find_account
from node.events import ReplyReceived
from outbox.address import send
from outbox.occasion import Sending
from outbox.recipients import Recipients


async def reply_received(on: Sending, event: ReplyReceived) -> None:
    """Send it to the followers' servers, but to none that has it: its actor's own and the one that brought it."""
    account = await find_account(on.reader, event.account_id)
    if account is None or not account.is_local or account.is_gone:
        return
    try:
        origin = host_of(event.activity_uri)
    except FederationError:
        return
    await send(
        on,
        {"id": event.activity_uri, "type": event.kind},
        Recipients(author_id=account.id, followers=True),
        object_key=event.object_uri,
        as_it_came=event.body,
        not_to=frozenset({origin, event.came_from}),
    )
