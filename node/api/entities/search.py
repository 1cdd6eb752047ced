"""What a search finds, as a type."""

from typing import TypedDict

from node.api.entities.accounts import Account
from node.api.entities.statuses import Status
from node.api.entities.tags import Tag


class Search(TypedDict):
    """What a search finds."""

    accounts: list[Account]
    statuses: list[Status]
    hashtags: list[Tag]
