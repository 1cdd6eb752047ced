"""The effect that brings in what somebody who follows will look for; what that means stands in `node.completion`."""

from node.completion.asking import follow_begins
from node.events import FollowAccepted, FollowRequested
from outbox.address import Occasion


async def follow_begun(on: Occasion, event: FollowRequested | FollowAccepted) -> None:
    """See that the newest posts of whom one of ours follows are here (COL-8)."""
    await follow_begins(on.uow, on.runtime, event.follower_id, event.followee_id)
