"""Pure decisions about timelines. What belongs in whose home is SQL: `node.posts.rules.in_home_of`."""

from datetime import timedelta
from typing import Literal

from node.base.settings import Settings

Tier = Literal["push", "push-active", "pull"]

ACTIVE_WINDOW = {"push": timedelta(days=7), "push-active": timedelta(hours=24)}
"""How recently a follower must have been here to get a post pushed, by the author's tier."""

TAG_WINDOW = timedelta(hours=24)
"""The same for those who follow a hashtag: whoever was away longer has no list left that could be pushed to."""


def tier(local_followers: int, settings: Settings) -> Tier:
    """Decide how an author's posts reach their local followers.

    "push": to everyone active in 7 days. "push-active": to those active in 24 h. "pull": to nobody; a read
    merges the author's newest posts in.
    """
    if local_followers <= settings.push_limit:
        return "push"
    return "push-active" if local_followers <= settings.active_limit else "pull"
