"""What a list may be. Pure."""

from typing import Final, Literal, get_args

from node.base.errors import Invalid

RepliesPolicy = Literal["followed", "list", "none"]
REPLIES_POLICIES: Final[tuple[RepliesPolicy, ...]] = get_args(RepliesPolicy)

MAX_LISTS: Final = 50
MAX_MEMBERS: Final = 1_000
"""People on one list (attack row 59, with the two beside it)."""
MAX_TITLE: Final = 256


def checked_title(text: str) -> str:
    """Return a title in one line. Raises Invalid."""
    title = " ".join(text.split())
    if not title:
        raise Invalid(fields={"title": ["Title can't be blank"]})
    if len(title) > MAX_TITLE:
        raise Invalid(fields={"title": [f"Title is too long (maximum is {MAX_TITLE} characters)"]})
    return title


def checked_policy(word: str) -> str:
    """Return a policy for replies. Raises Invalid."""
    if word not in REPLIES_POLICIES:
        raise Invalid(fields={"replies_policy": [f"Replies policy must be one of {', '.join(REPLIES_POLICIES)}"]})
    return word
