"""Every SELECT over subscriptions and rings. One whose token or person is gone is none (attack rows 90 and 95)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, bindparam, select

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.auth.models import OAuthToken
from node.base.db.claims import first_due
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.push.models import PushKey, PushMessage, PushSubscription

MOST: Final = 50
"""Subscriptions of one person that are rung, the newest."""

_OF_ACCOUNT: Final = Prepared(
    select(PushSubscription.id, PushSubscription.alerts, PushSubscription.policy)
    .join(OAuthToken, OAuthToken.id == PushSubscription.token_id)
    .where(PushSubscription.account_id == bindparam("account_id"), OAuthToken.revoked_at.is_(None))
    .order_by(PushSubscription.created_at.desc())
    .limit(MOST)
)


@dataclass(frozen=True, slots=True)
class Ring:
    """A message that is due, with the subscription it is for; None when that has ended."""

    message: PushMessage
    subscription: PushSubscription | None


async def find_push_key(reader: Reader) -> PushKey | None:
    """Return the node's key pair, if it was made."""
    found: PushKey | None = await reader.scalar(select(PushKey).where(PushKey.id == 1))
    return found


async def find_subscription(reader: Reader, token_id: int) -> PushSubscription | None:
    """Return a token's own subscription: there is no way to name another's (attack row 89)."""
    found: PushSubscription | None = await reader.scalar(
        select(PushSubscription).where(PushSubscription.token_id == token_id)
    )
    return found


async def list_wishes(reader: Reader, account_id: int) -> list[tuple[int, dict[str, Any], str]]:
    """Return id, alerts and policy of the subscriptions of one person."""
    rows = await reader.rows(_OF_ACCOUNT, {"account_id": account_id})
    return [(id_, alerts, policy) for id_, alerts, policy in rows]


_DUE: Final = first_due(PushMessage)


async def has_due_messages(reader: Reader, now: datetime) -> bool:
    """Say whether any ring is due."""
    return bool(await reader.rows(_DUE, {"now": now}))


async def list_rings(reader: Reader, ids: Collection[int]) -> list[Ring]:
    """Return claimed messages, oldest first, with the subscriptions that still hold."""
    messages = await reader.scalars(select(PushMessage).where(PushMessage.id.in_(ids)).order_by(PushMessage.id))
    wanted = {message.subscription_id for message in messages}
    holding: Select[Any] = (
        select(PushSubscription)
        .join(OAuthToken, OAuthToken.id == PushSubscription.token_id)
        .join(Account, Account.id == PushSubscription.account_id)
        .where(PushSubscription.id.in_(wanted), OAuthToken.revoked_at.is_(None), is_present())
    )
    found = {subscription.id: subscription for subscription in await reader.scalars(holding)}
    return [Ring(message, found.get(message.subscription_id)) for message in messages]
