"""Barriers in the shape of Mastodon's API, for moderators."""

from typing import Any

from node.barriers.models import EmailBlock, EmailDomainBlock, NetworkBlock
from node.base.clock import time_word


def email_domain_block_view(row: EmailDomainBlock) -> dict[str, Any]:
    """Return an Admin::EmailDomainBlock. Who tried in vain is not counted, so there is no history."""
    return {"id": str(row.id), "domain": row.domain, "created_at": time_word(row.created_at), "history": []}


def email_block_view(row: EmailBlock) -> dict[str, Any]:
    """Return an Admin::CanonicalEmailBlock."""
    return {"id": str(row.id), "canonical_email_hash": row.email_hash}


def network_block_view(row: NetworkBlock) -> dict[str, Any]:
    """Return an Admin::IpBlock."""
    return {
        "id": str(row.id),
        "ip": row.network,
        "severity": row.severity,
        "comment": row.comment,
        "created_at": time_word(row.created_at),
        "expires_at": time_word(row.expires_at),
    }
