"""What of a status does not depend on who looks and does not change by itself: made from rows once, kept by version.

Two shared caches (`node/base/caches.py`), in each process and in Redis: posts without their author, and authors as
posts show them. A post's key holds the time of its last edit, the version of its author's profile, its visibility and
what it answers; so an edit, a suspension or a new name is seen at once. An author's card also has counts, which no
version covers: those may be a minute old. `rendering` adds what depends on the viewer.

Against the database it pays by far: twenty posts cost a process that has none of them about 4 ms of CPU from their
rows (six queries) and 0.5 ms from Redis. Only what somebody reads is kept, about 1.5 kB a post for five minutes.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, select

from node.accounts.models import Account
from node.accounts.queries import list_accounts
from node.accounts.views import account_view
from node.auth.queries import list_apps
from node.auth.views import post_app_view
from node.base.caches import LocalCache, SharedCache
from node.base.db.prepared import Prepared, PreparedEntities
from node.base.db.unit_of_work import Reader
from node.base.runtime import VERSION, Runtime
from node.media.models import Media
from node.media.views import media_view
from node.posts.models import Hashtag, Mention, Post, PostHashtag
from node.posts.views import mention_view, status_view, tag_view

PostKey = tuple[int, datetime | None, int, str, int | None]
"""Id, last edit, version of the author's profile, visibility, what it answers."""
AuthorKey = tuple[int, int]
"""Id and version."""

POSTS_KEPT: Final = 4000
POST_SECONDS: Final = 300
"""In a process and in Redis each; bounds what is kept, since every change makes another key."""
APPS_KEPT: Final = 500
AUTHORS_KEPT: Final = 2000
AUTHOR_SECONDS: Final = 30
"""In a process and in Redis each: how old the counts on a card may be, twice."""
FORM: Final = 1
"""Grows when posts or accounts take another form: processes of two versions may share one Redis for a while."""


async def find_rendered(runtime: Runtime, reader: Reader, keys: Iterable[PostKey]) -> dict[PostKey, dict[str, Any]]:
    """Return the statuses, without "account", of those keys whose posts are there."""

    async def make(absent: Sequence[PostKey]) -> dict[PostKey, dict[str, Any]]:
        made = await _render(runtime, reader, [key[0] for key in absent])
        return {key: made[key[0]] for key in absent if key[0] in made}

    return await _cache(runtime, "rendered_posts", POSTS_KEPT, POST_SECONDS).find(keys, make)


def keep_new(runtime: Runtime, post: Post, author: Account) -> None:
    """Keep a post as it was just published, for the answer that its author waits for, if it is nothing but words.

    All others are made from their rows, like any that is read.
    """
    app = None if post.application_id is None else _apps(runtime).get(post.application_id)
    if _may_name_somebody(post) or (post.application_id is not None and app is None):
        return
    key = (post.id, post.edited_at, author.version, post.visibility, post.in_reply_to_id)
    view = status_view(post, settings=runtime.settings, application=app)
    _cache(runtime, "rendered_posts", POSTS_KEPT, POST_SECONDS).keep(key, view)


async def find_authors(runtime: Runtime, reader: Reader, keys: Iterable[AuthorKey]) -> dict[AuthorKey, dict[str, Any]]:
    """Return the accounts of those keys."""

    async def make(absent: Sequence[AuthorKey]) -> dict[AuthorKey, dict[str, Any]]:
        accounts = await list_accounts(reader, [key[0] for key in absent])
        views = {id_: account_view(account, settings=runtime.settings) for id_, account in accounts.items()}
        return {key: views[key[0]] for key in absent if key[0] in views}

    return await _cache(runtime, "authors", AUTHORS_KEPT, AUTHOR_SECONDS).find(keys, make)


async def author_views(runtime: Runtime, accounts: Iterable[Account]) -> dict[int, dict[str, Any]]:
    """Return accounts as posts show them, by id: what is kept of them, else made of these rows."""
    rows = {(account.id, account.version): account for account in accounts}

    async def make(absent: Sequence[AuthorKey]) -> dict[AuthorKey, dict[str, Any]]:
        return {key: account_view(rows[key], settings=runtime.settings) for key in absent}

    found = await _cache(runtime, "authors", AUTHORS_KEPT, AUTHOR_SECONDS).find(rows, make)
    return {key[0]: view for key, view in found.items()}


