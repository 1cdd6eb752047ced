"""Every SELECT over accounts and their keys.

An account that is gone (suspended or deleted, here or at its origin) is absent for whoever does not ask for it:
`is_present` is that rule as SQL, `Account.is_gone` the same over a row.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select

from node.accounts.models import Account, AccountKey
from node.accounts.names import candidates, rarest_first, words_of
from node.accounts.relations import DOMAIN_POLICIES, blocks, blocks_domain_of, follows
from node.accounts.rules import domain_and_parents, fold_username
from node.base.db.prepared import Prepared, PreparedEntities
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.uris import INSTANCE_ACTOR_ID

T = TypeVar("T")

BATCH = 500
MAX_SEARCH_TEXT = 200
ACCT = "acct:"

_STRICTNESS = {"allow": 0, "noop": 0, "silence": 1, "suspend": 2}


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """An account in a list that is paged by the id of another row (a follow, a block, a like)."""

    id: int
    """What the list is paged by."""
    account_id: int


def is_present(account: Any = Account) -> ColumnElement[bool]:
    """SQL: the account is not gone."""
    return and_(account.suspended_at.is_(None), account.suspended_by_origin.is_(False), account.deleted_at.is_(None))


def is_at(domain: str, account: Any = Account) -> ColumnElement[bool]:
    """SQL: the account is one of this server's. A test of accounts found by something else, never a way to find them.

    It has no index, and shall have none: told plainly, SQLite begins with all accounts of the domain, which are all of
    our people for "", and asks of each whether it is among the handful of a post's mentions; so does PostgreSQL once a
    statement has run a few times, since it then plans for a domain of the usual size.
    """
    theirs: ColumnElement[bool] = account.domain == domain
    return theirs.is_(True)


def is_ours(account: Any = Account) -> ColumnElement[bool]:
    """SQL: the account is one of our people's. As `is_at`: a test, never a way to find them."""
    return is_at("", account)


_BY_ID = PreparedEntities(select(Account).where(Account.id == bindparam("account_id")))
_BY_IDS = PreparedEntities(select(Account).where(Account.id.in_(bindparam("ids", expanding=True))))
_BY_URIS = PreparedEntities(select(Account).where(Account.uri.in_(bindparam("uris", expanding=True))))
_BY_URI = PreparedEntities(select(Account).where(Account.uri == bindparam("actor_uri")))
_BY_HANDLE = PreparedEntities(
    select(Account).where(Account.username_folded == bindparam("folded"), Account.domain == bindparam("host"))
)


async def find_account(reader: Reader, account_id: int) -> Account | None:
    """Return an account, gone or not."""
    found = await reader.entities(_BY_ID, {"account_id": account_id})
    return found[0] if found else None


async def get_account(reader: Reader, account_id: int, *, include_gone: bool = False) -> Account:
    """Return an account. Raises NotFound when it is absent, or gone."""
    found = await find_account(reader, account_id)
    if found is None or (found.is_gone and not include_gone):
        raise NotFound()
    return found


async def find_local_account(reader: Reader, username: str) -> Account | None:
    """Return one of our own, by name in any case, gone or not."""
    return await find_account_by_handle(reader, username, "")


async def find_account_by_handle(reader: Reader, username: str, domain: str) -> Account | None:
    """Return an account by its handle, gone or not. `domain` is folded by `rules.local_or_domain`, "" for ours."""
    found = await reader.entities(_BY_HANDLE, {"folded": fold_username(username), "host": domain})
    return found[0] if found else None


async def find_account_by_uri(reader: Reader, uri: str) -> Account | None:
    """Return an account by its actor id, gone or not."""
    found = await reader.entities(_BY_URI, {"actor_uri": uri})
    return found[0] if found else None


async def find_moved_to(reader: Reader, account: Account) -> Account | None:
    """Return the account that this one says it has moved to, if we know it and it is present (MOV-1)."""
    found = await find_account_by_uri(reader, account.moved_to_uri) if account.moved_to_uri else None
    return None if found is None or found.is_gone else found


async def list_accounts_by_uri(reader: Reader, uris: Collection[str]) -> dict[str, Account]:
    """Return accounts by actor id; unknown ids are left out."""
    rows: list[Account] = []
    for batch in _batches(list(dict.fromkeys(uris))):
        rows += await reader.entities(_BY_URIS, {"uris": batch})
    return {row.uri: row for row in rows}


async def list_accounts(reader: Reader, ids: Collection[int]) -> dict[int, Account]:
    """Return accounts by id, gone ones too; unknown ids are left out."""
    rows: list[Account] = []
    for batch in _batches(list(dict.fromkeys(ids))):
        rows += await reader.entities(_BY_IDS, {"ids": batch})
    return {row.id: row for row in rows}


_KNOWN = Prepared(select(Account.id).where(Account.id.in_(bindparam("ids", expanding=True))))


async def list_known_ids(reader: Reader, ids: Collection[int]) -> set[int]:
    """Return which of these accounts there are, gone ones too."""
    found: set[int] = set()
    for batch in _batches(list(dict.fromkeys(ids))):
        found |= {row[0] for row in await reader.rows(_KNOWN, {"ids": batch})}
    return found


