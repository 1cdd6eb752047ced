"""Every SELECT over posts, likes, bookmarks and hashtags. Threads are in `thread_queries`, re-exported here.

Whatever is listed for somebody passes `visible_to(viewer_id)`. Only `find_` by id or URI does not ask who
looks: it serves services, effects and the inbox. Pages are paged by the id of the row that is listed: a like's,
a bookmark's, a boost's.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import AccountEntry, is_present
from node.base.db.prepared import Prepared, PreparedEntities
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.paging import Page, PageForm
from node.posts.consent_models import InteractionRequest
from node.posts.models import (
    Bookmark,
    Hashtag,
    IdempotencyKey,
    Like,
    Mention,
    Post,
    PostEdit,
    PostHashtag,
)
from node.posts.rules import OPEN_VISIBILITIES, visible_to
from node.posts.thread_queries import list_context, list_orphans, list_thread_below
from node.text.writing import fold_hashtag

__all__ = [
    "PostEntry",
    "count_local_posts",
    "find_boost",
    "find_hashtag",
    "find_idempotency_key",
    "find_post",
    "find_post_by_uri",
    "get_own_post",
    "get_visible_post",
    "list_addressed_groups",
    "list_bookmark_ids",
    "list_boosted_by",
    "list_context",
    "list_edits",
    "list_liked_by",
    "list_liked_ids",
    "list_mentions",
    "list_orphans",
    "list_posts_by_uri",
    "list_thread_below",
    "list_visible_ids",
    "may_see",
    "search_hashtags",
]

BATCH: Final = 500
MAX_KEY: Final = 255

_BY_ID: Final = PreparedEntities(select(Post).where(Post.id == bindparam("post_id")))
_BY_URI: Final = PreparedEntities(select(Post).where(Post.uri == bindparam("post_uri")))


@dataclass(frozen=True, slots=True)
class PostEntry:
    """A post in a list that is paged by the id of another row (a like, a bookmark)."""

    id: int
    """What the list is paged by."""
    post_id: int


async def find_post(reader: Reader, post_id: int) -> Post | None:
    """Return a post or boost, deleted or not, whoever may see it."""
    found = await reader.entities(_BY_ID, {"post_id": post_id})
    return found[0] if found else None


async def find_post_by_uri(reader: Reader, uri: str) -> Post | None:
    """Return a post or boost by its ActivityPub id, deleted or not, whoever may see it."""
    found = await reader.entities(_BY_URI, {"post_uri": uri})
    return found[0] if found else None


async def list_posts_by_uri(reader: Reader, uris: Collection[str]) -> dict[str, Post]:
    """Return posts by ActivityPub id, deleted ones too; unknown ids are left out."""
    wanted = list(dict.fromkeys(uris))
    found: dict[str, Post] = {}
    for start in range(0, len(wanted), BATCH):
        rows = await reader.scalars(select(Post).where(Post.uri.in_(wanted[start : start + BATCH])))
        found |= {row.uri: row for row in rows}
    return found


async def get_visible_post(reader: Reader, post_id: int, viewer_id: int | None) -> Post:
    """Return a post or boost. Raises NotFound when it is absent or not for this viewer: the same answer."""
    found = await find_visible_post(reader, post_id, viewer_id)
    if found is None:
        raise NotFound()
    return found


async def find_visible_post(reader: Reader, post_id: int, viewer_id: int | None) -> Post | None:
    """Return a post or boost, None when it is absent or not for this viewer."""
    given = {"post_id": post_id} if viewer_id is None else {"post_id": post_id, "viewer": viewer_id}
    found = await reader.entities(_visible_post(viewer_id is None), given)
    return found[0] if found else None


async def find_visible_post_by_uri(reader: Reader, uri: str, viewer_id: int) -> Post | None:
    """Return a post or boost by its ActivityPub id, None when it is absent or not for this viewer."""
    found = await reader.entities(_visible_post(False, by_uri=True), {"post_uri": uri, "viewer": viewer_id})
    return found[0] if found else None


@cache
def _visible_post(anonymous: bool, *, by_uri: bool = False) -> PreparedEntities[Post]:
    viewer: Any = None if anonymous else bindparam("viewer")
    which = Post.uri == bindparam("post_uri") if by_uri else Post.id == bindparam("post_id")
    return PreparedEntities(select(Post).where(which, visible_to(viewer)))


async def get_own_post(reader: Reader, post_id: int, account_id: int) -> Post:
    """Return a post or boost of this author that still stands. Raises NotFound (attack row 89)."""
    found: Post | None = await reader.scalar(
        select(Post).where(Post.id == post_id, Post.account_id == account_id, Post.deleted_at.is_(None))
    )
    if found is None:
        raise NotFound()
    return found


async def is_local_only(reader: Reader, post_id: int) -> bool:
    """Whether a post is for people of this node alone."""
    return bool(await reader.scalar(select(Post.local_only).where(Post.id == post_id)))


async def may_see(reader: Reader, post_id: int, viewer_id: int | None) -> bool:
    """Say whether the viewer may see a post."""
    return bool(await list_visible_ids(reader, [post_id], viewer_id))


async def list_visible_ids(reader: Reader, ids: Collection[int], viewer_id: int | None) -> set[int]:
    """Return those of `ids` that the viewer may see."""
    wanted, found = list(ids), set[int]()
    for start in range(0, len(wanted), BATCH):
        given: dict[str, Any] = {"ids": wanted[start : start + BATCH]}
        if viewer_id is not None:
            given["viewer"] = viewer_id
        found |= {row[0] for row in await reader.rows(_visible(viewer_id is None), given)}
    return found


@cache
def _visible(anonymous: bool) -> Prepared:
    viewer: Any = None if anonymous else bindparam("viewer")
    return Prepared(select(Post.id).where(Post.id.in_(bindparam("ids", expanding=True)), visible_to(viewer)))


async def list_liked_by(reader: Reader, post_id: int, page: Page) -> list[AccountEntry]:
    """Return a page of who likes a post, paged by the like. The door checks that the post may be seen."""
    statement = (
        select(Like.id, Like.account_id)
        .join(Account, Account.id == Like.account_id)
        .where(Like.post_id == post_id, is_present(), ~_waits(Like.id))
    )
    rows = (await reader.execute(page.apply(statement, Like.id))).all()
    return page.newest_first([AccountEntry(row.id, row.account_id) for row in rows])


def _waits(like_id: Any) -> ColumnElement[bool]:
    """SQL: the like still waits for its author's leave (OBJ-16)."""
    return exists(
        select(InteractionRequest.id).where(
            InteractionRequest.kind == "like",
            InteractionRequest.subject_id == like_id,
            InteractionRequest.state == "pending",
        )
    )


