"""Every SELECT of the operator's floor: what waits, what gave up, which hosts fail, how many people there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, text

from inbox.models import ReceivedActivity, Tombstone
from node.accounts.models import Account
from node.auth.models import User
from node.base.db.event_log import EventRow
from node.base.db.unit_of_work import Reader
from node.base.ids import floor_id
from node.base.lanes import DELIVER, DELIVER_SLOW, FANOUT, FETCH, INBOX, INDEX, MAIL, PULL, PUSH, RELAY
from node.mail.models import OutgoingMail
from node.posts.models import Post
from node.pulls.models import PulledAccount
from node.push.models import PushMessage
from node.remote.models import FetchTask
from node.search.models import SearchTask
from node.timelines.models import FanOut
from outbox.models import Delivery, Peer


@dataclass(frozen=True, slots=True)
class LaneFigures:
    """Rows of one lane: not done yet, seconds since the oldest of them fell due, and given up (parked)."""

    name: str
    waiting: int
    oldest_seconds: float | None
    failed: int


@dataclass(frozen=True, slots=True)
class FailingHost:
    """A host that did not answer last time. `state` is "retrying", "paused" or "unavailable"."""

    host: str
    failures: int
    state: str
    last_error: str
    next_try_at: datetime | None
    waiting: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of what there is. `active_week`: people seen in seven days."""

    people: int
    active_week: int
    posts_today: int
    known_servers: int


async def list_lane_figures(reader: Reader, now: datetime) -> list[LaneFigures]:
    """Return the figures of every lane that has a table behind it."""
    return [
        await _figures(reader, now, RELAY, EventRow, EventRow.parked_at),
        await _figures(
            reader, now, INBOX, ReceivedActivity, ReceivedActivity.parked_at, ReceivedActivity.done_at.is_(None)
        ),
        await _figures(reader, now, DELIVER, Delivery, None, Delivery.slow.is_(False)),
        await _figures(reader, now, DELIVER_SLOW, Delivery, None, Delivery.slow.is_(True)),
        await _figures(reader, now, FETCH, FetchTask, FetchTask.parked_at),
        await _figures(reader, now, MAIL, OutgoingMail, OutgoingMail.parked_at),
        await _figures(reader, now, PUSH, PushMessage, None),
        await _figures(reader, now, FANOUT, FanOut, None),
        # A pulled account is never done: it waits when its turn has come.
        await _figures(
            reader, now, PULL, PulledAccount, None, PulledAccount.is_merged.is_(True), PulledAccount.due_at <= now
        ),
        await _figures(reader, now, INDEX, SearchTask, None),
    ]


async def _figures(
    reader: Reader, now: datetime, name: str, table: Any, parked: Any, *where: ColumnElement[bool]
) -> LaneFigures:
    live = [*where] if parked is None else [*where, parked.is_(None)]
    waiting = await reader.scalar(select(func.count()).select_from(table).where(*live))
    oldest: datetime | None = await reader.scalar(select(func.min(table.due_at)).where(*live, table.due_at <= now))
    failed = 0
    if parked is not None:
        failed = await reader.scalar(select(func.count()).select_from(table).where(*where, parked.is_not(None)))
    return LaneFigures(name, waiting or 0, (now - oldest).total_seconds() if oldest else None, failed or 0)


async def list_failing_hosts(reader: Reader, now: datetime, *, limit: int = 50) -> list[FailingHost]:
    """Return hosts whose last exchange failed, the longest failing first."""
    rows = await reader.scalars(
        select(Peer)
        .where(or_(Peer.consecutive_failures > 0, Peer.unavailable_since.is_not(None)))
        .order_by(Peer.consecutive_failures.desc(), Peer.host)
        .limit(limit)
    )
    waiting = await _waiting_by_host(reader, [peer.host for peer in rows])
    hosts = []
    for peer in rows:
        state = "retrying"
        if peer.unavailable_since is not None:
            state = "unavailable"
        elif peer.paused_until is not None and peer.paused_until > now:
            state = "paused"
        hosts.append(
            FailingHost(
                peer.host,
                peer.consecutive_failures,
                state,
                peer.last_error,
                peer.paused_until,
                waiting.get(peer.host, 0),
            )
        )
    return hosts


async def count_failing_hosts(reader: Reader) -> int:
    """Return how many hosts failed at their last exchange."""
    return await reader.scalar(select(func.count()).select_from(Peer).where(Peer.consecutive_failures > 0)) or 0


async def _waiting_by_host(reader: Reader, hosts: Sequence[str]) -> dict[str, int]:
    if not hosts:
        return {}
    rows = await reader.execute(
        select(Delivery.host, func.count()).where(Delivery.host.in_(hosts)).group_by(Delivery.host)
    )
    return {str(row[0]): int(row[1]) for row in rows.all()}


async def count_everything(reader: Reader, now: datetime) -> Counts:
    """Return the counts of the overview."""
    people = (
        select(func.count())
        .select_from(User)
        .join(Account, Account.id == User.account_id)
        .where(Account.deleted_at.is_(None), Account.suspended_at.is_(None))
    )
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Counts(
        people=await reader.scalar(people) or 0,
        active_week=await reader.scalar(people.where(User.last_active_at >= now - timedelta(days=7))) or 0,
        posts_today=await reader.scalar(
            select(func.count())
            .select_from(Post)
            .where(Post.local.is_(True), Post.id >= floor_id(midnight), Post.deleted_at.is_(None))
        )
        or 0,
        known_servers=await reader.scalar(select(func.count()).select_from(Peer)) or 0,
    )


async def is_database_up(reader: Reader) -> bool:
    """Ask the database for a constant. Raises Unavailable when it does not answer."""
    return bool(await reader.scalar(text("SELECT 1")))


async def find_revision(reader: Reader) -> str:
    """Return the schema revision the database is at. Raises a database error when it was never prepared."""
    return str(await reader.scalar(text("SELECT version_num FROM alembic_version")) or "")


async def find_known_actor(reader: Reader, host: str) -> Account | None:
    """Return the actor of a host that was fetched last: somebody to try its doors with."""
    found: Account | None = await reader.scalar(
        select(Account)
        .where(Account.domain == host, Account.handle_confirmed.is_(True), Account.deleted_at.is_(None))
        .order_by(Account.fetched_at.desc())
        .limit(1)
    )
    return found


async def count_waiting(reader: Reader, host: str) -> int:
    """Return how many deliveries wait for a host."""
    return await reader.scalar(select(func.count()).select_from(Delivery).where(Delivery.host == host)) or 0


async def find_last_error(reader: Reader, host: str) -> str:
    """Return why the newest delivery that waits for a host failed; "" if none did."""
    found: str | None = await reader.scalar(
        select(Delivery.last_error)
        .where(Delivery.host == host, Delivery.last_error != "")
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    return found or ""


async def find_stored_post(reader: Reader, uri: str, author_uri: str) -> tuple[Post | None, bool]:
    """Return the post of an id, deleted ones too, and whether its author buried it."""
    post: Post | None = await reader.scalar(select(Post).where(Post.uri == uri))
    own = (Tombstone.uri == uri, Tombstone.actor_uri == author_uri)
    buried = await reader.scalar(select(func.count()).select_from(Tombstone).where(*own))
    return post, bool(buried)
