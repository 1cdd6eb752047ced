"""Statements of the hot paths: compiled once, and run straight on a connection of the driver.

SQLAlchemy takes about five times as long to check a connection out, look a statement up, expand its lists and give
the connection back as SQLite takes for the answer. A `Prepared` statement keeps what comes of all that: the SQL, which
parameter goes where, what turns a column into a value. Lists (`expanding` parameters) are filled up to the next power
of two with their last entry, so that a handful of texts serves pages of any length; an empty one has a text of its own.

Only for statements that are done within a millisecond, by indexes: on SQLite they run in the event loop's own thread.
A SELECT outside a write transaction has a connection that never writes and so sees the last commit with every
statement; everything inside one has the connection that holds it, once it has begun. `prepared_postgres.py` does the
same on PostgreSQL. What is INSERTed is given whole: no default of a column is filled in here.

The `rows` of both session types take them, `entities` takes `PreparedEntities` (SELECTs of whole rows of one table),
and the `write` of a unit of work those that write. Listeners of the engine's `before_cursor_execute` hear of them too.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, repeat
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Engine, Insert, Select, inspect
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase

from node.base.db.sqlite import prepare_file

LONGEST_LIST: Final = 256
"""Longer lists go through SQLAlchemy."""
CACHE_KIB: Final = 16_000
KEPT_TEXTS: Final = 512
"""Statements that the connection keeps as SQLite compiled them."""

Statement = Select[*tuple[Any, ...]] | UpdateBase
Process = Callable[[Any], Any]
E = TypeVar("E")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Place:
    """Stands for the value of a parameter, or for one entry of a list, while a text is made."""

    name: str
    entry: int | None = None


class _Form:
    """One SQL text of a statement: for lists of certain lengths."""

    def __init__(self, statement: Statement, compiled: Any, dialect: Dialect, given: Mapping[str, Any]) -> None:
        places = {
            name: [_Place(name, entry) for entry in range(_filled_up(len(given[name])))]
            if bound.expanding
            else _Place(name)
            for name, bound in compiled.binds.items()
            if name in given
        }
        expanded = compiled.construct_expanded_state(places, escape_names=False)
        self.text: str = expanded.statement
        self._values: list[Any] = []
        self._single: dict[str, tuple[Process | None, list[int]]] = {}
        """What makes the value of each parameter, and where it goes."""
        self._listed: list[tuple[int, str, int]] = []
        whole = {entry: name for name, entries in expanded.parameter_expansion.items() for entry in entries}
        for at, name in enumerate(expanded.positiontup):
            value = expanded.parameters[name]
            kind = compiled.binds[whole.get(name, name)].type
            process = kind.dialect_impl(dialect).bind_processor(dialect)
            if not isinstance(value, _Place):
                value = value if process is None else process(value)
            elif value.entry is None:
                self._single.setdefault(value.name, (process, []))[1].append(at)
            else:
                self._listed.append((at, value.name, value.entry))
            self._values.append(value)
        columns = list(statement.selected_columns if isinstance(statement, Select) else statement.exported_columns)
        self._dialect = dialect
        self._kinds: list[Any] = [column.type.dialect_impl(dialect) for column in columns]
        self._processes: list[tuple[int, Process]] | None = None
        row: Any = namedtuple("row", [str(column.key) for column in columns], rename=True)  # type: ignore[misc]
        self._make: Process = row._make

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """Return the parameters in the order in which the text has them."""
        values = self._values.copy()
        for name, (process, places) in self._single.items():
            value = given[name] if process is None else process(given[name])
            for at in places:
                values[at] = value
        for at, name, entry in self._listed:
            entries = given[name]
            values[at] = entries[entry] if entry < len(entries) else entries[-1]
        return values

    def values_of_all(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """Return the parameters for each of many rows, of a text without lists. What several give, such as the time,
        is worked out once."""
        columns: list[Iterable[Any]] = [repeat(value, len(rows)) for value in self._values]
        for name, (process, places) in self._single.items():
            given = [row[name] for row in rows]
            if process is not None:
                made = {id(value): process(value) for value in {id(value): value for value in given}.values()}
                given = [made[id(value)] for value in given]
            for at in places:
                columns[at] = given
        return list(zip(*columns, strict=True))

    def rows(self, found: Sequence[Any], codes: Sequence[Any] | None = None) -> list[Any]:
        """Return what the driver found with every column as its type has it; `codes` are the driver's types."""
        processes = self._processes
        if processes is None:
            processes = self._processes = self._made_processes(codes or [None] * len(self._kinds))
        if not processes:
            return list(map(self._make, found))
        made = []
        for raw in found:
            row = list(raw)
            for at, process in processes:
                value = row[at]
                if value is not None:
                    row[at] = process(value)
            made.append(self._make(row))
        return made

    def _made_processes(self, codes: Sequence[Any]) -> list[tuple[int, Process]]:
        made = [kind.result_processor(self._dialect, code) for kind, code in zip(self._kinds, codes, strict=True)]
        return [(at, process) for at, process in enumerate(made) if process is not None]


def _filled_up(length: int) -> int:
    return 1 << (length - 1).bit_length() if length else 0


def _compiled(statement: Statement, dialect: Dialect, given: Mapping[str, Any]) -> Any:
    if not isinstance(statement, Insert):
        return statement.compile(dialect=dialect)
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(given))
    assert not compiled.insert_prefetch, [column.name for column in compiled.insert_prefetch]
    return compiled