async def list_boosted_by(
    reader: Reader, post_id: int, page: Page, *, viewer_id: int | None = None
) -> list[AccountEntry]:
    """Return a page of who boosted a post, paged by the boost; only boosts for everybody that the viewer may see."""
    statement = select(Post.id, Post.account_id).where(
        Post.boost_of_id == post_id, Post.visibility.in_(OPEN_VISIBILITIES), visible_to(viewer_id)
    )
    rows = (await reader.execute(page.apply(statement, Post.id))).all()
    return page.newest_first([AccountEntry(row.id, row.account_id) for row in rows])


async def list_edits(reader: Reader, post_id: int) -> list[PostEdit]:
    """Return the versions a post had before its present one, oldest first; `created_at` is since when it read so."""
    return list(
        await reader.scalars(
            select(PostEdit).where(PostEdit.post_id == post_id).order_by(PostEdit.created_at, PostEdit.id)
        )
    )


async def count_bookmarks(reader: Reader, account_id: int) -> int:
    """Return how many posts an account keeps."""
    statement = select(func.count()).select_from(Bookmark).where(Bookmark.account_id == account_id)
    return int(await reader.scalar(statement) or 0)


@cache
def _kept(table: type[Bookmark] | type[Like], form: PageForm) -> Select[int, int]:
    """Return the SELECT of a page of what somebody bookmarked or likes."""
    viewer: Any = bindparam("viewer")
    shown = (
        select(table.id, table.post_id)
        .join(Post, Post.id == table.post_id)
        .where(table.account_id == viewer, visible_to(viewer))
    )
    return form.apply(shown, table.id)


async def list_bookmark_ids(reader: Reader, account_id: int, page: Page) -> list[PostEntry]:
    """Return a page of what an account bookmarked and may still see, paged by the bookmark."""
    rows = await reader.execute(_kept(Bookmark, page.form), {"viewer": account_id, **page.parameters})
    return page.newest_first([PostEntry(row.id, row.post_id) for row in rows])


