"""Letters about notifications: of which kinds, how many, and the token that ends them. Pure.

Nobody gets any who did not ask for them, kind by kind. One letter tells of everything that came since the last one and
that the person has not seen: it is written a while after the first of it, and not at all if they were here since.
"""

from collections.abc import Collection
from datetime import date
from hashlib import sha256
from hmac import compare_digest, new
from typing import Final

from node.base.ids import read_id

MAILABLE: Final = ("mention", "quote", "follow", "follow_request", "favourite", "reblog", "status", "poll")
"""Kinds that a person may have letters of, in the order of the page. A reaction goes with the likes."""


def kinds_of(chosen: Collection[str]) -> list[str]:
    """Return the kinds among `chosen`, in their order."""
    return [kind for kind in MAILABLE if kind in chosen]


def is_wanted(kind: str, kinds: Collection[str]) -> bool:
    """Whether a notification is of a kind that is wanted by mail."""
    return ("favourite" if kind == "reaction" else kind) in kinds


def told_kinds(kinds: Collection[str]) -> list[str]:
    """Return the kinds of notifications that letters of `kinds` tell of."""
    return [*kinds, "reaction"] if "favourite" in kinds else list(kinds)


def has_room(day: date | None, sent: int, *, today: date, limit: int) -> bool:
    """Whether one more letter may go out today."""
    return limit > (sent if day == today else 0)


def unsubscribe_token(account_id: int, secret: str) -> str:
    """Return the token of a link that ends somebody's letters: nobody else can make one, and it needs no sign-in."""
    return f"{account_id}-{new(secret.encode(), f'unsubscribe:{account_id}'.encode(), sha256).hexdigest()}"


def account_in(token: str) -> int | None:
    """Return whose token it says it is; `is_genuine` says whether that is true."""
    return read_id(token.partition("-")[0])


def is_genuine(token: str, account_id: int, secret: str) -> bool:
    """Whether we made a token."""
    return compare_digest(token.encode(), unsubscribe_token(account_id, secret).encode())
