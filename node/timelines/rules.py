"""Pure decisions about timelines. What belongs in whose home is SQL: `node.posts.rules.in_home_of`.

An author's *tier* says how posts reach local followers. Every process keeps what it knows of tiers for up to
`TIER_SECONDS`, and lists in Redis are older than any change, so a change is made safe by three rules:

* Pushing less begins `OVERLAP` after the change (`pushed_as`). By then every reader knows of the change and merges.
* Pushing more begins at once, and readers go on merging for every list that was built before `OVERLAP` after the
  change (`is_merged`): what was not pushed is in such a list's hands only by merging.
* A list built later was made from SQL and lacks nothing.

`OVERLAP` is several times `TIER_SECONDS`: the difference is what clocks of machines may be apart.
"""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, cast

from node.base.settings import Settings

Tier = Literal["push", "push-active", "pull"]

_GENEROUS_FIRST: Final[tuple[Tier, ...]] = ("push", "push-active", "pull")

ACTIVE_WINDOW: Final = {"push": timedelta(days=7), "push-active": timedelta(hours=24)}
"""How recently a follower must have been here to get a post pushed, by the author's tier."""

TIER_SECONDS: Final = 60
"""How old what a process knows of an author's tier, or of the tiers of those whom somebody follows, may be."""

OVERLAP: Final = timedelta(minutes=5)

LEAVING: Final = 0.9
"""An author leaves a tier only below this part of its limit: one who hovers around it does not change all the time."""


TIMELINES: Final = "timelines"
"""The name under which processes count what they do for homes (`Caches.count`, `/metrics`)."""


def tier(local_followers: int, settings: Settings, *, now_in: str = "push") -> Tier:
    """Decide how an author's posts reach their local followers.

    "push": to everyone active in 7 days. "push-active": to those active in 24 h. "pull": to nobody; a read
    merges the author's newest posts in. `now_in` is the tier so far. Who has few local followers and is pulled all
    the same is decided in `node/pulls`.
    """
    if local_followers > _limit(settings.active_limit, now_in == "pull"):
        return "pull"
    return "push-active" if local_followers > _limit(settings.push_limit, now_in != "push") else "push"


def _limit(limit: int, is_above: bool) -> int:
    return int(limit * LEAVING) if is_above else limit


def pushed_as(now_in: str, before: str, changed_at: datetime, now: datetime) -> Tier:
    """Return how a post is pushed now: for a while after a change by the more generous of both tiers."""
    if now >= changed_at + OVERLAP:
        return cast(Tier, now_in)
    return min(cast(Tier, now_in), cast(Tier, before), key=_GENEROUS_FIRST.index)


def is_merged(now_in: str, changed_at: datetime, built_at: datetime) -> bool:
    """Whether a reader merges an author's newest posts into a list that was built at `built_at`."""
    return now_in == "pull" or built_at < changed_at + OVERLAP


def earlier_showings(entries: Sequence[tuple[int, int]], asked: Collection[int]) -> dict[int, list[int]]:
    """Return for those of the `asked` entries that are boosts what shows the same post before them, if anything does,
    the first of it first.

    An entry is (id, id of what it boosts or 0). The rule of homes and lists: a post stands there once, as itself if it
    does, else by the first boost of it. A boost is left out where one of these earlier showings is to be seen. So what
    somebody saw once stays where it was, whatever is boosted later and however pages are cut.
    """
    boosts = {id_: original for id_, original in entries if original and id_ in asked}
    wanted = set(boosts.values())
    if not wanted:
        return {}
    showing: dict[int, list[int]] = {}
    for id_, original in entries:
        shown = original or id_
        if shown in wanted:
            showing.setdefault(shown, []).append(id_)
    for found in showing.values():
        found.sort()
    earlier = {id_: showing[original][: bisect_left(showing[original], id_)] for id_, original in boosts.items()}
    return {id_: others for id_, others in earlier.items() if others}
