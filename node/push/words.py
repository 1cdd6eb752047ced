"""What a push says (client-api behaviour 22). Plain text: it is shown outside of any page."""

from typing import Any, Final

from node.text.sanitising import html_to_text

MOST: Final = 140
"""Characters of a body; a title may be as long."""

_TITLES: Final = {
    "mention": "{name} mentioned you",
    "status": "{name} wrote something",
    "reblog": "{name} boosted your post",
    "follow": "{name} follows you",
    "follow_request": "{name} asks to follow you",
    "favourite": "{name} liked your post",
    "poll": "A poll of {name} has ended",
    "update": "{name} edited a post you boosted",
    "quote": "{name} quoted your post",
    "quoted_update": "{name} edited a post you quoted",
    "admin.sign_up": "{name} signed up",
    "admin.report": "{name} reported somebody",
}
_OTHERWISE: Final = "News about {name}"


def push_view(notification: dict[str, Any], *, token: str) -> dict[str, Any]:
    """Return the payload of a Notification, as apps know it. The id is digits: some read it into a number."""
    account, kind = notification["account"], notification["type"]
    name = account["display_name"] or account["username"]
    return {
        "access_token": token,
        "preferred_locale": "en",
        "notification_id": notification["id"],
        "notification_type": kind,
        "icon": account["avatar_static"],
        "title": _short(_TITLES.get(kind, _OTHERWISE).format(name=_short(name, MOST // 2)), MOST),
        "body": _short(_body(notification), MOST),
    }


def _body(notification: dict[str, Any]) -> str:
    status = notification.get("status")
    if status is None:
        return html_to_text(notification["account"]["note"])
    return status["spoiler_text"] or html_to_text(status["content"])


def _short(text: str, most: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "\u2026"
