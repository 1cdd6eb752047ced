"""Whether a follow holds at once, and which posts it brings. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from node.base.errors import Invalid

MAX_FOLLOWS = 7_500
"""Follows and requests that one of ours may have (attack row 59)."""
MAX_LANGUAGES: Final = 20
MAX_ENDORSEMENTS: Final = 100
"""Accounts that one of ours may recommend."""
MAX_NOTES: Final = 10_000
MAX_NOTE: Final = 2_000
"""Notes that one of ours may keep about others, and the characters of each."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relationship:
    """How one account (the viewer, one of ours) stands to another."""

    account_id: int
    following: bool = False
    showing_reblogs: bool = False
    notifying: bool = False
    requested: bool = False
    followed_by: bool = False
    requested_by: bool = False
    blocking: bool = False
    blocked_by: bool = False
    domain_blocking: bool = False
    muting: bool = False
    muting_notifications: bool = False
    muting_expires_at: datetime | None = None
    languages: tuple[str, ...] = ()
    """Of which languages the viewer wants to read posts; none for all of them."""
    endorsed: bool = False
    note: str = ""


def holds_at_once(*, followee_is_local: bool, followee_locked: bool, follower_silenced: bool) -> bool:
    """Whether a new follow needs nobody's consent: an unlocked account of ours, and a follower in good standing.

    A remote followee decides for itself, whatever its profile says (attack row 41); silenced actors ask (MOD-2).
    """
    return followee_is_local and not followee_locked and not follower_silenced


def languages_word(languages: Iterable[str]) -> str:
    """Return languages as a follow keeps them, such as " de en ": a LIKE finds one in it. Raises Invalid."""
    wanted = list(dict.fromkeys(code.strip() for code in languages if code.strip()))
    if len(wanted) > MAX_LANGUAGES:
        raise Invalid(fields={"languages": [f"are too many (at most {MAX_LANGUAGES})"]})
    if any(len(code) > 12 or not _LANGUAGE.fullmatch(code) for code in wanted):
        raise Invalid(fields={"languages": ["Languages are not valid language codes"]})
    return f" {' '.join(wanted)} " if wanted else ""
