"""The letter that confirms an address, once more, maybe to another address. Part of the service."""

from datetime import datetime

from sqlalchemy import delete, update

from node.auth.letters import CONFIRM, TAKEN
from node.auth.models import OneTimeLink, User
from node.auth.queries import get_user, is_email_taken
from node.auth.rules import fold_email, is_email, nobodys_email
from node.auth.sign_up_rules import refusal
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Forbidden
from node.base.settings import Settings
from node.mail.service import request_mail

NOT_THE_APP = "This method is only available to the application the user originally signed-up with"
NOT_WAITING = "This method is only available while the e-mail is awaiting confirmation"


async def resend_confirmation(
    uow: UnitOfWork, settings: Settings, account_id: int, *, app_id: int | None, email: str = "", now: datetime
) -> None:
    """Mail the letter again, for the app with which somebody signed up and until they have confirmed.

    An address that is somebody else's gets the answer of any other, and its owner a letter (attack row 99). Links in
    letters to an earlier address are of no use any more. Raises Forbidden, Invalid.
    """
    user = await get_user(uow, account_id)
    if app_id is None or user.sign_up_app_id != app_id:
        raise Forbidden(NOT_THE_APP)
    if user.confirmed_at is not None:
        raise Forbidden(NOT_WAITING)
    kind, nobodys = CONFIRM, nobodys_email(account_id)
    if email:
        if not is_email(email.strip()):
            raise refusal({"email": ["cannot be used here"]})
        is_taken = await is_email_taken(uow, email, except_account_id=account_id)
        kind = TAKEN if is_taken else CONFIRM
        await uow.write(
            update(User)
            .where(User.account_id == account_id, User.confirmed_at.is_(None))
            .values(email=nobodys if is_taken else fold_email(email))
        )
        await uow.write(
            delete(OneTimeLink).where(OneTimeLink.account_id == account_id, OneTimeLink.purpose == "confirm")
        )
    elif user.email == nobodys:
        return
    await request_mail(uow, settings, kind, addressee=fold_email(email or user.email), account_id=account_id, now=now)
