"""Every SELECT of the timelines that anybody may read: local and federated, by hashtag, of a link.

Each is a walk over an index (`node/posts/walks.py`), with statements made once for each kind of viewer. Whoever shows
what they find renders it, and rendering holds `visible_to` again.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, literal_column, or_, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.base.db.base import UtcDateTime
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.cards.models import PostLink
from node.follows.models import Follow
from node.media.models import Media
from node.posts.models import Post, PostHashtag
from node.posts.rules import visible_to, welcome_to
from node.posts.tag_queries import list_tag_ids, rarest_first
from node.posts.walks import Found, Walk, pages

_VIEWER: Final[Any] = bindparam("viewer")
_NOW: Final = bindparam("now", type_=UtcDateTime())

_AUTHOR: Any = aliased(Account)
_FOLLOW: Any = aliased(Follow)
_OTHER: Any = aliased(PostHashtag)
"""Made once, as in `node/posts/rules.py`."""


async def list_public_ids(
    reader: Reader,
    page: Page,
    *,
    viewer_id: int | None,
    now: datetime,
    local: bool,
    remote: bool,
    only_media: bool,
) -> Found:
    """Return a page of public posts: no boosts, no replies to others, nobody silenced who is not followed."""
    walk = _public_walk(signed_in=viewer_id is not None, local=local, remote=remote, only_media=only_media)
    return await walk.page(reader, page, _given(viewer_id, now))


async def list_public_among(
    reader: Reader,
    ids: Collection[int],
    *,
    viewer_id: int | None,
    now: datetime,
    local: bool,
    remote: bool,
    only_media: bool,
) -> list[int]:
    """Return those of these posts that the public timeline has, newest first: what a stream asks."""
    statement = _public_among(signed_in=viewer_id is not None, local=local, remote=remote, only_media=only_media)
    return [row[0] for row in await reader.rows(statement, {**_given(viewer_id, now), "ids": list(ids)})]


async def list_link_ids(
    reader: Reader, page: Page, *, viewer_id: int | None, now: datetime, card_ids: Sequence[int]
) -> Found:
    """Return a page of public posts with a link to one of these pages."""
    walk, given = _link_walk(signed_in=viewer_id is not None), _given(viewer_id, now)
    return await pages(reader, page, [(walk, {**given, "card": card_id}) for card_id in card_ids])


async def list_hashtag_ids(
    reader: Reader,
    page: Page,
    *,
    viewer_id: int | None,
    now: datetime,
    any_of: Sequence[str],
    all_of: Sequence[str] = (),
    none_of: Sequence[str] = (),
    local: bool = False,
    remote: bool = False,
    only_media: bool = False,
) -> Found:
    """Return a page of public posts with one of `any_of`, all of `all_of` and none of `none_of` (folded names)."""
    ids = await list_tag_ids(reader, {*any_of, *all_of, *none_of})
    some = {ids[name] for name in any_of if name in ids}
    every = {ids[name] for name in all_of if name in ids}
    none = [ids[name] for name in none_of if name in ids]
    if not some or any(name not in ids for name in all_of):
        return Found([])
    given = _given(viewer_id, now) | ({"none": none} if none else {})
    if len(some) == 1:
        every, some = every | some, set()
    walk = _hashtag_walk(
        signed_in=viewer_id is not None,
        local=local,
        remote=remote,
        only_media=only_media,
        some=bool(some and every),
        every=len(every) > 1,
        none=bool(none),
    )
    if not every:
        return await pages(reader, page, [(walk, {**given, "tag": tag_id}) for tag_id in sorted(some)])
    tag_id, *others = await rarest_first(reader, every)
    if others:
        given |= {"every": others, "as_many": len(others)}
    if some:
        given |= {"some": sorted(some)}
    return await walk.page(reader, page, {**given, "tag": tag_id})


async def list_hashtag_among(
    reader: Reader, ids: Collection[int], *, viewer_id: int | None, now: datetime, name: str, local: bool
) -> list[int]:
    """Return those of these posts that the timeline of a hashtag has, newest first: what a stream asks."""
    tag_ids = await list_tag_ids(reader, {name})
    if not tag_ids:
        return []
    statement = _hashtag_among(signed_in=viewer_id is not None, local=local)
    given = {**_given(viewer_id, now), "tag": tag_ids[name], "ids": list(ids)}
    return [row[0] for row in await reader.rows(statement, given)]


def _given(viewer_id: int | None, now: datetime) -> dict[str, Any]:
    return {} if viewer_id is None else {"viewer": viewer_id, "now": now}


@cache
def _public_walk(*, signed_in: bool, local: bool, remote: bool, only_media: bool) -> Walk:
    candidates = [_is_public(), *_where_from(local, remote)]
    if only_media and not local:  # among our own, fewer posts than there are pictures from elsewhere are looked at
        conditions = [*candidates, _no_reply_to_others(), *_conditions(signed_in, False)]
        return Walk(Media.post_id, [], conditions, distinct=True)
    return Walk(Post.id, candidates, [_no_reply_to_others(), *_conditions(signed_in, only_media)])


@cache
def _public_among(*, signed_in: bool, local: bool, remote: bool, only_media: bool) -> Prepared:
    conditions = [_no_reply_to_others(), *_where_from(local, remote), *_conditions(signed_in, only_media)]
    return _among(*conditions)


@cache
def _link_walk(*, signed_in: bool) -> Walk:
    return Walk(
        PostLink.post_id, [PostLink.card_id == bindparam("card")], [_is_public(), *_conditions(signed_in, False)]
    )


@cache
def _hashtag_walk(
    *, signed_in: bool, local: bool, remote: bool, only_media: bool, some: bool, every: bool, none: bool
) -> Walk:
    conditions = [_is_public(), *_where_from(local, remote)]
    if every:
        count = select(func.count()).where(_OTHER.post_id == Post.id, _OTHER.hashtag_id.in_(_listed("every")))
        conditions.append(count.scalar_subquery() == bindparam("as_many"))
    if some:
        conditions.append(_carries(_OTHER.hashtag_id.in_(_listed("some"))))
    if none:
        conditions.append(~_carries(_OTHER.hashtag_id.in_(_listed("none"))))
    return Walk(
        PostHashtag.post_id,
        [PostHashtag.hashtag_id == bindparam("tag")],
        [*conditions, *_conditions(signed_in, only_media)],
    )


@cache
def _hashtag_among(*, signed_in: bool, local: bool) -> Prepared:
    carries = _carries(_OTHER.hashtag_id == bindparam("tag"))
    return _among(carries, *_where_from(local, False), *_conditions(signed_in, False))


def _among(*conditions: ColumnElement[bool]) -> Prepared:
    statement = select(Post.id).where(Post.id.in_(_listed("ids")), _is_public(), *conditions)
    return Prepared(statement.order_by(Post.id.desc()))


def _listed(name: str) -> Any:
    return bindparam(name, expanding=True)


def _where_from(local: bool, remote: bool) -> list[ColumnElement[bool]]:
    asked = ((local, Post.local.is_(True)), (remote, Post.local.is_(False)))
    return [condition for is_asked, condition in asked if is_asked]


def _conditions(signed_in: bool, only_media: bool) -> list[ColumnElement[bool]]:
    viewer: Any = _VIEWER if signed_in else None
    conditions = [_not_silenced(viewer), visible_to(viewer), welcome_to(viewer, Post, _NOW)]
    if only_media:
        conditions.append(exists(select(Media.id).where(Media.post_id == Post.id)))
    return conditions


def _is_public() -> ColumnElement[bool]:
    """Spelled as the partial indexes of posts spell it: a bound parameter would hide them from SQLite."""
    return and_(Post.visibility == literal_column("'public'"), Post.deleted_at.is_(None), Post.boost_of_id.is_(None))


def _no_reply_to_others() -> ColumnElement[bool]:
    return or_(
        and_(Post.in_reply_to_account_id.is_(None), Post.in_reply_to_uri.is_(None)),
        Post.in_reply_to_account_id == Post.account_id,
    )


def _not_silenced(viewer: Any) -> ColumnElement[bool]:
    # The value and not whether there is a row: for an EXISTS PostgreSQL looks through all accounts once for each page.
    since = select(_AUTHOR.silenced_at).where(_AUTHOR.id == Post.account_id).correlate_except(_AUTHOR).scalar_subquery()
    not_silenced = since.is_(None)
    if viewer is None:
        return not_silenced
    followed = exists(
        select(_FOLLOW.id).where(
            _FOLLOW.follower_id == viewer, _FOLLOW.followee_id == Post.account_id, _FOLLOW.accepted_at.is_not(None)
        )
    )
    return or_(not_silenced, followed, Post.account_id == viewer)


def _carries(which: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(_OTHER.post_id).where(_OTHER.post_id == Post.id, which))
