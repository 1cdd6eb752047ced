"""Every SELECT over polls, their options and votes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, exists, literal, select

from node.accounts.models import Account
from node.accounts.queries import is_ours
from node.accounts.relations import blocks
from node.base.db.claims import first_due
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.polls.models import Poll, PollOption, PollVote
from node.polls.rules import is_over

_DUE: Final = first_due(Poll)


@dataclass(slots=True)
class PollState:
    """A poll as it stands, with what the viewer chose (nothing, for nobody)."""

    id: int
    account_id: int
    local: bool
    multiple: bool
    hide_totals: bool
    voters_count: int | None
    closes_at: datetime | None
    closed_at: datetime | None
    fetched_at: datetime | None
    options: list[tuple[str, int]] = field(default_factory=list)
    """(title, votes), in order."""
    chosen: list[int] = field(default_factory=list)

    @property
    def votes_count(self) -> int:
        """All votes, of which one voter may have cast several."""
        return sum(votes for _, votes in self.options)

    def is_over(self, now: datetime) -> bool:
        """Whether nobody may vote any more."""
        return is_over(closes_at=self.closes_at, closed_at=self.closed_at, now=now)


@dataclass(frozen=True, slots=True)
class CastVote:
    """A vote with what its activity says."""

    account_id: int
    post_id: int
    option: str
    uri: str
    created_at: datetime


async def list_polls(reader: Reader, ids: Collection[int], viewer_id: int | None) -> dict[int, PollState]:
    """Return the polls of posts, by post id: one query for any number of them."""
    parameters: dict[str, Any] = {"ids": list(ids)}
    if viewer_id is not None:
        parameters["viewer"] = viewer_id
    found: dict[int, PollState] = {}
    for row in await reader.rows(_states(viewer_id is None), parameters):
        state = found.get(row[0])
        if state is None:
            state = found[row[0]] = PollState(*row[:9])
        if row.chosen:
            state.chosen.append(row.position)
        state.options.append((row.title, row.votes_count))
    return found


async def find_poll(reader: Reader, post_id: int, viewer_id: int | None = None) -> PollState | None:
    """Return the poll of a post, whoever may see it."""
    return (await list_polls(reader, [post_id], viewer_id)).get(post_id)


async def find_poll_row(reader: Reader, post_id: int) -> Poll | None:
    """Return a poll's row as it stands in the database now."""
    found: Poll | None = await reader.scalar(
        select(Poll).where(Poll.id == post_id).execution_options(populate_existing=True)
    )
    return found


async def list_poll_rows(reader: Reader, ids: Collection[int]) -> Sequence[Poll]:
    """Return polls' rows as they stand in the database now."""
    return await reader.scalars(
        select(Poll).where(Poll.id.in_(ids)).order_by(Poll.id).execution_options(populate_existing=True)
    )


async def find_poll_version(reader: Reader, post_id: int) -> int | None:
    """Return what changes with every change of a poll."""
    found: int | None = await reader.scalar(select(Poll.version).where(Poll.id == post_id))
    return found


_TITLES: Final = Prepared(
    select(PollOption.title).where(PollOption.poll_id == bindparam("poll")).order_by(PollOption.position)
)
_CHOICES: Final = Prepared(
    select(PollVote.position).where(
        PollVote.poll_id == bindparam("poll"), PollVote.account_id == bindparam("account", type_=BigInteger)
    )
)
_BLOCKING: Final = Prepared(
    select(blocks(bindparam("account", type_=BigInteger), bindparam("target", type_=BigInteger)).label("stands"))
)


async def list_titles(reader: Reader, poll_id: int) -> list[str]:
    """Return the options of a poll, in order."""
    return [row[0] for row in await reader.rows(_TITLES, {"poll": poll_id})]


async def list_choices(reader: Reader, poll_id: int, account_id: int) -> set[int]:
    """Return the options that somebody voted for, by position."""
    return {row[0] for row in await reader.rows(_CHOICES, {"poll": poll_id, "account": account_id})}


async def is_blocking(reader: Reader, account_id: int, target_id: int) -> bool:
    """Say whether an account blocks another."""
    ((stands,),) = await reader.rows(_BLOCKING, {"account": account_id, "target": target_id})
    return bool(stands)


async def find_vote(reader: Reader, vote_id: int) -> CastVote | None:
    """Return a vote by its id, while it counts."""
    row = (
        await reader.execute(
            select(PollVote.account_id, PollVote.poll_id, PollOption.title, PollVote.uri, PollVote.created_at)
            .join(PollOption, (PollOption.poll_id == PollVote.poll_id) & (PollOption.position == PollVote.position))
            .where(PollVote.id == vote_id)
        )
    ).one_or_none()
    return None if row is None else CastVote(*row)


async def list_local_voters(reader: Reader, poll_id: int, *, after_id: int, limit: int) -> list[int]:
    """Return who of our people voted on a poll, by account id, a piece at a time."""
    return list(
        await reader.scalars(
            select(PollVote.account_id)
            .join(Account, Account.id == PollVote.account_id)
            .where(PollVote.poll_id == poll_id, PollVote.account_id > after_id, is_ours())
            .distinct()
            .order_by(PollVote.account_id)
            .limit(limit)
        )
    )


async def has_local_voter(reader: Reader, poll_id: int) -> bool:
    """Say whether one of our people voted on a poll."""
    return bool(await list_local_voters(reader, poll_id, after_id=0, limit=1))


async def has_due_polls(reader: Reader, now: datetime) -> bool:
    """Say whether there is anything to tell of any poll."""
    return bool(await reader.rows(_DUE, {"now": now}))


@cache
def _states(anonymous: bool) -> Prepared:
    chosen = (
        literal(False)
        if anonymous
        else exists(
            select(PollVote.id).where(
                PollVote.poll_id == Poll.id,
                PollVote.account_id == bindparam("viewer"),
                PollVote.position == PollOption.position,
            )
        )
    )
    return Prepared(
        select(
            Poll.id,
            Poll.account_id,
            Poll.local,
            Poll.multiple,
            Poll.hide_totals,
            Poll.voters_count,
            Poll.closes_at,
            Poll.closed_at,
            Poll.fetched_at,
            PollOption.position,
            PollOption.title,
            PollOption.votes_count,
            chosen.label("chosen"),
        )
        .join(PollOption, PollOption.poll_id == Poll.id)
        .where(Poll.id.in_(bindparam("ids", expanding=True)))
        .order_by(Poll.id, PollOption.position)
    )
