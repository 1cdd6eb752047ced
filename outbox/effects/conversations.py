"""Effects on conversations: direct posts are filed as they come, change and go, and streams are told of news."""

from node.base.db.stream_log import StreamEvent
from node.conversations.filing import file_post, forget_post, refile_below
from node.events import PostDeleted, PostEdited, PostPublished
from outbox.occasion import Occasion, facts_of


async def post_published(on: Occasion, event: PostPublished) -> None:
    """File a direct post; what came before the post it answers moves into the thread."""
    post = await facts_of(on, event.post_id)
    if post is None:
        return
    if post.visibility == "direct":
        await _file(on, event.post_id, is_news=not event.quiet)
    if not post.local:  # nobody answers what is being written here
        await refile_below(on.uow, event.post_id, now=on.now)


async def post_edited(on: Occasion, event: PostEdited) -> None:
    """File a direct post anew: it may name other people now."""
    post = await facts_of(on, event.post_id)
    if post is not None and post.visibility == "direct":
        await _file(on, event.post_id, is_news=True)


async def post_deleted(on: Occasion, event: PostDeleted) -> None:
    """Let the post before be the last one again."""
    await forget_post(on.uow, event.post_id)


async def _file(on: Occasion, post_id: int, *, is_news: bool) -> None:
    for conversation_id, owner_id in await file_post(on.uow, post_id, is_news=is_news, now=on.now):
        on.streamed.append(StreamEvent("conversation", conversation_id, owner_id))
