"""Votes: a Create of Notes that have a name and no content, and answer a poll of ours (OBJ-10).

One activity carries one vote, or as GoToSocial sends them, a list of them. A vote counts once for each actor and
option, never becomes a post, and is dropped when the poll is over, knows no such option or is not for the voter's
eyes (row 45). `create` hands over what looks like votes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from federation.documents import objects_of, type_of
from federation.errors import MalformedDocument
from federation.parsing import RemotePost, parse_post
from federation.vocabulary import MAX_POLL_OPTIONS, POST_TYPES
from inbox.context import Context
from inbox.handlers.targets import known_post
from inbox.interest import is_by
from inbox.outcomes import Ignored, Refused
from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.polls.queries import find_poll
from node.polls.voting import take_vote


@dataclass(frozen=True, slots=True)
class Ballot:
    """Votes of one actor on one poll of ours: (option, id of the vote)."""

    voter: Account
    post_id: int
    votes: tuple[tuple[str, str], ...]


async def verify(context: Context) -> Ballot | None:
    """Return the votes in an activity; None when it carries none. Raises Ignored or Refused for votes in vain."""
    notes = _votes_in(context)
    if not notes:
        return None
    voter = await context.actor()
    if any(not is_by(note, voter) for note in notes):
        raise Refused("foreign_object", f"{notes[0].id[:200]} is not the actor's")
    questions = {note.in_reply_to for note in notes}
    question = questions.pop() or ""
    if questions:
        raise Refused("mixed_votes", "votes on several polls in one activity")
    post = await known_post(context, question, viewer_id=voter.id)
    async with context.runtime.read() as reader:
        poll = await find_poll(reader, post.id, voter.id)
    if poll is None or not post.local:
        raise Ignored("vote", f"{question[:200]} is no poll of ours")
    if poll.is_over(context.now):
        raise Ignored("poll_over", question[:200])
    if poll.chosen and not poll.multiple:
        raise Ignored("voted_before", f"{voter.uri[:200]} has voted")
    options = {title for title, _ in poll.options}
    votes: dict[str, str] = {}
    for note in notes:
        option = (note.vote_name or "").strip()
        if option in options:
            votes.setdefault(option, note.id)  # the same option again counts nothing: it is not even looked at
    if not votes:
        raise Ignored("unknown_option", question[:200])
    return Ballot(voter, post.id, tuple(votes.items()))


async def receive(uow: UnitOfWork, context: Context, ballot: Ballot) -> None:
    """Count the votes that are new, unless the poll has ended since."""
    for option, uri in ballot.votes:
        await take_vote(uow, ballot.post_id, ballot.voter.id, option=option, uri=uri, now=context.now)


def _votes_in(context: Context) -> Sequence[RemotePost]:
    """Return what is embedded, if all of it are votes."""
    documents = objects_of(context.activity.object)[:MAX_POLL_OPTIONS]
    notes = []
    for document in documents:
        if "name" not in document or "inReplyTo" not in document or type_of(document, POST_TYPES) is None:
            return ()
        try:
            note = parse_post(document)
        except MalformedDocument:
            return ()
        if not note.is_vote:
            return ()
        notes.append(note)
    return notes
