"""Hashtags as types."""

from typing import TypedDict

from node.api.entities.values import Day, Id, Url


class TagHistory(TypedDict):
    """How much a hashtag or link was used on one day. All three are words of digits."""

    day: str
    uses: str
    accounts: str


class Tag(TypedDict):
    """A hashtag by itself."""

    id: Id
    name: str
    url: Url
    history: list[TagHistory]
    following: bool
    featuring: bool


class FeaturedTag(TypedDict):
    """A hashtag that somebody shows on their profile."""

    id: Id
    name: str
    url: Url
    statuses_count: str
    last_status_at: Day | None
