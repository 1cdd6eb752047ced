"""The PostgreSQL engine: an array of tokens as a `tsvector` without positions, under a GIN index.

The tokens are those of `analysis`, so no dictionary of PostgreSQL's has a say and both engines find the same. For a
node of several machines: the index is where the rows are, and every process sees each commit.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from itertools import combinations
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, cast, func, literal, literal_column, select, update
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import Text

from node.base.db.locks import try_lock_use
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import Unavailable
from node.base.runtime import Runtime
from node.search.documents import Document
from node.search.engines import POSTGRESQL, EngineAway, EngineStatus, Proposals
from node.search.models import SearchDocument
from node.search.rules import is_exact
from node.search.steps import Begins, Every, Most, Not, Nothing, Plan, Some, Step, Token
from node.search.steps import Sequence as Phrase
from node.search.turns import wait_for_turn

FEW: Final = 8_000
"""Posts of a query that are fetched whole, before the newest are taken of them."""
MANY_SECONDS: Final = 3_600.0
"""How long it is remembered that more have a word."""


class PostgresEngine:
    """Queries on `search_documents.tokens`."""

    name = POSTGRESQL

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._many = runtime.caches.get("search_many", size=2_000, seconds=MANY_SECONDS)

    async def propose(
        self, plan: Plan, *, since_id: int | None, until_id: int | None, limit: int, seconds: float
    ) -> Proposals:
        """Ask the table; the server ends a query that takes too long.

        What few posts hold is fetched whole by its index, and the newest of it taken. What many hold is met soon on the
        way from the newest post down. The planner cannot tell the two apart, so it is told which way to go; which words
        many hold is remembered for a while.
        """
        question = _question(plan.step)
        if question == _NONE:
            return Proposals((), True)
        statement = matching(question, since_id=since_id, until_id=until_id)
        always = {"statement_timeout": str(max(int(seconds * 1000), 1)), "enable_seqscan": "off", "jit": "off"}
        try:
            async with self._runtime.read() as reader:
                await reader.share_transaction()
                if question is not None and self._many.get(question) is None:
                    await _choose(reader, **always, enable_indexscan="off", enable_bitmapscan="on")
                    few = statement.limit(FEW + 1).cte("few").prefix_with("MATERIALIZED", dialect="postgresql")
                    count = select(func.count()).select_from(few).scalar_subquery()
                    newest = select(few.c.post_id, count).order_by(few.c.post_id.desc()).limit(limit)
                    found = list(await reader.execute(newest))
                    if not found or found[0][1] <= FEW:
                        return Proposals(tuple(int(row[0]) for row in found), not found or found[0][1] <= limit)
                    if until_id is None:
                        self._many.put(question, True)
                await _choose(reader, **always, enable_indexscan="on", enable_bitmapscan="off")
                rows = await reader.execute(statement.order_by(SearchDocument.post_id.desc()).limit(limit))
                ids = [int(row[0]) for row in rows]
        except (DBAPIError, Unavailable) as error:
            if not _was_ended(error):
                raise
            raise EngineAway("the search took too long") from error
        return Proposals(tuple(ids), len(ids) < limit)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[bool]:
        """Hold a lock of the database's: it ends with its transaction, or with the connection of a killed process."""
        async with self._runtime.write() as uow:
            yield await wait_for_turn(lambda: try_lock_use(uow, "search index"))

    async def write(self, documents: Sequence[Document], *, gone: Collection[int], to_new: bool = False) -> None:
        """Do nothing: the rows are the index (`store`)."""

    async def store(self, uow: UnitOfWork, documents: Sequence[Document]) -> None:
        """Fill the column of tokens."""
        if not documents:
            return
        rows = SearchDocument.metadata.tables[SearchDocument.__tablename__]
        statement = (
            update(rows)
            .where(rows.c.post_id == bindparam("of_post"))
            .values(tokens=func.array_to_tsvector(bindparam("every_token", type_=ARRAY(Text))))
        )
        for document in documents:
            given = {"of_post": document.post_id, "every_token": sorted(document.tokens)}
            await uow.write(statement, given)

    def ailment(self) -> str:
        """Return "": what the database holds, it holds."""
        return ""

    async def begin_rebuild(self) -> None:
        """Do nothing: rows are written anew one by one."""

    def has_new(self) -> bool:
        """Return True: the table is both."""
        return True

    async def end_rebuild(self) -> None:
        """Do nothing."""

    async def tidy(self) -> bool:
        """Do nothing: the database does."""
        return False

    async def status(self) -> EngineStatus:
        """Return how many posts are open, and how large their table is."""
        async with self._runtime.read() as reader:
            count = await reader.scalar(
                select(func.count()).select_from(SearchDocument).where(SearchDocument.tokens.is_not(None))
            )
            size = await reader.scalar(select(func.pg_total_relation_size(literal_column("'search_documents'"))))
        return EngineStatus(self.name, int(count or 0), int(size or 0), 1)


def matching(question: str | None, *, since_id: int | None = None, until_id: int | None = None) -> Select[Any]:
    """Return the SELECT of the ids of open posts that fulfil a `tsquery`, in no order."""
    # As the condition of the index has it: of `is_open IS true` the planner does not see that it is the same.
    bounds: list[ColumnElement[bool]] = [SearchDocument.is_open.expression]
    if since_id is not None:
        bounds.append(SearchDocument.post_id >= since_id)
    if until_id is not None:
        bounds.append(SearchDocument.post_id < until_id)
    if question is not None:
        bounds.append(SearchDocument.tokens.op("@@")(cast(question, TSQUERY)))
    return select(SearchDocument.post_id).where(*bounds)


_NONE: Final = "none"


async def _choose(reader: Reader, **settings: str) -> None:
    """Set parameters of the server for this transaction only."""
    await reader.execute(select(*(func.set_config(name, value, literal(True)) for name, value in settings.items())))


def _was_ended(error: BaseException | None) -> bool:
    """Whether the server ended a statement because its time was over."""
    while error is not None:
        if "QueryCanceled" in type(error).__name__ or "statement timeout" in str(error):
            return True
        error = getattr(error, "orig", None) or error.__cause__
    return False


def _question(step: Step) -> str | None:
    """Return a step as the text of a `tsquery` that every match fulfils; None for one that says nothing here."""
    match step:
        case Token(text=token):
            return _quoted(token)
        case Begins(text=token):
            return f"{_quoted(token)}:*"
        case Phrase(spots=spots):
            return _of([_of([_quoted(token) for token in spot], "|") for spot in spots], "&")
        case Every(parts=parts):
            found = [_question(part) for part in parts]
            return _NONE if _NONE in found else _of([one for one in found if one is not None], "&") or None
        case Some(parts=parts):
            some = [one for part in parts if (one := _question(part)) != _NONE]
            if not some:
                return _NONE
            return None if None in some else _of([one for one in some if one is not None], "|")
        case Most(parts=parts, number=number):
            return _question(Some(tuple(Every(some) for some in combinations(parts, number))))
        case Not(part=part):
            inner = _question(part) if is_exact(part) else None
            return f"!({inner})" if inner not in (None, _NONE) else None
        case Nothing():
            return _NONE
        case _:
            return None


def _of(parts: list[str], sign: str) -> str:
    return parts[0] if len(parts) == 1 else "(" + f" {sign} ".join(parts) + ")" if parts else ""


def _quoted(token: str) -> str:
    escaped = token.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
