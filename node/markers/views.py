"""Markers in the shape of Mastodon's API."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from node.markers.models import Marker


def marker_views(markers: Mapping[str, Marker]) -> dict[str, Any]:
    """Return markers by timeline."""
    return {
        timeline: {
            "last_read_id": str(marker.last_read_id),
            "version": marker.version,
            "updated_at": marker.updated_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.")
            + f"{marker.updated_at.microsecond // 1000:03d}Z",
        }
        for timeline, marker in markers.items()
    }
