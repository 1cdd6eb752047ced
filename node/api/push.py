"""Web push: where an app wants to be rung, and for what (client-api behaviour 22). A token has one, its own."""

from typing import Any

from quart import Blueprint

from node.api.entities.errors import Empty
from node.api.entities.push import WebPushSubscription
from node.base.errors import NotFound
from node.http.context import runtime
from node.http.principals import Viewer, bearer_token, needs
from node.http.requests import Request, answers, takes
from node.push.queries import find_subscription
from node.push.service import change_alerts, subscribe, unsubscribe
from node.push.vapid import vapid_key
from node.push.views import subscription_view

blueprint = Blueprint("api_push", __name__, url_prefix="/api/v1/push/subscription")


class Keys(Request, frozen=True, kw_only=True):
    """What is encrypted with: a public key of P-256 and a secret, base64."""

    p256dh: str = ""
    auth: str = ""


class Address(Request, frozen=True, kw_only=True):
    """As a browser's push manager gives it out. `standard`: encrypt as in RFC 8291."""

    endpoint: str = ""
    keys: Keys = Keys()
    standard: bool = False


class Wishes(Request, frozen=True, kw_only=True):
    """What rings, by type of notification, and on whose account: all, followed, follower, none."""

    alerts: dict[str, bool] | None = None
    policy: str | None = None


class NewSubscription(Request, frozen=True, kw_only=True):
    """Where to ring, and for what. `policy` may stand outside too, as some libraries send it."""

    subscription: Address = Address()
    data: Wishes = Wishes()
    policy: str | None = None


class ChangedSubscription(Request, frozen=True, kw_only=True):
    """What rings from now on; what is not named stays."""

    data: Wishes = Wishes()
    policy: str | None = None


@blueprint.get("")
@needs("push")
@answers(WebPushSubscription)
async def show(viewer: Viewer) -> dict[str, Any]:
    """Return the token's subscription."""
    key = await vapid_key(runtime())
    async with runtime().read() as reader:
        found = await find_subscription(reader, viewer.token_id)
    if found is None:
        raise NotFound()
    return subscription_view(found, server_key=key.public)


@blueprint.post("")
@needs("push")
@takes(NewSubscription)
@answers(WebPushSubscription)
async def create(viewer: Viewer, asked: NewSubscription) -> dict[str, Any]:
    """Subscribe the token's app, in place of what it had before."""
    node = runtime()
    key = await vapid_key(node)
    address = asked.subscription
    async with node.write() as uow:
        made = await subscribe(
            uow,
            token_id=viewer.token_id,
            account_id=viewer.account_id,
            token=bearer_token() or "",
            endpoint=address.endpoint,
            p256dh=address.keys.p256dh,
            auth=address.keys.auth,
            standard=address.standard,
            alerts=asked.data.alerts or {},
            policy=asked.data.policy or asked.policy or "all",
            key=key,
            egress=node.http.egress,
            now=node.now(),
        )
    return subscription_view(made, server_key=key.public)


@blueprint.put("")
@blueprint.patch("")
@needs("push")
@takes(ChangedSubscription)
@answers(WebPushSubscription)
async def change(viewer: Viewer, asked: ChangedSubscription) -> dict[str, Any]:
    """Change what rings."""
    key = await vapid_key(runtime())
    async with runtime().write() as uow:
        changed = await change_alerts(
            uow, viewer.token_id, alerts=asked.data.alerts, policy=asked.data.policy or asked.policy
        )
    if changed is None:
        raise NotFound()
    return subscription_view(changed, server_key=key.public)


@blueprint.delete("")
@needs("push")
@answers(Empty)
async def remove(viewer: Viewer) -> dict[str, Any]:
    """End the token's subscription, if there is one."""
    async with runtime().write() as uow:
        await unsubscribe(uow, viewer.token_id)
    return {}
