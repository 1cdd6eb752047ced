"""Reports in the shape of Mastodon's API."""

from typing import Any

from node.accounts.models import Account
from node.accounts.views import account_view
from node.base.settings import Settings
from node.posts.views import time_word
from node.reports.models import Report


def report_view(report: Report, target: Account, *, settings: Settings) -> dict[str, Any]:
    """Return a Report."""
    return {
        "id": str(report.id),
        "action_taken": report.resolved_at is not None,
        "action_taken_at": time_word(report.resolved_at),
        "category": report.category,
        "comment": report.comment,
        "forwarded": report.forwarded,
        "created_at": time_word(report.created_at),
        "status_ids": [str(id_) for id_ in report.post_ids] or None,
        "rule_ids": [str(id_) for id_ in report.rule_ids] or None,
        "collection_ids": None,
        "target_account": account_view(target, settings=settings),
    }
