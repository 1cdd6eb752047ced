"""Relationships in the shape of Mastodon's API."""

from datetime import UTC, datetime
from typing import Any

from node.follows.rules import Relationship


def relationship_view(relationship: Relationship) -> dict[str, Any]:
    """Return a Relationship: every boolean is there (client-api 11)."""
    return {
        "id": str(relationship.account_id),
        "following": relationship.following,
        "showing_reblogs": relationship.showing_reblogs,
        "notifying": relationship.notifying,
        "languages": list(relationship.languages) or None,
        "followed_by": relationship.followed_by,
        "blocking": relationship.blocking,
        "blocked_by": relationship.blocked_by,
        "muting": relationship.muting,
        "muting_notifications": relationship.muting_notifications,
        "muting_expires_at": _time_word(relationship.muting_expires_at),
        "requested": relationship.requested,
        "requested_by": relationship.requested_by,
        "domain_blocking": relationship.domain_blocking,
        "endorsed": relationship.endorsed,
        "note": relationship.note,
    }


def _time_word(moment: datetime | None) -> str | None:
    """Return UTC with exactly three fraction digits (client-api 10)."""
    if moment is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
