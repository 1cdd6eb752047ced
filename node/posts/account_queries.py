"""Every SELECT of what one account wrote and boosted: a walk over an index of posts, pictures or hashtags."""

from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, exists, or_, select

from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.media.models import Media
from node.posts.models import Post, PostHashtag
from node.posts.rules import visible_to
from node.posts.tag_queries import count_uses, list_tag_ids
from node.posts.walks import MOST, Found, Walk
from node.text.writing import fold_hashtag

_ACCOUNT: Final[Any] = bindparam("account")
_TAG: Final[Any] = bindparam("tag")


async def list_account_post_ids(
    reader: Reader,
    account_id: int,
    viewer_id: int | None,
    page: Page,
    *,
    only_media: bool = False,
    exclude_replies: bool = False,
    exclude_boosts: bool = False,
    exclude_direct: bool = False,
    tagged: str | None = None,
) -> Found:
    """Return a page of an account's posts and boosts. A reply to oneself is no reply."""
    given: dict[str, Any] = {"account": account_id}
    if viewer_id is not None:
        given["viewer"] = viewer_id
    is_rare = False
    if tagged is not None:
        name = fold_hashtag(tagged)
        ids = await list_tag_ids(reader, {name})
        if name not in ids:
            return Found([])
        given["tag"] = ids[name]
        is_rare = await count_uses(reader, ids[name], at_most=MOST) < MOST
    walk = _walk(
        signed_in=viewer_id is not None,
        only_media=only_media,
        exclude_replies=exclude_replies,
        exclude_boosts=exclude_boosts,
        exclude_direct=exclude_direct,
        tagged=tagged is not None,
        by_tag=is_rare,
    )
    return await walk.page(reader, page, given)


@cache
def _walk(
    *,
    signed_in: bool,
    only_media: bool,
    exclude_replies: bool,
    exclude_boosts: bool,
    exclude_direct: bool,
    tagged: bool,
    by_tag: bool,
) -> Walk:
    viewer: Any = bindparam("viewer") if signed_in else None
    conditions: list[ColumnElement[bool]] = [visible_to(viewer)]
    if exclude_replies:
        is_reply = Post.in_reply_to_id.is_not(None) | Post.in_reply_to_uri.is_not(None)
        conditions.append(or_(~is_reply, Post.in_reply_to_account_id == _ACCOUNT))
    if exclude_boosts:
        conditions.append(Post.boost_of_id.is_(None))
    if exclude_direct:
        conditions.append(Post.visibility != "direct")
    if by_tag:
        if only_media:
            conditions.append(exists(select(Media.id).where(Media.post_id == Post.id)))
        return Walk(PostHashtag.post_id, [PostHashtag.hashtag_id == _TAG], [Post.account_id == _ACCOUNT, *conditions])
    if tagged:
        linked = select(PostHashtag.post_id).where(PostHashtag.post_id == Post.id, PostHashtag.hashtag_id == _TAG)
        conditions.append(exists(linked))
    if only_media:
        return Walk(Media.post_id, [Media.account_id == _ACCOUNT], conditions, distinct=True)
    return Walk(Post.id, [Post.account_id == _ACCOUNT], conditions)
