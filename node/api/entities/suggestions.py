"""Suggestions as types."""

from typing import Literal, TypedDict

from node.api.entities.accounts import Account


class Suggestion(TypedDict):
    """Somebody to follow, and why."""

    source: Literal["staff", "past_interactions", "global"]
    sources: list[
        Literal["featured", "most_followed", "most_interactions", "similar_to_recently_followed", "friends_of_friends"]
    ]
    reasons: list[str]
    """In plain words, the strongest first: `sources` told to people. An addition of ours."""
    account: Account
