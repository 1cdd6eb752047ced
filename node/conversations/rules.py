"""Whose conversation a direct post belongs to, and with whom it is. Pure."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

MAX_CONVERSATIONS: Final = 5_000
"""Conversations that are kept for one person; the one that rested longest goes first (attack row 59)."""
MAX_PARTICIPANTS: Final = 100
"""People that a row names; of a mailing to more the rest is not told."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A direct post: its author, whom its text names, and everybody it reached. `local_ids` are our own people."""

    post_id: int
    thread_id: int
    author_id: int
    named_ids: frozenset[int]
    reached_ids: frozenset[int]
    local_ids: frozenset[int]


def owners(letter: Letter) -> list[int]:
    """Return our own people in whose conversations the post stands: its author and everybody it reached."""
    return sorted((letter.reached_ids | {letter.author_id}) & letter.local_ids)


def participants(letter: Letter, owner_id: int) -> list[int]:
    """Return with whom the owner has the conversation, in the order of their ids.

    Only the author and who is named: whom a post reached unnamed is nobody else's business (AUD-3).
    """
    others = (letter.named_ids | {letter.author_id}) - {owner_id}
    return sorted(others)[:MAX_PARTICIPANTS]


def circle_of(participant_ids: Collection[int]) -> str:
    """Return the digest that stands for a circle of people in the unique key."""
    return hashlib.sha256(",".join(str(id_) for id_ in sorted(participant_ids)).encode()).hexdigest()
