"""Polls as types."""

from typing import NotRequired, TypedDict

from node.api.entities.emojis import CustomEmoji
from node.api.entities.values import Count, Id, Time


class PollOption(TypedDict):
    """One option; its count is null while it is hidden."""

    title: str
    votes_count: Count | None


class Poll(TypedDict):
    """A poll as it stands. `voted` and `own_votes` are there for somebody signed in."""

    id: Id
    expires_at: Time | None
    expired: bool
    multiple: bool
    votes_count: Count
    voters_count: Count | None
    options: list[PollOption]
    emojis: list[CustomEmoji]
    voted: NotRequired[bool]
    own_votes: NotRequired[list[Count]]
