"""Every SELECT that finds accounts for moderators: by who they are, where they are from and how they stand."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from node.accounts.models import Account
from node.auth.factor_queries import second_step_of
from node.auth.models import User, WebSession
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.paging import Page
from node.uris import INSTANCE_ACTOR_ID

STATES: Final = ("active", "pending", "disabled", "silenced", "suspended", "sensitized", "deleted")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """What the accounts have in common; "" leaves a part open. `text` is looked for in name, handle and address."""

    text: str = ""
    origin: str = ""
    """"local" or "remote"."""
    state: str = ""
    staff: bool = False
    username: str = ""
    display_name: str = ""
    domain: str = ""
    email: str = ""
    address: str = ""
    """An IP address that somebody signed in from."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account as moderators see it; `user` is None for remote ones."""

    account: Account
    user: User | None
    has_second_step: bool = False

    @property
    def state(self) -> str:
        """The gravest of `STATES` that holds."""
        account, user = self.account, self.user
        if account.deleted_at is not None:
            return "deleted"
        if account.suspended_at is not None:
            return "suspended"
        if user is not None and user.disabled_at is not None:
            return "disabled"
        if user is not None and user.approved_at is None:
            return "pending"
        return "active" if account.silenced_at is None else "silenced"


@dataclass(frozen=True, slots=True)
class SeenFrom:
    """An IP address that somebody signed in from, and when it was last used."""

    address: str
    used_at: datetime


async def list_moderated(reader: Reader, page: Page, asked: AccountFilter) -> list[AccountRow]:
    """Return a page of accounts that fit, newest first."""
    statement = (
        select(Account, User, second_step_of(User.account_id))
        .outerjoin(User, User.account_id == Account.id)
        .where(Account.id != INSTANCE_ACTOR_ID, *_conditions(asked))
    )
    found = await reader.execute(page.apply(statement, Account.id))
    return page.newest_first([AccountRow(*row) for row in found.all()])


async def list_moderated_by_id(reader: Reader, account_ids: Collection[int]) -> list[AccountRow]:
    """Return accounts, however they stand; unknown ones and the node's own actor are left out."""
    found = await reader.execute(
        select(Account, User)
        .outerjoin(User, User.account_id == Account.id)
        .where(Account.id.in_(list(account_ids)), Account.id != INSTANCE_ACTOR_ID)
    )
    return [AccountRow(account, user) for account, user in found.all()]


async def get_moderated(reader: Reader, account_id: int) -> AccountRow:
    """Return one account, however it stands. Raises NotFound."""
    found = await list_moderated_by_id(reader, [account_id])
    if not found:
        raise NotFound()
    return found[0]


async def list_seen_from(reader: Reader, account_ids: list[int]) -> dict[int, list[SeenFrom]]:
    """Return where people are signed in from, newest first."""
    rows = await reader.execute(
        select(WebSession.account_id, WebSession.address, func.max(WebSession.last_seen_at))
        .where(WebSession.account_id.in_(account_ids), WebSession.address != "")
        .group_by(WebSession.account_id, WebSession.address)
        .order_by(func.max(WebSession.last_seen_at).desc())
    )
    found: dict[int, list[SeenFrom]] = {}
    for account_id, address, used_at in rows:
        found.setdefault(account_id, []).append(SeenFrom(address, used_at))
    return found


def _conditions(asked: AccountFilter) -> list[ColumnElement[bool]]:
    wanted: list[Any] = []
    if asked.origin:
        wanted.append(Account.domain == "" if asked.origin == "local" else Account.domain != "")
    if asked.state:
        wanted.append(_in_state(asked.state))
    if asked.staff:
        wanted.append(User.role.in_(("moderator", "admin")))
    if asked.username:
        wanted.append(Account.username_folded.startswith(asked.username.casefold(), autoescape=True))
    if asked.display_name:
        wanted.append(func.lower(Account.display_name).startswith(asked.display_name.lower(), autoescape=True))
    if asked.domain:
        wanted.append(Account.domain == asked.domain.lower())
    if asked.email:
        wanted.append(func.lower(User.email).startswith(asked.email.lower(), autoescape=True))
    if asked.address:
        wanted.append(
            exists(
                select(WebSession.id).where(
                    WebSession.account_id == Account.id, WebSession.address == asked.address.strip()
                )
            )
        )
    if sought := asked.text.strip().lstrip("@").casefold():
        wanted.append(_holds(sought))
    return wanted


def _in_state(state: str) -> ColumnElement[bool]:
    stands = and_(Account.suspended_at.is_(None), Account.deleted_at.is_(None))
    if state == "active":
        usable = or_(User.account_id.is_(None), and_(User.approved_at.is_not(None), User.disabled_at.is_(None)))
        return and_(stands, Account.silenced_at.is_(None), usable)
    return {
        "pending": and_(User.account_id.is_not(None), User.approved_at.is_(None), Account.deleted_at.is_(None)),
        "disabled": User.disabled_at.is_not(None),
        "silenced": and_(stands, Account.silenced_at.is_not(None)),
        "suspended": Account.suspended_at.is_not(None),
        "sensitized": Account.sensitised_at.is_not(None),
        "deleted": Account.deleted_at.is_not(None),
    }[state]


def _holds(sought: str) -> ColumnElement[bool]:
    name, _, domain = sought.partition("@")
    if domain:
        both = Account.username_folded.startswith(name, autoescape=True) & Account.domain.startswith(
            domain, autoescape=True
        )
        return or_(both, func.lower(User.email) == sought)
    return or_(
        Account.username_folded.contains(sought, autoescape=True),
        func.lower(Account.display_name).contains(sought, autoescape=True),
        Account.domain.contains(sought, autoescape=True),
        func.lower(User.email).contains(sought, autoescape=True),
    )
