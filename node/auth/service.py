"""Use cases of people: sign up, sign in, change a password, be let in. The door to the rest of the service as well.

Sessions are in `sessions.py`, bearer tokens in `tokens.py`, one-time links in `links.py`. Passwords are hashed
before the first statement of the transaction, so that no one waits for the database's writer meanwhile: open the
unit of work for these calls alone.
"""

from datetime import datetime

from sqlalchemy import update

from node.accounts.keys import KeyPair
from node.accounts.models import Account
from node.accounts.service import create_local_account
from node.auth.activity import touch_activity, touch_session, touch_token
from node.auth.letters import CHANGED, CONFIRM, TAKEN
from node.auth.links import create_link, create_setup_link, use_link
from node.auth.models import SignUpNetwork, User
from node.auth.passwords import hash_password, verify_password
from node.auth.preferences import update_preferences
from node.auth.queries import (
    find_session,
    find_token,
    find_user,
    find_user_by_login,
    get_user,
    has_admin,
    is_email_taken,
)
from node.auth.recovery import request_reset, reset_password
from node.auth.rules import ROLES, fold_email, nobodys_email, password_problems
from node.auth.sessions import (
    close_other_sessions,
    close_session,
    close_session_by_id,
    open_session,
    revoke_access,
)
from node.auth.sign_up_rules import sign_up_problems
from node.auth.tokens import create_token, revoke_token, revoke_token_by_id
from node.barriers.rules import network_around
from node.barriers.service import check_sign_up
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import Forbidden, Gone, Invalid, NotFound
from node.base.settings import Settings
from node.events import AccessChanged, PersonJoined
from node.mail.service import request_mail

__all__ = [
    "approve_user",
    "authenticate",
    "change_password",
    "close_other_sessions",
    "close_session",
    "close_session_by_id",
    "confirm_email",
    "create_link",
    "create_setup_link",
    "create_token",
    "create_user",
    "find_session",
    "find_token",
    "hash_password",
    "is_password_of",
    "lock_out",
    "open_session",
    "redeem_setup_link",
    "request_reset",
    "reset_password",
    "revoke_access",
    "revoke_token",
    "revoke_token_by_id",
    "set_role",
    "sign_up",
    "touch_activity",
    "touch_session",
    "touch_token",
    "update_preferences",
    "verify_password",
]


async def sign_up(
    uow: UnitOfWork,
    settings: Settings,
    *,
    username: str,
    email: str,
    password: str,
    reason: str = "",
    invite: str = "",
    address: str = "",
    app_id: int | None = None,
    now: datetime,
    key_pair: KeyPair,
) -> User:
    """Make an account for a visitor at a network `address`, as `settings.registrations` and the barriers allow.
    `app_id` is the app they came with, if any.

    The user is not usable yet where the node asks for approval or for a confirmed address. Raises Forbidden when
    sign-up is closed or kept from a network, Gone for a spent invitation, Invalid with every field that is wrong.

    Who has an address here is not told (attack row 99). Where addresses are confirmed by mail, a sign-up with one
    that is taken looks as any other, and only a letter to its owner says so: the account that is made can never be
    confirmed. Where they are not, an address that is taken and one that is none get the same answer.
    """
    if settings.registrations == "closed" or (settings.registrations == "invite" and not invite):
        raise Forbidden("Sign-up is closed on this node" if not _invites(settings) else "You need an invitation")
    _check_sign_up(username, email, password, reason)
    password_hash = await hash_password(password)
    must_ask = await check_sign_up(uow, email=email, address=address, now=now)
    waits = must_ask or settings.registrations == "approval"
    if _invites(settings):
        await use_link(uow, invite, "invite", now=now)
    account = await create_local_account(uow, settings, username, now=now, key_pair=key_pair)
    account.waiting = waits
    is_taken = settings.confirms_email and await is_email_taken(uow, email)
    user = await _insert_user(
        uow,
        account,
        email=nobodys_email(account.id) if is_taken else email,
        password_hash=password_hash,
        role="user",
        reason=reason.strip(),
        confirmed_at=None if settings.confirms_email else now,
        approved_at=None if waits else now,
        now=now,
    )
    if user.is_usable:
        await uow.record(PersonJoined(account.id))
    user.sign_up_app_id = app_id
    if network := network_around(address):
        uow.add(SignUpNetwork(account_id=account.id, network=network, created_at=now))
    if settings.confirms_email:
        kind = TAKEN if is_taken else CONFIRM
        await request_mail(uow, settings, kind, addressee=fold_email(email), account_id=account.id, now=now)
    return user


async def create_user(
    uow: UnitOfWork,
    settings: Settings,
    *,
    username: str,
    email: str,
    password: str,
    role: str = "user",
    now: datetime,
    key_pair: KeyPair,
) -> User:
    """Make an account in an operator's name: usable at once, reserved names allowed. Raises Invalid."""
    _check_role(role)
    _check_sign_up(username, email, password, "", may_be_reserved=True)
    password_hash = await hash_password(password)
    account = await create_local_account(uow, settings, username, now=now, key_pair=key_pair, may_be_reserved=True)
    return await _insert_user(
        uow,
        account,
        email=email,
        password_hash=password_hash,
        role=role,
        reason="",
        confirmed_at=now,
        approved_at=now,
        now=now,
    )


