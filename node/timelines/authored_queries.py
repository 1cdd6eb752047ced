"""How a timeline is made from SQL of what some authors wrote: each author cut off by one seek.

`written_by` builds the statement for homes (`home_queries`) and for lists (`list_queries`), `page_of` runs it.
Candidates are looked for here. What the viewer may not or does not want to see is sorted out where they are shown.
"""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from node.base.db.unit_of_work import Reader
from node.base.ids import MAX_ID
from node.base.paging import Page
from node.follows.models import Follow
from node.posts.models import Post
from node.posts.rules import reads_language

Entry = tuple[int, int]
"""A post's id, and the id of what it boosts or 0."""

Shape = tuple[bool, bool, bool]
"""Of a page: read upward, bounded above, bounded below. Statements are built once for each; that takes 20 ms."""


def shape_of(page: Page) -> Shape:
    """Return which statement a page asks for."""
    return page.min_id is not None, page.max_id is not None, page.min_id is not None or page.since_id is not None


async def page_of(reader: Reader, statement: Any, page: Page, given: dict[str, Any]) -> list[Entry]:
    """Run a statement of `written_by`, or one made like it, for a page."""
    values = given | {"most": page.limit, "before_last": page.limit - 1}
    if page.max_id is not None:
        values["max_id"] = page.max_id
    lower = page.min_id if page.min_id is not None else page.since_id
    if lower is not None:
        values["lower_id"] = min(lower, MAX_ID - 1)  # `bounded` adds one
    return page.newest_first([(row[0], row[1]) for row in await reader.execute(statement, values)])


VIEWER: Any = bindparam("viewer_id", type_=BigInteger)
MOST: Any = bindparam("most", type_=BigInteger)
BEFORE_LAST: Any = bindparam("before_last", type_=BigInteger)
_MAX_ID: Any = bindparam("max_id", type_=BigInteger)
_LOWER_ID: Any = bindparam("lower_id", type_=BigInteger)

DEPTHS: Final = (5, 25)
"""How many posts of each author are walked for a closer bound, one after the other."""

_FOLLOW: Any = aliased(Follow)


def is_followed(viewer_id: Any, account_id: Any) -> ColumnElement[bool]:
    """SQL: the viewer follows an account."""
    return exists(
        select(_FOLLOW.id).where(
            _FOLLOW.follower_id == viewer_id, _FOLLOW.followee_id == account_id, _FOLLOW.accepted_at.is_not(None)
        )
    )


