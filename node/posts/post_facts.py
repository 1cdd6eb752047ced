"""The one query behind every page of posts: all that depends on the viewer or changes by itself.

May they see it (`visible_to`), did they like, boost, bookmark it, how often did others, which version of the post and
of its author's profile is to be shown, and what else there is to be looked up: a poll, a quote, a card, reactions.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, case, cast, exists, func, literal, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.auth.models import User
from node.base.db.base import UtcDateTime
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.posts.models import Bookmark, Like, Post, ThreadMute
from node.posts.rules import Joined, in_home_of, visible_to, welcome_to


async def list_facts(
    reader: Reader, ids: Sequence[int], *, viewer_id: int | None, home_at: datetime | None = None
) -> Sequence[Any]:
    """Return a row for each post that the viewer may see; with `home_at` only what belongs in their home then."""
    parameters: dict[str, Any] = {"ids": ids}
    if viewer_id is not None:
        parameters["viewer"] = viewer_id
    if home_at is not None:
        parameters["now"] = home_at
    return await reader.rows(_facts_query(viewer_id is None, home_at is not None), parameters)


@cache
def _facts_query(anonymous: bool, home: bool) -> Prepared:
    """Build the one query. For a boost, counts and flags are those of what it boosts."""
    viewer: Any = None if anonymous else bindparam("viewer")
    original, author, original_author = aliased(Post), aliased(Account), aliased(Account)
    target = func.coalesce(original.id, Post.id)
    own_boost = aliased(Post)
    # asked once a statement, whatever the number of posts
    version: Any = (
        literal(0) if anonymous else select(User.filters_version).where(User.account_id == viewer).scalar_subquery()
    )
    flags = (
        [literal(False).label(name) for name in ("liked", "boosted", "bookmarked", "mutes_threads")]
        if anonymous
        else [
            exists(select(Like.id).where(Like.account_id == viewer, Like.post_id == target)).label("liked"),
            exists(
                select(own_boost.id).where(
                    own_boost.account_id == viewer, own_boost.boost_of_id == target, own_boost.deleted_at.is_(None)
                )
            ).label("boosted"),
            exists(select(Bookmark.id).where(Bookmark.account_id == viewer, Bookmark.post_id == target)).label(
                "bookmarked"
            ),
            # the same for every row: asked once
            exists(select(ThreadMute.thread_id).where(ThreadMute.account_id == viewer)).label("mutes_threads"),
        ]
    )
    joined = Joined(author, original, original_author)
    conditions = [Post.id.in_(bindparam("ids", expanding=True)), visible_to(viewer, Post, joined)]
    if home:
        now = bindparam("now", type_=UtcDateTime())
        conditions += [in_home_of(viewer), welcome_to(viewer, Post, now, joined)]
    return Prepared(
        select(
            Post.id,
            Post.account_id,
            Post.edited_at,
            Post.visibility,
            Post.in_reply_to_id,
            author.version,
            original.id.label("original_id"),
            original.account_id.label("original_account_id"),
            original.edited_at.label("original_edited_at"),
            original.visibility.label("original_visibility"),
            original.in_reply_to_id.label("original_in_reply_to_id"),
            original_author.version.label("original_version"),
            func.coalesce(original.kind, Post.kind).label("kind"),
            _count("replies_count", "reported_replies", original).label("replies_count"),
            _count("boosts_count", "reported_boosts", original).label("boosts_count"),
            _count("likes_count", "reported_likes", original).label("likes_count"),
            func.coalesce(original.quotes_count, Post.quotes_count).label("quotes_count"),
            func.coalesce(original.quote_state, Post.quote_state).label("quote_state"),
            func.coalesce(original.quoted_id, Post.quoted_id).label("quoted_id"),
            # as text: who reads it knows most of them already
            cast(func.coalesce(original.interaction_policy, Post.interaction_policy), Text).label("policy"),
            func.coalesce(original.reactions_count, Post.reactions_count).label("reactions_count"),
            version.label("filters_version"),
            func.coalesce(original.card_id, Post.card_id).label("card_id"),
            *flags,
        )
        .join(author, author.id == Post.account_id)
        .outerjoin(original, original.id == Post.boost_of_id)
        .outerjoin(original_author, original_author.id == original.account_id)
        .where(*conditions)
    )


def _count(known: str, reported: str, original: Any) -> ColumnElement[Any]:
    """Return SQL for a count: what is known here, or more if the post's own server reported more (COL-4)."""

    def larger(post: Any) -> ColumnElement[Any]:
        column = getattr(post, known)
        return case((getattr(post, reported) > column, getattr(post, reported)), else_=column)

    return case((original.id.is_(None), larger(Post)), else_=larger(original))