async def search_accounts(
    reader: Reader,
    text: str,
    *,
    viewer_id: int | None = None,
    limit: int = 40,
    offset: int = 0,
    following_only: bool = False,
) -> list[Account]:
    """Return present accounts in whose names words begin with all words of `text`, whatever their case and accents.

    `ann@exam` matches handles at domains that begin so. Who blocks the viewer is left out, and whom the viewer blocks
    is found by the whole name alone: to lift the block one has to find them. Best first: the exact name, people the
    viewer follows, those whose names begin so, our own, then by followers.
    """
    text = text.strip()
    text = text[len(ACCT) :] if text.lower().startswith(ACCT) else text
    sought = text.removeprefix("@").strip()[:MAX_SEARCH_TEXT]
    name, at, domain = fold_username(sought).partition("@")
    if not name and not domain:
        return []
    if at:
        matches = and_(Account.username_folded == name, Account.domain.startswith(domain, autoescape=True))
    else:
        words = await rarest_first(reader, words_of(sought))
        matches = Account.id.in_(candidates(words, name, viewer_id))
    statement = select(Account).where(
        matches, is_present(), Account.waiting.is_(False), Account.id != INSTANCE_ACTOR_ID
    )
    order: list[ColumnElement[Any]] = [case((Account.username_folded == name, 0), else_=1)]
    if viewer_id is not None:
        id_ = Account.id.expression
        followed = follows(viewer_id, id_)
        statement = statement.where(
            ~blocks(id_, viewer_id),
            ~blocks_domain_of(viewer_id, id_),
            or_(~blocks(viewer_id, id_), Account.username_folded == name),
        )
        if following_only:
            statement = statement.where(or_(followed, Account.id == viewer_id))
        order.append(case((followed, 0), else_=1))
    elif following_only:
        return []
    order += [
        case((Account.username_folded.startswith(name, autoescape=True), 0), else_=1),
        case((Account.domain == "", 0), else_=1),
        Account.followers_count.desc(),
        Account.id.desc(),
    ]
    return list(await reader.scalars(statement.order_by(*order).limit(limit).offset(offset)))


async def find_account_named(reader: Reader, name: str, *, viewer_id: int | None = None) -> Account | None:
    """Return the present account that a name without its domain most likely means: whom the viewer follows, else the
    most followed one."""
    order: list[ColumnElement[Any]] = [Account.followers_count.desc(), Account.id.asc()]
    if viewer_id is not None:
        order.insert(0, case((follows(viewer_id, Account.id.expression), 0), else_=1))
    found: Account | None = await reader.scalar(
        select(Account)
        .where(Account.username_folded == fold_username(name), is_present(), Account.waiting.is_(False))
        .order_by(*order)
        .limit(1)
    )
    return found


async def count_local_accounts(reader: Reader) -> int:
    """Return how many people of ours are present; the node's own actor is none."""
    return int(
        await reader.scalar(
            select(func.count())
            .select_from(Account)
            .where(Account.domain == "", Account.id != INSTANCE_ACTOR_ID, Account.waiting.is_(False), is_present())
        )
        or 0
    )


async def count_remote_domains(reader: Reader) -> int:
    """Return how many other domains have an account known here."""
    return int(await reader.scalar(select(func.count(func.distinct(Account.domain))).where(Account.domain != "")) or 0)


async def find_key(reader: Reader, key_id: str) -> AccountKey | None:
    """Return a key by its id; whose it is stands in `account_id`."""
    found = await reader.entities(_KEY, {"key_id": key_id})
    return found[0] if found else None


_KEY = PreparedEntities(select(AccountKey).where(AccountKey.key_id == bindparam("key_id")))
_KEY_OWNER = Prepared(select(AccountKey.account_id).where(AccountKey.key_id == bindparam("key_id")))


async def find_key_owner(reader: Reader, key_id: str) -> int | None:
    """Return whose key this is."""
    rows = await reader.rows(_KEY_OWNER, {"key_id": key_id})
    return int(rows[0].account_id) if rows else None


async def list_keys(reader: Reader, account_id: int) -> Sequence[AccountKey]:
    """Return the keys of an account, oldest first."""
    return await reader.scalars(select(AccountKey).where(AccountKey.account_id == account_id).order_by(AccountKey.id))


async def find_domain_policy(reader: Reader, hosts: Collection[str]) -> tuple[str, datetime] | None:
    """Return (severity, since when) of the strictest policy that reaches one of `hosts`: for each the closest."""
    chains = [domain_and_parents(host) for host in dict.fromkeys(hosts)]
    rows = await reader.execute(
        select(DOMAIN_POLICIES.c.domain, DOMAIN_POLICIES.c.severity, DOMAIN_POLICIES.c.created_at).where(
            DOMAIN_POLICIES.c.domain.in_([domain for chain in chains for domain in chain])
        )
    )
    known = {row.domain: (str(row.severity), row.created_at) for row in rows}
    closest = [next((known[domain] for domain in chain if domain in known), None) for chain in chains]
    return max((policy for policy in closest if policy), key=lambda policy: _STRICTNESS[policy[0]], default=None)


def _batches(items: list[T]) -> list[list[T]]:
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
