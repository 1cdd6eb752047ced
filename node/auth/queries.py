"""Every SELECT over users, sessions, apps, tokens and one-time links.

Whoever is gone has no session and no token: both look-ups join the account (attack row 90, rule 9).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, func, or_, select

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.accounts.rules import fold_username
from node.auth.hashing import hash_secret
from node.auth.models import OAuthApp, OAuthCode, OAuthToken, OneTimeLink, User, WebSession
from node.auth.rules import Principal, SessionFacts, canonical_email, fold_email
from node.base.db.prepared import Prepared, PreparedEntities
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound

_BY_ACCOUNT = PreparedEntities(select(User).where(User.account_id == bindparam("account_id")))
_APPS = PreparedEntities(select(OAuthApp).where(OAuthApp.id.in_(bindparam("ids", expanding=True))))


async def find_user(reader: Reader, account_id: int) -> User | None:
    """Return the person behind a local account."""
    found = await reader.entities(_BY_ACCOUNT, {"account_id": account_id})
    return found[0] if found else None


async def get_user(reader: Reader, account_id: int) -> User:
    """Return the person behind a local account. Raises NotFound."""
    found = await find_user(reader, account_id)
    if found is None:
        raise NotFound()
    return found


@dataclass(frozen=True, slots=True)
class PostingDefaults:
    """What a person's posts are where they do not say otherwise."""

    default_visibility: str
    default_sensitive: bool
    default_language: str | None
    default_quote_policy: str


_DEFAULTS = Prepared(
    select(*(getattr(User, name) for name in PostingDefaults.__dataclass_fields__)).where(
        User.account_id == bindparam("account_id")
    )
)


async def get_posting_defaults(reader: Reader, account_id: int) -> PostingDefaults:
    """Return what a person's posts are by default. Raises NotFound."""
    rows = await reader.rows(_DEFAULTS, {"account_id": account_id})
    if not rows:
        raise NotFound()
    return PostingDefaults(*rows[0])


async def find_user_by_login(reader: Reader, login: str) -> User | None:
    """Return a person by e-mail address or user name. One who is gone is nobody."""
    login = login.strip()
    matches = (
        User.email == fold_email(login)
        if "@" in login.removeprefix("@")
        else Account.username_folded == fold_username(login.removeprefix("@"))
    )
    found: User | None = await reader.scalar(
        select(User)
        .join(Account, Account.id == User.account_id)
        .where(matches, Account.domain == "", is_present())
        .limit(1)
    )
    return found


async def is_email_taken(reader: Reader, email: str, *, except_account_id: int = 0) -> bool:
    """Whether somebody has this address, or another `+tag` of the same mailbox (attack row 101)."""
    local, domain = canonical_email(email)
    return bool(
        await reader.scalar(
            select(func.count())
            .select_from(User)
            .where(
                User.account_id != except_account_id,
                or_(
                    User.email == f"{local}@{domain}",
                    User.email.startswith(f"{local}+", autoescape=True)
                    & User.email.endswith(f"@{domain}", autoescape=True),
                ),
            )
        )
    )


async def has_admin(reader: Reader) -> bool:
    """Whether somebody who is present runs this node."""
    return bool(
        await reader.scalar(
            select(func.count())
            .select_from(User)
            .join(Account, Account.id == User.account_id)
            .where(User.role == "admin", is_present())
        )
    )


async def list_staff_ids(reader: Reader) -> list[int]:
    """Return the accounts of moderators and admins."""
    return list(
        await reader.scalars(
            select(User.account_id).where(User.role.in_(("moderator", "admin"))).order_by(User.account_id)
        )
    )


async def count_active_users(reader: Reader, *, since: Sequence[datetime]) -> list[int]:
    """Return how many present people were here since each of these moments (NodeInfo)."""
    counts = [func.count(case((User.last_active_at >= moment, 1))) for moment in since]
    statement = select(*counts).join_from(User, Account, Account.id == User.account_id)
    row = (await reader.execute(statement.where(User.last_active_at >= min(since), is_present()))).one()
    return [int(count) for count in row]


async def find_session(reader: Reader, secret: str, now: datetime) -> SessionFacts | None:
    """Return the session a cookie's secret stands for, unless it is over or its account gone."""
    if not secret:
        return None
    row = (
        await reader.execute(
            select(WebSession, User)
            .join(User, User.account_id == WebSession.account_id)
            .join(Account, Account.id == WebSession.account_id)
            .where(WebSession.secret_hash == hash_secret(secret), WebSession.expires_at > now, is_present())
        )
    ).one_or_none()
    if row is None:
        return None
    session, user = row
    return SessionFacts(
        session_id=session.id,
        account_id=session.account_id,
        role=user.role,
        csrf_token=session.csrf_token,
        is_usable=user.is_usable,
        expires_at=session.expires_at,
        last_seen_at=session.last_seen_at,
        last_active_at=user.last_active_at,
        locale=user.locale,
        theme=user.theme,
    )


