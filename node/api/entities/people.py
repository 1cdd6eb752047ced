"""Lists of people as types."""

from typing import TypedDict

from node.api.entities.accounts import Account
from node.api.entities.values import Id


class FamiliarFollowers(TypedDict):
    """Whom of those the viewer follows an account is followed by."""

    id: Id
    accounts: list[Account]
