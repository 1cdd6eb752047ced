"""Making, changing, closing and forgetting polls of our own people's posts. Voting is `voting`, what other servers
say of their polls is `remote`. Called by `node/posts` and by this slice's drain."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, distinct, func, insert, select, update

from node.base.db.claims import claim_due
from node.base.db.pieces import delete_piece
from node.base.db.unit_of_work import UnitOfWork
from node.events import PollCounted, PollEnded
from node.polls.models import Poll, PollOption, PollVote
from node.polls.queries import find_poll_row, list_poll_rows, list_titles
from node.polls.rules import PollDraft, is_over

LEASE = timedelta(minutes=1)


async def create_poll(uow: UnitOfWork, post_id: int, account_id: int, draft: PollDraft, *, now: datetime) -> None:
    """Give a post of ours its poll. `draft` is checked and has an end."""
    assert draft.expires_in is not None
    closes_at = now + timedelta(seconds=draft.expires_in)
    uow.add(
        Poll(
            id=post_id,
            account_id=account_id,
            local=True,
            multiple=draft.multiple,
            hide_totals=draft.hide_totals,
            voters_count=0,
            closes_at=closes_at,
            told_at=now,
            due_at=closes_at,
        )
    )
    await uow.flush()
    await set_options(uow, post_id, [(title, 0) for title in draft.options])


async def change_poll(uow: UnitOfWork, post_id: int, draft: PollDraft, *, now: datetime) -> bool:
    """Change the poll of a post of ours; return whether it asks something else or ends at another time.

    Other options, or another number of choices, make it a new question: the votes are void (OBJ-11).
    """
    poll = await lock_poll(uow, post_id)
    assert poll is not None
    asks_anew = (await list_titles(uow, post_id), poll.multiple) != (list(draft.options), draft.multiple)
    if not asks_anew and draft.expires_in is None and draft.hide_totals == poll.hide_totals:
        return False
    poll.multiple, poll.hide_totals = draft.multiple, draft.hide_totals
    if draft.expires_in is not None:
        poll.closes_at, poll.closed_at = now + timedelta(seconds=draft.expires_in), None
    if not is_over(closes_at=poll.closes_at, closed_at=poll.closed_at, now=now):
        poll.due_at = poll.closes_at
    if asks_anew:
        poll.voters_count, poll.changed = 0, False
        await clear_votes(uow, post_id)
        await set_options(uow, post_id, [(title, 0) for title in draft.options])
    await uow.flush()
    return True


async def advance_due(uow: UnitOfWork, *, now: datetime, limit: int) -> int:
    """Take the next step of polls that are due: tell the counts, or close. Return how many there were.

    Claim, events and the next due time are one transaction: a kill loses no end and doubles none.
    """
    ids = await claim_due(uow, Poll, now=now, lease=LEASE, limit=limit)
    for poll in await list_poll_rows(uow, ids):
        if is_over(closes_at=poll.closes_at, closed_at=poll.closed_at, now=now):
            poll.closed_at = poll.closed_at or now
            poll.due_at, poll.changed, poll.told_at = None, False, now
            poll.version += 1
            await uow.flush()
            if poll.local:
                await recount(uow, poll.id)
            await uow.record(PollEnded(poll.id))
            continue
        if poll.local and poll.changed:
            poll.changed, poll.told_at = False, now
            await uow.record(PollCounted(poll.id))
        poll.due_at, poll.attempts = poll.closes_at, 0
    await uow.flush()
    return len(ids)


async def recount(uow: UnitOfWork, post_id: int) -> None:
    """Set the counts of a poll of ours from its votes."""
    votes = (
        select(func.count(PollVote.id))
        .where(PollVote.poll_id == PollOption.poll_id, PollVote.position == PollOption.position)
        .scalar_subquery()
    )
    voters = select(func.count(distinct(PollVote.account_id))).where(PollVote.poll_id == Poll.id).scalar_subquery()
    await _write(uow, update(PollOption).where(PollOption.poll_id == post_id).values(votes_count=votes))
    await _write(uow, update(Poll).where(Poll.id == post_id, Poll.local).values(voters_count=voters))


async def forget_poll(uow: UnitOfWork, post_id: int) -> bool:
    """Remove some of the poll of a deleted post, once everybody who voted has been told; return whether there may be
    more."""
    if await delete_piece(uow, PollVote, PollVote.poll_id == post_id):
        return True
    await _write(uow, delete(PollOption).where(PollOption.poll_id == post_id))
    await _write(uow, delete(Poll).where(Poll.id == post_id))
    return False


async def lock_poll(uow: UnitOfWork, post_id: int) -> Poll | None:
    """Return a poll that nobody else changes before this transaction ends, its version counted up; None for none."""
    if not await _write(uow, update(Poll).where(Poll.id == post_id).values(version=Poll.version + 1)):
        return None
    return await find_poll_row(uow, post_id)


async def clear_votes(uow: UnitOfWork, post_id: int) -> None:
    """Remove every vote on a poll."""
    await _write(uow, delete(PollVote).where(PollVote.poll_id == post_id))


async def set_options(uow: UnitOfWork, post_id: int, options: Sequence[tuple[str, int]]) -> None:
    """Write the options of a poll anew: (title, votes), in order."""
    await _write(uow, delete(PollOption).where(PollOption.poll_id == post_id))
    rows: Iterable[Mapping[str, Any]] = (
        {"poll_id": post_id, "position": position, "title": title, "votes_count": votes}
        for position, (title, votes) in enumerate(options)
    )
    await uow.execute(insert(PollOption), list(rows))


async def _write(uow: UnitOfWork, statement: Any) -> int:
    return await uow.write(statement.execution_options(synchronize_session=False))
