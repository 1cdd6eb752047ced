"""Drafts as our API shows them. No I/O."""

from collections.abc import Mapping
from typing import Any

from node.base.settings import Settings
from node.drafts.models import KeptDraft
from node.media.models import Media
from node.media.views import media_view
from node.posts.views import draft_view, time_word


def kept_draft_view(row: KeptDraft, media: Mapping[int, Media], *, settings: Settings) -> dict[str, Any]:
    """Return a draft: `params` is its first post, `thread` those that follow. `media` are the uploads it holds."""
    ids = [int(id_) for post in row.posts for id_ in post.get("media_ids") or ()]
    first, *rest = [draft_view(post) for post in row.posts]
    return {
        "id": str(row.id),
        "params": first,
        "thread": rest,
        "media_attachments": [media_view(media[id_], settings=settings) for id_ in ids if id_ in media],
        "created_at": time_word(row.created_at),
        "updated_at": time_word(row.updated_at),
    }
