"""The MAIL drain: letters that were asked for are composed and handed to the mail server.

A row is deleted when the server took its letter, or when there is nobody to write to. One that could not be sent
comes due again after a growing wait and is parked with its reason after two days or when the server refuses it for
good. Between the server's "yes" and our deletion a kill may send a letter twice: with one Message-ID.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Final

import structlog
from sqlalchemy import delete, update

from node.base.db.claims import claim_due
from node.base.lanes import MAIL
from node.base.runtime import Runtime
from node.base.work import drain
from node.mail.letters import COMPOSERS, Occasion, message_of, sender_of
from node.mail.models import OutgoingMail
from node.mail.queries import has_due_mail, list_mails
from node.mail.sending import Verdict, send, server_of

SECONDS: Final = 120
BATCH: Final = 10
MAX_AGE: Final = timedelta(days=2)

_LEASE: Final = timedelta(minutes=10)
_WORK_SECONDS: Final = 30.0
_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(hours=4)

log = structlog.get_logger(__name__)


async def is_due(runtime: Runtime, now: datetime) -> bool:
    """Say whether any mail is due, on a node that can send."""
    if not runtime.settings.smtp_url:
        return False
    async with runtime.read() as reader:
        return await has_due_mail(reader, now)


@drain(MAIL, seconds=SECONDS, is_due=is_due, patient=True)
async def send_due(runtime: Runtime) -> bool:
    """Send what is due; True when time ran out with work left."""
    if not runtime.settings.smtp_url:
        return False
    stop_at = time.monotonic() + _WORK_SECONDS
    while time.monotonic() < stop_at:
        async with runtime.write() as uow:
            ids = await claim_due(
                uow,
                OutgoingMail,
                now=runtime.now(),
                lease=_LEASE,
                limit=BATCH,
                where=(OutgoingMail.parked_at.is_(None),),
            )
        if not ids:
            return False
        async with runtime.read() as reader:
            mails = await list_mails(reader, ids)
        await _send_batch(runtime, mails)
    return True


async def _send_batch(runtime: Runtime, mails: Sequence[OutgoingMail]) -> None:
    written: list[tuple[OutgoingMail, EmailMessage]] = []
    for mail in mails:
        try:
            message = await _compose(runtime, mail)
        except Exception as error:  # one letter that cannot be written must not hold up the others
            log.exception("mail_not_composed", kind=mail.kind, id=mail.id)
            await _settle(runtime, mail, Verdict("later", f"{type(error).__name__}: {error}"))
            continue
        if message is None:
            await _forget(runtime, mail)
        else:
            written.append((mail, message))
    if not written:
        return
    verdicts = await asyncio.to_thread(
        send,
        server_of(runtime.settings.smtp_url),
        [message for _, message in written],
        sender=sender_of(runtime.settings),
    )
    for (mail, _), verdict in zip(written, verdicts, strict=True):
        await _settle(runtime, mail, verdict)


async def _compose(runtime: Runtime, mail: OutgoingMail) -> EmailMessage | None:
    now = runtime.now()
    async with runtime.write() as uow:
        letter = await COMPOSERS[mail.kind](Occasion(uow, runtime.settings, mail, now))
    if letter is None:
        return None
    return message_of(letter, kind=mail.kind, mail_id=mail.id, settings=runtime.settings, now=now)


async def _forget(runtime: Runtime, mail: OutgoingMail) -> None:
    async with runtime.write() as uow:
        await uow.write(delete(OutgoingMail).where(OutgoingMail.id == mail.id))


async def _settle(runtime: Runtime, mail: OutgoingMail, verdict: Verdict) -> None:
    if verdict.outcome == "sent":
        log.info("mail_sent", kind=mail.kind, id=mail.id)
        await _forget(runtime, mail)
        return
    now = runtime.now()
    is_over = verdict.outcome == "never" or now - mail.created_at > MAX_AGE
    wait = min(_FIRST_WAIT * 2 ** min(mail.attempts - 1, 10), _LONGEST_WAIT)
    log.warning("mail_given_up" if is_over else "mail_waits", kind=mail.kind, id=mail.id, reason=verdict.reason[:300])
    async with runtime.write() as uow:
        await uow.write(
            update(OutgoingMail)
            .where(OutgoingMail.id == mail.id)
            .values(due_at=now + wait, parked_at=now if is_over else None, last_error=verdict.reason[:2000])
            .execution_options(synchronize_session=False)
        )
