"""Web push (client-api behaviour 22)."""

from typing import Annotated, Literal, TypedDict

from msgspec import Meta

Alerts = TypedDict(
    "Alerts",
    {
        "mention": bool,
        "status": bool,
        "reblog": bool,
        "follow": bool,
        "follow_request": bool,
        "favourite": bool,
        "poll": bool,
        "update": bool,
        "quote": bool,
        "quoted_update": bool,
        "admin.sign_up": bool,
        "admin.report": bool,
    },
)


class WebPushSubscription(TypedDict):
    """Where and for what an app is rung. Unlike every other id this one is a number: apps read it as one."""

    id: Annotated[int, Meta(ge=1, le=2147483647)]
    endpoint: str
    standard: bool
    alerts: Alerts
    policy: Literal["all", "followed", "follower", "none"]
    server_key: str
