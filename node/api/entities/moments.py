"""Moments as types. An addition of ours."""

from typing import Literal, TypedDict

from node.api.entities.accounts import Account
from node.api.entities.media import MediaAttachment
from node.api.entities.values import Count, Id, Time, Url


class Moment(TypedDict):
    """Posts put together under a title."""

    id: Id
    title: str
    description: str
    url: Url
    feed_url: Url
    """The same as RSS."""
    kind: Literal["curated", "automatic"]
    account: Account | None
    """Who put it together; nobody for what the server made out of a trend."""
    cover: MediaAttachment | None
    statuses_count: Count
    published_at: Time | None
    hidden: bool
    """Whether a moderator took it down."""
    created_at: Time
    updated_at: Time
