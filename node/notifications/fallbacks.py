"""What a notification says to an app that does not know its type (client-api 34). Pure; texts are HTML."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

_WORDS: Final[Mapping[str, str]] = {
    "mention": "{name} wrote to you",
    "status": "{name} posted",
    "reblog": "{name} boosted your post",
    "follow": "{name} followed you",
    "follow_request": "{name} asked to follow you",
    "favourite": "{name} liked your post",
    "reaction": "{name} reacted to your post",
    "poll": "A poll has ended",
    "update": "{name} edited a post you boosted",
    "quote": "{name} quoted your post",
    "quoted_update": "{name} edited a post you quoted",
    "admin.sign_up": "{name} signed up",
    "admin.report": "{name} sent a report",
    "severed_relationships": "Follows of yours were ended",
}
_ADVICE: Final = "Open it in a browser to see all of it."


def fallback_of(kind: str, sender: Mapping[str, Any], *, others: int = 0) -> dict[str, Any]:
    """Return the NotificationFallback of a notification, or of a group with `others` more people in it."""
    name = escape(sender["display_name"] or f"@{sender['acct']}")
    if others:
        name += f" and {others} other{'s' if others > 1 else ''}"
    title = _WORDS.get(kind, "{name} did something new").replace("{name}", name)
    return {"title": title, "summary": None, "details": f"<p>{_ADVICE}</p>"}
