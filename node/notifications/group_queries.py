"""Every SELECT over groups of notifications.

A page of groups costs the same whether one like stands behind each or fifty thousand: the groups come from the index
on their newest member, of each only the newest `WINDOW` members are looked at one by one (who is blocked, muted or
gone since), and how many there are beyond those is counted in the index.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.base.db.prepared import Prepared, PreparedEntities
from node.base.db.unit_of_work import Reader
from node.base.paging import Page, PageForm
from node.notifications.grouping import GROUPED
from node.notifications.models import Notification, NotificationGroup
from node.notifications.queries import (
    LIMIT,
    NOW,
    VIEWER,
    asked_for,
    is_heard,
    narrowing,
    shown_to,
    unread_by,
)

WINDOW: Final = 100
SAMPLE: Final = 8
"""How many people of a group are named."""


_BY_IDS: Final = PreparedEntities(select(Notification).where(Notification.id.in_(bindparam("ids", expanding=True))))


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a statement: whatever is asked for, there are few, so that each is built once."""

    asked: frozenset[str]
    groups_some: bool
    include_filtered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: kinds, kinds that are grouped, one sender."""

    types: frozenset[str] = frozenset()
    exclude_types: frozenset[str] = frozenset()
    grouped: frozenset[str] = GROUPED
    from_account_id: int | None = None
    include_filtered: bool = False

    @property
    def form(self) -> Form:
        """What shapes the statements."""
        asked = asked_for(self.types, self.exclude_types, self.from_account_id)
        return Form(frozenset(asked), self.grouped < GROUPED, self.include_filtered)

    @property
    def parameters(self) -> dict[str, Any]:
        """What is filled into them."""
        kinds = self.grouped & self.types if self.types else self.grouped
        return asked_for(self.types, self.exclude_types, self.from_account_id) | {
            "grouped": sorted(self.grouped),
            "group_kinds": sorted(kinds - self.exclude_types),
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Some notifications as one. `cursor` is what pages are read by."""

    cursor: int
    newest: Notification
    key: str
    """"" for one that stands alone."""
    count: int
    oldest_id: int
    """The oldest of those on this page."""
    senders: tuple[int, ...]


async def list_groups(reader: Reader, account_id: int, page: Page, wanted: Wanted, *, now: datetime) -> list[Group]:
    """Return a page of groups and of what stands alone, by their newest notification, newest first."""
    given = wanted.parameters | page.parameters | {"viewer": account_id, "now": now}
    alone = await reader.scalars(_singles(wanted.form, page.form), given)
    found: list[Notification | NotificationGroup] = [*alone]
    if wanted.from_account_id is None:
        found += await reader.scalars(_groups(page.form), given)
    found.sort(key=_cursor, reverse=page.min_id is None)
    found = page.newest_first(found[: page.limit])
    if not found:
        return []
    groups_found = [entry for entry in found if isinstance(entry, NotificationGroup)]
    full = await _filled(reader, account_id, groups_found, lowest=_cursor(found[-1]), now=now)
    return [
        group
        for entry in found
        for group in [full.get(entry.group_key) if isinstance(entry, NotificationGroup) else single(entry)]
        if group is not None
    ]


async def find_group(reader: Reader, account_id: int, group_key: str, *, now: datetime) -> Group | None:
    """Return one of somebody's own groups."""
    row = await reader.scalar(
        select(NotificationGroup).where(
            NotificationGroup.account_id == account_id, NotificationGroup.group_key == group_key
        )
    )
    if row is None:
        return None
    return (await _filled(reader, account_id, [row], lowest=0, now=now)).get(group_key)


async def list_members(
    reader: Reader, account_id: int, group_key: str, page: Page, *, now: datetime
) -> list[Notification]:
    """Return a page of what is in a group, newest first."""
    statement = select(Notification).where(shown_to(account_id, now), Notification.group_key == group_key)
    return page.newest_first(list(await reader.scalars(page.apply(statement, Notification.id.expression))))


async def count_unread_groups(reader: Reader, account_id: int, wanted: Wanted, *, limit: int, now: datetime) -> int:
    """Return how many groups hold something unread, at most `limit`."""
    given = wanted.parameters | {"viewer": account_id, "now": now}
    count = int(await reader.scalar(_unread_singles(wanted.form), given | {"limit": limit}) or 0)
    if wanted.from_account_id is not None or count >= limit:
        return count
    return count + int(await reader.scalar(_unread_groups(), given | {"limit": limit - count}) or 0)


async def find_coalesced_group(reader: Reader, account_id: int, kinds: Collection[str], post_id: int) -> str | None:
    """Return the newest group of some kinds about a post in which more is counted than there are rows."""
    found: str | None = await reader.scalar(
        select(NotificationGroup.group_key)
        .where(
            NotificationGroup.account_id == account_id,
            NotificationGroup.post_id == post_id,
            NotificationGroup.kind.in_(list(kinds)),
            NotificationGroup.coalesced > 0,
        )
        .order_by(NotificationGroup.latest_id.desc())
        .limit(1)
    )
    return found


def _cursor(entry: Notification | NotificationGroup) -> int:
    return entry.latest_id if isinstance(entry, NotificationGroup) else entry.id


def single(row: Notification) -> Group:
    """Return a notification as a group of its own."""
    return Group(row.id, row, "", 1, row.id, (row.from_account_id,))


@cache
def _singles(form: Form, page: PageForm) -> Select[Notification]:
    shown = shown_to(VIEWER, NOW, with_filtered=form.include_filtered)
    statement = select(Notification).where(shown, _stands_alone(form), *narrowing(form.asked))
    return page.apply(statement, Notification.id.expression)


