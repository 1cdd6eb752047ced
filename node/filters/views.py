"""Filters in the shapes of Mastodon's API, both versions. No I/O."""

from collections.abc import Sequence
from typing import Any

from node.base.clock import time_word
from node.filters.models import Filter, FilterKeyword, FilterStatus
from node.filters.rules import Match


def filter_view(row: Filter, keywords: Sequence[FilterKeyword], statuses: Sequence[FilterStatus]) -> dict[str, Any]:
    """Return a Filter entity."""
    return {
        "id": str(row.id),
        "title": row.title,
        "context": list(row.context),
        "expires_at": time_word(row.expires_at),
        "filter_action": row.action,
        "keywords": [keyword_view(keyword) for keyword in keywords],
        "statuses": [status_view(status) for status in statuses],
    }


def keyword_view(row: FilterKeyword) -> dict[str, Any]:
    """Return a FilterKeyword entity."""
    return {"id": str(row.id), "keyword": row.keyword, "whole_word": row.whole_word}


def status_view(row: FilterStatus) -> dict[str, Any]:
    """Return a FilterStatus entity."""
    return {"id": str(row.id), "status_id": str(row.post_id)}


def first_version_view(row: Filter, keyword: FilterKeyword) -> dict[str, Any]:
    """Return a keyword as a filter of the first version."""
    return {
        "id": str(keyword.id),
        "phrase": keyword.keyword,
        "context": list(row.context),
        "whole_word": keyword.whole_word,
        "expires_at": time_word(row.expires_at),
        "irreversible": row.action == "hide",
    }


def result_view(match: Match) -> dict[str, Any]:
    """Return a FilterResult entity: which filter concerns a post, and why."""
    filtering = match.filtering
    return {
        "filter": {
            "id": str(filtering.id),
            "title": filtering.title,
            "context": list(filtering.context),
            "expires_at": time_word(filtering.expires_at),
            "filter_action": filtering.action,
        },
        "keyword_matches": list(match.keywords) or None,
        "status_matches": [str(id_) for id_ in match.post_ids] or None,
    }
