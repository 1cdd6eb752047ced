"""What makes a hashtag, a link or a post a trend. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = timedelta(hours=24)
"""What counts as now, for hashtags and links."""
USUAL_DAYS: Final = 6
"""Days before it that say what is usual."""
POST_WINDOW: Final = timedelta(hours=72)
HALF_LIFE: Final = timedelta(hours=8)
"""Of a post's interactions."""
FEWEST_AUTHORS: Final = 2
"""What one person says is no trend, however small the node."""
FEWEST_INTERACTIONS: Final = 2
PER_AUTHOR: Final = 2
"""Posts of one person among the trending ones."""
NEW_ACCOUNT: Final = timedelta(days=3)
NEW_ACCOUNT_WEIGHT: Final = 0.25


@dataclass(frozen=True, slots=True)
class Use:
    """A hashtag or link, the weights of the people who used it in the window, and how many did on a usual day."""

    subject_id: int
    weights: tuple[float, ...]
    usual: float


@dataclass(frozen=True, slots=True)
class PostReach:
    """A post and what others did with it."""

    post_id: int
    author_id: int
    published_at: datetime
    likes: int
    boosts: int
    replies: int


def author_weight(created_at: datetime, now: datetime) -> float:
    """Return how much one person counts: accounts of yesterday count little, they are cheap to make."""
    return NEW_ACCOUNT_WEIGHT if now - created_at < NEW_ACCOUNT else 1.0


def use_score(use: Use) -> float:
    """Return how far a hashtag or link is above its usual, 0 for no trend: what is there every day is none."""
    current = sum(use.weights)
    if len(use.weights) < FEWEST_AUTHORS or current <= use.usual:
        return 0.0
    return (current - use.usual) ** 2 / (use.usual + 1.0)


def post_score(reach: PostReach, now: datetime) -> float:
    """Return how much a post moves people now, 0 for no trend. A boost says twice as much as a like."""
    interactions = reach.likes + 2 * reach.boosts + reach.replies
    if interactions < FEWEST_INTERACTIONS:
        return 0.0
    return float(interactions * 0.5 ** ((now - reach.published_at) / HALF_LIFE))


def trending(uses: Iterable[Use]) -> list[int]:
    """Return the hashtags or links that trend, the strongest first."""
    scored = ((use_score(use), use.subject_id) for use in uses)
    return [id_ for score, id_ in sorted(scored, key=lambda pair: (-pair[0], -pair[1])) if score > 0]


def trending_posts(reaches: Iterable[PostReach], now: datetime) -> list[int]:
    """Return the posts that trend, the strongest first, a few of each author."""
    scored = sorted(((post_score(reach, now), reach) for reach in reaches), key=lambda pair: -pair[0])
    taken: dict[int, int] = {}
    found = []
    for score, reach in scored:
        if score <= 0 or taken.get(reach.author_id, 0) >= PER_AUTHOR:
            continue
        taken[reach.author_id] = taken.get(reach.author_id, 0) + 1
        found.append(reach.post_id)
    return found
