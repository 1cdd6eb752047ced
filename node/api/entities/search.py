"""What a search finds, as a type."""

from typing import NotRequired, TypedDict

from node.api.entities.accounts import Account
from node.api.entities.statuses import Status
from node.api.entities.tags import Tag


class SearchExplanation(TypedDict):
    """What is to be said of the posts that were found, or not found (an addition of ours)."""

    text: str
    """Plain words, a sentence or more."""
    place: int | None
    """Where the query goes wrong: the index of a character."""
    hidden_authors: int
    """Authors of matching posts who do not allow indexing; 0 where they are few."""
    is_partial: bool
    """Not all posts were looked at."""


class Search(TypedDict):
    """What a search finds."""

    accounts: list[Account]
    statuses: list[Status]
    hashtags: list[Tag]
    explanation: NotRequired[SearchExplanation]


class SearchV1(TypedDict):
    """What a search finds, as the first version of the API says it: hashtags by name only."""

    accounts: list[Account]
    statuses: list[Status]
    hashtags: list[str]
