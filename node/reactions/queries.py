"""Every SELECT over reactions. Whether the viewer may see the post is asked by the caller."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, case, func, select

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.emojis.models import Emoji
from node.reactions.models import Reaction

MAX_KINDS = 60
"""Different emoji of one post that are shown."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a post got one emoji, and whether the viewer gave it."""

    post_id: int
    name: str
    emoji_id: int
    count: int
    mine: bool
    domain: str
    version: int


@dataclass(frozen=True, slots=True)
class Reactor:
    """Who reacted with what."""

    account_id: int
    name: str
    emoji_id: int


_MINE = func.max(case((Reaction.account_id == bindparam("viewer"), 1), else_=0))
_TALLIES = Prepared(
    select(
        Reaction.post_id,
        Reaction.name,
        Reaction.emoji_id,
        func.count(),
        _MINE,
        func.coalesce(func.max(Emoji.domain), ""),
        func.coalesce(func.max(Emoji.version), 1),
    )
    .join(Account, Account.id == Reaction.account_id)
    .outerjoin(Emoji, Emoji.id == Reaction.emoji_id)
    .where(Reaction.post_id.in_(bindparam("ids", expanding=True)), is_present())
    .group_by(Reaction.post_id, Reaction.name, Reaction.emoji_id)
    .order_by(func.min(Reaction.id))
)


async def list_tallies(reader: Reader, post_ids: Collection[int], *, viewer_id: int | None) -> dict[int, list[Tally]]:
    """Return the reactions to posts, each emoji counted, in the order in which each was first given."""
    found: dict[int, list[Tally]] = {}
    if post_ids:
        for row in await reader.rows(_TALLIES, {"ids": list(post_ids), "viewer": viewer_id or 0}):
            tally = Tally(row[0], row[1], row[2], row[3], bool(row[4]), row[5], row[6])
            kinds = found.setdefault(tally.post_id, [])
            if len(kinds) < MAX_KINDS or tally.mine:
                kinds.append(tally)
    return found


async def find_reaction(reader: Reader, account_id: int, post_id: int, *, name: str, emoji_id: int) -> Reaction | None:
    """Return somebody's reaction to a post with one emoji."""
    found: Reaction | None = await reader.scalar(
        select(Reaction).where(
            Reaction.account_id == account_id,
            Reaction.post_id == post_id,
            Reaction.name == name,
            Reaction.emoji_id == emoji_id,
        )
    )
    return found


async def find_reaction_by_id(reader: Reader, reaction_id: int) -> Reaction | None:
    """Return a reaction."""
    found: Reaction | None = await reader.scalar(select(Reaction).where(Reaction.id == reaction_id))
    return found


async def find_reaction_by_uri(reader: Reader, uri: str) -> Reaction | None:
    """Return the reaction that this activity is, "" being none."""
    if not uri:
        return None
    found: Reaction | None = await reader.scalar(select(Reaction).where(Reaction.uri == uri).limit(1))
    return found


async def list_reactions_of(reader: Reader, account_id: int, post_id: int) -> list[Reaction]:
    """Return all reactions of somebody to a post, oldest first."""
    rows = await reader.scalars(
        select(Reaction).where(Reaction.account_id == account_id, Reaction.post_id == post_id).order_by(Reaction.id)
    )
    return list(rows)


async def list_latest(reader: Reader, pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Reaction]:
    """Return, for pairs of account and post, the latest reaction of the one to the other."""
    if not pairs:
        return {}
    rows = await reader.scalars(
        select(Reaction)
        .where(
            Reaction.account_id.in_({account_id for account_id, _ in pairs}),
            Reaction.post_id.in_({post_id for _, post_id in pairs}),
        )
        .order_by(Reaction.id)
    )
    return {(row.account_id, row.post_id): row for row in rows}


async def list_reactors(reader: Reader, post_id: int, *, limit: int) -> list[Reactor]:
    """Return who reacted to a post with what, oldest first."""
    rows = await reader.execute(
        select(Reaction.account_id, Reaction.name, Reaction.emoji_id)
        .join(Account, Account.id == Reaction.account_id)
        .where(Reaction.post_id == post_id, is_present())
        .order_by(Reaction.id)
        .limit(limit)
    )
    return [Reactor(*row) for row in rows]
