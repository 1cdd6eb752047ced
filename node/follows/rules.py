"""Whether a follow holds at once. Pure."""

from dataclasses import dataclass

MAX_FOLLOWS = 7_500
"""Follows and requests that one of ours may have (attack row 59)."""


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


def holds_at_once(*, followee_is_local: bool, followee_locked: bool, follower_silenced: bool) -> bool:
    """Whether a new follow needs nobody's consent: an unlocked account of ours, and a follower in good standing.

    A remote followee decides for itself, whatever its profile says (attack row 41); silenced actors ask (MOD-2).
    """
    return followee_is_local and not followee_locked and not follower_silenced
