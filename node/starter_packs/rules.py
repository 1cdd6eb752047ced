"""What a starter pack may be. Pure."""

from dataclasses import dataclass
from typing import Final

from node.base.errors import Invalid
from node.uris import INSTANCE_ACTOR_ID

MAX_PACKS: Final = 20
"""Packs of one person (attack row 59, with the next)."""
MAX_MEMBERS: Final = 100
MAX_TITLE: Final = 100
MAX_DESCRIPTION: Final = 500


@dataclass(frozen=True, slots=True)
class Editor:
    """Somebody who wants to change a pack. `is_staff`: one of the people who look after this server."""

    account_id: int
    is_staff: bool = False

    def may_edit(self, owner_id: int) -> bool:
        """Whether a pack of `owner_id` is theirs to change; the node's own packs are its staff's."""
        return owner_id == self.account_id or (self.is_staff and owner_id == INSTANCE_ACTOR_ID)


def checked_title(text: str) -> str:
    """Return a title in one line. Raises Invalid."""
    title = " ".join(text.split())
    if not title:
        raise Invalid(fields={"title": ["Title can't be blank"]})
    if len(title) > MAX_TITLE:
        raise Invalid(fields={"title": [f"Title is too long (maximum is {MAX_TITLE} characters)"]})
    return title


def checked_description(text: str) -> str:
    """Return a description without blanks around it. Raises Invalid."""
    words = text.strip()
    if len(words) > MAX_DESCRIPTION:
        raise Invalid(fields={"description": [f"Description is too long (maximum is {MAX_DESCRIPTION} characters)"]})
    return words
