"""Accounts as types, and how the viewer stands to them."""

from typing import Any, Literal, NotRequired, TypedDict

from node.api.entities.emojis import CustomEmoji
from node.api.entities.tags import FeaturedTag
from node.api.entities.values import Count, Day, Id, Time, Url


class Field(TypedDict):
    """A line of a profile; the value is HTML."""

    name: str
    value: str
    verified_at: str | None


class Role(TypedDict):
    """What somebody is on this server."""

    id: str
    name: str
    permissions: str
    color: str
    highlighted: bool


class ShownRole(TypedDict):
    """A role that everybody may see."""

    id: str
    name: str
    color: str


class Account(TypedDict):
    """Somebody, here or elsewhere."""

    id: Id
    username: str
    acct: str
    display_name: str
    locked: bool
    bot: bool
    discoverable: bool
    indexable: bool
    noindex: bool
    hide_collections: bool
    group: bool
    created_at: Time
    note: str
    url: Url
    uri: Url
    avatar: Url
    avatar_static: Url
    header: Url
    header_static: Url
    avatar_description: str
    header_description: str
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    followers_count: Count
    following_count: Count
    statuses_count: Count
    last_status_at: Day | None
    emojis: list[CustomEmoji]
    fields: list[Field]
    roles: list[ShownRole]
    memorial: NotRequired[bool]
    suspended: NotRequired[bool]
    limited: NotRequired[bool]
    moved: "NotRequired[Account | None]"


class MutedAccount(Account):
    """Somebody the viewer mutes, and until when."""

    mute_expires_at: Time | None


class Source(TypedDict):
    """An own profile as it was written, and the defaults of new posts."""

    privacy: Literal["public", "unlisted", "private", "direct"]
    sensitive: bool
    language: str
    quote_policy: str
    note: str
    fields: list[Field]
    follow_requests_count: Count
    hide_collections: bool
    discoverable: bool
    indexable: bool
    attribution_domains: list[str]
    also_known_as: list[str]


class CredentialAccount(Account):
    """The viewer's own account."""

    source: Source
    role: Role


class Profile(TypedDict):
    """An own profile with all that can be changed of it, as it was written."""

    id: Id
    display_name: str
    note: str
    fields: list[Field]
    avatar: Url | None
    avatar_static: Url | None
    avatar_description: str
    header: Url | None
    header_static: Url | None
    header_description: str
    locked: bool
    bot: bool
    hide_collections: bool
    discoverable: bool
    indexable: bool
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    attribution_domains: list[str]
    featured_tags: list[FeaturedTag]


class Relationship(TypedDict):
    """How the viewer stands to an account."""

    id: Id
    following: bool
    showing_reblogs: bool
    notifying: bool
    languages: list[str] | None
    followed_by: bool
    blocking: bool
    blocked_by: bool
    muting: bool
    muting_notifications: bool
    muting_expires_at: Time | None
    requested: bool
    requested_by: bool
    domain_blocking: bool
    endorsed: bool
    note: str


Preferences = TypedDict(
    "Preferences",
    {
        "posting:default:visibility": Literal["public", "unlisted", "private", "direct"],
        "posting:default:sensitive": bool,
        "posting:default:language": str | None,
        "posting:default:quote_policy": Literal["public", "followers", "nobody"],
        "reading:expand:media": Literal["default", "show_all", "hide_all"],
        "reading:expand:spoilers": bool,
        "reading:autoplay:gifs": bool,
    },
)
Preferences.__doc__ = "The person's defaults, as flat keys."


class Report(TypedDict):
    """A report to the moderators."""

    id: Id
    action_taken: bool
    action_taken_at: Time | None
    category: Literal["spam", "legal", "violation", "other"]
    comment: str
    forwarded: bool
    created_at: Time
    status_ids: list[Id] | None
    rule_ids: list[Id] | None
    collection_ids: list[Any] | None
    target_account: Account
