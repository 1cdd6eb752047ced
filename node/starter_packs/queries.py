"""Every SELECT over starter packs: which there are, and who is in them as somebody may see it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from node.accounts.directory import is_findable
from node.accounts.models import Account
from node.accounts.queries import is_present
from node.accounts.relations import block_between, blocks_domain_of
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.paging import Page
from node.blocks.models import Mute
from node.follows.queries import list_follow_ids
from node.starter_packs.models import StarterPack, StarterPackMember
from node.starter_packs.rules import MAX_MEMBERS, MAX_PACKS, Editor

FACES: Final = 6
"""People of each pack that a list of packs shows."""


@dataclass(frozen=True, slots=True)
class PackEntry:
    """A pack, how many a viewer sees in it, and the first of them."""

    pack: StarterPack
    count: int
    faces: Sequence[Account]


async def find_pack(reader: Reader, pack_id: int) -> StarterPack | None:
    """Return a pack, whoever may see it."""
    found: StarterPack | None = await reader.scalar(select(StarterPack).where(StarterPack.id == pack_id))
    return found


async def get_pack(reader: Reader, pack_id: int, viewer_id: int | None, *, is_staff: bool = False) -> StarterPack:
    """Return a pack that a viewer may see: a public one, or one that is theirs to change. Raises NotFound."""
    found: StarterPack | None = await reader.scalar(
        select(StarterPack)
        .join(Account, Account.id == StarterPack.account_id)
        .where(StarterPack.id == pack_id, is_present(), _unblocked(viewer_id))
    )
    if found is None:
        raise NotFound()
    is_theirs = viewer_id is not None and Editor(viewer_id, is_staff).may_edit(found.account_id)
    if not found.published and not is_theirs:
        raise NotFound()
    return found


async def list_packs(
    reader: Reader, page: Page, *, viewer_id: int | None, featured: bool = False, account_id: int | None = None
) -> list[StarterPack]:
    """Return public packs, the newest first: those chosen for new people, or those of one account."""
    statement = (
        select(StarterPack)
        .join(Account, Account.id == StarterPack.account_id)
        .where(StarterPack.published.is_(True), is_present(), Account.silenced_at.is_(None), _unblocked(viewer_id))
    )
    if featured:
        statement = statement.where(StarterPack.featured.is_(True))
    if account_id is not None:
        statement = statement.where(StarterPack.account_id == account_id)
    return page.newest_first(list(await reader.scalars(page.apply(statement, StarterPack.id.expression))))


async def list_own_packs(reader: Reader, account_id: int) -> list[StarterPack]:
    """Return all packs of an account, the newest first, public or not."""
    return list(
        await reader.scalars(
            select(StarterPack)
            .where(StarterPack.account_id == account_id)
            .order_by(StarterPack.id.desc())
            .limit(MAX_PACKS)
        )
    )


async def count_packs(reader: Reader, account_id: int) -> int:
    """Return how many packs an account has."""
    statement = select(func.count()).select_from(StarterPack).where(StarterPack.account_id == account_id)
    return int(await reader.scalar(statement) or 0)


async def list_members(reader: Reader, pack: StarterPack, viewer_id: int | None, now: datetime) -> list[Account]:
    """Return who is in a pack, in the order they were put in: who wants to be found, as the viewer may see them."""
    rows = await reader.scalars(
        select(Account)
        .join(StarterPackMember, StarterPackMember.account_id == Account.id)
        .where(StarterPackMember.pack_id == pack.id, _shown(pack.account_id, viewer_id, now))
        .order_by(StarterPackMember.id)
        .limit(MAX_MEMBERS)
    )
    return list(rows)


async def list_members_to_follow(
    reader: Reader, pack: StarterPack, viewer_id: int, now: datetime, *, among: Collection[int] | None = None
) -> list[Account]:
    """Return who of a pack (`among` these, if any are named) the viewer does not follow yet and has not asked to."""
    people = await list_members(reader, pack, viewer_id, now)
    standing = await list_follow_ids(reader, viewer_id, [one.id for one in people])
    return [
        one for one in people if one.id != viewer_id and one.id not in standing and (among is None or one.id in among)
    ]


async def list_entries(
    reader: Reader, packs: Sequence[StarterPack], viewer_id: int | None, now: datetime
) -> list[PackEntry]:
    """Return packs with the number of people in each and the first faces: two queries, however many packs."""
    ids = [pack.id for pack in packs]
    rank = func.row_number().over(partition_by=StarterPackMember.pack_id, order_by=StarterPackMember.id)
    members = (
        select(StarterPackMember.pack_id, StarterPackMember.account_id, rank.label("rank"))
        .join(StarterPack, StarterPack.id == StarterPackMember.pack_id)
        .join(Account, Account.id == StarterPackMember.account_id)
        .where(StarterPackMember.pack_id.in_(ids), _shown(StarterPack.account_id, viewer_id, now))
        .subquery()
    )
    counts = await reader.execute(select(members.c.pack_id, func.count()).group_by(members.c.pack_id))
    count_of = {row[0]: row[1] for row in counts}
    first = await reader.execute(
        select(members.c.pack_id, Account)
        .join_from(members, Account, Account.id == members.c.account_id)
        .where(members.c.rank <= FACES)
        .order_by(members.c.pack_id, members.c.rank)
    )
    faces: dict[int, list[Account]] = {}
    for pack_id, account in first:
        faces.setdefault(pack_id, []).append(account)
    return [PackEntry(pack, count_of.get(pack.id, 0), faces.get(pack.id, [])) for pack in packs]


async def list_member_ids(reader: Reader, pack_id: int) -> dict[int, bool]:
    """Return everybody who is in a pack or took themselves out of it (True), seen or not."""
    rows = await reader.execute(
        select(StarterPackMember.account_id, StarterPackMember.left_at).where(StarterPackMember.pack_id == pack_id)
    )
    return {row[0]: row[1] is not None for row in rows}


async def is_member(reader: Reader, pack_id: int, account_id: int) -> bool:
    """Whether an account is in a pack."""
    return (await list_member_ids(reader, pack_id)).get(account_id) is False


async def list_addable(reader: Reader, ids: Collection[int], owner_id: int) -> set[int]:
    """Return which of these accounts may be put into a pack of somebody: who wants to be found, and themselves."""
    rows = await reader.scalars(select(Account.id).where(Account.id.in_(list(ids)), _consents(owner_id)))
    return set(rows)


def _consents(owner_id: Any) -> ColumnElement[bool]:
    """SQL over Account: it may be in a pack of the owner's."""
    return or_(
        and_(is_findable(), ~block_between(owner_id, Account.id.expression)),
        and_(Account.id == owner_id, is_present(), Account.waiting.is_(False)),
    )


def _shown(owner_id: Any, viewer_id: int | None, now: datetime) -> ColumnElement[bool]:
    """SQL over StarterPackMember and Account: the viewer sees the account in the pack."""
    owner = owner_id.expression if hasattr(owner_id, "expression") else owner_id
    condition = and_(StarterPackMember.left_at.is_(None), _consents(owner))
    if viewer_id is None:
        return condition
    mute = aliased(Mute)
    target = Account.id.expression
    return and_(
        condition,
        ~block_between(viewer_id, target),
        ~blocks_domain_of(viewer_id, target),
        ~exists(
            select(mute.id).where(
                mute.account_id == viewer_id,
                mute.target_id == target,
                or_(mute.expires_at.is_(None), mute.expires_at > now),
            )
        ),
    )


def _unblocked(viewer_id: int | None) -> ColumnElement[bool]:
    """SQL over Account, the maker: no block between the viewer and them."""
    target = Account.id.expression
    return target.is_not(None) if viewer_id is None else ~block_between(viewer_id, target)