async def list_sessions(reader: Reader, account_id: int, now: datetime) -> list[WebSession]:
    """Return where somebody is signed in, newest first."""
    return list(
        await reader.scalars(
            select(WebSession)
            .where(WebSession.account_id == account_id, WebSession.expires_at > now)
            .order_by(WebSession.id.desc())
        )
    )


_TOKEN = Prepared(
    select(
        OAuthToken.id,
        OAuthToken.account_id,
        OAuthToken.app_id,
        OAuthToken.scopes,
        OAuthToken.revoked_at,
        OAuthToken.last_used_at,
        User.role,
        User.confirmed_at,
        User.approved_at,
        User.disabled_at,
        User.last_active_at,
        Account.bot,
        Account.created_at,
        is_present().label("present"),
    )
    .outerjoin(User, User.account_id == OAuthToken.account_id)
    .outerjoin(Account, Account.id == OAuthToken.account_id)
    .where(OAuthToken.token_hash == bindparam("token_hash"))
)
"""Asked with every API request."""


async def find_token(reader: Reader, token: str, now: datetime) -> Principal | None:
    """Return whom a bearer token speaks for; None when it is unknown, revoked, or its account gone (row 90)."""
    if not token or len(token) > 1_000:
        return None
    rows = await reader.rows(_TOKEN, {"token_hash": hash_secret(token)})
    if not rows:
        return None
    (row,) = rows
    if row.revoked_at is not None and row.revoked_at <= now:
        return None
    is_person = row.role is not None
    if row.account_id is not None and not (is_person and row.present):
        return None
    return Principal(
        token_id=row.id,
        account_id=row.account_id,
        scopes=frozenset(row.scopes.split()),
        role=row.role or "user",
        is_confirmed=not is_person or row.confirmed_at is not None,
        is_approved=not is_person or row.approved_at is not None,
        is_disabled=row.disabled_at is not None,
        app_id=row.app_id,
        is_bot=bool(row.bot),
        joined_at=row.created_at,
        last_active_at=row.last_active_at,
        last_used_at=row.last_used_at,
    )


async def list_tokens(reader: Reader, account_id: int) -> list[tuple[OAuthToken, OAuthApp | None]]:
    """Return the tokens that act for somebody, newest first, with the apps that hold them (None: an operator)."""
    rows = await reader.execute(
        select(OAuthToken, OAuthApp)
        .outerjoin(OAuthApp, OAuthApp.id == OAuthToken.app_id)
        .where(OAuthToken.account_id == account_id, OAuthToken.revoked_at.is_(None))
        .order_by(OAuthToken.id.desc())
    )
    return [(token, app) for token, app in rows]


async def list_granted_scopes(reader: Reader, app_id: int, account_id: int) -> frozenset[str]:
    """Return all that an app may do for somebody by the tokens it holds."""
    rows = await reader.scalars(
        select(OAuthToken.scopes).where(
            OAuthToken.account_id == account_id, OAuthToken.app_id == app_id, OAuthToken.revoked_at.is_(None)
        )
    )
    return frozenset(scope for scopes in rows for scope in scopes.split())


async def find_app(reader: Reader, client_id: str) -> OAuthApp | None:
    """Return the app that calls itself by this id; None also for what can be nobody's (NUL is for no database)."""
    if not (client_id.isascii() and client_id.isprintable() and 0 < len(client_id) <= 64):
        return None
    found: OAuthApp | None = await reader.scalar(select(OAuthApp).where(OAuthApp.client_id == client_id))
    return found


async def list_apps(reader: Reader, ids: Iterable[int]) -> dict[int, OAuthApp]:
    """Return apps by their row's id."""
    return {app.id: app for app in await reader.entities(_APPS, {"ids": list(ids)})}


async def find_code(reader: Reader, code: str) -> OAuthCode | None:
    """Return the row of an authorisation code, spent or not."""
    found: OAuthCode | None = await reader.scalar(select(OAuthCode).where(OAuthCode.code_hash == hash_secret(code)))
    return found


async def find_link(reader: Reader, secret: str, purpose: str, now: datetime) -> OneTimeLink | None:
    """Return a link that still works."""
    found: OneTimeLink | None = await reader.scalar(
        select(OneTimeLink).where(
            OneTimeLink.secret_hash == hash_secret(secret),
            OneTimeLink.purpose == purpose,
            OneTimeLink.used_at.is_(None),
            OneTimeLink.expires_at > now,
        )
    )
    return found


async def find_newest_link(reader: Reader, account_id: int, purpose: str) -> OneTimeLink | None:
    """Return the link of this purpose that was made last for an account, used or not."""
    found: OneTimeLink | None = await reader.scalar(
        select(OneTimeLink)
        .where(OneTimeLink.account_id == account_id, OneTimeLink.purpose == purpose)
        .order_by(OneTimeLink.created_at.desc())
        .limit(1)
    )
    return found
