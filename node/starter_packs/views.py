"""Starter packs in the shape of our API."""

from collections.abc import Sequence
from typing import Any

from node.accounts.models import Account
from node.accounts.views import account_view
from node.base.clock import time_word
from node.base.settings import Settings
from node.starter_packs.models import StarterPack
from node.uris import INSTANCE_ACTOR_ID, starter_pack_url


def pack_view(
    pack: StarterPack, *, owner: Account | None, count: int, people: Sequence[Account], settings: Settings
) -> dict[str, Any]:
    """Return a StarterPack entity. The node's own packs have no owner."""
    shown = None if owner is None or owner.id == INSTANCE_ACTOR_ID else account_view(owner, settings=settings)
    return {
        "id": str(pack.id),
        "title": pack.title,
        "description": pack.description,
        "url": starter_pack_url(settings, pack.id),
        "published": pack.published,
        "featured": pack.featured,
        "accounts_count": count,
        "account": shown,
        "accounts": [account_view(one, settings=settings) for one in people],
        "created_at": time_word(pack.created_at),
        "updated_at": time_word(pack.updated_at),
    }
