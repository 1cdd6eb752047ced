"""How much a notification weighs, and how many light ones a person gets within an hour. Pure.

A post that goes round gets fifty thousand likes in a minute. Each is a notification to one person, who wants to know
that many liked the post and not to be rung fifty thousand times. So what weighs little is paid from a budget by the
hour. Beyond it a like is only counted in its group (`NotificationGroup.coalesced`): no row, no stream, no push.
Likes may use up `LIKE_SHARE` of it, so that new followers are still told of while a post goes round. What somebody
wrote to a person always comes through.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from node.notifications.rules import Kind

WINDOW: Final = timedelta(hours=1)
LIKE_SHARE: Final = 0.75
"""Which part of the budget likes, boosts and the like may use."""


class Priority(IntEnum):
    """The class of a notification; a higher one is more urgent."""

    LIKE = 1
    FOLLOW = 2
    REPLY = 3
    MENTION = 4


_CLASSES: Final[dict[Kind, Priority]] = {
    "favourite": Priority.LIKE,
    "reaction": Priority.LIKE,
    "reblog": Priority.LIKE,
    "update": Priority.LIKE,
    "quoted_update": Priority.LIKE,
    "follow": Priority.FOLLOW,
    "follow_request": Priority.FOLLOW,
    "poll": Priority.FOLLOW,
    "admin.sign_up": Priority.FOLLOW,
    "mention": Priority.REPLY,
    "quote": Priority.REPLY,
    "status": Priority.REPLY,
    "severed_relationships": Priority.MENTION,
    "admin.report": Priority.MENTION,
}


def priority_of(kind: Kind, *, follows_sender: bool) -> Priority:
    """Return the class: words of somebody whom the recipient follows come first of all."""
    found = _CLASSES[kind]
    return Priority.MENTION if kind in ("mention", "quote") and follows_sender else found


@dataclass(frozen=True, slots=True)
class Made:
    """A notification that was just made. `is_told` says whether it may be streamed, pushed and mailed: it was neither
    held back nor beyond the hour's budget."""

    id: int
    account_id: int
    kind: Kind
    from_account_id: int
    post_id: int
    priority: Priority
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """What a person has used up of the hour that began at `began_at`."""

    began_at: datetime
    used: int = 0


def spend(budget: Budget | None, priority: Priority, *, limit: int, now: datetime) -> tuple[Budget, bool]:
    """Return what is used up after one more notification, and whether it may be made and told.

    Words are free, and use up nothing.
    """
    if budget is None or now - budget.began_at >= WINDOW or now < budget.began_at:
        budget = Budget(now)
    if priority >= Priority.REPLY:
        return budget, True
    most = limit if priority is Priority.FOLLOW else int(limit * LIKE_SHARE)
    if budget.used >= most:
        return budget, False
    return replace(budget, used=budget.used + 1), True
