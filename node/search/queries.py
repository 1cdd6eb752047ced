"""Who may find what: posts that an engine proposes, somebody's library, authors who do not allow search."""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal, not_, or_, select, true, union_all
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.relations import follows
from node.base.db.base import UtcDateTime
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.posts.models import Bookmark, Like, Mention, Post
from node.posts.rules import visible_to, welcome_to
from node.search.matching import Row
from node.search.models import SearchDocument
from node.search.ranking import Candidate
from node.search.rules import LIBRARY_REACH, is_exact
from node.search.steps import Begins, Count, Every, Most, Not, Nothing, Some, Span, Step, Token
from node.search.steps import Sequence as Phrase

_BOOST: Any = aliased(Post)


def in_library_of(viewer_id: int) -> ColumnElement[bool]:
    """SQL: the viewer wrote, liked, boosted or kept the post, or is named in it (FEP-1)."""
    return or_(
        Post.account_id == viewer_id,
        exists(select(Mention.post_id).where(Mention.post_id == Post.id, Mention.account_id == viewer_id)),
        exists(select(Like.id).where(Like.account_id == viewer_id, Like.post_id == Post.id)),
        exists(select(Bookmark.id).where(Bookmark.account_id == viewer_id, Bookmark.post_id == Post.id)),
        exists(
            select(_BOOST.id).where(
                _BOOST.account_id == viewer_id, _BOOST.boost_of_id == Post.id, _BOOST.deleted_at.is_(None)
            )
        ),
    )


def is_searchable() -> ColumnElement[bool]:
    """SQL: a public post whose author, joined as Account, lets everybody search it (FEP-5feb)."""
    return and_(Post.visibility == "public", Account.indexable.is_(True))


async def list_candidates(
    reader: Reader,
    ids: Collection[int],
    *,
    viewer_id: int | None,
    scope: str,
    now: datetime,
) -> list[Candidate]:
    """Return those of `ids` that this viewer may find now, whatever an index said of them (rows 105, 106)."""
    # Asked of none too: a word that only somebody who blocks the viewer wrote costs what a word of nobody's does.
    asked: dict[str, Any] = {"ids": list(ids)}
    if viewer_id is not None:
        asked |= {"viewer": viewer_id, "now": now}
    found = await reader.execute(_candidates(None if viewer_id is None else scope), asked)
    return [
        Candidate(
            post_id=row[0],
            words=row[1],
            likes=row[2],
            boosts=row[3],
            replies=row[4],
            followers=row[5],
        )
        for row in found
    ]


@cache
def _candidates(scope: str | None) -> Select[*tuple[Any, ...]]:
    """Build the query once: that takes SQLAlchemy longer than the database needs for the answer. None: a stranger's."""
    viewer: Any = None if scope is None else bindparam("viewer")
    may_find: ColumnElement[bool] = and_(is_searchable(), Account.silenced_at.is_(None))
    if scope is not None:
        author = Account.id.expression
        open_to_viewer = and_(is_searchable(), or_(Account.silenced_at.is_(None), follows(viewer, author)))
        library = in_library_of(viewer)
        may_find = {"all": or_(open_to_viewer, library), "public": open_to_viewer, "library": library}[scope]
    return (
        select(
            Post.id,
            SearchDocument.words,
            Post.likes_count,
            Post.boosts_count,
            Post.replies_count,
            Account.followers_count,
        )
        .join(SearchDocument, SearchDocument.post_id == Post.id)
        .join(Account, Account.id == Post.account_id)
        .where(
            Post.id.in_(bindparam("ids", expanding=True)),
            Post.boost_of_id.is_(None),
            Account.waiting.is_(False),
            may_find,
            visible_to(viewer),
            welcome_to(viewer, Post, bindparam("now", type_=UtcDateTime())),
        )
        .order_by(Post.id.desc())
    )


async def list_rows(reader: Reader, ids: Collection[int]) -> list[Row]:
    """Return the documents of posts with their counts, newest first, whoever may find them."""
    given = {"ids": list(ids)}
    if reader.dialect == "postgresql":
        rows: Iterable[Any] = await reader.rows(_ROWS, given)
    else:  # in a thread: they may be long
        rows = await reader.execute(_ROWS.statement, given)
    return [Row(post_id=row[0], words=row[1], likes=row[2], boosts=row[3], replies=row[4]) for row in rows]


