"""Announcements as types."""

from typing import NotRequired, TypedDict

from node.api.entities.emojis import CustomEmoji
from node.api.entities.statuses import Mention
from node.api.entities.values import Count, Id, Time, Url


class AnnouncedStatus(TypedDict):
    """A post that an announcement links to."""

    id: Id
    url: Url


class AnnouncedTag(TypedDict):
    """A hashtag in an announcement."""

    name: str
    url: Url


class AnnouncementReaction(TypedDict):
    """How often an announcement got an emoji."""

    name: str
    count: Count
    me: bool
    url: NotRequired[Url]
    static_url: NotRequired[Url]


class Announcement(TypedDict):
    """What the operators tell everybody."""

    id: Id
    content: str
    starts_at: Time | None
    ends_at: Time | None
    all_day: bool
    published_at: Time
    updated_at: Time
    read: bool
    mentions: list[Mention]
    statuses: list[AnnouncedStatus]
    tags: list[AnnouncedTag]
    emojis: list[CustomEmoji]
    reactions: list[AnnouncementReaction]
