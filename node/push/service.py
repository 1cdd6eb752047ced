"""Use cases of web push: leave an address, change what rings, end it, and ring."""

from collections.abc import Collection, Mapping
from datetime import datetime
from secrets import randbelow
from typing import Any, Final

from sqlalchemy import Delete, Select, delete, select

from federation.egress import EgressPolicy
from federation.errors import EgressRefused
from node.auth.models import OAuthToken
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Conflict, Invalid
from node.base.ids import new_id
from node.follows.queries import find_follow
from node.notifications.priorities import Made
from node.push.models import PushMessage, PushSubscription
from node.push.queries import find_subscription, list_wishes
from node.push.rules import (
    MAX_ENDPOINT,
    MOST_WAITING,
    POLICIES,
    alert_of,
    lets_through,
    read_keys,
    urgency_of,
    wanted_alerts,
)
from node.push.vapid import VapidKey

_IDS: Final = (1 << 31) - 1
_TRIES: Final = 5


async def subscribe(
    uow: UnitOfWork,
    *,
    token_id: int,
    account_id: int,
    token: str,
    endpoint: str,
    p256dh: str,
    auth: str,
    standard: bool,
    alerts: Mapping[str, bool],
    policy: str,
    key: VapidKey,
    egress: EgressPolicy,
    now: datetime,
) -> PushSubscription:
    """Subscribe a token's app, in place of what it had before. Raises Invalid, also for an address that this node
    would never call (attack row 65)."""
    endpoint = endpoint.strip()
    if not endpoint or len(endpoint) > MAX_ENDPOINT:
        raise Invalid(f"Validation failed: Endpoint must be an address of at most {MAX_ENDPOINT} characters")
    try:
        egress.check_target(endpoint)
    except EgressRefused as error:
        raise Invalid("Validation failed: Endpoint is not an address that this server may call") from error
    point, secret = read_keys(p256dh, auth)
    await unsubscribe(uow, token_id)
    values = {
        "token_id": token_id,
        "account_id": account_id,
        "endpoint": endpoint,
        "p256dh": point,
        "auth": secret,
        "standard": standard,
        "alerts": wanted_alerts(alerts),
        "policy": _policy(policy),
        "token": key.seal(token),
        "created_at": now,
    }
    for _ in range(_TRIES):
        if await insert_if_absent(uow, PushSubscription, {"id": 1 + randbelow(_IDS), **values}):
            found = await find_subscription(uow, token_id)
            assert found is not None
            return found
    raise Conflict("This app is just being subscribed")


async def change_alerts(
    uow: UnitOfWork, token_id: int, *, alerts: Mapping[str, bool] | None, policy: str | None
) -> PushSubscription | None:
    """Change what rings and on whose account; None when there is no subscription. Raises Invalid."""
    found = await find_subscription(uow, token_id)
    if found is None:
        return None
    if alerts is not None:
        found.alerts = wanted_alerts(alerts)
    if policy is not None:
        found.policy = _policy(policy)
    await uow.flush()
    return found


async def unsubscribe(uow: UnitOfWork, token_id: int) -> bool:
    """End a token's subscription with what waits for it; return whether there was one."""
    own = select(PushSubscription.id).where(PushSubscription.token_id == token_id)
    await uow.write(_messages_of(own))
    return bool(await uow.write(delete(PushSubscription).where(PushSubscription.token_id == token_id)))


async def end_without_access(uow: UnitOfWork, account_id: int, *, whole: bool = False) -> None:
    """End the subscriptions of somebody whose tokens were revoked, or all of them (attack row 95)."""
    ended = select(PushSubscription.id).where(PushSubscription.account_id == account_id)
    if not whole:
        revoked = select(OAuthToken.id).where(OAuthToken.account_id == account_id, OAuthToken.revoked_at.is_not(None))
        ended = ended.where(PushSubscription.token_id.in_(revoked))
    ids = list(await uow.scalars(ended))
    if ids:
        await uow.write(_messages_of(ids))
        await uow.write(
            delete(PushSubscription).where(PushSubscription.id.in_(ids)).execution_options(synchronize_session=False)
        )


async def ring(uow: UnitOfWork, made: Made, *, now: datetime) -> int:
    """Have a new notification ring wherever its recipient wants that; return at how many places. Once for each."""
    alert = alert_of(made.kind)
    wishes = [(id_, policy) for id_, alerts, policy in await list_wishes(uow, made.account_id) if alerts.get(alert)]
    policies = {policy for _, policy in wishes}
    follows_sender = "followed" in policies and await _follows(uow, made.account_id, made.from_account_id)
    followed_by = "follower" in policies and await _follows(uow, made.from_account_id, made.account_id)
    rung = 0
    for id_, policy in wishes:
        if not lets_through(policy, follows_sender=follows_sender, followed_by_sender=followed_by):
            continue
        values = {
            "id": new_id(),
            "subscription_id": id_,
            "notification_id": made.id,
            "urgency": urgency_of(made.priority),
            "created_at": now,
            "due_at": now,
            "attempts": 0,
        }
        if await insert_if_absent(uow, PushMessage, values):
            rung += 1
            await _drop_oldest(uow, id_)
    return rung


async def _follows(uow: UnitOfWork, follower_id: int, followee_id: int) -> bool:
    found = await find_follow(uow, follower_id, followee_id)
    return found is not None and found.accepted_at is not None


async def _drop_oldest(uow: UnitOfWork, subscription_id: int) -> None:
    beyond = (
        select(PushMessage.id)
        .where(PushMessage.subscription_id == subscription_id)
        .order_by(PushMessage.id.desc())
        .limit(1)
        .offset(MOST_WAITING)
    )
    oldest = await uow.scalar(beyond)
    if oldest is not None:
        await uow.write(
            delete(PushMessage)
            .where(PushMessage.subscription_id == subscription_id, PushMessage.id <= oldest)
            .execution_options(synchronize_session=False)
        )


def _policy(asked: str) -> str:
    if asked not in POLICIES:
        raise Invalid(f"Validation failed: Policy must be one of {', '.join(POLICIES)}")
    return asked


def _messages_of(subscription_ids: Select[Any] | Collection[int]) -> Delete:
    return (
        delete(PushMessage)
        .where(PushMessage.subscription_id.in_(subscription_ids))
        .execution_options(synchronize_session=False)
    )
