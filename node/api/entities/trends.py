"""Trends as types: hashtags, links and posts with why they are talked about, and what moderators see of them."""

from typing import TypedDict

from node.api.entities.statuses import Status, TrendsLink
from node.api.entities.tags import Tag
from node.api.entities.values import Count, Id, Time


class TrendReason(TypedDict):
    """Why something trends. `times_usual` is null for what was hardly seen before."""

    text: str
    posts: Count
    people: Count
    hours: Count
    times_usual: float | None


class TrendingTag(Tag):
    """A hashtag that is talked about."""

    trend: TrendReason


class TrendingLink(TrendsLink):
    """A link that is talked about."""

    trend: TrendReason


class TrendingStatus(Status):
    """A post that moves people."""

    trend: TrendReason


class AdminTag(Tag):
    """A hashtag as moderators see it; `trend` is there while it trends."""

    trendable: bool
    usable: bool
    requires_review: bool
    listable: bool
    trend: TrendReason | None


class AdminTrendsLink(TrendsLink):
    """A link that is talked about, or was decided about."""

    id: Id
    requires_review: bool
    trendable: bool
    trend: TrendReason | None


class AdminTrendsStatus(Status):
    """A post that moves people, or was decided about."""

    requires_review: bool
    trendable: bool
    trend: TrendReason | None


class AdminPublisher(TypedDict):
    """A site whose pages are linked to."""

    id: str
    domain: str
    trendable: bool
    requires_review: bool
    reviewed_at: Time | None
