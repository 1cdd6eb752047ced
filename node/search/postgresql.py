"""The PostgreSQL engine: an array of tokens as a `tsvector` without positions, under a GIN index.

The tokens are those of `analysis`, so no dictionary of PostgreSQL's has a say and both engines find the same. For a
node of several machines: the index is where the rows are, and every process sees each commit.
"""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import bindparam, cast, func, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import Text

from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Unavailable
from node.base.runtime import Runtime
from node.search.documents import Document
from node.search.engines import POSTGRESQL, EngineAway, EngineStatus, Proposals
from node.search.models import SearchDocument
from node.search.planning import Begins, Every, Not, Nothing, Plan, Some, Step, Token
from node.search.planning import Sequence as Phrase
from node.search.rules import is_exact


class PostgresEngine:
    """Queries on `search_documents.tokens`."""

    name = POSTGRESQL

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def propose(
        self, plan: Plan, *, since_id: int | None, until_id: int | None, limit: int, seconds: float
    ) -> Proposals:
        """Ask the table. A query that takes too long is ended by the server."""
        document = SearchDocument
        statement = select(document.post_id).where(document.is_open.is_(True))
        question = _question(plan.step)
        if question == _NONE:
            return Proposals((), True)
        if question is not None:
            statement = statement.where(document.tokens.op("@@")(cast(question, TSQUERY)))
        if since_id is not None:
            statement = statement.where(document.post_id >= since_id)
        if until_id is not None:
            statement = statement.where(document.post_id < until_id)
        statement = statement.order_by(document.post_id.desc()).limit(limit)
        try:
            async with self._runtime.read() as reader:
                await reader.execute(
                    text("SELECT set_config('statement_timeout', :most, true)"), {"most": str(int(seconds * 1000) or 1)}
                )
                ids = [int(row[0]) for row in await reader.execute(statement)]
        except (DBAPIError, Unavailable) as error:
            if "QueryCanceled" not in str(getattr(error, "__cause__", "")) + str(getattr(error, "orig", "")) + str(
                error
            ):
                raise
            raise EngineAway("the search took too long") from error
        return Proposals(tuple(ids), len(ids) < limit)

    async def write(self, documents: Sequence[Document], *, gone: Collection[int], to_new: bool = False) -> bool:
        """Do nothing: the rows are the index (`store`)."""
        return True

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

    async def begin_rebuild(self, *, afresh: bool) -> bool:
        """Do nothing: rows are written anew one by one."""
        return True

    async def end_rebuild(self) -> bool:
        """Do nothing."""
        return True

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


_NONE: Final = "none"


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
