"""Effects of a changed profile on its marks: the links in it are verified anew (ACT-8)."""

from node.base.lanes import FETCH
from node.events import ProfileUpdated
from node.remote.tasks import PROFILE_LINKS, queue_fetch
from node.uris import actor_uri
from outbox.occasion import Occasion


async def profile_changed(on: Occasion, event: ProfileUpdated) -> None:
    """Queue the look at the profile's links."""
    uri = actor_uri(on.runtime.settings, event.account_id)
    if await queue_fetch(on.uow, PROFILE_LINKS, uri=uri, now=on.now):
        on.uow.after_commit(lambda: on.runtime.nudge(FETCH))
