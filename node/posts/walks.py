"""Pages of posts that stay cheap whoever asks: walks over an index, newest first, that end after so many candidates.

Most viewers may see most of what a timeline holds, so a page is full after a few candidates. Somebody who blocks
everybody who posts, or a filter that next to nothing passes, would make the same query read every post there is. A
walk so looks at no more than `MOST` candidates, and says how far it came (`Found.looked_to`): the page may be short,
and its link leads on from there. Many apps take an empty page for the end, so where nothing was found it goes on to
`FARTHEST` candidates.

What is walked over (`candidates`) must be an index in order of the posts' ids; `conditions` are asked of each in turn.
Used by the queries of account, public, hashtag and link timelines.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, func, select

from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.posts.models import Post

FIRST: Final = 400
"""Candidates looked at in the event loop's own thread: enough for nearly every page."""
MOST: Final = 4_000
"""Candidates looked at for one page that holds something."""
FARTHEST: Final = 20_000
"""Candidates looked at before a page is left empty."""
_HIGHEST: Final = (1 << 63) - 1
_BELOW: Final = bindparam("below", type_=BigInteger())
_ABOVE: Final = bindparam("above", type_=BigInteger())


@dataclass(frozen=True, slots=True)
class Found:
    """Ids of a page, newest first. `looked_to`: the page is not full since nobody looked beyond this post."""

    ids: list[int]
    looked_to: int | None = None

    @property
    def cursors(self) -> list[int]:
        """What the links of the page are made of, newest first."""
        return self.ids if self.looked_to is None else sorted({*self.ids, self.looked_to}, reverse=True)


class Walk:
    """Statements of one walk, made once. `column` holds the post's id in the table of the candidates."""

    def __init__(
        self,
        column: Any,
        candidates: Sequence[ColumnElement[bool]],
        conditions: Sequence[ColumnElement[bool]],
        *,
        distinct: bool = False,
    ) -> None:
        self._pages: dict[bool, Prepared] = {}
        self._ends: dict[bool, Prepared] = {}
        for upwards in (False, True):
            order = column.asc() if upwards else column.desc()
            below, above = column < _BELOW, column > _ABOVE
            end = select(column).where(*candidates, below, above).order_by(order).limit(1).offset(bindparam("skipped"))
            last = end.correlate(None).scalar_subquery()
            # One bound on each side: of two on one side SQLite walks to the first it meets.
            if upwards:
                below = column < func.coalesce(last + 1, _BELOW)
            else:
                above = column > func.coalesce(last - 1, _ABOVE)
            statement: Select[Any] = select(column).where(*candidates, below, above, *conditions).order_by(order)
            if column.class_ is not Post:
                statement = statement.join(Post, Post.id == column)
            statement = statement.limit(bindparam("most"))
            self._pages[upwards] = Prepared(statement.distinct() if distinct else statement)
            self._ends[upwards] = Prepared(end)

    async def page(self, reader: Reader, page: Page, given: Mapping[str, Any]) -> Found:
        """Return a page: full, or the last one, or as far as `MOST` candidates lead, `FARTHEST` to find any at all."""
        upwards = page.min_id is not None
        lower = page.min_id if upwards else page.since_id
        bounds = {"below": page.max_id or _HIGHEST, "above": lower or 0}
        ids: list[int] = []
        end: int | None = None
        looked = 0
        for most in (FIRST, MOST, FARTHEST):
            asked = {**given, **bounds, "skipped": most - looked - 1}
            look = _look_briefly if most == FIRST else _look_long
            ids += await look(reader, self._pages[upwards], {**asked, "most": page.limit - len(ids)})
            if len(ids) >= page.limit:
                end = None
                break
            end = next(iter(await look(reader, self._ends[upwards], asked)), None)
            if end is None or (ids and most == MOST):
                break
            bounds = {**bounds, "above": end} if upwards else {**bounds, "below": end}
            looked = most
        return Found(page.newest_first(ids), end)


async def _look_briefly(reader: Reader, statement: Prepared, asked: Mapping[str, Any]) -> list[int]:
    return [row[0] for row in await reader.rows(statement, asked)]


async def _look_long(reader: Reader, statement: Prepared, asked: Mapping[str, Any]) -> list[int]:
    """Look in a thread of the driver, not in the event loop's."""
    return [row[0] for row in await reader.execute(statement.statement, asked)]


async def pages(reader: Reader, page: Page, walks: Iterable[tuple[Walk, Mapping[str, Any]]]) -> Found:
    """Return a page of several walks as one, each post once."""
    found = [await walk.page(reader, page, given) for walk, given in walks]
    if len(found) == 1:
        return found[0]
    ends = [each.looked_to for each in found if each.looked_to is not None]
    upwards = page.min_id is not None
    end = (min(ends) if upwards else max(ends)) if ends else None
    ids = sorted({id_ for each in found for id_ in each.ids}, reverse=True)
    if end is not None:  # beyond it, one of them did not look
        ids = [id_ for id_ in ids if (id_ <= end if upwards else id_ >= end)]
    if len(ids) >= page.limit:
        return Found(ids[-page.limit :] if upwards else ids[: page.limit])
    return Found(ids, end)
