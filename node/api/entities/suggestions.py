"""Suggestions as types."""

from typing import Literal, TypedDict

from node.api.entities.accounts import Account


class Suggestion(TypedDict):
    """Somebody to follow, and why."""

    source: Literal["staff", "past_interactions", "global"]
    sources: list[Literal["featured", "most_followed", "similar_to_recently_followed", "friends_of_friends"]]
    account: Account