class Prepared:
    """A SELECT of columns, or a statement on a table (not on a mapped class), made once and kept, with its texts.

    Its lists are of numbers or text that every database takes as they are.
    """

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self._compiled: dict[str, tuple[Any, tuple[str, ...]]] = {}
        self._forms: dict[tuple[str, tuple[int, ...]], _Form] = {}

    def form(self, dialect: Dialect, given: Mapping[str, Any]) -> _Form | None:
        """Return the text for what is given; None when a list of it is too long for one."""
        known = self._compiled.get(dialect.name)
        if known is None:
            compiled = _compiled(self.statement, dialect, given)
            lists = tuple(name for name, bound in compiled.binds.items() if bound.expanding and name in given)
            known = self._compiled[dialect.name] = compiled, lists
        compiled, lists = known
        lengths = tuple([len(given[name]) for name in lists])
        if lengths and max(lengths) > LONGEST_LIST:
            return None
        key = tuple([_filled_up(length) for length in lengths])
        form = self._forms.get((dialect.name, key))
        if form is None:
            form = self._forms[dialect.name, key] = _Form(self.statement, compiled, dialect, given)
            if not lists:  # there is no other form
                self._compiled[dialect.name] = None, lists
        return form


class PreparedEntities(Generic[E]):
    """A SELECT of entities of one table, `select(Account).where(...)`, made once at import or behind `@cache`.

    Outside a write transaction its entities belong to no session: what is read there is never written back.
    """

    def __init__(self, statement: Select[E]) -> None:
        self.statement = statement

    @cached_property
    def columns(self) -> Prepared:
        """The same SELECT of the columns alone."""
        return Prepared(self.statement.with_only_columns(*self._mapper.columns))

    @cached_property
    def _mapper(self) -> Any:
        return inspect(self.statement.column_descriptions[0]["entity"])

    @cached_property
    def _names(self) -> list[str]:
        return [self._mapper.get_property_by_column(column).key for column in self._mapper.columns]

    @cached_property
    def _key_places(self) -> list[int]:
        columns = list(self._mapper.columns)
        return [columns.index(column) for column in self._mapper.primary_key]

    def made_of(self, rows: Sequence[Any]) -> list[E]:
        """Return the entities of rows of `columns`."""
        names, places, kind = self._names, self._key_places, self._mapper.class_
        found = []
        for row in rows:
            entity = self._mapper.class_manager.new_instance()
            inspect(entity).key = (kind, tuple([row[place] for place in places]), None)
            entity.__dict__.update(zip(names, row, strict=True))
            found.append(entity)
        return found


def run(engine: Engine, raw: sqlite3.Connection, prepared: Prepared, given: Mapping[str, Any]) -> list[Any] | None:
    """Return all rows; None when SQLAlchemy has to be asked. Raises DBAPIError as it would."""
    form = prepared.form(engine.dialect, given)
    return None if form is None else form.rows(_execute(engine, raw, form.text, form.values(given)).fetchall())


def change(engine: Engine, raw: sqlite3.Connection, prepared: Prepared, given: Mapping[str, Any]) -> int | None:
    """Return how many rows were changed; None when SQLAlchemy has to be asked. Raises DBAPIError as it would."""
    form = prepared.form(engine.dialect, given)
    return None if form is None else _execute(engine, raw, form.text, form.values(given)).rowcount


def insert_all(engine: Engine, raw: sqlite3.Connection, prepared: Prepared, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run an INSERT for each row, all of which give the same columns. Raises DBAPIError as SQLAlchemy would."""
    form = prepared.form(engine.dialect, rows[0])
    assert form is not None, "an INSERT has no lists"
    _execute(engine, raw, form.text, form.values_of_all(rows), many=True)


def _execute(
    engine: Engine, raw: sqlite3.Connection, text: str, values: list[Any], *, many: bool = False
) -> sqlite3.Cursor:
    for listener in engine.dispatch.before_cursor_execute:
        listener(None, None, text, values if many else tuple(values), None, many)
    try:
        return raw.executemany(text, values) if many else raw.execute(text, values)
    except sqlite3.Error as error:
        raise DBAPIError.instance(text, values, error, sqlite3.Error, hide_parameters=True) from error


def in_lists(values: Iterable[T]) -> Iterator[list[T]]:
    """Divide values into lists that are not too long for one text."""
    left = iter(values)
    while some := list(islice(left, LONGEST_LIST)):
        yield some


class DirectReader:
    """Runs prepared statements on one SQLite connection of this process, opened at the first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._raw: sqlite3.Connection | None = None

    async def rows(self, prepared: Prepared, given: Mapping[str, Any]) -> Sequence[Any] | None:
        """Return all rows; None when SQLAlchemy has to be asked. Raises DBAPIError as it would."""
        return run(self._engine, self._raw or self._open(), prepared, given)

    def _open(self) -> sqlite3.Connection:
        try:
            raw = sqlite3.connect(
                self._engine.url.database or "",
                isolation_level=None,
                check_same_thread=False,  # used by one thread at a time, but not always the same
                cached_statements=KEPT_TEXTS,
            )
            prepare_file(raw, foreign_keys=False)
            raw.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        except sqlite3.Error as error:
            raise DBAPIError.instance(None, None, error, sqlite3.Error) from error
        self._raw = raw
        return raw

    async def close(self) -> None:
        """Close the connection; the next statement opens one again."""
        raw, self._raw = self._raw, None
        if raw is not None:
            raw.close()
