"""Whom the viewer wants to hear: the policy, and the requests of those who are held back."""

from typing import Any

from quart import Blueprint

from node.api.answers import Answer, page_answer
from node.api.entities.notifications import Merged, NotificationPolicy, NotificationRequest, OldNotificationPolicy
from node.api.notifications import DEFAULT_LIMIT
from node.base.errors import NotFound
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Identifier, Paging, Request, answers, takes
from node.notifications.group_views import policy_view, request_views
from node.notifications.policies import RULES
from node.notifications.request_queries import find_request, list_requests
from node.notifications.requests import accept_requests, change_policy, dismiss_requests

blueprint = Blueprint("api_notification_requests", __name__, url_prefix="/api")

OLD_RULES = RULES[:4]
"""What the first version of the policy knew, as `filter_` and yes or no."""


class PolicyChange(Request, frozen=True, kw_only=True):
    """What is to be done with each sort of people: accept, filter or drop."""

    for_not_following: str | None = None
    for_not_followers: str | None = None
    for_new_accounts: str | None = None
    for_private_mentions: str | None = None
    for_limited_accounts: str | None = None


class OldPolicyChange(Request, frozen=True, kw_only=True):
    """The same as the first version said it."""

    filter_not_following: bool | None = None
    filter_not_followers: bool | None = None
    filter_new_accounts: bool | None = None
    filter_private_mentions: bool | None = None


class Chosen(Request, frozen=True, kw_only=True):
    """Some requests."""

    id: list[Identifier] = []


@blueprint.get("/v2/notifications/policy")
@needs("read:notifications")
@answers(NotificationPolicy)
async def policy(viewer: Viewer) -> dict[str, Any]:
    """Return the viewer's policy."""
    return await _policy(viewer)


@blueprint.patch("/v2/notifications/policy")
@blueprint.put("/v2/notifications/policy")
@needs("write:notifications")
@takes(PolicyChange)
@answers(NotificationPolicy)
async def set_policy(viewer: Viewer, asked: PolicyChange) -> dict[str, Any]:
    """Change it."""
    async with runtime().write() as uow:
        await change_policy(uow, viewer.account_id, {name: getattr(asked, name) for name in RULES})
    return await _policy(viewer)


@blueprint.get("/v1/notifications/policy")
@needs("read:notifications")
@answers(OldNotificationPolicy)
async def old_policy(viewer: Viewer) -> dict[str, Any]:
    """Return the policy as old apps know it."""
    return _as_old(await _policy(viewer))


@blueprint.patch("/v1/notifications/policy")
@blueprint.put("/v1/notifications/policy")
@needs("write:notifications")
@takes(OldPolicyChange)
@answers(OldNotificationPolicy)
async def set_old_policy(viewer: Viewer, asked: OldPolicyChange) -> dict[str, Any]:
    """Change it as old apps do: held back or let through."""
    wanted = {name: getattr(asked, name.replace("for_", "filter_")) for name in OLD_RULES}
    changes = {name: None if held is None else "filter" if held else "accept" for name, held in wanted.items()}
    async with runtime().write() as uow:
        await change_policy(uow, viewer.account_id, changes)
    return _as_old(await _policy(viewer))


@blueprint.get("/v1/notifications/requests")
@needs("read:notifications")
@takes(Paging)
@answers(list[NotificationRequest])
async def list_them(viewer: Viewer, asked: Paging) -> Answer:
    """Return who waits for the viewer's word."""
    node = runtime()
    async with node.read() as reader:
        rows = await list_requests(reader, viewer.account_id, page_of(asked, DEFAULT_LIMIT), now=node.now())
        shown = await request_views(node, reader, rows, viewer.account_id)
    return page_answer(shown, [row.id for row in rows])


@blueprint.get("/v1/notifications/requests/merged")
@needs("read:notifications")
@answers(Merged)
async def merged(viewer: Viewer) -> dict[str, Any]:
    """Say that what was accepted is in the list: it is when the request is answered."""
    return {"merged": True}


@blueprint.get("/v1/notifications/requests/<id:request_id>")
@needs("read:notifications")
@answers(NotificationRequest)
async def show(viewer: Viewer, request_id: int) -> dict[str, Any]:
    """Return one request."""
    node = runtime()
    async with node.read() as reader:
        row = await find_request(reader, viewer.account_id, request_id, now=node.now())
        shown = await request_views(node, reader, [row] if row else [], viewer.account_id)
    if not shown:
        raise NotFound()
    return shown[0]


@blueprint.post("/v1/notifications/requests/<id:request_id>/accept")
@needs("write:notifications")
@answers(dict[str, Any])
async def accept_one(viewer: Viewer, request_id: int) -> dict[str, Any]:
    """Let what was held back of somebody into the list, and them from now on."""
    async with runtime().write() as uow:
        if not await accept_requests(uow, viewer.account_id, [request_id], now=runtime().now()):
            raise NotFound()
    return {}


@blueprint.post("/v1/notifications/requests/<id:request_id>/dismiss")
@needs("write:notifications")
@answers(dict[str, Any])
async def dismiss_one(viewer: Viewer, request_id: int) -> dict[str, Any]:
    """Throw away what was held back of somebody."""
    async with runtime().write() as uow:
        if not await dismiss_requests(uow, viewer.account_id, [request_id]):
            raise NotFound()
    return {}


@blueprint.post("/v1/notifications/requests/accept")
@needs("write:notifications")
@takes(Chosen)
@answers(dict[str, Any])
async def accept_some(viewer: Viewer, asked: Chosen) -> dict[str, Any]:
    """Accept several; ids that are no requests of the viewer's are skipped."""
    async with runtime().write() as uow:
        await accept_requests(uow, viewer.account_id, asked.id, now=runtime().now())
    return {}


@blueprint.post("/v1/notifications/requests/dismiss")
@needs("write:notifications")
@takes(Chosen)
@answers(dict[str, Any])
async def dismiss_some(viewer: Viewer, asked: Chosen) -> dict[str, Any]:
    """Dismiss several; ids that are no requests of the viewer's are skipped."""
    async with runtime().write() as uow:
        await dismiss_requests(uow, viewer.account_id, asked.id)
    return {}


async def _policy(viewer: Viewer) -> dict[str, Any]:
    node = runtime()
    async with node.read() as reader:
        return await policy_view(reader, viewer.account_id, now=node.now())


def _as_old(found: dict[str, Any]) -> dict[str, Any]:
    rules = {name.replace("for_", "filter_"): found[name] != "accept" for name in OLD_RULES}
    return {**rules, "summary": found["summary"]}
