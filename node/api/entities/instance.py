"""The server itself as types (client-api behaviours 12 and 13)."""

from typing import Literal, NotRequired, TypedDict

from node.api.entities.accounts import Account
from node.api.entities.values import Count, Day, Id, Time, Url


class Rule(TypedDict):
    """A rule of the server."""

    id: Id
    text: str
    hint: str
    translations: NotRequired[dict[str, dict[str, str]]]


class AccountLimits(TypedDict):
    """What people may have."""

    max_featured_tags: Count
    max_pinned_statuses: Count
    max_display_name_length: Count
    max_note_length: Count
    max_avatar_description_length: Count
    max_header_description_length: Count
    max_profile_fields: Count
    profile_field_name_limit: Count
    profile_field_value_limit: Count


class StatusLimits(TypedDict):
    """How long and full a post may be."""

    max_characters: Count
    max_media_attachments: Count
    characters_reserved_per_url: Count


class MediaLimits(TypedDict):
    """What may be uploaded: bytes, pixels and frames a second."""

    description_limit: Count
    supported_mime_types: list[str]
    image_size_limit: Count
    image_matrix_limit: Count
    video_size_limit: Count
    video_frame_rate_limit: Count
    video_matrix_limit: Count


class PollLimits(TypedDict):
    """What a poll may be; times are in seconds."""

    max_options: Count
    max_characters_per_option: Count
    min_expiration: Count
    max_expiration: Count


class Limits(TypedDict):
    """The limits apps must keep to."""

    accounts: AccountLimits
    statuses: StatusLimits
    media_attachments: MediaLimits
    polls: PollLimits


class InstanceUrls(TypedDict):
    """Where things are."""

    streaming: Url
    status: Url | None
    about: Url | None
    privacy_policy: Url | None
    terms_of_service: Url | None


class Vapid(TypedDict):
    """The key that pushes are signed with."""

    public_key: str


class Translation(TypedDict):
    """Whether posts can be translated."""

    enabled: bool


class FeedAccess(TypedDict):
    """Who may read a kind of timeline."""

    local: Literal["public", "authenticated", "disabled"]
    remote: Literal["public", "authenticated", "disabled"]


class TimelinesAccess(TypedDict):
    """Who may read which timelines."""

    live_feeds: FeedAccess
    hashtag_feeds: FeedAccess
    trending_link_feeds: FeedAccess


class Configuration(Limits):
    """What apps must know of the server."""

    urls: InstanceUrls
    vapid: Vapid
    timelines_access: TimelinesAccess
    translation: Translation
    limited_federation: bool


class ActiveUsers(TypedDict):
    """How many people were here in the last four weeks."""

    active_month: Count


class Usage(TypedDict):
    """How busy it is."""

    users: ActiveUsers


class Thumbnail(TypedDict):
    """The server's picture."""

    url: Url
    blurhash: str | None
    versions: dict[str, Url]
    description: str


class Icon(TypedDict):
    """An icon in one size."""

    src: Url
    size: str


class Registrations(TypedDict):
    """Whether one may sign up, and how."""

    enabled: bool
    approval_required: bool
    reason_required: bool
    message: str | None
    min_age: int | None
    url: Url | None


class Contact(TypedDict):
    """Whom to write to."""

    email: str
    account: Account | None


class Instance(TypedDict):
    """The server (version 2)."""

    domain: str
    title: str
    version: str
    source_url: Url
    description: str
    usage: Usage
    thumbnail: Thumbnail
    icon: list[Icon]
    languages: list[str]
    configuration: Configuration
    registrations: Registrations
    api_versions: dict[str, int]
    contact: Contact
    rules: list[Rule]


class StreamingUrls(TypedDict):
    """Where streams are."""

    streaming_api: Url


class Stats(TypedDict):
    """How large it is."""

    user_count: Count
    status_count: Count
    domain_count: Count


class InstanceV1(TypedDict):
    """The server (version 1)."""

    uri: str
    title: str
    short_description: str
    description: str
    email: str
    version: str
    urls: StreamingUrls
    stats: Stats
    thumbnail: Url | None
    languages: list[str]
    registrations: bool
    approval_required: bool
    invites_enabled: bool
    configuration: Limits
    contact_account: Account | None
    rules: list[Rule]


class DomainBlock(TypedDict):
    """A server that is blocked or limited here."""

    domain: str
    digest: str
    severity: Literal["silence", "suspend"]
    comment: str


class SiteText(TypedDict):
    """A longer text about the server, as HTML."""

    updated_at: Time | None
    content: str


class TermsOfService(TypedDict):
    """The terms people agree to."""

    effective_date: Day
    effective: bool
    content: str
    succeeded_by: Day | None


class ActivityWeek(TypedDict):
    """What the people of the server did in a week; numbers are text."""

    week: str
    statuses: str
    logins: str
    registrations: str


class Language(TypedDict):
    """A language posts can be in."""

    code: str
    name: str