@cache
def _groups(page: PageForm) -> Select[NotificationGroup]:
    return page.apply(select(NotificationGroup).where(*_wanted_groups()), NotificationGroup.latest_id.expression)


@cache
def _unread_singles(form: Form) -> Select[int]:
    unread = select(Notification.id).where(
        shown_to(VIEWER, NOW), unread_by(VIEWER), _stands_alone(form), *narrowing(form.asked)
    )
    return select(func.count()).select_from(unread.limit(LIMIT).subquery())


@cache
def _unread_groups() -> Select[int]:
    unread = select(NotificationGroup.group_key).where(*_wanted_groups(unread_by(VIEWER)))
    return select(func.count()).select_from(unread.limit(LIMIT).subquery())


def _stands_alone(form: Form) -> ColumnElement[bool]:
    """SQL: a notification is shown by itself."""
    if "sender" in form.asked:
        return true()
    alone: ColumnElement[bool] = Notification.group_key == ""
    if form.groups_some:
        alone = or_(alone, Notification.kind.not_in(bindparam("grouped", expanding=True)))
    return or_(alone, Notification.filtered.is_(True)) if form.include_filtered else alone


def _wanted_groups(*which: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    """SQL: groups of kinds that are asked for, in which at least one may be shown."""
    member = exists(
        select(Notification.id).where(
            shown_to(VIEWER, NOW), Notification.group_key == NotificationGroup.group_key, *which
        )
    )
    return (
        NotificationGroup.account_id == VIEWER,
        NotificationGroup.kind.in_(bindparam("group_kinds", expanding=True)),
        member,
    )


async def _filled(
    reader: Reader, account_id: int, rows: Sequence[NotificationGroup], *, lowest: int, now: datetime
) -> dict[str, Group]:
    """Return groups with who is in them: those that have anybody to show."""
    if not rows:
        return {}
    members = await _newest_members(reader, account_id, [row.group_key for row in rows])
    unheard = await _unheard(reader, account_id, {m.from_account_id for found in members.values() for m in found}, now)
    heard = {key: [m for m in found if m.from_account_id not in unheard] for key, found in members.items()}
    large = [key for key, found in members.items() if len(found) == WINDOW]
    counted = await _counted(reader, account_id, large, lowest) if large else {}
    newest_ids = [found[0].id for found in heard.values() if found]
    newest = {row.id: row for row in await reader.entities(_BY_IDS, {"ids": newest_ids})}
    groups = {}
    for row in rows:
        found = heard.get(row.group_key)
        if not found:
            continue
        count, oldest_id = len(found), min((m.id for m in found if m.id >= lowest), default=found[0].id)
        if row.group_key in counted:
            in_rows, oldest = counted[row.group_key]
            count, oldest_id = count + in_rows - WINDOW, min(oldest_id, oldest or oldest_id)
        senders = tuple(dict.fromkeys(m.from_account_id for m in found))[:SAMPLE]
        groups[row.group_key] = Group(
            row.latest_id, newest[found[0].id], row.group_key, count + row.coalesced, oldest_id, senders
        )
    return groups


async def _newest_members(reader: Reader, account_id: int, keys: Sequence[str]) -> Mapping[str, list[Any]]:
    """Return the newest members of each group, one look into an index for each."""
    given = {"viewer": account_id, "limit": WINDOW, **{f"key_{number}": key for number, key in enumerate(keys)}}
    found: dict[str, list[Any]] = {}
    for member in await reader.rows(_looks(len(keys)), given):
        found.setdefault(member.group_key, []).append(member)
    return {key: sorted(members, key=lambda m: -m.id) for key, members in found.items()}


@lru_cache(maxsize=100)
def _looks(count: int) -> CompoundSelect[*tuple[Any, ...]]:
    looks = [
        select(
            select(Notification.id, Notification.group_key, Notification.from_account_id)
            .where(
                Notification.account_id == VIEWER,
                Notification.group_key == bindparam(f"key_{number}"),
                Notification.filtered.is_(False),
            )
            .order_by(Notification.id.desc())
            .limit(LIMIT)
            .subquery()
        )
        for number in range(count)
    ]
    return union_all(*looks)


async def _unheard(reader: Reader, account_id: int, senders: Collection[int], now: datetime) -> set[int]:
    """Return those of some senders who are gone, blocked or muted by now."""
    heard: set[int] = set()
    ids = sorted(senders)
    for start in range(0, len(ids), 500):
        given = {"viewer": account_id, "now": now, "ids": ids[start : start + 500]}
        heard |= {row[0] for row in await reader.rows(_heard(), given)}
    return set(ids) - heard


@cache
def _heard() -> Prepared:
    sender: Any = aliased(Account)
    heard = is_heard(VIEWER, sender.id.expression, NOW, always=false())
    return Prepared(select(sender.id).where(sender.id.in_(bindparam("ids", expanding=True)), heard))


async def _counted(
    reader: Reader, account_id: int, keys: Sequence[str], lowest: int
) -> dict[str, tuple[int, int | None]]:
    """Return, from the index alone, how many rows each group has and which of those on the page is the oldest."""
    rows = await reader.rows(
        select(
            Notification.group_key,
            func.count(),
            func.min(Notification.id).filter(Notification.id >= literal(lowest)),
        )
        .where(and_(Notification.account_id == account_id, Notification.group_key.in_(list(keys))))
        .group_by(Notification.group_key)
    )
    return {key: (count, oldest) for key, count, oldest in rows}