async def list_liked_ids(reader: Reader, account_id: int, page: Page) -> list[PostEntry]:
    """Return a page of what an account likes and may still see, paged by the like."""
    rows = await reader.execute(_kept(Like, page.form), {"viewer": account_id, **page.parameters})
    return page.newest_first([PostEntry(row.id, row.post_id) for row in rows])


def stored_key(key: str) -> str:
    """Return an idempotency key as its column can hold it."""
    return key if len(key) <= MAX_KEY else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


async def list_mentions(reader: Reader, post_id: int) -> list[Mention]:
    """Return whom a post is addressed to, silently or by name; a deleted post keeps them."""
    return list(await reader.scalars(select(Mention).where(Mention.post_id == post_id).order_by(Mention.account_id)))


async def list_addressed_groups(reader: Reader, post_id: int) -> list[int]:
    """Return the communities that a post was sent to: answers to it go there too (FEP-1b12)."""
    return list(
        await reader.scalars(
            select(Mention.account_id)
            .join(Account, Account.id == Mention.account_id)
            .where(Mention.post_id == post_id, Account.actor_type == "Group", Account.domain != "", is_present())
        )
    )


async def find_boost(reader: Reader, account_id: int, post_id: int) -> Post | None:
    """Return an account's boost of a post, if it stands."""
    found: Post | None = await reader.scalar(
        select(Post).where(Post.account_id == account_id, Post.boost_of_id == post_id, Post.deleted_at.is_(None))
    )
    return found


async def find_idempotency_key(reader: Reader, account_id: int, key: str) -> IdempotencyKey | None:
    """Return the row of an idempotency key, however old."""
    found: IdempotencyKey | None = await reader.scalar(
        select(IdempotencyKey).where(IdempotencyKey.account_id == account_id, IdempotencyKey.key == stored_key(key))
    )
    return found


async def find_hashtag(reader: Reader, name: str) -> Hashtag | None:
    """Return a hashtag by name, in any case and width, with or without `#`."""
    found: Hashtag | None = await reader.scalar(select(Hashtag).where(Hashtag.name == fold_hashtag(name)))
    return found


async def is_hashtag_in_view(reader: Reader, hashtag_id: int, viewer_id: int | None) -> bool:
    """Whether somebody uses a hashtag in public, as far as this viewer may see."""
    statement = select(Hashtag.id).where(Hashtag.id == hashtag_id, _used_in_view(viewer_id))
    return await reader.scalar(statement) is not None


def _used_in_view(viewer_id: int | None) -> ColumnElement[bool]:
    """SQL over Hashtag: a public post that this viewer may see carries it. One of private posts alone is nobody's
    business, nor one of people who block the viewer, or who are gone (attack rows 105, 106)."""
    post = aliased(Post)
    return exists(
        select(PostHashtag.post_id)
        .join(post, post.id == PostHashtag.post_id)
        .where(PostHashtag.hashtag_id == Hashtag.id, post.visibility == "public", visible_to(viewer_id, post))
    )


async def search_hashtags(
    reader: Reader,
    text: str,
    *,
    viewer_id: int | None,
    limit: int = 20,
    offset: int = 0,
    but_not: Collection[int] = (),
    among: Collection[int] | None = None,
) -> list[Hashtag]:
    """Return hashtags that begin with `text` and that this viewer may see used, the shorter ones first, by name.

    `but_not`: what moderators took out; `among`: no others than these.
    """
    prefix = fold_hashtag("".join(text.split()))[:300]
    if not prefix:
        return []
    is_in_range = and_(Hashtag.name >= prefix, Hashtag.name < prefix + "\U0010ffff")
    statement = (
        select(Hashtag)
        .where(is_in_range, _used_in_view(viewer_id), Hashtag.id.not_in(but_not))
        .order_by(func.length(Hashtag.name), Hashtag.name)
        .offset(offset)
        .limit(limit)
    )
    if among is not None:
        statement = statement.where(Hashtag.id.in_(among))
    return list(await reader.scalars(statement))


async def count_local_posts(reader: Reader) -> int:
    """Count the posts of our own people, without boosts and direct posts."""
    counted: int = await reader.scalar(
        select(func.count())
        .select_from(Post)
        .where(
            Post.local.is_(True),
            Post.deleted_at.is_(None),
            Post.boost_of_id.is_(None),
            Post.visibility != "direct",
        )
    )
    return counted
