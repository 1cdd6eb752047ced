"""Reactions as apps read them. Pure.

Each is given the way Glitch, Chuckya and Iceshrimp give it (`reactions`), and the same list stands once more where
apps for Pleroma and Akkoma look (`pleroma.emoji_reactions`). `name` is the emoji, the shortcode of one of ours, or
`shortcode@host` of another server's; `url` is an address of ours, null for an emoji of Unicode.
"""

from collections.abc import Iterable
from typing import Any

from node.base.settings import Settings
from node.reactions.queries import Tally
from node.uris import emoji_picture_url


def reaction_views(tallies: Iterable[Tally], *, settings: Settings, anonymous: bool = False) -> list[dict[str, Any]]:
    """Return the reactions to one post; `me` is left out where nobody is signed in."""
    views = []
    for tally in tallies:
        custom = tally.emoji_id != 0
        view: dict[str, Any] = {
            "name": f"{tally.name}@{tally.domain}" if tally.domain else tally.name,
            "count": tally.count,
            "url": emoji_picture_url(settings, tally.emoji_id, tally.version) if custom else None,
            "static_url": emoji_picture_url(settings, tally.emoji_id, tally.version, still=True) if custom else None,
        }
        views.append(view if anonymous else view | {"me": tally.mine})
    return views
