"""Nodes as an operator runs them: `rookery up` in processes of their own, killed and stopped from outside.

People are made straight in the database (that is `rookery account create`, without its second of imports); all else
goes through the REST API over HTTP. `settled` waits until nothing is left to do, and lets leases and back-offs run
out instead of waiting minutes for them: that is time passing, and it happens only while every worker is idle.
"""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from federation.keys import generate_rsa_key
from node.auth.service import create_token, create_user
from node.base.runtime import running
from node.base.settings import load_settings
from tests.support.nodes import EVERYWHERE, database_template
from tests.support.postgres import PostgresServer
from tests.support.serving import TRUSTS_NOBODY, free_port

ROOT = Path(__file__).parents[2]
READY_SECONDS = 40.0
DUE_TABLES = {
    "events": "parked_at IS NULL",
    "received_activities": "done_at IS NULL AND parked_at IS NULL",
    "deliveries": "1 = 1",
    "fetch_tasks": "parked_at IS NULL",
    "completions": "finished_at IS NULL",
    "fan_outs": "1 = 1",
}


@dataclass
class Somebody:
    """A person with a token."""

    node: "RealNode"
    account_id: int
    username: str
    token: str

    @property
    def handle(self) -> str:
        return f"@{self.username}@{self.node.settings.domain}"

    async def call(self, method: str, path: str, **request: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **request.pop("headers", {})}
        response = await self.node.http.request(method, path, headers=headers, **request)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text[:400]}"
        return response.json()

    async def post(self, text: str, *, patient: bool = True) -> Any:
        """Publish, trying again with the same key while the node is being killed: as every app does."""
        deadline = time.monotonic() + 40
        while True:
            try:
                return await self.call(
                    "POST",
                    "/api/v1/statuses",
                    json={"status": text},
                    headers={"Idempotency-Key": f"{self.username}:{text}"},
                )
            except (httpx.TransportError, AssertionError):
                if not patient or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def follow(self, other: "Somebody") -> None:
        found = await self.call("GET", "/api/v2/search", params={"q": other.handle, "resolve": "true"})
        account = found["accounts"][0]
        await self.call("POST", f"/api/v1/accounts/{account['id']}/follow")
        deadline = time.monotonic() + 20
        while True:
            (state,) = await self.call("GET", "/api/v1/accounts/relationships", params={"id[]": account["id"]})
            if state["following"]:
                return
            assert time.monotonic() < deadline, "the follow was never accepted"
            await asyncio.sleep(0.1)

    async def home(self) -> list[str]:
        """Return the texts of the whole home timeline, newest first, by paging as an app does."""
        texts: list[str] = []
        path: str | None = "/api/v1/timelines/home?limit=40"
        while path:
            response = await self.node.http.get(path, headers={"Authorization": f"Bearer {self.token}"})
            assert response.status_code == 200, response.text[:300]
            texts += [strip(post["content"]) for post in response.json()]
            path = response.links["next"]["url"] if "next" in response.links and response.json() else None
        return texts


def strip(html: str) -> str:
    """Return the words of a one-paragraph post."""
    return html.removeprefix("<p>").removesuffix("</p>")


