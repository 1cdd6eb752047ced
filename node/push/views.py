"""Subscriptions in the shape of Mastodon's API."""

from typing import Any

from node.push.models import PushSubscription
from node.push.rules import wanted_alerts


def subscription_view(subscription: PushSubscription, *, server_key: str) -> dict[str, Any]:
    """Return a WebPushSubscription. Its id is a number, and small: apps read it into a machine word."""
    return {
        "id": subscription.id,
        "endpoint": subscription.endpoint,
        "standard": subscription.standard,
        "alerts": wanted_alerts(subscription.alerts),
        "policy": subscription.policy,
        "server_key": server_key,
    }