def _cache(runtime: Runtime, name: str, size: int, seconds: int) -> SharedCache:
    return runtime.caches.shared(
        name,
        gate=runtime.gate,
        stamp=_stamp(runtime.settings.public_url),
        size=size,
        seconds=seconds,
        shared_seconds=seconds,
    )


@cache
def _stamp(public_url: str) -> str:
    """Return what all entries depend on beside their keys: the addresses of this node, and how we write them."""
    return hashlib.sha256(f"{VERSION} {FORM} {public_url}".encode()).hexdigest()[:12]


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_POSTS = PreparedEntities(select(Post).where(Post.id.in_(_IDS)))
_COVERED = Prepared(select(Account.id).where(Account.id.in_(_IDS), Account.sensitised_at.is_not(None)))
_MEDIA = PreparedEntities(select(Media).where(Media.post_id.in_(_IDS)).order_by(Media.position, Media.id))
_MENTIONS = Prepared(
    select(Mention.post_id, Mention.account_id)
    .where(Mention.post_id.in_(_IDS), Mention.silent.is_(False))
    .order_by(Mention.account_id)
)
_TAGS = Prepared(
    select(PostHashtag.post_id, Hashtag.name, Hashtag.display)
    .join(Hashtag, Hashtag.id == PostHashtag.hashtag_id)
    .where(PostHashtag.post_id.in_(_IDS))
    .order_by(Hashtag.id)
)


async def _render(runtime: Runtime, reader: Reader, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Render posts from their rows: at most seven queries for any number of them, each built once."""
    settings = runtime.settings
    wanted = {"ids": list(ids)}
    media: dict[int, list[dict[str, Any]]] = {}
    mentions: dict[int, list[dict[str, Any]]] = {}
    tags: dict[int, list[dict[str, Any]]] = {}
    posts = await reader.entities(_POSTS, wanted)
    for item in await reader.entities(_MEDIA, wanted):
        if item.post_id is not None:
            media.setdefault(item.post_id, []).append(media_view(item, settings=settings))
    showing = {post.account_id for post in posts if post.id in media}
    covered = {row.id for row in await reader.rows(_COVERED, {"ids": list(showing)})} if showing else set()
    if any(map(_may_name_somebody, posts)):
        named = await reader.rows(_MENTIONS, wanted)
        people = await list_accounts(reader, {row.account_id for row in named})
        for row in named:
            if row.account_id in people:
                mentions.setdefault(row.post_id, []).append(mention_view(people[row.account_id]))
        for row in await reader.rows(_TAGS, wanted):
            tags.setdefault(row.post_id, []).append(tag_view(row, public_url=settings.public_url))
    apps = await _app_views(runtime, reader, {post.application_id or 0 for post in posts} - {0})
    return {
        post.id: status_view(
            post,
            settings=settings,
            media=media.get(post.id, ()),
            mentions=mentions.get(post.id, ()),
            tags=tags.get(post.id, ()),
            application=apps.get(post.application_id or 0),
            covered=post.account_id in covered,
        )
        for post in posts
    }


async def _app_views(runtime: Runtime, reader: Reader, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    kept = _apps(runtime)
    found: dict[int, dict[str, Any]] = {id_: view for id_ in ids if (view := kept.get(id_)) is not None}
    if absent := set(ids) - found.keys():
        for id_, app in (await list_apps(reader, absent)).items():
            found[id_] = post_app_view(app)
            kept.put(id_, found[id_])
    return found


def _apps(runtime: Runtime) -> LocalCache:
    return runtime.caches.get("apps", size=APPS_KEPT, seconds=POST_SECONDS)


def _may_name_somebody(post: Post) -> bool:
    """Whether a post may have mentions or hashtags. Our own HTML marks both with the class `mention`."""
    return not post.local or post.in_reply_to_id is not None or "mention" in post.content