_ROWS: Final = Prepared(
    select(Post.id, SearchDocument.words, Post.likes_count, Post.boosts_count, Post.replies_count)
    .join(SearchDocument, SearchDocument.post_id == Post.id)
    .where(Post.id.in_(bindparam("ids", expanding=True)))
    .order_by(Post.id.desc())
)


async def list_library_ids(
    reader: Reader, viewer_id: int, step: Step, *, since_id: int | None, until_id: int | None, limit: int
) -> list[int]:
    """Return the newest posts of somebody's library that may match. Of each kind the newest `LIBRARY_REACH` count."""
    statement = _among_library().where(words_may_match(step))
    if since_id is not None:
        statement = statement.where(SearchDocument.post_id >= since_id)
    if until_id is not None:
        statement = statement.where(SearchDocument.post_id < until_id)
    rows = await reader.execute(statement.limit(limit), {"viewer": viewer_id})
    return [int(row[0]) for row in rows]


@cache
def _among_library() -> Select[*tuple[Any, ...]]:
    """Build what is the same for all queries: the documents of what the viewer wrote, liked, ..., newest first."""
    viewer: Any = bindparam("viewer")
    wrote = select(Post.id.label("id")).where(Post.account_id == viewer, Post.deleted_at.is_(None))
    wrote = wrote.order_by(Post.id.desc()).limit(LIBRARY_REACH)
    named = select(Mention.post_id.label("id")).where(Mention.account_id == viewer)
    named = named.order_by(Mention.post_id.desc()).limit(LIBRARY_REACH)
    liked = select(Like.post_id.label("id")).where(Like.account_id == viewer)
    liked = liked.order_by(Like.id.desc()).limit(LIBRARY_REACH)
    kept = select(Bookmark.post_id.label("id")).where(Bookmark.account_id == viewer)
    kept = kept.order_by(Bookmark.id.desc()).limit(LIBRARY_REACH)
    boosted = select(_BOOST.boost_of_id.label("id")).where(
        _BOOST.account_id == viewer, _BOOST.boost_of_id.is_not(None), _BOOST.deleted_at.is_(None)
    )
    boosted = boosted.order_by(_BOOST.id.desc()).limit(LIBRARY_REACH)
    parts = [select(part.subquery().c.id) for part in (wrote, named, liked, kept, boosted)]
    library = union_all(*parts).subquery()
    return (
        select(SearchDocument.post_id)
        .where(SearchDocument.post_id.in_(select(library.c.id)))
        .order_by(SearchDocument.post_id.desc())
    )


def words_may_match(step: Step) -> ColumnElement[bool]:
    """SQL: a document may match, by its line of tokens. Like an engine, never too little."""
    words = SearchDocument.words
    match step:
        case Token(text=text):
            return words.contains(f"|{text}|", autoescape=True)
        case Begins(text=text):
            return words.contains(f"|{text}", autoescape=True)
        case Phrase(spots=spots):
            return and_(*(or_(*(words.contains(f"|{token}|", autoescape=True) for token in spot)) for spot in spots))
        case Every(parts=parts):
            return and_(true(), *(words_may_match(part) for part in parts))
        case Some(parts=parts) | Most(parts=parts):
            return or_(*(words_may_match(part) for part in parts))
        case Not(part=part):
            return not_(words_may_match(part)) if is_exact(part) else true()
        case Nothing():
            return literal(False)
        case Span() | Count():
            return true()


async def list_unsearchable(
    reader: Reader, *, viewer_id: int | None, now: datetime, reach: int, characters: int
) -> list[Any]:
    """Return (author id, content, warning, language) of public posts whose authors do not allow search, among the
    newest `reach` public posts this viewer may see; of the content so many characters. What anybody reads in the public
    timeline, for an explanation that only counts."""
    newest = (
        select(Post.id)
        .where(Post.visibility == "public", Post.deleted_at.is_(None), Post.boost_of_id.is_(None))
        .order_by(Post.id.desc())
        .limit(reach)
        .subquery()
    )
    rows = await reader.execute(
        select(Post.account_id, func.substr(Post.content, 1, characters), Post.spoiler_text, Post.language)
        .join(newest, newest.c.id == Post.id)
        .join(Account, Account.id == Post.account_id)
        .where(
            Account.indexable.is_(False),
            Account.silenced_at.is_(None),
            Account.waiting.is_(False),
            Post.account_id != (viewer_id or 0),
            visible_to(viewer_id),
            welcome_to(viewer_id, Post, now),
        )
    )
    return list(rows)
