"""Relationships in the shape of Mastodon's API."""

from typing import Any

from node.follows.rules import Relationship


def relationship_view(relationship: Relationship) -> dict[str, Any]:
    """Return a Relationship: every boolean is there (client-api 11)."""
    return {
        "id": str(relationship.account_id),
        "following": relationship.following,
        "showing_reblogs": relationship.showing_reblogs,
        "notifying": relationship.notifying,
        "languages": None,
        "followed_by": relationship.followed_by,
        "blocking": relationship.blocking,
        "blocked_by": relationship.blocked_by,
        "muting": relationship.muting,
        "muting_notifications": relationship.muting_notifications,
        "muting_expires_at": None,
        "requested": relationship.requested,
        "requested_by": relationship.requested_by,
        "domain_blocking": relationship.domain_blocking,
        "endorsed": False,
        "note": "",
    }
