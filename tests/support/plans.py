"""Holding SQL to its plan: every statement a node runs, as the database means to run it on tables of millions of rows.

`watching(runtime)` collects the statements that really go to the database, those of the readers and those of the
writer, each text once. `steep` asks the database for their plans and returns what would get slower as the node grows:

* on SQLite: a table that is read from end to end, or all accounts of one domain (ours has all our people), and a sort
  where `NEVER_SORTED` says that there is an index in order. It plans without statistics, so an empty database plans as
  a large one does.
* on PostgreSQL: the same reading, and a sort of more than one person's rows. It is told that every table has a million
  rows. Which index it takes depends on statistics; that it has to read or sort everything does not.

What may be as it is stands in `SMALL` and `ALLOWED`, with the reason.

`plans` returns the plans of single queries on the rows that a test made, `effort` how much they made the database do:
a plan says which index is walked over, not how far.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.schema import metadata
from node.base.db.unit_of_work import UnitOfWork
from node.base.runtime import Runtime

ROWS: Final = 1_000_000
ONES: Final = ROWS // 200
"""Rows that PostgreSQL without statistics takes for one person's, one post's, one list's, and again for each further
entry of a list of such."""
MOST_SORTED: Final = 4 * ONES
"""Rows that it may expect to sort, or as many as the entries of a list bring; what sorts a whole table is a million."""

SMALL: Final = frozenset(
    {
        "announcements",  # what operators and moderators write by hand
        "domain_policies",
        "network_blocks",
        "relays",
        "site_pages",
        "site_rules",
        "staff_picks",
        "trend_peers",  # twenty at most
        "trend_rulings",
        "trend_states",  # one row for what the trends remember of a kind
    }
)

MIDDLING: Final = 10_000
"""Rows of a node of some size. PostgreSQL may then take it for cheaper to look through a whole table once for each
statement, for a condition that a page of posts asks of twenty rows; it cannot know that a LIMIT ends it soon."""

ALLOWED: Final = (
    ("count(distinct(accounts.domain))", "reads all", "how many servers are known: kept for minutes"),
    ("SELECT DISTINCT accounts.domain", "reads all", "the list of known servers: kept for minutes"),
    ("users.last_active_at >= ", "reads all", "how many people are active: kept for minutes"),
    (
        "FROM users WHERE users.approved_at IS NOT NULL",
        "reads all",
        "how many people there are: kept for minutes",
    ),
    ("coalesce(sum(accounts.posts_count)", "", "how much they wrote: kept for a minute"),
    ("users.disabled_at IS NULL AND accounts.silenced_at IS NULL", "", "the people of a node that has few"),
    ("accounts.domain = ? AND (accounts_1.domain = ?) IS 1", "reads all", "of one other server, until the first"),
    ("accounts.domain = $1::VARCHAR AND (accounts_1.domain = ", "reads all", "of one other server, until the first"),
    (
        "SELECT DISTINCT coalesce(nullif(accounts.shared_inbox_url",
        "reads all",
        "every inbox: by a reader",
    ),
    ("DELETE FROM oauth_codes WHERE oauth_codes.account_id = ", "reads all", "kept for a day"),
    ("DELETE FROM sign_in_steps WHERE sign_in_steps.account_id = ", "reads all", "kept for minutes"),
    ("DELETE FROM one_time_links WHERE one_time_links.account_id = ", "reads all", "kept for a week or two"),
    ("DELETE FROM outgoing_mails WHERE outgoing_mails.account_id = ", "reads all", "what waits to be sent"),
    # What is over, of what one node's people alone leave; by a reader, every ten minutes (`admin/pruning.py`):
    ("SELECT web_sessions.id FROM web_sessions WHERE web_sessions.expires_at < ", "reads all", "who is signed in"),
    ("SELECT sign_in_steps.id FROM sign_in_steps", "reads all", "who is signing in"),
    ("SELECT one_time_links.id FROM one_time_links", "reads all", "kept for a week or two"),
    ("SELECT oauth_codes.id FROM oauth_codes", "reads all", "kept for a day"),
    ("SELECT oauth_apps.id FROM oauth_apps WHERE oauth_apps.created_at < ", "", "apps, and the codes of a day"),
    ("SELECT mutes.id FROM mutes", "reads all", "whom people mute"),
    ("SELECT users.account_id FROM users WHERE users.confirmed_at IS NULL", "reads all", "the people of a node"),
    ("WITH RECURSIVE down", "sorts", "the posts of one thread: bounded by depth and number"),
    ("WITH RECURSIVE down", "looks through", "for as many posts as a thread may have"),
    ("notification_permissions", "looks through", "behind a notification, and few people have any"),
    ("featured_tags", "looks through", "suggestions for one's own profile"),
    ("AND follows.notify IS 1 AND", "sorts", "the few of an author's followers who asked, by an index of theirs"),
)
"""Part of a statement, part of the complaint, and why it may be so."""

NEVER_SORTED: Final = (
    "FROM follows JOIN accounts",
    "UPDATE events",
    "UPDATE received_activities",
    "UPDATE deliveries",
    "FROM posts WHERE posts.boost_of_id = ",
    "FROM notifications",
    "FROM notification_groups",
    "FROM likes JOIN accounts",
    "FROM likes JOIN posts ON posts.id = likes.post_id WHERE likes.account_id = ",
    "FROM bookmarks",
    "FROM stream_entries",
    "SELECT posts.id FROM posts WHERE posts.account_id = ",
    "SELECT post_hashtags.post_id FROM post_hashtags",
)
"""Statements over what has no bound at all, for which there is an index in their order."""

SELECTIVE: Final = ("posts.thread_id = ",)
"""What picks a few rows of millions: not even a walk in order with a LIMIT may look for them."""


@dataclass
class Watch:
    """The statements that were run, with the values of their first run."""

    statements: dict[str, Any] = field(default_factory=dict)

    def note(self, _c: Any, _k: Any, statement: str, values: Any, _x: Any, many: bool) -> None:
        """Remember a statement that is new."""
        if statement not in self.statements and statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            self.statements[statement] = values[0] if many else values


@contextmanager
def watching(runtime: Runtime) -> Iterator[Watch]:
    """Collect what is run during the block."""
    watch = Watch()
    engines = {runtime.database.reader.sync_engine, runtime.database.writer.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", watch.note)
    try:
        yield watch
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", watch.note)


async def learn_statistics(uow: UnitOfWork) -> None:
    """Let the planner know what rows there are, where it learns that by itself: on a node SQLite plans without."""
    if uow.dialect == "postgresql":
        await uow.execute(text("ANALYZE"))


async def plans(runtime: Runtime, work: Any) -> list[str]:
    """Return the plans of the statements that `work(reader)` runs."""
    found = []
    async with _run_by(runtime, work) as (connection, seen):
        prefix = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
        for statement, values in seen:
            rows = (await connection.exec_driver_sql(prefix + statement, values)).all()
            found.append("\n".join(str(row) for row in rows))
    return found


async def effort(runtime: Runtime, work: Any) -> int:
    """Return what the statements that `work(reader)` runs make the database do: SQLite's steps, PostgreSQL's rows."""
    done = 0

    def step() -> int:
        nonlocal done
        done += 1
        return 0

    async with _run_by(runtime, work) as (connection, seen):
        if connection.dialect.name == "sqlite":
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            await driver.set_progress_handler(step, 1)
            for statement, values in seen:
                await connection.exec_driver_sql(statement, values)
            await driver.set_progress_handler(None, 0)
        else:
            for statement, values in seen:
                for node in await _planned(connection, statement, values, "ANALYZE, "):
                    looked_at = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
                    done += round(looked_at * node["Actual Loops"])
    return done


@asynccontextmanager
async def _run_by(runtime: Runtime, work: Any) -> AsyncIterator[tuple[AsyncConnection, list[tuple[str, Any]]]]:
    """Run `work(reader)`; yield the SELECTs that it ran, and a connection to ask about them."""
    seen: list[tuple[str, Any]] = []
    engine = runtime.database.reader.sync_engine

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            seen.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    try:
        async with runtime.read() as reader:
            await work(reader)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    async with explaining(runtime) as connection:
        yield connection, seen


@asynccontextmanager
async def explaining(runtime: Runtime) -> AsyncIterator[AsyncConnection]:
    """Yield a connection to EXPLAIN by: an empty table is not scanned on it either."""
    if runtime.database.dialect == "sqlite":
        async with runtime.database.reader.connect() as connection:
            yield connection
    else:
        async with runtime.database.writer.connect() as connection:
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
            yield connection


async def steep(runtime: Runtime, watch: Watch) -> list[str]:
    """Return a line for each statement whose plan does not stay flat."""
    found: list[str] = []
    async with runtime.database.writer.connect() as connection:
        is_sqlite = runtime.database.dialect == "sqlite"
        for judge in (_steep_on_sqlite,) if is_sqlite else (_steep_on_postgresql, _hashed_on_postgresql):
            if not is_sqlite:
                await _pretend(connection, MIDDLING if judge is _hashed_on_postgresql else ROWS)
            for statement, values in list(watch.statements.items()):
                for complaint in await judge(connection, statement, values):
                    plain = " ".join(statement.split())
                    if not any(marker in plain and part in complaint for marker, part, _ in ALLOWED):
                        found.append(f"{complaint}: {plain}")
        await connection.rollback()
    return found


async def _steep_on_sqlite(connection: AsyncConnection, statement: str, values: Any) -> list[str]:
    rows = await _explained(connection, "EXPLAIN QUERY PLAN " + statement, values)
    names = _aliases(statement)
    found = []
    for row in rows:
        detail = str(row[3])
        scanned = re.match(r"SCAN (\w+)", detail)
        is_walk = not any(part in statement for part in SELECTIVE)
        is_ordered = is_walk and "USING" in detail and "LIMIT" in statement
        if scanned:
            table = names.get(scanned[1], scanned[1])
            if table in _growing() and not is_ordered:
                found.append(f"reads all of {table}")
        elif detail.endswith("INDEX ix_accounts_domain_id (domain=?)"):
            found.append("reads all accounts of a domain")
        elif detail == "USE TEMP B-TREE FOR ORDER BY" and _is_ordered_by_an_index(statement):
            found.append("sorts")
    return found


async def _planned(
    connection: AsyncConnection, statement: str, values: Any, options: str = ""
) -> Iterator[dict[str, Any]]:
    rows = await _explained(connection, f"EXPLAIN ({options}FORMAT JSON) {statement}", values)
    plan = rows[0][0]
    plan = orjson.loads(plan) if isinstance(plan, str) else plan
    return _nodes(plan[0]["Plan"])


async def _hashed_on_postgresql(connection: AsyncConnection, statement: str, values: Any) -> list[str]:
    return [
        f"looks through all of {node['Relation Name']} for a condition"
        for node in await _planned(connection, statement, values)
        if node.get("Parent Relationship") == "SubPlan"
        and node["Node Type"] == "Seq Scan"
        and node["Relation Name"] in _growing()
    ]


def _begins_at_ours(statement: str, values: Any) -> bool:
    """Whether a statement asks plainly which accounts are ours (`is_ours` does not): once it has run a few times,
    PostgreSQL plans for a domain of the usual size and begins with all our people."""
    asked = re.findall(r"(?:WHERE|AND|ON) (accounts(?:_\d+)?)\.domain = \$(\d+)::VARCHAR", statement)
    one = r"{0}\.(?:username_folded|id) = (?:\$|'|\d)"
    return any(
        values[int(place) - 1] == "" and not re.search(one.format(table), statement)
        for table, place in asked
        if isinstance(values, tuple | list)
    )


async def _steep_on_postgresql(connection: AsyncConnection, statement: str, values: Any) -> list[str]:
    found = ["begins at all our people"] if _begins_at_ours(statement, values) else []
    entries = max((listed.count(",") + 1 for listed in re.findall(r" IN \(([^()]*)\)", statement)), default=1)
    for node in await _planned(connection, statement, values):
        if node.get("Index Name") == "ix_accounts_domain_id" and "(id " not in node.get("Index Cond", ""):
            found.append("reads all accounts of a domain")
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in _growing():
            found.append(f"reads all of {node['Relation Name']}")
        if node["Node Type"] == "Sort" and node["Plans"][0]["Plan Rows"] > max(MOST_SORTED, ONES * entries):
            found.append(f"sorts {node['Plans'][0]['Plan Rows']:.0f} rows")
    return found


async def _explained(connection: AsyncConnection, statement: str, values: Any) -> Sequence[Any]:
    return await connection.run_sync(lambda sync: sync.exec_driver_sql(statement, values).all())


def _is_ordered_by_an_index(statement: str) -> bool:
    plain = " ".join(statement.split())
    return plain.startswith(NEVER_SORTED) or plain[plain.find(" FROM ") + 1 :].startswith(NEVER_SORTED)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


async def _pretend(connection: AsyncConnection, rows: int) -> None:
    """Tell the planner of so many rows in every table, and nothing of what they hold.

    It counts a table's pages itself and takes only the density of rows from here, so that goes by the pages there are:
    a database that other tests used before keeps theirs, and two pages once passed for two million rows. What an
    ANALYZE left behind is forgotten until the rollback.
    """
    names = ", ".join(f"'{name}'" for name in metadata().tables if name not in SMALL)
    tables = f"relkind = 'r' AND relname IN ({names})"
    await connection.exec_driver_sql(f"SET LOCAL enable_seqscan = {'off' if rows == ROWS else 'on'}")
    await connection.exec_driver_sql(
        f"DELETE FROM pg_statistic WHERE starelid IN (SELECT oid FROM pg_class WHERE {tables})"
    )
    await connection.exec_driver_sql(
        f"UPDATE pg_class SET reltuples = {rows}, relpages = "
        f"greatest(1, pg_relation_size(oid) / current_setting('block_size')::int) WHERE {tables}"
    )


def _aliases(statement: str) -> dict[str, str]:
    return {alias: table for table, alias in re.findall(r"\b(\w+) AS (\w+)", statement)}


def _growing() -> frozenset[str]:
    return frozenset(metadata().tables) - SMALL