@dataclass
class RealNode:
    """One `rookery up` in its own data folder."""

    folder: Path
    name: str
    redis_url: str = ""
    port: int = field(default_factory=free_port)
    public_url: str = ""
    changes: dict[str, str] = field(default_factory=dict)
    """Settings that differ from those of a test node, as text."""
    postgres: PostgresServer | None = None
    """The server of its database; None: SQLite in its folder."""
    process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        if EVERYWHERE and self.postgres is None:
            self.postgres = EVERYWHERE[0]
            self.changes = self.changes | {"database_url": self.postgres.new_url()}
        self.settings = load_settings(self.environment())
        self.settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.settings.database_url and not self.database_file.exists():
            shutil.copy(database_template(), self.database_file)
        self.http = httpx.AsyncClient(
            base_url=self.settings.public_url, timeout=20, trust_env=False, verify=TRUSTS_NOBODY
        )

    def environment(self) -> dict[str, str]:
        """Return its settings as an operator gives them."""
        values = {
            "public_url": self.public_url or f"http://127.0.0.1:{self.port}",
            "bind": f"127.0.0.1:{self.port}",
            "data_dir": str(self.folder / self.name),
            "redis_url": self.redis_url,
            "insecure_peers": "127.0.0.0/8",
            "rate_limits": "off",
            "log_level": "warning",
            **self.changes,
        }
        return {f"ROOKERY_{name.upper()}": value for name, value in values.items()}

    @property
    def database_file(self) -> Path:
        return self.settings.data_dir / "rookery.sqlite3"

    @property
    def log_path(self) -> Path:
        return self.settings.data_dir / "up.log"

    def launch(self) -> None:
        """Start `rookery up` without waiting for it."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ROOKERY_")}
        environment |= self.environment()
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from admin.cli import main; main()", "up"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    async def ready(self) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            assert self.process is not None
            assert self.process.poll() is None, self.log_path.read_text()
            try:
                if (await self.http.get("/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, self.log_path.read_text()
            await asyncio.sleep(0.1)

    async def person(self, username: str) -> Somebody:
        """Make somebody with a token."""
        key_pair = await asyncio.to_thread(generate_rsa_key)
        async with running(self.settings) as runtime:
            async with runtime.write() as uow:
                user = await create_user(
                    uow,
                    self.settings,
                    username=username,
                    email=f"{username}@example.com",
                    password="correct horse battery",
                    now=runtime.now(),
                    key_pair=key_pair,
                )
            async with runtime.write() as uow:
                token = await create_token(uow, user.account_id, "read write follow", now=runtime.now())
        return Somebody(self, user.account_id, username, token)

    def pids(self, part: str = "") -> list[int]:
        """Return the processes below `up` whose title holds `part`; "" for all of them."""
        assert self.process is not None
        found = []
        try:
            below = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        for child in below:
            try:
                if part in " ".join(child.cmdline()):
                    found.append(child.pid)
            except psutil.NoSuchProcess:
                continue
        return found

    def kill(self, part: str) -> int:
        """`kill -9` every process whose title holds `part`; return how many."""
        pids = self.pids(part)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return len(pids)

    def signal(self, part: str, number: signal.Signals) -> list[int]:
        """Send every process whose title holds `part` a signal; return which."""
        pids = self.pids(part)
        for pid in pids:
            os.kill(pid, number)
        return pids

    def interrupt(self) -> float:
        """Press Ctrl-C and return the seconds until it is gone."""
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(15)
        return time.monotonic() - started

    def close(self) -> None:
        """End it, whatever state it is in."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(12)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def ask(self, statement: str) -> list[Any]:
        """Read the database from outside."""
        if self.postgres is not None:
            return self.postgres.ask(self.settings.database_url, statement)
        with closing(sqlite3.connect(self.database_file, timeout=20)) as connection:
            found = connection.execute(statement).fetchall()
            connection.commit()
            return found

    def waiting(self) -> dict[str, int]:
        """Return the rows still to be done, by table, without zeros."""
        found = {}
        for table, where in DUE_TABLES.items():
            ((count,),) = self.ask(f"SELECT count(*) FROM {table} WHERE {where}")
            if count:
                found[table] = count
        return found

    def let_time_pass(self) -> None:
        """Let every lease and back-off run out."""
        now, past = "datetime('now')", "datetime('now', '-1 second')"
        if self.postgres is not None:
            now, past = "now()", "now() - interval '1 second'"
        for table, where in DUE_TABLES.items():
            self.ask(f"UPDATE {table} SET due_at = {past} WHERE due_at > {now} AND {where}")

    def parked(self) -> list[Any]:
        """Return what gave up."""
        return [
            *self.ask("SELECT name, last_error FROM events WHERE parked_at IS NOT NULL"),
            *self.ask("SELECT kind, detail FROM received_activities WHERE parked_at IS NOT NULL"),
        ]


async def settled(*nodes: RealNode, seconds: float = 60) -> None:
    """Wait until no node has anything left to do."""
    deadline = time.monotonic() + seconds
    last, since = None, time.monotonic()
    while True:
        now = {node.name: node.waiting() for node in nodes}
        if not any(now.values()):
            return
        assert time.monotonic() < deadline, f"still waiting: {now}"
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > 3:  # nobody moves: what is left is leased by the dead, or backs off
            for node in nodes:
                node.let_time_pass()
            since = time.monotonic()
        await asyncio.sleep(0.25)


async def eventually(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    """Wait until `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


def is_gone(pid: int) -> bool:
    """Whether nothing of a process is left but, maybe, its entry."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
