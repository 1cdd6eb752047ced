"""Posts in the shapes of Mastodon's API: plain dicts, made from rows. No I/O; `rendering` gathers the rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from node.accounts.models import Account
from node.base.clock import time_word as time_word
from node.base.settings import Settings
from node.emojis.views import emoji_views
from node.posts.models import Hashtag, Post
from node.text.sanitising import clean_html

VISIBILITY_WORDS = {"public": "public", "unlisted": "unlisted", "followers": "private", "direct": "direct"}
"""Our word to the API's."""

VISIBILITY_FROM_WORD = {word: ours for ours, word in VISIBILITY_WORDS.items()}


def mention_view(account: Account) -> dict[str, Any]:
    """Return a mention entity."""
    return {"id": str(account.id), "username": account.username, "acct": account.acct, "url": account.url}


def tag_view(tag: Hashtag, *, public_url: str) -> dict[str, Any]:
    """Return a hashtag as posts carry it."""
    return {"name": tag.display, "url": f"{public_url}/tags/{tag.name}"}


def status_view(
    post: Post,
    *,
    settings: Settings,
    media: Sequence[Mapping[str, Any]] = (),
    mentions: Sequence[Mapping[str, Any]] = (),
    tags: Sequence[Mapping[str, Any]] = (),
    application: Mapping[str, Any] | None = None,
    covered: bool = False,
) -> dict[str, Any]:
    """Return a Status without its author and what depends on the viewer or changes by itself (flags and counts).

    `covered`: a moderator has the author's media shown as sensitive.
    """
    # row 75: what came from elsewhere is sanitised on the way out too; rows may be older than today's rules
    content = post.content if post.local else clean_html(post.content)
    if post.title:
        content = f"<p><strong>{_escaped(post.title)}</strong></p>{content}"
    return {
        "id": str(post.id),
        "created_at": time_word(post.published_at),
        "in_reply_to_id": _id_word(post.in_reply_to_id),
        "in_reply_to_account_id": _id_word(post.in_reply_to_account_id),
        "sensitive": post.sensitive or bool(post.spoiler_text) or (covered and bool(media)),
        "spoiler_text": post.spoiler_text,
        "visibility": VISIBILITY_WORDS[post.visibility],
        "local_only": post.local_only,
        "language": post.language,
        "uri": post.uri,
        "url": post.url or post.uri,
        "replies_count": 0,
        "reblogs_count": 0,
        "favourites_count": 0,
        "quotes_count": 0,
        "edited_at": time_word(post.edited_at),
        "content": content,
        "reblog": None,
        "application": application,
        "media_attachments": list(media),
        "mentions": list(mentions),
        "tags": list(tags),
        "reactions": [],
        "pleroma": {"emoji_reactions": []},
        "emojis": emoji_views(post.emojis, settings=settings),
        "card": None,
        "poll": None,
        "quote": None,
    }


def draft_view(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a post to come was asked for with, in the API's words (`params` of a ScheduledStatus).

    `stored` is what `drafts.stored_form` made.
    """
    visibility = stored.get("visibility")
    return {
        "text": stored.get("text") or "",
        "media_ids": list(stored.get("media_ids") or ()) or None,
        "sensitive": bool(stored.get("sensitive")),
        "spoiler_text": stored.get("spoiler_text") or "",
        "visibility": VISIBILITY_WORDS[visibility] if visibility else None,
        "language": stored.get("language"),
        "in_reply_to_id": stored.get("in_reply_to_id"),
        "quoted_status_id": stored.get("quoted_id"),
        "quote_approval_policy": stored.get("quote_policy") or None,
        "local_only": bool(stored.get("local_only")),
        "application_id": stored.get("application_id"),
        "poll": stored.get("poll"),
        "scheduled_at": None,
        "idempotency": None,
        "with_rate_limit": False,
    }


def _id_word(id_: int | None) -> str | None:
    return None if id_ is None else str(id_)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
