"""Lists as types."""

from typing import Literal, TypedDict

from node.api.entities.values import Id

RepliesPolicy = Literal["followed", "list", "none"]


class List(TypedDict):
    """A list of people that its owner follows."""

    id: Id
    title: str
    replies_policy: RepliesPolicy
    exclusive: bool
