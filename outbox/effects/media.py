"""Effects on files: pictures of posts that are gone go too (attack row 87). Safe to repeat."""

from node.base.runtime import Runtime
from node.events import PostDeleted, PostEdited
from node.media.service import remove_discarded


async def let_go(runtime: Runtime, event: PostDeleted | PostEdited) -> None:
    """Remove the files that a deleted or edited post let go of, and whatever else waits to be removed."""
    await remove_discarded(runtime)
