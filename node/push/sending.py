"""The PUSH drain: rings that are due are encrypted and handed to their push services.

    claim (one transaction) -> words and keys -> "started" (one transaction) -> POST, several at once
    -> what came of them (one transaction)

No transaction is open while we wait for the network. A ring found started after its lease belonged to a worker that
was killed; it may have arrived, and is dropped: the notification itself stands on its page, and nobody is rung twice.
Handed over is over. 404 and 410 end the subscription, as the push service's way to say that the app is gone; 429 is
waited for as long as it says, within `rules.LONGEST_WAIT`; what else fails for the moment is tried again, longer apart
each time, until `rules.TTL` is over; any other answer drops the ring. Every request goes through the one client for
other servers (attack row 65).
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import orjson
import structlog
from sqlalchemy import delete, update

from federation.errors import FederationError, FetchFailed
from node.base.db.claims import claim_due
from node.base.db.unit_of_work import Reader
from node.base.lanes import PUSH
from node.base.runtime import Runtime
from node.base.work import drain
from node.notifications.queries import find_notification
from node.notifications.views import notification_views
from node.push.encryption import encrypted
from node.push.models import PushMessage, PushSubscription
from node.push.queries import Ring, has_due_messages, list_rings
from node.push.rules import TTL, topic_of, wait_after
from node.push.vapid import VapidKey, vapid_key
from node.push.words import push_view

SECONDS: Final = 90
BATCH: Final = 20

_LEASE: Final = timedelta(minutes=2)
_WORK_SECONDS: Final = 30.0
_PATIENCE: Final = 20.0

Outcome = Literal["over", "ended", "later"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Push:
    """A ring made ready: where to, and what."""

    message: PushMessage
    subscription: PushSubscription
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one: nothing more to do, the subscription has ended, or again after so many seconds."""

    push: Push
    outcome: Outcome
    reason: str = ""
    wished: float | None = None


async def is_due(runtime: Runtime, now: datetime) -> bool:
    """Say whether any ring is due."""
    async with runtime.read() as reader:
        return await has_due_messages(reader, now)


@drain(PUSH, seconds=SECONDS, is_due=is_due, patient=True)
async def send_due(runtime: Runtime) -> bool:
    """Hand over what is due; True when time ran out with work left."""
    stop_at = time.monotonic() + _WORK_SECONDS
    while time.monotonic() < stop_at:
        async with runtime.write() as uow:
            ids = await claim_due(uow, PushMessage, now=runtime.now(), lease=_LEASE, limit=BATCH)
        if not ids:
            return False
        pushes = await _made_ready(runtime, ids)
        await _start(runtime, ids, pushes)
        answers = await asyncio.gather(*(_hand_over(runtime, push) for push in pushes))
        await _settle(runtime, answers)
    return True


async def _made_ready(runtime: Runtime, ids: Sequence[int]) -> list[Push]:
    """Return what there is to say: nothing for a ring whose notification, token or person is gone."""
    key, now = await vapid_key(runtime), runtime.now()
    pushes = []
    async with runtime.read() as reader:
        for ring in await list_rings(reader, ids):
            words = await _words(runtime, reader, ring, key)
            if words is None or ring.subscription is None:
                continue
            payload, topic = words
            body, headers = encrypted(
                ring.subscription,
                payload,
                key=key,
                contact=_contact(runtime),
                urgency=ring.message.urgency,
                topic=topic,
                now=now,
            )
            pushes.append(Push(ring.message, ring.subscription, body, headers))
    return pushes


async def _words(runtime: Runtime, reader: Reader, ring: Ring, key: VapidKey) -> tuple[bytes, str] | None:
    message, subscription = ring.message, ring.subscription
    if subscription is None or message.started_at is not None or runtime.now() - message.created_at > TTL:
        return None
    token = key.unseal(subscription.token)
    row = await find_notification(reader, subscription.account_id, message.notification_id, now=runtime.now())
    views = await notification_views(runtime, reader, [row], subscription.account_id) if row is not None else []
    if token is None or not views:
        return None
    return orjson.dumps(push_view(views[0], token=token)), topic_of(f"{subscription.id} {views[0]['group_key']}")


def _contact(runtime: Runtime) -> str:
    settings = runtime.settings
    return f"mailto:{settings.contact_email}" if settings.contact_email else settings.public_url


async def _start(runtime: Runtime, ids: Sequence[int], pushes: Sequence[Push]) -> None:
    """Note what is handed over now, and forget what there is nothing to say of."""
    started = [push.message.id for push in pushes]
    dropped = sorted(set(ids) - set(started))
    async with runtime.write() as uow:
        if started:
            await uow.write(
                update(PushMessage)
                .where(PushMessage.id.in_(started))
                .values(started_at=runtime.now())
                .execution_options(synchronize_session=False)
            )
        if dropped:
            await uow.write(delete(PushMessage).where(PushMessage.id.in_(dropped)))


async def _hand_over(runtime: Runtime, push: Push) -> Answer:
    try:
        async with asyncio.timeout(_PATIENCE):
            result = await runtime.http.post_push(push.subscription.endpoint, push.body, push.headers)
    except FetchFailed as error:
        return Answer(push, "later", f"{error.reason}: {error.detail}", error.retry_after)
    except FederationError as error:  # an address that must not be called, today at least
        log.warning("push_not_sent", subscription=push.subscription.id, reason=error.reason)
        return Answer(push, "over")
    except TimeoutError:
        return Answer(push, "later", f"no answer within {_PATIENCE:.0f} s")
    status = result.status
    if status in (404, 410):
        return Answer(push, "ended", f"status {status}")
    if status == 429 or status >= 500:
        return Answer(push, "later", f"status {status}", result.retry_after)
    if status >= 300:
        log.info("push_refused", subscription=push.subscription.id, status=status, said=result.body_excerpt[:200])
    return Answer(push, "over")


async def _settle(runtime: Runtime, answers: Sequence[Answer]) -> None:
    """Write down what came of some pushes."""
    now = runtime.now()
    ended = {answer.push.subscription.id for answer in answers if answer.outcome == "ended"}
    over = [answer.push.message.id for answer in answers if answer.outcome == "over"]
    async with runtime.write() as uow:
        if over:
            await uow.write(delete(PushMessage).where(PushMessage.id.in_(over)))
        for answer in answers:
            if answer.outcome == "later" and answer.push.subscription.id not in ended:
                wait = wait_after(answer.push.message.attempts, wished=answer.wished)
                log.info("push_waits", subscription=answer.push.subscription.id, reason=answer.reason[:200])
                await uow.write(
                    update(PushMessage)
                    .where(PushMessage.id == answer.push.message.id)
                    .values(due_at=now + wait, started_at=None)
                    .execution_options(synchronize_session=False)
                )
        if ended:
            log.info("push_subscriptions_ended", ids=sorted(ended))
            await uow.write(delete(PushMessage).where(PushMessage.subscription_id.in_(ended)))
            await uow.write(delete(PushSubscription).where(PushSubscription.id.in_(ended)))
