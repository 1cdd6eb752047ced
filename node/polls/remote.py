"""Polls of other servers, as their own servers describe them (OBJ-9). Called by `node/posts/remote`, after it is
proven that the poll's author said it: no count is taken from anybody else (attack row 45)."""

from datetime import datetime
from typing import Final

from sqlalchemy import or_, update

from federation.post_parsing import RemotePoll
from federation.vocabulary import MAX_NAME
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.polls.models import Poll
from node.polls.queries import has_local_voter, list_titles
from node.polls.rules import ASK_EVERY, is_over
from node.polls.service import clear_votes, lock_poll, set_options
from node.text.sanitising import clean_text

MAX_COUNT: Final = 2**53


async def store_remote_poll(uow: UnitOfWork, post_id: int, account_id: int, poll: RemotePoll, *, now: datetime) -> None:
    """Give a remote post its poll, unless it has one."""
    values = {
        "id": post_id,
        "account_id": account_id,
        "local": False,
        "multiple": poll.multiple,
        "hide_totals": False,
        "voters_count": _bounded(poll.voters_count),
        "closes_at": poll.closes_at,
        "closed_at": _closed_at(poll, None, now),
        "changed": False,
        "fetched_at": now,
        "version": 0,
        "attempts": 0,
    }
    if await insert_if_absent(uow, Poll, values):
        await set_options(uow, post_id, _options(poll))


async def refresh_remote_poll(
    uow: UnitOfWork, post_id: int, account_id: int, poll: RemotePoll, *, is_newer: bool, now: datetime
) -> bool:
    """Take over counts and end of a remote poll; return whether it asks something else now.

    Only a newer version of its post (`is_newer`) may change the options, and that voids the votes (OBJ-11).
    """
    stored = await lock_poll(uow, post_id)
    if stored is None:
        await store_remote_poll(uow, post_id, account_id, poll, now=now)
        return is_newer
    options = _options(poll)
    asks_anew = ([title for title, _ in options], poll.multiple) != (
        await list_titles(uow, post_id),
        stored.multiple,
    )
    if stored.local or (asks_anew and not is_newer):
        return False
    was_over = is_over(closes_at=stored.closes_at, closed_at=stored.closed_at, now=now)
    if asks_anew:
        await clear_votes(uow, post_id)
        stored.due_at = None
    stored.multiple = poll.multiple
    stored.voters_count = _bounded(poll.voters_count)
    stored.closes_at, stored.closed_at = poll.closes_at, _closed_at(poll, stored.closed_at, now)
    stored.fetched_at = now
    over = is_over(closes_at=stored.closes_at, closed_at=stored.closed_at, now=now)
    if stored.due_at is not None:
        stored.due_at = now if over else stored.closes_at
    elif over and not was_over and await has_local_voter(uow, post_id):
        stored.due_at = now  # an endless poll that its author closed
    await uow.flush()
    await set_options(uow, post_id, options)
    return asks_anew


async def claim_refresh(uow: UnitOfWork, post_id: int, *, now: datetime) -> bool:
    """Say whether the caller is the one to ask a remote poll's server now; everybody else waits a minute (INB-7)."""
    claimed = await uow.write(
        update(Poll)
        .where(Poll.id == post_id, Poll.local.is_(False))
        .where(or_(Poll.fetched_at.is_(None), Poll.fetched_at <= now - ASK_EVERY))
        .values(fetched_at=now)
        .execution_options(synchronize_session=False)
    )
    return bool(claimed)


def _options(poll: RemotePoll) -> list[tuple[str, int]]:
    """Return what can be chosen, as plain text, with counts a database can hold."""
    return [
        (clean_text(option.name)[:MAX_NAME] or str(number), _bounded(option.votes) or 0)
        for number, option in enumerate(poll.options, start=1)
    ]


def _bounded(count: int | None) -> int | None:
    return None if count is None else max(0, min(count, MAX_COUNT))


def _closed_at(poll: RemotePoll, before: datetime | None, now: datetime) -> datetime | None:
    """Return since when a poll is closed. `closed` with a date to come is only its end (Misskey's other spelling)."""
    if poll.closes_at is not None and poll.closes_at > now:
        return None
    return (before or now) if poll.closed else before
