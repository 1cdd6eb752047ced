"""Starter packs as types. An addition of ours."""

from typing import TypedDict

from node.api.entities.accounts import Account
from node.api.entities.values import Count, Id, Time, Url


class StarterPack(TypedDict):
    """A named set of accounts to follow. In lists `accounts` holds the first few of them, by itself all."""

    id: Id
    title: str
    description: str
    url: Url
    published: bool
    featured: bool
    accounts_count: Count
    account: Account | None
    """Who made it; none for the server's own."""
    accounts: list[Account]
    created_at: Time
    updated_at: Time