async def redeem_setup_link(
    uow: UnitOfWork,
    secret: str,
    settings: Settings,
    *,
    username: str,
    email: str,
    password: str,
    now: datetime,
    key_pair: KeyPair,
) -> User:
    """Make the first admin by the one-time link (attack row 113). Raises Gone once there is one, Invalid."""
    _check_sign_up(username, email, password, "", may_be_reserved=True)
    password_hash = await hash_password(password)
    await use_link(uow, secret, "setup", now=now)
    if await has_admin(uow):
        raise Gone("This node has an admin already")
    account = await create_local_account(uow, settings, username, now=now, key_pair=key_pair, may_be_reserved=True)
    return await _insert_user(
        uow,
        account,
        email=email,
        password_hash=password_hash,
        role="admin",
        reason="",
        confirmed_at=now,
        approved_at=now,
        now=now,
    )


async def authenticate(reader: Reader, login: str, password: str) -> User | None:
    """Return the person with this name or address and password, else None.

    Takes the same time for somebody unknown (attack row 99). Whether the person may act yet (`is_usable`) is for
    the caller to look at.
    """
    user = await find_user_by_login(reader, login)
    is_right = await verify_password(user.password_hash if user is not None else None, password)
    return user if is_right else None


async def is_password_of(reader: Reader, account_id: int, password: str) -> bool:
    """Whether somebody who is signed in knows the password: asked before what changes who can sign in."""
    user = await find_user(reader, account_id)
    return await verify_password(user.password_hash if user is not None else None, password)


async def change_password(
    uow: UnitOfWork, settings: Settings, account_id: int, new_password: str, *, keep_secret: str = "", now: datetime
) -> None:
    """Set a password; sign out every other browser, revoke every token (attack row 95), and tell the person by mail.

    The door has checked the old one with `authenticate`, or is the command line. Raises Invalid, NotFound.
    """
    problems = password_problems(new_password)
    if problems:
        raise Invalid(fields={"password": problems})
    password_hash = await hash_password(new_password)
    changed = await uow.write(update(User).where(User.account_id == account_id).values(password_hash=password_hash))
    if not changed:
        raise NotFound()
    await revoke_access(uow, account_id, keep_secret=keep_secret, now=now)
    await request_mail(uow, settings, CHANGED, account_id=account_id, now=now)


async def set_role(uow: UnitOfWork, account_id: int, role: str) -> None:
    """Make somebody a user, moderator or admin. Raises Invalid, NotFound."""
    _check_role(role)
    if not await uow.write(update(User).where(User.account_id == account_id).values(role=role)):
        raise NotFound()


async def approve_user(uow: UnitOfWork, account_id: int, *, now: datetime) -> bool:
    """Let in somebody who waits for approval; return whether they waited."""
    await uow.write(update(Account).where(Account.id == account_id, Account.waiting).values(waiting=False))
    approved = update(User).where(User.account_id == account_id, User.approved_at.is_(None)).values(approved_at=now)
    if not await uow.write(approved):
        return False
    if (await get_user(uow, account_id)).is_usable:
        await uow.record(PersonJoined(account_id))
    return True


async def lock_out(uow: UnitOfWork, account_id: int, *, locked: bool, now: datetime) -> bool:
    """Let somebody of ours in no more, or again; return whether it changed. Open streams end, apps get a 403.

    Browsers have to sign in anew; tokens come alive again. Raises NotFound for who is none of ours.
    """
    await get_user(uow, account_id)
    before = User.disabled_at.is_(None) if locked else User.disabled_at.is_not(None)
    changed = await uow.write(
        update(User).where(User.account_id == account_id, before).values(disabled_at=now if locked else None)
    )
    if changed and locked:
        await uow.record(AccessChanged(account_id))
    return bool(changed)


async def confirm_email(uow: UnitOfWork, secret: str, *, now: datetime) -> User:
    """Confirm an address by the link that was mailed to it. Raises Gone."""
    link = await use_link(uow, secret, "confirm", now=now)
    if link.account_id is None:
        raise Gone("This link has been used or is too old")
    is_first = await uow.write(
        update(User).where(User.account_id == link.account_id, User.confirmed_at.is_(None)).values(confirmed_at=now)
    )
    user = await get_user(uow, link.account_id)
    if is_first and user.is_usable:
        await uow.record(PersonJoined(user.account_id))
    return user


async def _insert_user(
    uow: UnitOfWork,
    account: Account,
    *,
    email: str,
    password_hash: str,
    role: str,
    reason: str,
    confirmed_at: datetime | None,
    approved_at: datetime | None,
    now: datetime,
) -> User:
    values = {
        "account_id": account.id,
        "email": fold_email(email),
        "password_hash": password_hash,
        "role": role,
        "sign_up_reason": reason,
        "confirmed_at": confirmed_at,
        "approved_at": approved_at,
        "created_at": now,
        "last_active_at": now,
    }
    if await is_email_taken(uow, email) or not await insert_if_absent(uow, User, values):
        raise Invalid(fields={"email": ["cannot be used here"]})
    return await get_user(uow, account.id)


def _check_sign_up(username: str, email: str, password: str, reason: str, *, may_be_reserved: bool = False) -> None:
    problems = sign_up_problems(
        username=username, email=email, password=password, reason=reason, may_be_reserved=may_be_reserved
    )
    if problems:
        raise Invalid(fields=problems)


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise Invalid(f"A role must be one of: {', '.join(ROLES)}")


def _invites(settings: Settings) -> bool:
    return settings.registrations == "invite"
