"""What a report may hold, and how many may come. Pure."""

from datetime import timedelta
from typing import Final, Literal, get_args

from node.base.errors import Invalid

Category = Literal["spam", "legal", "violation", "other"]
CATEGORIES: tuple[Category, ...] = get_args(Category)

MAX_COMMENT: Final = 5_000
MAX_POSTS: Final = 50
MAX_RULES: Final = 20

WINDOW: Final = timedelta(hours=1)
PER_HOST: Final = 30
"""Reports that one other server may bring within `WINDOW`; what is more is dropped (MOD-3)."""
PER_PERSON: Final = 20
"""Reports that one of ours may send within `WINDOW`."""


def checked_category(category: str, *, rule_ids: list[int]) -> Category:
    """Return the category of a report; naming a rule makes it a violation. Raises Invalid for an unknown one."""
    if rule_ids:
        return "violation"
    for known in CATEGORIES:
        if category == known:
            return known
    raise Invalid(fields={"category": [f"must be one of: {', '.join(CATEGORIES)}"]})


def checked_comment(comment: str) -> str:
    """Return the words of a report. Raises Invalid when they are too many."""
    comment = comment.replace("\r\n", "\n").replace("\x00", "").strip()
    if len(comment) > MAX_COMMENT:
        raise Invalid(fields={"comment": [f"is too long (at most {MAX_COMMENT} characters)"]})
    return comment
