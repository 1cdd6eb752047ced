"""The node under measure: filled straight through the database, then started as real processes."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import insert, update

from federation.keys import generate_rsa_key
from node import uris
from node.accounts.models import Account, AccountKey
from node.auth.models import User
from node.auth.service import create_token
from node.base.ids import id_at, new_id
from node.base.runtime import Runtime, running
from node.base.settings import Settings, load_settings
from node.follows.models import Follow
from node.posts.models import Post
from tests.support.serving import free_port

ROOKERY = str(Path(sys.executable).with_name("rookery"))


@dataclass(frozen=True)
class Size:
    """How much there is on the node."""

    people: int
    follows_each: int
    posts: int
    remote_hosts: int


QUICK = Size(people=250, follows_each=100, posts=3_000, remote_hosts=20)
FULL = Size(people=1_000, follows_each=200, posts=50_000, remote_hosts=100)


class Stage:
    """A node that runs as real processes, and what a benchmark needs to know of it."""

    def __init__(self, settings: Settings, environment: dict[str, str]) -> None:
        self.settings = settings
        self.environment = environment
        self.tokens: list[str] = []
        self.account_ids: list[int] = []
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start `rookery up` and return how many seconds it took to answer."""
        started = time.monotonic()
        self._process = subprocess.Popen(
            [ROOKERY, "up"],
            env=os.environ | self.environment,
            stdout=subprocess.DEVNULL,
            stderr=None if "BENCH_LOGS" in os.environ else subprocess.DEVNULL,
        )
        while True:
            try:
                if httpx.get(f"{self.settings.public_url}/livez", trust_env=False).status_code == 200:
                    return time.monotonic() - started
            except httpx.TransportError:
                assert self._process.poll() is None, "rookery up ended"
                assert time.monotonic() - started < 60, "rookery up did not answer"
                time.sleep(0.02)

    def stop(self) -> float:
        """Stop it and return the seconds it took."""
        assert self._process is not None
        started = time.monotonic()
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)
        return time.monotonic() - started

    def processes(self) -> dict[str, psutil.Process]:
        """Return the node's processes by their titles."""
        assert self._process is not None
        top = psutil.Process(self._process.pid)
        found = {}
        for process in [top, *top.children(recursive=True)]:
            title = " ".join(process.cmdline())[:40] or process.name()
            found[f"{title}#{process.pid}"] = process
        return found

    def cpu_seconds(self, only: str = "") -> float:
        """Return the CPU seconds used so far by processes whose title contains `only`."""
        total = 0.0
        for title, process in self.processes().items():
            if only in title:
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def memory_mb(self) -> float:
        """Return the proportional set size of all processes, in megabytes."""
        return sum(process.memory_full_info().pss for process in self.processes().values()) / 1e6


@asynccontextmanager
async def set_stage(folder: Path, size: Size, **changes: str) -> AsyncIterator[tuple[Stage, Runtime]]:
    """Fill a node in `folder`, start it, and give it together with a runtime on the same data."""
    port = free_port()
    environment = {
        "ROOKERY_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ROOKERY_BIND": f"127.0.0.1:{port}",
        "ROOKERY_DATA_DIR": str(folder),
        "ROOKERY_RATE_LIMITS": "off",
        "ROOKERY_INSECURE_PEERS": "127.0.0.0/8,::1/128",
        "ROOKERY_LOG_LEVEL": "error",
        **changes,
    }
    settings = load_settings(environment)
    stage = Stage(settings, environment)
    subprocess.run(
        [ROOKERY, "migrate"],
        env=os.environ | environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    async with running(settings) as runtime:
        await _fill(runtime, stage, size)
        stage.start()
        try:
            yield stage, runtime
        finally:
            await asyncio.to_thread(stage.stop)


async def _fill(runtime: Runtime, stage: Stage, size: Size) -> None:
    dice = random.Random(7)
    now = runtime.now()
    pair = generate_rsa_key()
    stage.account_ids = sorted(new_id() for _ in range(size.people))
    names = [f"p{number}" for number in range(size.people)]
    async with runtime.write() as uow:
        await _insert(
            uow,
            Account,
            [
                account_values(runtime.settings, id_, name, now)
                for id_, name in zip(stage.account_ids, names, strict=True)
            ],
        )
        await _insert(uow, AccountKey, [_key_values(runtime.settings, id_, pair, now) for id_ in stage.account_ids])
        await _insert(
            uow,
            User,
            [
                {
                    "account_id": id_,
                    "email": f"{name}@example.com",
                    "password_hash": "-",
                    "confirmed_at": now,
                    "approved_at": now,
                    "created_at": now,
                    "last_active_at": now,
                }
                for id_, name in zip(stage.account_ids, names, strict=True)
            ],
        )
        for account_id in stage.account_ids[:64]:
            stage.tokens.append(await create_token(uow, account_id, "read write follow push", now=now))
    weights = [1 / (rank + 1) for rank in range(size.people)]
    async with runtime.write() as uow:
        rows = []
        for account_id in stage.account_ids:
            chosen = set(dice.choices(stage.account_ids, weights, k=size.follows_each * 2)) - {account_id}
            rows += [
                {"id": new_id(), "follower_id": account_id, "followee_id": other, "created_at": now, "accepted_at": now}
                for other in sorted(chosen)[: size.follows_each]
            ]
        await _insert(uow, Follow, rows)
    async with runtime.write() as uow:
        step = timedelta(days=30) / size.posts
        posts = []
        for number in range(size.posts):
            moment = now - timedelta(days=30) + step * number
            author = dice.choices(stage.account_ids, weights)[0]
            posts.append(_post_values(runtime.settings, id_at(moment), author, moment, number))
        await _insert(uow, Post, posts)
        await uow.write(update(Account).values(posts_count=10))


async def _insert(uow: Any, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(rows), 500):
        await uow.execute(insert(table), list(rows[start : start + 500]))


def account_values(settings: Settings, id_: int, name: str, now: Any) -> dict[str, Any]:
    """Return the columns of a local account."""
    return {
        "id": id_,
        "username": name,
        "username_folded": name,
        "domain": "",
        "uri": uris.actor_uri(settings, id_),
        "url": uris.profile_url(settings, name),
        "inbox_url": uris.inbox_uri(settings, id_),
        "shared_inbox_url": uris.shared_inbox_uri(settings),
        "outbox_url": uris.outbox_uri(settings, id_),
        "followers_url": uris.followers_uri(settings, id_),
        "following_url": uris.following_uri(settings, id_),
        "display_name": f"Person {name}",
        "created_at": now,
    }


def _key_values(settings: Settings, id_: int, pair: tuple[str, str], now: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "account_id": id_,
        "key_id": uris.key_id(settings, id_),
        "private_pem": pair[0],
        "public_pem": pair[1],
        "fetched_at": now,
    }


def _post_values(settings: Settings, id_: int, author: int, moment: Any, number: int) -> dict[str, Any]:
    words = f"Post number {number}: the rooks come home at dusk and speak of what the day has been, all at once."
    return {
        "id": id_,
        "uri": uris.post_uri(settings, author, id_),
        "url": uris.post_uri(settings, author, id_),
        "account_id": author,
        "local": True,
        "visibility": "public",
        "text": words,
        "content": f"<p>{words}</p>",
        "thread_id": id_,
        "published_at": moment,
        "created_at": moment,
    }
