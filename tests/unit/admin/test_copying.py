"""`rookery migrate --to`: a node on SQLite moves to PostgreSQL with every row of every table, or not at all."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from sqlalchemy import (
    Boolean,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    create_engine,
    insert,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import JSON

from admin import copying
from admin.copying import Progress, copy_database
from admin.migrate import on_connection, schema_differences
from admin.schema import metadata
from node.base.errors import Invalid
from node.base.settings import Settings
from tests.support.nodes import database_template
from tests.support.postgres import PostgresServer

ROWS = 3


@pytest.fixture
def target(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database that gets tables that the code knows; that the revisions make the same is tested elsewhere."""

    def upgrade(config: Config, _revision: str) -> None:
        metadata().create_all(config.attributes["connection"])

    monkeypatch.setattr(copying.command, "upgrade", upgrade)
    url = postgres_server.empty_url()
    yield url
    postgres_server.drop(url)


def value(table: Table, column: Any, number: int) -> Any:
    """Return something for a column, for a row the like of which refers to rows of the same number."""
    for key in column.foreign_keys:
        return value(key.column.table, key.column, number)
    kind = column.type
    kind = getattr(kind, "impl", kind)
    if isinstance(kind, JSON):
        return {"word": f"ü{number}", "list": [1, "a\x00b"]}
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, Integer):
        return number + 1 if column.primary_key or kind.__class__.__name__ != "BigInteger" else 2**62 + number
    if isinstance(kind, Float):
        return number + 0.25
    if isinstance(kind, DateTime):
        return datetime(2026, 1, 1, 12, 0, number, 123456, tzinfo=UTC)
    if isinstance(kind, Date):
        return date(2026, 1, 1 + number)
    if isinstance(kind, LargeBinary):
        return bytes([0, 255, number])
    if isinstance(column.type.dialect_impl(postgresql.dialect()), postgresql.TSVECTOR):
        return f"'{number}é{column.name}'"
    assert isinstance(kind, String), f"{table.name}.{column.name}: {kind!r}"
    words = f"{number}é{column.name}"
    if "postgresql" in kind._variant_mapping:  # words for full text, as that database gives them back
        return f"'{words}'"
    return words if kind.length is None else words[: kind.length]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a node with `ROWS` rows in every table."""
    path = tmp_path / "rookery.sqlite3"
    path.write_bytes(database_template().read_bytes())
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        for table in metadata().sorted_tables:
            rows = [{c.name: value(table, c, number) for c in table.columns} for number in range(ROWS)]
            connection.execute(insert(table), rows)
    engine.dispose()
    return Settings(data_dir=tmp_path)


def all_rows(connection: Connection) -> dict[str, list[Any]]:
    return {
        table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
        for table in metadata().sorted_tables
    }


def quiet(progress: Progress) -> None:
    """Nobody watches."""


async def test_every_row_of_every_table_arrives(
    settings: Settings, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "BATCH", 2)
    told: list[Progress] = []
    copied = await copy_database(settings, target, tell=told.append)
    assert copied.rows == {table.name: ROWS for table in metadata().sorted_tables}
    assert {progress.table for progress in told if progress.done == progress.total} == set(copied.rows)
    here = await on_connection(settings.sqlalchemy_url, all_rows)
    there = await on_connection(target, all_rows)
    cleaned = {name: [tuple(copying._fitting(cell) for cell in row) for row in rows] for name, rows in here.items()}
    assert there == cleaned
    assert await on_connection(target, schema_differences) == [], "foreign keys are back"

    with pytest.raises(Invalid, match="not empty"):
        await copy_database(settings, target, tell=quiet)


async def test_a_copy_that_was_broken_off_is_made_again(settings: Settings, target: str) -> None:
    def breaks(progress: Progress) -> None:
        if progress.table == "posts":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await copy_database(settings, target, tell=breaks)
    assert sum((await copy_database(settings, target, tell=quiet)).rows.values()) == ROWS * len(metadata().tables)


async def test_what_cannot_be_copied_is_said_and_nothing_is_kept(settings: Settings, target: str) -> None:
    with closing(sqlite3.connect(settings.data_dir / "rookery.sqlite3")) as connection:
        connection.execute("UPDATE posts SET account_id = 99")
        connection.commit()
    with pytest.raises(Invalid, match="refers to one that is not there"):
        await copy_database(settings, target, tell=quiet)
    with closing(sqlite3.connect(settings.data_dir / "rookery.sqlite3")) as connection:
        connection.execute("UPDATE events SET name = ?", ["x" * 65])
        connection.commit()
    with pytest.raises(Invalid, match="events does not fit"):
        await copy_database(settings, target, tell=quiet)
    count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert await on_connection(target, lambda connection: connection.scalar(text(count))) == 0


@pytest.mark.parametrize(
    ("url", "why"), [("mysql://x", "must start with"), ("sqlite+aiosqlite:///x", "must start with"), ("", "must start")]
)
async def test_a_target_that_is_none(settings: Settings, url: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        await copy_database(settings, url, tell=quiet)


async def test_targets_and_sources_that_are_refused(settings: Settings, target: str) -> None:
    await on_connection(target, lambda connection: connection.execute(text("CREATE TABLE theirs (id int)")))
    with pytest.raises(Invalid, match="not Rookery's"):
        await copy_database(settings, target, tell=quiet)
    with closing(sqlite3.connect(settings.data_dir / "rookery.sqlite3")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    with pytest.raises(Invalid, match="another version"):
        await copy_database(settings, target, tell=quiet)
