"""Effects on open streams: one entry in the node's log for each event, whoever is listening.

The relay appends `Occasion.streamed` to the log as the last thing of the transaction that ends the event, so a client
that asks for its home at the news finds the post there. An effect of any noun may add to it.
"""

from node.base.db.stream_log import Kind, StreamEvent
from node.events import (
    AccessChanged,
    AccountDeleted,
    AccountSuspended,
    FiltersChanged,
    NotificationsMerged,
    PostDeleted,
    PostEdited,
    PostPublished,
)
from outbox.occasion import Occasion


async def post_published(on: Occasion, event: PostPublished) -> None:
    """Tell of a new post or boost; an old one is no news (INB-10)."""
    if not event.quiet:
        _about_post(on, "update", event.post_id)


async def post_edited(on: Occasion, event: PostEdited) -> None:
    """Tell that a post says something else now."""
    _about_post(on, "status.update", event.post_id)


async def post_deleted(on: Occasion, event: PostDeleted) -> None:
    """Tell that a post or boost is gone."""
    _about_post(on, "delete", event.post_id)


async def access_changed(on: Occasion, event: AccessChanged | AccountSuspended | AccountDeleted) -> None:
    """Have the streams of somebody look whether they may stay open (attack row 95)."""
    on.streamed.append(StreamEvent("access", event.account_id, event.account_id))


async def filters_changed(on: Occasion, event: FiltersChanged) -> None:
    """Tell somebody's apps to ask for the filters anew."""
    on.streamed.append(StreamEvent("filters_changed", event.account_id, event.account_id))


async def notifications_merged(on: Occasion, event: NotificationsMerged) -> None:
    """Tell somebody that their list of notifications has grown, not only at its end."""
    on.streamed.append(StreamEvent("notifications_merged", account_id=event.account_id))


def _about_post(on: Occasion, kind: Kind, post_id: int) -> None:
    on.streamed.append(StreamEvent(kind, post_id))
