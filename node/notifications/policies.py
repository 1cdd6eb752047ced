"""Whom a person wants to hear: the rules behind the policy of notifications. Pure.

Each rule says what becomes of notifications from one sort of people: "accept", "filter" (held back, and asked about as
a request) or "drop". The strictest that fits decides. Nothing is held back from somebody whose request was accepted,
nor from those who look after this server, nor where the person asked to be told (`FREE`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from node.notifications.rules import Kind

Verdict = Literal["accept", "filter", "drop"]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)

NEW_ACCOUNT: Final = timedelta(days=30)
NEW_FOLLOWER: Final = timedelta(days=3)
"""Who follows for less than this is no follower yet: one could follow for the sake of a message."""

FREE: Final[frozenset[Kind]] = frozenset(
    {"admin.sign_up", "admin.report", "poll", "update", "quoted_update", "status", "severed_relationships"}
)
"""Kinds that no policy holds back: the person asked for them by a vote, a boost, a bell or an office."""
ASKED_ABOUT: Final[frozenset[Kind]] = frozenset({"mention", "quote"})
"""Kinds that make a request: somebody has something to say. Others that are held back wait silently."""

RULES: Final = (
    "for_not_following",
    "for_not_followers",
    "for_new_accounts",
    "for_private_mentions",
    "for_limited_accounts",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a person does with each sort of people."""

    for_not_following: Verdict = "accept"
    for_not_followers: Verdict = "accept"
    for_new_accounts: Verdict = "accept"
    for_private_mentions: Verdict = "filter"
    for_limited_accounts: Verdict = "filter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What `decide` needs to know of who did it, seen from the recipient."""

    followed: bool = False
    follower_since: datetime | None = None
    created_at: datetime
    limited: bool = False
    permitted: bool = False
    """A request of theirs was accepted."""
    is_staff: bool = False
    """One of ours who looks after this server."""
    speaks_privately: bool = False
    """It is a direct post that answers nothing in which the recipient named them."""
    suspect: bool = False
    """One of many messages from a server that nobody here knows (attack row 110)."""


def decide(policy: Policy, sender: Sender, kind: Kind, *, now: datetime) -> Verdict:
    """Say what becomes of a notification."""
    if kind in FREE or sender.permitted or sender.is_staff:
        return "accept"
    found: list[Verdict] = ["filter"] if sender.suspect else []
    if sender.follower_since is None or now - sender.follower_since < NEW_FOLLOWER:
        found.append(policy.for_not_followers)
    if not sender.followed:
        found.append(policy.for_not_following)
        if now - sender.created_at < NEW_ACCOUNT:
            found.append(policy.for_new_accounts)
        if sender.speaks_privately:
            found.append(policy.for_private_mentions)
        if sender.limited:
            found.append(policy.for_limited_accounts)
    return max(found, key=VERDICTS.index, default="accept")
