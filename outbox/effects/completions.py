"""Effects of follows on what is brought in for whoever follows; what that means stands in `node.completion`."""

from node.completion.asking import follow_begins, follow_ends
from node.events import FollowAccepted, FollowRejected, FollowRequested, Unfollowed
from outbox.occasion import Occasion


async def follow_begun(on: Occasion, event: FollowRequested | FollowAccepted) -> None:
    """See that the newest posts of whom one of ours follows are here (COL-8)."""
    await follow_begins(on.uow, on.runtime, event.follower_id, event.followee_id)


async def follow_ended(on: Occasion, event: Unfollowed | FollowRejected) -> None:
    """Forget what was only known for the sake of those who follow."""
    await follow_ends(on.uow, event.followee_id)
