"""Posts to come as types: scheduled ones, and drafts."""

from typing import NotRequired, TypedDict

from node.api.entities.media import MediaAttachment
from node.api.entities.values import Id, Time


class PollParameters(TypedDict):
    """The poll that a post to come was asked for with."""

    options: list[str]
    expires_in: int | None
    multiple: bool
    hide_totals: bool


class StatusParameters(TypedDict):
    """What a post to come was asked for with."""

    text: str
    media_ids: list[Id] | None
    sensitive: bool
    spoiler_text: str
    visibility: str | None
    language: str | None
    in_reply_to_id: Id | None
    quoted_status_id: Id | None
    quote_approval_policy: str | None
    local_only: bool
    application_id: Id | None
    poll: PollParameters | None
    scheduled_at: Time | None
    idempotency: str | None
    with_rate_limit: bool


class ScheduledStatus(TypedDict):
    """A post that is to appear later. `failure` says why one whose time has come was not published."""

    id: Id
    scheduled_at: Time
    params: StatusParameters
    media_attachments: list[MediaAttachment]
    failure: NotRequired[str | None]


class Draft(TypedDict):
    """Something begun: `params` is its first post, `thread` those that follow."""

    id: Id
    params: StatusParameters
    thread: list[StatusParameters]
    media_attachments: list[MediaAttachment]
    created_at: Time
    updated_at: Time
