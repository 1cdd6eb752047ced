"""Whom our people follow and block, and how they answer who follows them (ACV-1, ACV-7).

They only read and send, before the transaction that ends the event; other servers are told only what ours did.
"""

from node.events import (
    AccountBlocked,
    AccountUnblocked,
    FollowAccepted,
    FollowRejected,
    FollowRequested,
    Unfollowed,
)
from node.follows.queries import find_follow_by_id
from node.uris import block_uri
from outbox import activities
from outbox.address import pair, send, to_one
from outbox.occasion import Sending
from outbox.queries import find_block


async def follow_requested(on: Sending, event: FollowRequested) -> None:
    """Ask a remote actor to be followed."""
    found = await find_follow_by_id(on.reader, event.follow_id)
    follower, followee = await pair(on, event.follower_id, event.followee_id)
    if found is None or follower is None or followee is None or not follower.is_local or followee.is_local:
        return
    document = activities.follow(found.uri, follower, followee)
    await send(on, document, to_one(follower, followee), object_key=followee.uri, urgent=True)


async def follow_accepted(on: Sending, event: FollowAccepted) -> None:
    """Tell a remote follower that it holds."""
    found = await find_follow_by_id(on.reader, event.follow_id)
    follower, followee = await pair(on, event.follower_id, event.followee_id)
    if found is None or follower is None or followee is None or follower.is_local or not followee.is_local:
        return
    document = activities.accept(activities.follow(found.uri, follower, followee), followee, event_id=on.event_id)
    await send(on, document, to_one(followee, follower), object_key=follower.uri, urgent=True)


async def follow_rejected(on: Sending, event: FollowRejected) -> None:
    """Tell a remote follower that the answer is no, or no longer yes."""
    follower, followee = await pair(on, event.follower_id, event.followee_id)
    if follower is None or followee is None or follower.is_local or not followee.is_local:
        return
    received = activities.follow(event.follow_uri, follower, followee)
    document = activities.reject(received, followee, event_id=on.event_id)
    await send(on, document, to_one(followee, follower, farewell=True), object_key=follower.uri, urgent=True)


async def unfollowed(on: Sending, event: Unfollowed) -> None:
    """Tell a remote actor that one of ours follows no more."""
    follower, followee = await pair(on, event.follower_id, event.followee_id)
    if follower is None or followee is None or not follower.is_local or followee.is_local:
        return
    document = activities.undo(activities.follow(event.follow_uri, follower, followee))
    await send(on, document, to_one(follower, followee, farewell=True), object_key=followee.uri, urgent=True)


async def account_blocked(on: Sending, event: AccountBlocked) -> None:
    """Tell a remote actor's server of a block, so that it stops showing (ACV-7)."""
    found = await find_block(on.reader, event.block_id)
    account, target = await pair(on, event.account_id, event.target_id)
    if found is None or account is None or target is None or not account.is_local or target.is_local:
        return
    uri = found.uri or block_uri(on.runtime.settings, found.id)
    document = activities.block(uri, account, target)
    await send(on, document, to_one(account, target), object_key=target.uri, urgent=True)


async def account_unblocked(on: Sending, event: AccountUnblocked) -> None:
    """Tell a remote actor's server that a block is over."""
    account, target = await pair(on, event.account_id, event.target_id)
    if account is None or target is None or not account.is_local or target.is_local:
        return
    uri = event.block_uri or block_uri(on.runtime.settings, event.block_id)
    document = activities.undo(activities.block(uri, account, target))
    await send(on, document, to_one(account, target), object_key=target.uri, urgent=True)
