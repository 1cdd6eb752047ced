"""Casting votes: by our people on any poll they see, and by people of other servers on polls of ours.

Every vote locks its poll first, so that "voted already" and the number of voters are right when two come at once;
the unique key of `PollVote` holds even so (attack rows 45 and 115).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update

from node.accounts.models import Account
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Forbidden, Invalid, NotFound
from node.base.ids import new_id
from node.base.settings import Settings
from node.events import VoteCast
from node.polls.models import Poll, PollOption, PollVote
from node.polls.queries import is_blocking, list_choices, list_titles
from node.polls.rules import is_over, tell_again_at
from node.polls.service import lock_poll
from node.uris import vote_uri


async def vote(
    uow: UnitOfWork, settings: Settings, voter: Account, post_id: int, *, choices: Sequence[int], now: datetime
) -> None:
    """Vote for one or several options by position, each once. The door has made sure that the voter sees the post.

    Where several may be chosen, a later vote adds to an earlier one.

    Raises NotFound without a poll, Forbidden for who blocks its author, and Invalid as Mastodon words it.
    """
    poll = await lock_poll(uow, post_id)
    if poll is None:
        raise NotFound()
    if await is_blocking(uow, voter.id, poll.account_id):
        raise Forbidden()
    chosen = list(dict.fromkeys(choices))
    options = len(await list_titles(uow, post_id))
    if poll.account_id == voter.id:
        raise _refused("You cannot vote in your own polls")
    if is_over(closes_at=poll.closes_at, closed_at=poll.closed_at, now=now):
        raise _refused("The poll has already ended")
    before = await list_choices(uow, post_id, voter.id)
    if before and (not poll.multiple or before & set(chosen)):
        raise _refused("You have already voted on this poll")
    if not chosen:
        raise _refused("Choose an option")
    if any(not 0 <= position < options for position in chosen):
        raise _refused("The chosen vote option does not exist")
    if len(chosen) > 1 and not poll.multiple:
        raise _refused("Only one option can be chosen")
    for place, position in enumerate(chosen):
        vote_id = new_id()
        uri = "" if poll.local else vote_uri(settings, voter.id, vote_id)
        await _count(uow, poll, vote_id, voter.id, position, uri=uri, is_first=place == 0 and not before, now=now)
        if not poll.local:
            await uow.record(VoteCast(vote_id))


async def take_vote(uow: UnitOfWork, post_id: int, voter_id: int, *, option: str, uri: str = "", now: datetime) -> bool:
    """Count a vote that another server sent for an option of a poll of ours; return whether it was one (OBJ-10)."""
    poll = await lock_poll(uow, post_id)
    if poll is None or not poll.local or is_over(closes_at=poll.closes_at, closed_at=poll.closed_at, now=now):
        return False
    titles = await list_titles(uow, post_id)
    if option not in titles:
        return False
    is_first = not await list_choices(uow, post_id, voter_id)
    position = titles.index(option)
    return await _count(uow, poll, new_id(), voter_id, position, uri=uri, is_first=is_first, now=now)


async def _count(
    uow: UnitOfWork, poll: Poll, vote_id: int, voter_id: int, position: int, *, uri: str, is_first: bool, now: datetime
) -> bool:
    values = {
        "id": vote_id,
        "poll_id": poll.id,
        "account_id": voter_id,
        "slot": position if poll.multiple else 0,
        "position": position,
        "uri": uri,
        "created_at": now,
    }
    if not await insert_if_absent(uow, PollVote, values):
        return False
    await uow.write(
        update(PollOption)
        .where(PollOption.poll_id == poll.id, PollOption.position == position)
        .values(votes_count=PollOption.votes_count + 1)
        .execution_options(synchronize_session=False)
    )
    if is_first and poll.voters_count is not None:
        poll.voters_count += 1
    if poll.local:
        poll.changed = True
        poll.due_at = tell_again_at(told_at=poll.told_at, closes_at=poll.closes_at, now=now)
    else:
        # Its server counts this vote only when it has it; until then ours is the better guess.
        poll.fetched_at = now
        poll.due_at = poll.closes_at
    await uow.flush()
    return True


def _refused(message: str) -> Invalid:
    return Invalid(fields={"poll": [message]})
