"""Scheduled posts in the shape of Mastodon's API. No I/O."""

from collections.abc import Mapping
from typing import Any

from node.base.settings import Settings
from node.media.models import Media
from node.media.views import media_view
from node.posts.views import draft_view, time_word
from node.scheduled.models import ScheduledPost


def scheduled_view(row: ScheduledPost, media: Mapping[int, Media], *, settings: Settings) -> dict[str, Any]:
    """Return a ScheduledStatus. `media` are the uploads it holds; `failure` says why it was not published."""
    ids = [int(id_) for id_ in row.draft.get("media_ids") or ()]
    return {
        "id": str(row.id),
        "scheduled_at": time_word(row.scheduled_at),
        "params": draft_view(row.draft),
        "media_attachments": [media_view(media[id_], settings=settings) for id_ in ids if id_ in media],
        "failure": row.failure or None,
    }
