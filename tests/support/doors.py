"""A node of which only the inbox answers over HTTP: small, fast, and settled lane by lane.

What arrives is processed by the real drains of inbox and fetching; the outbox does not run, so what a node would
answer is read off its event rows.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from inbox import routes
from inbox.models import ReceivedActivity
from inbox.process import process_due
from inbox.queries import has_due
from node.accounts.models import Account
from node.accounts.queries import find_account_by_uri
from node.app import create_app
from node.base.db.event_log import EventRow
from node.base.runtime import Runtime
from node.follows.models import Follow
from node.follows.service import accept_follow, follow
from node.posts.models import Post
from node.posts.queries import find_post_by_uri
from node.remote.actors import fetch_actor
from node.remote.jobs import fetch_due
from node.remote.queries import has_due_tasks
from tests.support.make import make_account
from tests.support.nodes import Clock, clock_of, open_node
from tests.support.redis_server import RedisServer
from tests.support.serving import listen, serving
from tests.support.stranger import Document, Stranger


@dataclass
class Door:
    """A node with an open inbox."""

    runtime: Runtime
    url: str

    @property
    def inbox(self) -> str:
        """The shared inbox."""
        return f"{self.url}/inbox"

    @property
    def clock(self) -> Clock:
        return clock_of(self.runtime)

    async def person(self, username: str, **profile: Any) -> Account:
        """Make one of our people."""
        return await make_account(self.runtime, username, **profile)

    async def follow(self, follower: Account, stranger: Stranger) -> Follow:
        """Let one of ours follow a stranger, accepted."""
        followee = await fetch_actor(self.runtime, stranger.uri)
        now = self.runtime.now()
        async with self.runtime.write() as uow:
            row = await follow(uow, self.runtime.settings, follower, followee, now=now)
            await accept_follow(uow, row, now=now)
        return row

    async def settle(self, *, rounds: int = 60) -> None:
        """Process all that is due in the inbox and all fetches."""
        for _ in range(rounds):
            now = self.runtime.now()
            async with self.runtime.read() as reader:
                inbox_due, fetch_is_due = await has_due(reader, now), await has_due_tasks(reader, now)
            if inbox_due:
                await process_due(self.runtime)
            if fetch_is_due:
                await fetch_due(self.runtime)
            if not inbox_due and not fetch_is_due:
                return
        raise AssertionError("the inbox never came to rest")

    async def send(self, stranger: Stranger, activity: Document | bytes, *, expect: int = 202, **bent: Any) -> None:
        """Deliver to the shared inbox (or `to`), check the status, and let it take effect."""
        to = bent.pop("to", self.inbox)
        answer = await stranger.deliver(to, activity, now=bent.pop("now", self.runtime.now()), **bent)
        assert answer.status_code == expect, f"{answer.status_code} {answer.text[:400]}"
        await self.settle()

    async def post(self, uri: str) -> Post | None:
        """Return a stored post."""
        async with self.runtime.read() as reader:
            return await find_post_by_uri(reader, uri)

    async def account(self, uri: str) -> Account | None:
        """Return a stored actor."""
        async with self.runtime.read() as reader:
            return await find_account_by_uri(reader, uri)

    async def count(self, table: Any, *where: Any) -> int:
        """Count rows."""
        async with self.runtime.read() as reader:
            return int(await reader.scalar(select(func.count()).select_from(table).where(*where)) or 0)

    async def events(self, name: str) -> list[dict[str, Any]]:
        """Return what was recorded for the outbox, oldest first."""
        async with self.runtime.read() as reader:
            rows = await reader.scalars(select(EventRow).where(EventRow.name == name).order_by(EventRow.id))
        return [row.payload for row in rows]

    async def outcome(self, activity: Document) -> str:
        """Return how a delivered activity ended: "outcome reason", or "" if no row was stored."""
        async with self.runtime.read() as reader:
            row = await reader.scalar(
                select(ReceivedActivity).where(ReceivedActivity.activity_uri == activity["id"]).limit(1)
            )
        return "" if row is None else f"{row.outcome} {row.detail.partition(':')[0]}".strip()


@asynccontextmanager
async def serve_inbox(redis: RedisServer, **changes: Any) -> AsyncIterator[Door]:
    """Serve the inbox of a fresh node on a free loopback port."""
    listener, url = listen()
    with listener:
        async with (
            open_node(redis, public_url=url, **changes) as runtime,
            serving(create_app(runtime, [routes.blueprint]), listener),
        ):
            yield Door(runtime, url)
