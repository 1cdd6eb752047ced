"""Pure decisions about timelines: who gets a post pushed, and which posts belong in a home timeline."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from node.base.settings import Settings

Tier = Literal["push", "push-active", "pull"]

ACTIVE_WINDOW = {"push": timedelta(days=7), "push-active": timedelta(hours=24)}
"""How recently a follower must have been here to get a post pushed, by the author's tier."""


def tier(local_followers: int, settings: Settings) -> Tier:
    """Decide how an author's posts reach their local followers.

    "push": to everyone active in 7 days. "push-active": to those active in 24 h. "pull": to nobody; a read
    merges the author's newest posts in.
    """
    if local_followers <= settings.push_limit:
        return "push"
    return "push-active" if local_followers <= settings.active_limit else "pull"


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeCandidate:
    """What decides whether a post belongs in one person's home timeline."""

    author_id: int
    reader_id: int
    visibility: str
    follows_author: bool
    is_addressed: bool
    reply_to_account_id: int | None
    follows_reply_to: bool
    is_boost: bool = False
    shows_boosts: bool = True


def belongs_in_home(post: HomeCandidate) -> bool:
    """Mastodon's rule: own posts, and those of people one follows, but replies only when the person replied to is
    the author, the reader or followed too; boosts unless switched off for that author; direct posts to the reader."""
    if post.author_id == post.reader_id:
        return True
    if not post.follows_author or (post.visibility == "direct" and not post.is_addressed):
        return False
    if post.is_boost:
        return post.shows_boosts
    if post.reply_to_account_id is None:
        return True
    return post.reply_to_account_id in (post.author_id, post.reader_id) or post.follows_reply_to
