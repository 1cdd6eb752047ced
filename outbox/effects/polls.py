"""What the world is told of polls: votes of ours to the poll's author, counts and ends of polls of ours to everybody
who follows, voted or is mentioned (OBJ-10)."""

from datetime import timedelta
from typing import Final

from node.accounts.queries import list_accounts
from node.events import PollCounted, PollEnded, VoteCast
from node.polls.queries import find_vote
from node.posts.queries import find_post
from node.posts.rules import OPEN_VISIBILITIES
from node.remote.tasks import POLL, queue_fetch
from outbox import activities
from outbox.address import audience_of, send, standing
from outbox.event_queries import list_mention_ids
from outbox.occasion import Occasion, Sending
from outbox.recipients import Recipients

RESULTS_DELAY: Final = timedelta(seconds=30)
"""Its own server sends most voters the results at once; only then do we ask."""


async def vote_cast(on: Sending, event: VoteCast) -> None:
    """Send a vote to the author of the poll, and to nobody else."""
    cast = await find_vote(on.reader, event.vote_id)
    post = None if cast is None else await find_post(on.reader, cast.post_id)
    if cast is None or post is None or post.local or post.deleted_at is not None:
        return
    people = await list_accounts(on.reader, {cast.account_id, post.account_id})
    voter, author = people[cast.account_id], people[post.account_id]
    if not voter.is_local or voter.is_gone:
        return
    to = Recipients(author_id=voter.id, account_ids=frozenset({author.id}), personal=True)
    await send(on, activities.vote(cast, voter, post, author), to, object_key=post.uri, urgent=True)


async def poll_counted(on: Sending, event: PollCounted) -> None:
    """Tell of the new counts of a poll of ours."""
    await _tell_counts(on, event.post_id)


async def poll_ended(on: Sending, event: PollEnded) -> None:
    """Tell of the results of a poll of ours."""
    if event.after_id == 0:
        await _tell_counts(on, event.post_id)


async def ask_for_results(on: Occasion, event: PollEnded) -> None:
    """Ask for the results of a poll of another server that our people voted on."""
    post = await find_post(on.uow, event.post_id) if event.after_id == 0 else None
    if post is not None and post.deleted_at is None and not post.local:
        await queue_fetch(on.uow, POLL, uri=post.uri, now=on.now, delay=RESULTS_DELAY)


async def _tell_counts(on: Sending, post_id: int) -> None:
    post = await standing(on, post_id)
    if post is None:
        return
    note = await activities.note(on.reader, post, settings=on.runtime.settings)
    document = activities.update_of_post(post, note, event_id=on.event_id, edited=on.now)
    named = set(await list_mention_ids(on.reader, post_id))
    # Who voted on a poll for followers and follows no more is not to see it again.
    voters_of = post_id if post.visibility in OPEN_VISIBILITIES else None
    await send(on, document, audience_of(post, named, voters_of=voters_of), object_key=post.uri)
