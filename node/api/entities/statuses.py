"""Posts as types, and what stands around them."""

from typing import Any, Literal, NotRequired, TypedDict

from node.api.entities.accounts import Account
from node.api.entities.emojis import CustomEmoji, Reaction
from node.api.entities.filters import FilterResult
from node.api.entities.media import MediaAttachment
from node.api.entities.polls import Poll
from node.api.entities.tags import TagHistory
from node.api.entities.values import Count, Id, Time, Url

Visibility = Literal["public", "unlisted", "private", "direct"]


class Mention(TypedDict):
    """Somebody named in a post."""

    id: Id
    username: str
    acct: str
    url: Url


class StatusTag(TypedDict):
    """A hashtag that a post carries."""

    name: str
    url: Url


class StatusApplication(TypedDict):
    """The app a post was written with."""

    name: str
    website: str | None


class CardAuthor(TypedDict):
    """Who wrote what a link leads to."""

    name: str
    url: str
    account: Account | None


class PreviewCard(TypedDict):
    """What stands behind a link."""

    url: Url
    title: str
    description: str
    language: str | None
    type: Literal["link", "photo", "video", "rich"]
    author_name: str
    author_url: str
    provider_name: str
    provider_url: str
    html: str
    width: Count
    height: Count
    image: Url | None
    image_description: str
    embed_url: str
    blurhash: str | None
    published_at: Time | None
    authors: list[CardAuthor]


class TrendsLink(PreviewCard):
    """What stands behind a link that is talked about, and how much it was posted."""

    history: list[TagHistory]


class Quote(TypedDict):
    """A quoted post; inside a quoted post only its id is given."""

    state: Literal[
        "pending",
        "accepted",
        "rejected",
        "revoked",
        "deleted",
        "unauthorized",
        "blocked_account",
        "blocked_domain",
        "muted_account",
    ]
    quoted_status: "NotRequired[Status | None]"
    quoted_status_id: NotRequired[Id | None]


class QuoteApproval(TypedDict):
    """Who may quote a post, and what of it the viewer may."""

    automatic: list[Literal["public", "followers", "following", "unsupported_policy"]]
    manual: list[Literal["public", "followers", "following", "unsupported_policy"]]
    current_user: Literal["automatic", "manual", "denied", "unknown"]


class EmojiReactions(TypedDict):
    """The reactions once more, where other apps look for them."""

    emoji_reactions: list[Reaction]


class Status(TypedDict):
    """A post, or a boost of one. What concerns the viewer is there for somebody signed in only."""

    id: Id
    created_at: Time
    in_reply_to_id: Id | None
    in_reply_to_account_id: Id | None
    sensitive: bool
    spoiler_text: str
    visibility: Visibility
    local_only: bool
    """Only people with an account on this server see it."""
    language: str | None
    uri: Url
    url: Url | None
    replies_count: Count
    reblogs_count: Count
    favourites_count: Count
    quotes_count: Count
    edited_at: Time | None
    content: str
    reblog: "Status | None"
    application: StatusApplication | None
    account: Account
    media_attachments: list[MediaAttachment]
    mentions: list[Mention]
    tags: list[StatusTag]
    reactions: list[Reaction]
    pleroma: EmojiReactions
    emojis: list[CustomEmoji]
    card: PreviewCard | None
    poll: Poll | None
    quote: Quote | None
    quote_approval: QuoteApproval
    favourited: NotRequired[bool]
    reblogged: NotRequired[bool]
    muted: NotRequired[bool]
    bookmarked: NotRequired[bool]
    pinned: NotRequired[bool]
    filtered: NotRequired[list[FilterResult]]
    denied_interactions: NotRequired[list[Literal["favourite", "reply", "reblog"]]]


class DeletedStatus(Status):
    """A post that is gone, with what it was written as."""

    text: str


class StatusSource(TypedDict):
    """What a post was written as."""

    id: Id
    text: str
    spoiler_text: str


class StatusEdit(TypedDict):
    """One version of a post."""

    content: str
    spoiler_text: str
    sensitive: bool
    created_at: Time
    account: Account
    media_attachments: list[MediaAttachment]
    emojis: list[CustomEmoji]
    poll: NotRequired[Any]
    quote: Quote | None


class Context(TypedDict):
    """What a post answers, and what answers it."""

    ancestors: list[Status]
    descendants: list[Status]


class EmojiReaction(Reaction):
    """A reaction to a post with who gave it."""

    accounts: list[Account]
