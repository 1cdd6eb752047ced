"""Moments in the shape of our API."""

from typing import Any

from node.accounts.models import Account
from node.accounts.views import account_view
from node.base.clock import time_word
from node.base.settings import Settings
from node.media.views import media_view
from node.moments.queries import Contents
from node.uris import INSTANCE_ACTOR_ID, moment_url


def moment_view(contents: Contents, *, curator: Account | None, settings: Settings) -> dict[str, Any]:
    """Return a Moment entity. The node's own moments have no curator."""
    moment = contents.moment
    is_ours = curator is None or curator.id == INSTANCE_ACTOR_ID
    return {
        "id": str(moment.id),
        "title": moment.title,
        "description": moment.description,
        "url": moment_url(settings, moment.id),
        "feed_url": moment_url(settings, moment.id) + ".rss",
        "kind": "automatic" if is_ours else "curated",
        "account": None if is_ours or curator is None else account_view(curator, settings=settings),
        "cover": media_view(contents.cover, settings=settings) if contents.cover is not None else None,
        "statuses_count": len(contents.post_ids),
        "published_at": time_word(moment.published_at),
        "hidden": moment.hidden_at is not None,
        "created_at": time_word(moment.created_at),
        "updated_at": time_word(moment.updated_at),
    }