def written_by(authors: Any, replies: Callable[[Any], ColumnElement[bool]], shape: Shape) -> Select[int, int]:
    """Build a page of what some authors wrote; `replies(post)` says which replies to others belong.

    First each author's nearest post within the page's bounds, one index seek each. The page's length of authors whose
    nearest posts are nearest is all that can contribute. Where twenty of them have five posts each up to some id, the
    hundredth of all lies no farther: so that id bounds a page of a hundred, and walking there costs hundreds of steps,
    not a hundred for each author. Of each author what lies within the last bound, no more than the page's length, is
    looked at. So the cost follows the number of authors, not the number of posts on the node.
    """
    upward = shape[0]

    def belongs(post: Any, of: Any) -> ColumnElement[bool]:
        return _is_candidate(post, of, replies(post))

    some = aliased(Post)
    near = (
        select(some.id)
        .where(some.account_id == authors.c.author_id, belongs(some, authors), *bounds(shape, some.id))
        .order_by(in_order(some.id, upward))
        .limit(1)
        .correlate(authors)
        .scalar_subquery()
    )
    # Materialized: what is sought is sought once per author, not once per post.
    nearest = (
        select(authors.c.author_id, authors.c.show_boosts, authors.c.languages, near.label("near"))
        .cte("nearest")
        .prefix_with("MATERIALIZED")
    )
    chosen = (
        select(nearest)
        .where(nearest.c.near.is_not(None))
        .order_by(in_order(nearest.c.near, upward))
        .limit(MOST)
        .cte("chosen")
        .prefix_with("MATERIALIZED")
    )
    bound = bounded(
        select(chosen.c.near).order_by(in_order(chosen.c.near, upward)).limit(1).offset(BEFORE_LAST).scalar_subquery(),
        shape,
    )

    def walked(steps: Any) -> Any:
        """The post of an author so many steps behind the nearest, where that lies within the bound."""
        one = aliased(Post)
        return (
            select(one.id)
            .where(one.account_id == chosen.c.author_id, belongs(one, chosen), *start(shape, one.id))
            .where(within(bound, one.id, upward))
            .order_by(in_order(one.id, upward))
            .limit(1)
            .offset(steps)
            .correlate(chosen)
            .scalar_subquery()
        )

    for depth in DEPTHS:
        deep = (
            select(walked(depth - 1).label("id")).select_from(chosen).cte(f"deep_{depth}").prefix_with("MATERIALIZED")
        )
        closer = select(deep.c.id).where(deep.c.id.is_not(None)).order_by(in_order(deep.c.id, upward)).limit(1)
        bound = func.coalesce(closer.offset(BEFORE_LAST // depth).scalar_subquery(), bound)
    edge = func.coalesce(walked(MOST), bound).label("edge")
    edged = (
        select(chosen.c.author_id, chosen.c.show_boosts, chosen.c.languages, edge)
        .cte("edged")
        .prefix_with("MATERIALIZED")
    )
    return (
        select(Post.id, func.coalesce(Post.boost_of_id, 0))
        .join(edged, edged.c.author_id == Post.account_id)
        .where(within(edged.c.edge, Post.id, upward), belongs(Post, edged), *start(shape, Post.id))
        .order_by(in_order(Post.id, upward))
        .limit(MOST)
    )


def in_order(id_: Any, upward: bool) -> Any:
    """SQL: ids as a page is read."""
    return id_.asc() if upward else id_.desc()


def within(edge: Any, id_: Any, upward: bool) -> ColumnElement[bool]:
    """SQL: an id lies within an edge."""
    result: ColumnElement[bool] = id_ <= edge if upward else id_ >= edge
    return result


def bounded(edge: Any, shape: Shape) -> ColumnElement[int]:
    """SQL: an edge, or the last id the page may have where there is none: a range that an index can be sought by."""
    upward, is_bounded_above, is_bounded_below = shape
    if upward:
        return func.coalesce(edge, _MAX_ID - 1 if is_bounded_above else literal(MAX_ID, BigInteger))
    return func.coalesce(edge, _LOWER_ID + 1 if is_bounded_below else literal(0, BigInteger))


def _is_candidate(post: Any, authors: Any, replies: ColumnElement[bool]) -> ColumnElement[bool]:
    """The part of `in_home_of` that needs no look at the post's author."""
    return and_(
        post.deleted_at.is_(None),
        or_(post.boost_of_id.is_(None), authors.c.show_boosts),
        reads_language(authors.c.languages, post),
        answers_nobody_else(VIEWER, post, replies),
    )


def answers_nobody_else(viewer_id: Any, post: Any, replies: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL: a post is no reply to others, but for those that `replies` lets pass."""
    return or_(
        and_(post.in_reply_to_account_id.is_(None), post.in_reply_to_uri.is_(None)),
        post.account_id == viewer_id,
        post.in_reply_to_account_id == post.account_id,
        post.in_reply_to_account_id == viewer_id,
        replies,
    )


def bounds(shape: Shape, id_: Any) -> list[ColumnElement[bool]]:
    """SQL: an id lies within the page's bounds."""
    _, has_upper, has_lower = shape
    bounds = [id_ < _MAX_ID] if has_upper else []
    return [*bounds, id_ > _LOWER_ID] if has_lower else bounds


def start(shape: Shape, id_: Any) -> list[ColumnElement[bool]]:
    """SQL: an id lies on the page's side of the bound it begins at. What goes on to an edge goes by that alone: of two
    bounds on one side SQLite walks to the first it meets."""
    upward, has_upper, has_lower = shape
    if upward:
        return [id_ > _LOWER_ID] if has_lower else []
    return [id_ < _MAX_ID] if has_upper else []
