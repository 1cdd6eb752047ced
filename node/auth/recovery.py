"""Getting back in: a new password by mail. Part of the service.

Asking never says whether there is such a person: it stores what was typed, and the letter's composer looks it up
later (attack row 99). Whoever redeems the link has read the mail, so it confirms the address as well.
"""

from datetime import datetime

from sqlalchemy import update

from node.auth.letters import CHANGED, RESET
from node.auth.links import use_link
from node.auth.models import User
from node.auth.passwords import hash_password
from node.auth.rules import MAX_EMAIL, password_problems
from node.auth.sessions import revoke_access
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Gone, Invalid
from node.base.settings import Settings
from node.mail.service import request_mail


async def request_reset(uow: UnitOfWork, settings: Settings, login: str, *, now: datetime) -> None:
    """Have a link for a new password mailed to whoever has this name or address, if anybody has."""
    login = login.strip()
    if login and len(login) <= MAX_EMAIL:
        await request_mail(uow, settings, RESET, addressee=login, now=now)


async def reset_password(uow: UnitOfWork, settings: Settings, secret: str, password: str, *, now: datetime) -> int:
    """Set a password by the link that was mailed, and return the account's id.

    Every session and token of the account ends (attack row 95). Raises Invalid, Gone for a link that is spent.
    """
    problems = password_problems(password)
    if problems:
        raise Invalid(fields={"password": problems})
    password_hash = await hash_password(password)
    link = await use_link(uow, secret, "reset", now=now)
    if link.account_id is None:
        raise Gone("This link has been used or is too old")
    user = update(User).where(User.account_id == link.account_id)
    await uow.write(user.values(password_hash=password_hash))
    await uow.write(user.where(User.confirmed_at.is_(None)).values(confirmed_at=now))
    await revoke_access(uow, link.account_id, now=now)
    await request_mail(uow, settings, CHANGED, account_id=link.account_id, now=now)
    return link.account_id
