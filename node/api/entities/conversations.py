"""Conversations as types."""

from typing import TypedDict

from node.api.entities.accounts import Account
from node.api.entities.statuses import Status
from node.api.entities.values import Id


class Conversation(TypedDict):
    """What the viewer writes privately with others in one thread."""

    id: Id
    unread: bool
    accounts: list[Account]
    last_status: Status | None
