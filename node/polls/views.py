"""Polls in the shape of Mastodon's API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from node.base.clock import time_word
from node.polls.queries import PollState


def poll_view(poll: PollState, *, viewer_id: int | None, emojis: Sequence[Any] = (), now: datetime) -> dict[str, Any]:
    """Return a Poll. `voted` and `own_votes` are there only for a viewer; who wrote the poll has had their say."""
    over = poll.is_over(now)
    shows_counts = over or not poll.hide_totals
    view: dict[str, Any] = {
        "id": str(poll.id),
        "expires_at": time_word(poll.closes_at or poll.closed_at),
        "expired": over,
        "multiple": poll.multiple,
        "votes_count": poll.votes_count,
        "voters_count": poll.voters_count,
        "options": [{"title": title, "votes_count": votes if shows_counts else None} for title, votes in poll.options],
        "emojis": list(emojis),
    }
    if viewer_id is not None:
        view |= {"voted": bool(poll.chosen) or poll.account_id == viewer_id, "own_votes": list(poll.chosen)}
    return view
