"""Emptying a PostgreSQL database for the next test, over one connection a database that stays open.

A new connection and a hundred DELETEs to plan cost 25 ms a test; a connection that has done it before takes a fraction.
What a test's ANALYZE found out cannot be taken back: such a database is of no use to others, whose statements would be
planned for rows that are gone. `PostgresServer.give_back` calls this.
"""

import asyncio
import threading
from pathlib import Path

import asyncpg

from admin.schema import metadata

_OURS = 16_384
"""The first object of a database that is not PostgreSQL's own."""


class Emptier:
    """Keeps a connection to each database it emptied, in an event loop of its own: a test's may be running."""

    def __init__(self, socket_folder: Path, role: str) -> None:
        self._folder, self._role = socket_folder, role
        self._connections: dict[str, asyncpg.Connection] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def empty(self, database: str) -> bool:
        """Remove every row, whoever is still connected. False where the planner knows of rows that are gone."""
        return asyncio.run_coroutine_threadsafe(self._empty(database), self._loop).result()

    def close(self) -> None:
        """Let go of every connection."""
        asyncio.run_coroutine_threadsafe(self._let_go(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _empty(self, database: str) -> bool:
        known = self._connections.get(database)
        if known is not None:
            try:
                return await self._run(known)
            except (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.AdminShutdownError):
                known.terminate()  # the server was stopped meanwhile
        self._connections[database] = await self._connect(database)
        return await self._run(self._connections[database])

    async def _run(self, connection: asyncpg.Connection) -> bool:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid();"
            "SELECT pg_temp.empty()"
        )
        return not await connection.fetchval(f"SELECT EXISTS (SELECT FROM pg_statistic WHERE starelid >= {_OURS})")

    async def _connect(self, database: str) -> asyncpg.Connection:
        connection = await asyncpg.connect(user=self._role, database=database, host=str(self._folder))
        deletes = ";".join(f'DELETE FROM "{name}"' for name in metadata().tables)
        await connection.execute(
            "SET session_replication_role = replica;"  # foreign keys sleep, so that the order does not matter
            f"CREATE FUNCTION pg_temp.empty() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {deletes}; END $$"
        )
        return connection

    async def _let_go(self) -> None:
        for connection in self._connections.values():
            connection.terminate()
        await asyncio.sleep(0)
