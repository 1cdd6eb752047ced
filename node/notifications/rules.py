"""Which kinds of notification there are and who may be told. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "mention",
    "favourite",
    "reblog",
    "follow",
    "follow_request",
    "update",
    "status",
    "quote",
    "quoted_update",
    "poll",
    "admin.sign_up",
    "admin.report",
    "severed_relationships",
    "reaction",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Mastodon's words: they stand in the API as they are. `status`: somebody I follow with the bell wrote;
`update`: a post I boosted was edited; `quote`: somebody quotes me; `quoted_update`: what my post quotes was edited;
`poll`: a poll that I made or voted on has ended; `severed_relationships`: follows of mine were ended by a decision of
somebody about a server or account.
`reaction`, somebody reacted to my post with an emoji, is not Mastodon's: `reaction_word` says how apps get it."""

REPORT: Kind = "admin.report"
"""Somebody reported an account: for moderators, who are told whomever they block or mute (MOD-3)."""

SIGN_UP: Kind = "admin.sign_up"
STAFF_KINDS: tuple[Kind, ...] = (REPORT, SIGN_UP)
"""What only those who look after this server are told of."""
SEVERED: Kind = "severed_relationships"
OTHER_SUBJECTS: tuple[Kind, ...] = (REPORT, SEVERED)
"""Kinds whose `post_id` is the id of something else."""

KINDS_WITH_POST = frozenset(
    {"mention", "favourite", "reblog", "update", "status", "quote", "quoted_update", "poll", "reaction"}
)

REACTION_WORDS = ("pleroma:emoji_reaction", "emoji_reaction", "reaction")
"""What apps that know reactions call them in `types[]` and `exclude_types[]`: those for Pleroma and Akkoma, for
Fedibird, for Glitch and Chuckya."""


def reaction_word(types: Collection[str]) -> str:
    """Return as what a reaction is shown to an app: by the word it asked with, else as the like it resembles.

    An app that never heard of reactions fails on a type it does not know (client-api 34).
    """
    return next((word for word in types if word in REACTION_WORDS), "favourite")


def kinds_asked(types: Collection[str]) -> frozenset[str]:
    """Return the kinds that an app means by `types[]` or `exclude_types[]`.

    Reactions go with the likes for an app that does not name them.
    """
    named = any(word in REACTION_WORDS for word in types)
    with_likes = "favourite" in types and not named
    return frozenset(word for word in types if word not in REACTION_WORDS) | (
        {"reaction"} if named or with_likes else frozenset()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What `may_notify` needs to know of the two accounts and the post."""

    recipient_is_local: bool = True
    recipient_gone: bool = False
    is_self: bool = False
    sender_gone: bool = False
    block_between: bool = False
    muted: bool = False
    """Muted together with notifications."""
    thread_muted: bool = False
    """The recipient wants to hear no more of the thread of the post it is about."""
    post_visible: bool = True
    """Whether the recipient may see the post it is about, if it is about one."""


def may_notify(standing: Standing, kind: Kind | None = None) -> bool:
    """Whether the recipient is told at all; whether it is held back is `policies.decide`. Of what one does oneself only
    the end of one's own poll is news."""
    if not standing.recipient_is_local or standing.recipient_gone:
        return False
    if standing.is_self and kind != "poll":
        return False
    if standing.thread_muted:
        return False
    return not (standing.sender_gone or standing.block_between or standing.muted) and standing.post_visible
