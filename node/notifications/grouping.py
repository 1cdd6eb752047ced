"""Which notifications belong together: "Ann and 41 others liked your post". Pure.

A group is decided when a notification is made, and is named by what the notifications have in common: their kind, the
post they are about, and the half day they fall into. So a page of groups is read from an index, however many are in
one, and a post that is liked for weeks is told of anew each half day.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from node.notifications.rules import Kind

SPAN: Final = timedelta(hours=12)
ABOUT_A_POST: Final[frozenset[Kind]] = frozenset({"favourite", "reblog", "reaction"})
ALONE: Final[frozenset[Kind]] = frozenset({"follow", "admin.sign_up"})
GROUPED: Final[frozenset[Kind]] = ABOUT_A_POST | ALONE
"""Kinds of which several make a group."""
_UNGROUPED: Final = "ungrouped-"


def group_key_of(kind: Kind, post_id: int, moment: datetime) -> str:
    """Return the group a notification goes into; "" where it stands alone."""
    bucket = int(moment.timestamp() // SPAN.total_seconds())
    if kind in ABOUT_A_POST:
        return f"{kind}-{post_id}-{bucket}"
    return f"{kind}-{bucket}" if kind in ALONE else ""


def shown_key(group_key: str, notification_id: int) -> str:
    """Return the key that apps see: one that stands alone is a group of its own."""
    return group_key or f"{_UNGROUPED}{notification_id}"


def id_in(shown: str) -> str | None:
    """Return the id in the key of one that stands alone, as it was written; None for the key of a group."""
    return shown.removeprefix(_UNGROUPED) if shown.startswith(_UNGROUPED) else None


def grouped_kinds(asked: Collection[str]) -> frozenset[str]:
    """Return the kinds that an app wants grouped: those that can be of what it asked for, all if it asked nothing."""
    return GROUPED if not asked else frozenset(GROUPED.intersection(asked))
