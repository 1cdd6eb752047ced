"""Announcements in the shape of Mastodon's API, for the REST door, streams and pages.

What does not depend on the viewer is rendered once a process and version, since every page asks for it.
"""

from collections.abc import Sequence
from typing import Any

from node.accounts.models import Account
from node.accounts.queries import find_account_by_handle
from node.accounts.rules import local_or_domain
from node.accounts.views import page_url
from node.announcements.models import Announcement
from node.announcements.queries import (
    ReactionTally,
    count_reactions,
    list_posts_at,
    list_reaction_tallies,
    list_read_ids,
    list_shown,
)
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.base.settings import Settings
from node.emojis.models import Emoji
from node.emojis.queries import list_emojis
from node.emojis.service import local_references
from node.emojis.views import emoji_views
from node.posts.views import time_word
from node.text.markdown import render_rich
from node.text.writing import MentionTarget, find_handles, find_links, fold_hashtag
from node.uris import emoji_picture_url, tag_url

CACHED_SECONDS = 60


async def announcement_views(
    runtime: Runtime, reader: Reader, rows: Sequence[Announcement], *, viewer_id: int | None
) -> list[dict[str, Any]]:
    """Return Announcements in the order of `rows`; `read` and `me` say how the viewer stands to them."""
    ids = [row.id for row in rows]
    read = await list_read_ids(reader, viewer_id, ids) if viewer_id is not None and ids else set()
    tallies = await list_reaction_tallies(reader, ids, viewer_id=viewer_id) if ids else {}
    emojis = await list_emojis(reader, {one.emoji_id for found in tallies.values() for one in found if one.emoji_id})
    views = []
    for row in rows:
        view = await _rendered(runtime, reader, row)
        reactions = [
            shown
            for tally in tallies.get(row.id, [])
            if (shown := _reaction(tally, emojis, settings=runtime.settings)) is not None
        ]
        personal = {"read": row.id in read} if viewer_id is not None else {}
        views.append(view | {"reactions": reactions} | personal)
    return views


async def unread_announcements(runtime: Runtime, reader: Reader, viewer_id: int) -> list[dict[str, Any]]:
    """Return what pages show on top: what is up and the viewer has not put away."""
    rows = await list_shown(reader, now=runtime.now())
    if not rows:
        return []
    views = await announcement_views(runtime, reader, rows, viewer_id=viewer_id)
    return [view for view in views if not view["read"]]


async def reaction_view(reader: Reader, announcement_id: int, name: str) -> dict[str, Any]:
    """Return what streams tell of a reaction that came or went."""
    count = await count_reactions(reader, announcement_id, name)
    return {"name": name, "count": count, "announcement_id": str(announcement_id)}


async def _rendered(runtime: Runtime, reader: Reader, row: Announcement) -> dict[str, Any]:
    cache = runtime.caches.get("announcements", size=100, seconds=CACHED_SECONDS)
    view: dict[str, Any] | None = cache.get((row.id, row.updated_at))
    if view is None:
        view = await _render(runtime, reader, row)
        cache.put((row.id, row.updated_at), view)
    return view


async def _render(runtime: Runtime, reader: Reader, row: Announcement) -> dict[str, Any]:
    settings = runtime.settings
    named: dict[str, Account] = {}
    for handle in find_handles(row.text):
        found = await find_account_by_handle(reader, handle.username, local_or_domain(settings, handle.domain))
        if found is not None and not found.is_gone:
            named[handle.key] = found
    targets = {
        key: MentionTarget(url=page_url(account, settings=settings), username=account.username)
        for key, account in named.items()
    }
    rendered = render_rich(row.text, mentions=targets, settings=settings)
    mentioned = {account.id: account for key, account in named.items() if key in rendered.handles}
    posts = await list_posts_at(reader, find_links(row.text))
    return {
        "id": str(row.id),
        "content": rendered.html,
        "starts_at": time_word(row.starts_at),
        "ends_at": time_word(row.ends_at),
        "all_day": row.all_day,
        "published_at": time_word(row.published_at),
        "updated_at": time_word(row.updated_at),
        "mentions": [
            {
                "id": str(account.id),
                "username": account.username,
                "url": page_url(account, settings=settings),
                "acct": account.acct,
            }
            for account in mentioned.values()
        ],
        "statuses": [{"id": str(post.id), "url": post.url or post.uri} for post in posts],
        "tags": [{"name": name, "url": tag_url(settings, fold_hashtag(name))} for name in rendered.hashtags],
        "emojis": emoji_views(await local_references(reader, [row.text]), settings=settings),
    }


def _reaction(tally: ReactionTally, emojis: dict[int, Emoji], *, settings: Settings) -> dict[str, Any] | None:
    view: dict[str, Any] = {"name": tally.name, "count": tally.count, "me": tally.mine}
    if not tally.emoji_id:
        return view
    emoji = emojis.get(tally.emoji_id)
    if emoji is None:  # the operator took it away
        return None
    return view | {
        "url": emoji_picture_url(settings, emoji.id, emoji.version),
        "static_url": emoji_picture_url(settings, emoji.id, emoji.version, still=True),
    }
