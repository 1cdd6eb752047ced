"""Letters about accounts: confirm an address, set a new password, and what goes with them.

Composed when they are sent (see `node/mail`), so whether an address belongs to somebody is found out here, behind
the answer the visitor had, and the link's secret exists in the letter alone (attack rows 99 and 101).
"""

from datetime import timedelta

from sqlalchemy import delete

from node.accounts.queries import find_account
from node.auth.links import LIFE, Purpose, create_link
from node.auth.models import OneTimeLink, User
from node.auth.queries import find_newest_link, find_user, find_user_by_login
from node.mail.letters import Letter, Occasion, letter

CONFIRM = "confirm"
RESET = "reset"
TAKEN = "taken"
CHANGED = "changed"

PAUSE = timedelta(minutes=2)
"""Within this time after a reset letter no other one goes to the same person."""


@letter(CONFIRM)
async def compose_confirmation(occasion: Occasion) -> Letter | None:
    """Ask somebody who signed up to confirm the address."""
    user = await _person(occasion)
    if user is None or user.confirmed_at is not None:
        return None
    link = await _fresh_link(occasion, "confirm", user, path="/auth/confirm")
    context = {"username": await _name(occasion, user), "link": link, "hours": _hours(LIFE["confirm"])}
    return Letter(user.email, f"Confirm your address at {occasion.settings.domain}", context)


@letter(RESET)
async def compose_reset(occasion: Occasion) -> Letter | None:
    """Send the link for a new password, to the stored address and nowhere else; to nobody for an unknown one."""
    user = await find_user_by_login(occasion.uow, occasion.mail.addressee)
    if user is None or await _was_just_sent(occasion, "reset", user):
        return None
    link = await _fresh_link(occasion, "reset", user, path="/auth/password/reset")
    context = {"username": await _name(occasion, user), "link": link, "hours": _hours(LIFE["reset"])}
    return Letter(user.email, f"A new password at {occasion.settings.domain}", context)


@letter(TAKEN)
async def compose_taken(occasion: Occasion) -> Letter | None:
    """Tell somebody that their address was used to sign up again: the page said nothing of it.

    It goes to the address as it was typed, which may be another `+tag` of the mailbox we know.
    """
    link = f"{occasion.settings.public_url}/auth/password/forgot"
    subject = f"You have an account at {occasion.settings.domain} already"
    return Letter(occasion.mail.addressee, subject, {"link": link})


@letter(CHANGED)
async def compose_changed(occasion: Occasion) -> Letter | None:
    """Tell somebody that their password is another one now."""
    user = await _person(occasion)
    if user is None:
        return None
    context = {
        "username": await _name(occasion, user),
        "link": f"{occasion.settings.public_url}/auth/password/forgot",
    }
    return Letter(user.email, f"Your password at {occasion.settings.domain} was changed", context)


async def _person(occasion: Occasion) -> User | None:
    account_id = occasion.mail.account_id
    if account_id is None:
        return None
    account = await find_account(occasion.uow, account_id)
    return (
        await find_user(occasion.uow, account_id)
        if account is not None and (account.waiting or not account.is_gone)
        else None
    )


async def _was_just_sent(occasion: Occasion, purpose: Purpose, user: User) -> bool:
    """Whether another such letter went out a moment ago: nobody's mailbox is filled by a stranger who keeps asking.

    A letter that failed to go out has left a link too, so a second try of one does not ask.
    """
    if occasion.mail.attempts > 1:
        return False
    newest = await find_newest_link(occasion.uow, user.account_id, purpose)
    return newest is not None and occasion.now - newest.created_at < PAUSE


async def _name(occasion: Occasion, user: User) -> str:
    account = await find_account(occasion.uow, user.account_id)
    return account.username if account is not None else ""


async def _fresh_link(occasion: Occasion, purpose: Purpose, user: User, *, path: str) -> str:
    """Make a link; older ones of its kind stop working, so that only the newest mail does."""
    await occasion.uow.write(
        delete(OneTimeLink).where(
            OneTimeLink.account_id == user.account_id,
            OneTimeLink.purpose == purpose,
            OneTimeLink.used_at.is_(None),
        )
    )
    secret = await create_link(occasion.uow, purpose, account_id=user.account_id, now=occasion.now)
    return f"{occasion.settings.public_url}{path}?token={secret}"


def _hours(life: timedelta) -> int:
    return int(life.total_seconds() // 3600)
