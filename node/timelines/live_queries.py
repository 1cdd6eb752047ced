"""What streams ask: whom a post that was just written, changed or withdrawn concerns, of those who are connected.

The web process first asks once a post which of its connected people may be interested (`list_post_facts`,
`list_followers_among`, `list_addressed_among`), then for each of them whether they may see it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import exists, or_, select

from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.follows.models import Follow
from node.lists.models import ListMember
from node.lists.queries import find_list
from node.posts.models import Hashtag, Mention, Post, PostHashtag, TagFollow
from node.posts.rules import visible_to, was_visible_to, welcome_to
from node.timelines.list_queries import list_in_list_among, list_list_candidates


@dataclass(frozen=True, slots=True)
class PostFacts:
    """What decides which streams a post may belong to. A withdrawn post has no hashtags left."""

    id: int
    account_id: int
    visibility: str
    is_boost: bool
    local: bool
    deleted: bool
    tags: set[str] = field(default_factory=set)


async def list_post_facts(reader: Reader, ids: Collection[int], *, with_tags: bool) -> dict[int, PostFacts]:
    """Return the facts of posts, withdrawn ones too, by id."""
    rows = await reader.rows(
        select(Post.id, Post.account_id, Post.visibility, Post.boost_of_id, Post.local, Post.deleted_at).where(
            Post.id.in_(ids)
        )
    )
    found = {
        id_: PostFacts(id_, account_id, visibility, boost_of_id is not None, bool(local), deleted_at is not None)
        for id_, account_id, visibility, boost_of_id, local, deleted_at in rows
    }
    if with_tags and found:
        tagged = await reader.rows(
            select(PostHashtag.post_id, Hashtag.name)
            .join(Hashtag, Hashtag.id == PostHashtag.hashtag_id)
            .where(PostHashtag.post_id.in_(ids))
        )
        for post_id, name in tagged:
            found[post_id].tags.add(name)
    return found


async def list_followers_among(reader: Reader, author_id: int, account_ids: Collection[int]) -> set[int]:
    """Return which of these people follow an author."""
    rows = await reader.rows(
        select(Follow.follower_id).where(
            Follow.followee_id == author_id, Follow.accepted_at.is_not(None), Follow.follower_id.in_(account_ids)
        )
    )
    return {row[0] for row in rows}


async def list_tag_followers_among(reader: Reader, post_id: int, account_ids: Collection[int]) -> set[int]:
    """Return which of these people follow a hashtag of a post: it may belong in their home, which rendering decides."""
    rows = await reader.rows(
        select(TagFollow.account_id)
        .join(PostHashtag, PostHashtag.hashtag_id == TagFollow.hashtag_id)
        .where(PostHashtag.post_id == post_id, TagFollow.account_id.in_(account_ids))
    )
    return {row[0] for row in rows}


async def list_tag_readers_among(reader: Reader, account_ids: Collection[int]) -> set[int]:
    """Return which of these people follow any hashtag: what was withdrawn may have stood in their home by it."""
    rows = await reader.rows(select(TagFollow.account_id).where(TagFollow.account_id.in_(account_ids)).distinct())
    return {row[0] for row in rows}


async def list_lists_among(reader: Reader, author_id: int, list_ids: Collection[int]) -> set[int]:
    """Return which of these lists an author is on: a post may belong there, which `list_list_ids` decides."""
    rows = await reader.rows(
        select(ListMember.list_id).where(ListMember.account_id == author_id, ListMember.list_id.in_(list_ids))
    )
    return {row[0] for row in rows}


async def list_list_ids(
    reader: Reader, list_id: int, viewer_id: int, page: Page, *, now: datetime, among: Sequence[int] | None = None
) -> list[int]:
    """Return posts that belong in a list of the viewer's: a page's candidates, or those of `among`.

    Nothing for a list that is not theirs, or is gone.
    """
    found = await find_list(reader, list_id, viewer_id)
    if found is None:
        return []
    ids = await list_list_candidates(reader, found, page) if among is None else among
    return page.pick(await list_in_list_among(reader, found, ids, now=now))


async def list_addressed_among(reader: Reader, post_id: int, account_ids: Collection[int]) -> set[int]:
    """Return which of these people a post is addressed to."""
    rows = await reader.rows(
        select(Mention.account_id).where(Mention.post_id == post_id, Mention.account_id.in_(account_ids))
    )
    return {row[0] for row in rows}


async def list_direct_ids(
    reader: Reader, viewer_id: int, page: Page, *, now: datetime, among: Sequence[int] | None = None
) -> list[int]:
    """Return a page of direct posts by the viewer or addressed to them, by nobody they shun."""
    statement = select(Post.id).where(
        Post.visibility == "direct",
        Post.boost_of_id.is_(None),
        or_(
            Post.account_id == viewer_id,
            exists(select(Mention.post_id).where(Mention.post_id == Post.id, Mention.account_id == viewer_id)),
        ),
        visible_to(viewer_id),
        welcome_to(viewer_id, Post, now),
    )
    if among is not None:
        statement = statement.where(Post.id.in_(among))
    return page.newest_first(list(await reader.scalars(page.apply(statement, Post.id))))


async def list_withdrawn_among(reader: Reader, viewer_id: int, ids: Collection[int]) -> set[int]:
    """Return which of these posts are gone and could be seen by the viewer before (attack row 98)."""
    rows = await reader.rows(select(Post.id).where(Post.id.in_(ids), was_visible_to(viewer_id)))
    return {row[0] for row in rows}
