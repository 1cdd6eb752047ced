"""Lists in the shape of Mastodon's API."""

from typing import Any

from node.lists.models import List


def list_view(row: List) -> dict[str, Any]:
    """Return a List entity."""
    return {
        "id": str(row.id),
        "title": row.title,
        "replies_policy": row.replies_policy,
        "exclusive": row.exclusive,
    }
