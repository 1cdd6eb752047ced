"""One private PostgreSQL for a test run, on a unix socket in its own folder, started at first use.

It listens on no port and its files are never synced: what it holds is worth nothing. The server refuses to run as
root, so a run as root starts it as the system's `postgres` or `nobody`. Every test node gets a database of its own,
copied from a template that has all the tables.
"""

import asyncio
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from admin.migrate import head_revision
from admin.schema import metadata
from tests.support.emptying import Emptier

T = TypeVar("T")

_ROLE = "rookery"
_TEMPLATE = "rookery_template"


def postgres_folder() -> Path | None:
    """Return the folder of the newest server's programs: where PATH leads, else where Debian puts them."""
    for found in (shutil.which("postgres"), shutil.which("pg_ctl")):
        # what lies on PATH may be a mere link: initdb looks for its neighbours beside the real file
        if found and (Path(found).resolve().parent / "initdb").exists():
            return Path(found).resolve().parent
    packaged = [Path(folder) for folder in glob.glob("/usr/lib/postgresql/*/bin")]
    usable = [folder for folder in packaged if (folder / "postgres").exists() and (folder / "initdb").exists()]
    return max(usable, key=lambda folder: float(folder.parent.name), default=None)


class PostgresServer:
    """A cluster of its own. `new_url` gives a fresh database with every table, `empty_url` one without."""

    def __init__(self, programs: Path, **options: str) -> None:
        self._programs = programs
        self._options = options
        self._folder = Path(tempfile.mkdtemp(prefix="rk-pg-"))
        self._as: dict[str, Any] = {}
        if os.getuid() == 0:
            keeper = _unprivileged()
            self._as = {"user": keeper.pw_uid, "group": keeper.pw_gid, "extra_groups": []}
            os.chown(self._folder, keeper.pw_uid, keeper.pw_gid)
        self._count = 0
        self._free: list[str] = []
        self._process = self._start()
        _run(self._make_template())
        self._emptier = Emptier(self._folder, _ROLE)

    def new_url(self) -> str:
        """Return the URL of a database with every table, empty: one that was given back, else a new one."""
        return self._free.pop() if self._free else self._create(f"TEMPLATE {_TEMPLATE}")

    def give_back(self, url: str) -> None:
        """Empty a database that `new_url` gave, for the next test. Far cheaper than to make one for each."""
        if self._emptier.empty(_name_in(url)):
            self._free.append(url)
        else:
            self.drop(url)

    def empty_url(self) -> str:
        """Make a database without any table and return its URL."""
        return self._create("TEMPLATE template0")

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        _run(self._command(f'DROP DATABASE "{_name_in(url)}" WITH (FORCE)'))

    def start_replica(self) -> "PostgresReplica":
        """Start a server that follows this one, as an operator would: a base backup, then streaming."""
        return PostgresReplica(self._programs, self._folder, self._as)

    def stop(self) -> None:
        """Stop the server; `restart` brings it back with what it had."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(20)

    def restart(self) -> None:
        """Start it again after `stop`."""
        self._process = _serve(self._programs, self._folder, self._as, **self._options)
        _run(self._answers())

    def close(self) -> None:
        """Stop the server at once and remove its files."""
        self._emptier.close()
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(20)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> "subprocess.Popen[bytes]":
        data = self._folder / "data"
        made = subprocess.run(
            [
                self._programs / "initdb",
                "-D",
                data,
                "-U",
                _ROLE,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            ],
            cwd=self._folder,
            capture_output=True,
            check=False,
            **self._as,
        )
        assert made.returncode == 0, f"initdb failed: {made.stderr.decode(errors='replace')}"
        return _serve(self._programs, self._folder, self._as, **self._options)

    def _create(self, how: str) -> str:
        self._count += 1
        name = f"rookery_{self._count}"
        _run(self._command(f'CREATE DATABASE "{name}" {how}'))
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql+asyncpg://{_ROLE}@/{database}?host={self._folder}"

    async def _command(self, statement: str, *, database: str = "postgres") -> None:
        connection = await asyncpg.connect(user=_ROLE, database=database, host=str(self._folder))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def _answers(self) -> None:
        for _ in range(1000):
            assert self._process.poll() is None, (self._folder / "server.log").read_text()
            try:
                await self._command("SELECT 1")
                return
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(0.02)
        raise AssertionError("the test PostgreSQL did not answer")

    def ask(self, url: str, statement: str) -> list[Any]:
        """Run a statement on a database of this server and return its rows."""
        return _run(self._rows(statement, _name_in(url)))

    async def _rows(self, statement: str, database: str) -> list[Any]:
        connection = await asyncpg.connect(user=_ROLE, database=database, host=str(self._folder))
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    async def _make_template(self) -> None:
        await self._answers()
        await self._command(f'CREATE DATABASE "{_TEMPLATE}" TEMPLATE template0')
        engine = create_async_engine(self._url(_TEMPLATE))
        async with engine.begin() as connection:
            await connection.run_sync(metadata().create_all)
            await connection.run_sync(stamp)
        await engine.dispose()


class PostgresReplica:
    """A server that streams what another one writes. What it replays can be held back."""

    def __init__(self, programs: Path, primary: Path, run_as: dict[str, Any]) -> None:
        self._programs, self._as = programs, run_as
        self._folder = Path(tempfile.mkdtemp(prefix="rk-pg-"))
        if run_as:
            os.chown(self._folder, run_as["user"], run_as["group"])
        made = subprocess.run(
            [programs / "pg_basebackup", "-h", primary, "-U", _ROLE, "-D", self._folder / "data", "-R", "-c", "fast"],
            cwd=self._folder,
            capture_output=True,
            check=False,
            **run_as,
        )
        assert made.returncode == 0, f"pg_basebackup failed: {made.stderr.decode(errors='replace')}"
        self.restart()

    def url(self, primary_url: str) -> str:
        """Return the URL of the same database here."""
        return f"postgresql+asyncpg://{_ROLE}@/{_name_in(primary_url)}?host={self._folder}"

    def command(self, statement: str) -> Any:
        """Run a statement and return its first value."""
        return _run(self._ask(statement))

    def hold_back(self) -> None:
        """Replay nothing any more."""
        self.command("SELECT pg_wal_replay_pause()")

    def let_go(self) -> None:
        """Replay what has come."""
        self.command("SELECT pg_wal_replay_resume()")

    def stop(self) -> None:
        """Stop the server; `restart` brings it back."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(20)

    def restart(self) -> None:
        """Start it, and wait until it answers."""
        self._process = _serve(self._programs, self._folder, self._as)
        for _ in range(1000):
            assert self._process.poll() is None, (self._folder / "server.log").read_text()
            try:
                assert self.command("SELECT pg_is_in_recovery()")
                return
            except (OSError, asyncpg.CannotConnectNowError):
                time.sleep(0.02)
        raise AssertionError("the replica did not answer")

    def close(self) -> None:
        """Stop the server at once and remove its files."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(20)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _ask(self, statement: str) -> Any:
        connection = await asyncpg.connect(user=_ROLE, database="postgres", host=str(self._folder))
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()


def _serve(programs: Path, folder: Path, run_as: dict[str, Any], **changes: str) -> "subprocess.Popen[bytes]":
    """Start a server on `data` in a folder, answering on a socket there."""
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "autovacuum": "off",
        "shared_buffers": "32MB",
        "max_connections": "200",
        # a wait that long is a deadlock of ours with ourselves: say so instead of hanging
        "lock_timeout": "30s",
        **changes,
    }
    command: list[Any] = [programs / "postgres", "-D", folder / "data"]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, **run_as)


def start_postgres(**options: str) -> PostgresServer:
    """Start a server, with these settings besides. Skips the test where none is installed."""
    programs = postgres_folder()
    if programs is None:
        pytest.skip("PostgreSQL is not installed here (on Debian: apt install postgresql): tested on SQLite alone")
    return PostgresServer(programs, **options)


def stamp(connection: Connection) -> None:
    """Say of a database with every table that it needs no migration."""
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": head_revision()})


def _name_in(url: str) -> str:
    return url.rpartition("?")[0].rpartition("/")[2]


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL refuses to run as root and there is no user to run it as")


def _run(work: "Coroutine[Any, Any, T]") -> T:
    """Run a coroutine to its end in a loop of its own: fixtures may call this while a test's loop is running."""
    found: list[T] = []
    failed: list[BaseException] = []

    def body() -> None:
        try:
            found.append(asyncio.run(work))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]
