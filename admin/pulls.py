"""Pulled accounts for an operator, by command or page: which they are, how it goes, and the choice for each."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from node.accounts.models import Account
from node.base.db.unit_of_work import Reader
from node.base.errors import Invalid
from node.base.runtime import Runtime
from node.moderation.service import log_decision
from node.pulls.models import PulledAccount
from node.pulls.queries import Pulled, list_hosts, list_known_pulls
from node.pulls.rules import CHOICES, HOST_WINDOW, Choice
from node.pulls.service import choose
from node.remote.resolving import resolve

ROWS = 100
HOSTS = 100


@dataclass(frozen=True, slots=True)
class PullView:
    """One account as an operator sees it. `result` is a word such as "new", "unchanged", "forbidden"."""

    id: int
    account_id: int
    handle: str
    choice: str
    pulled: bool
    reason: str
    reported_followers: int
    interval_seconds: int
    result: str
    detail: str
    failures: int
    new_posts: int
    last_new_at: datetime | None
    pulled_at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class HostView:
    """What a host was asked for in this hour, of how much it may be."""

    host: str
    requests: int
    most_requests: int
    bytes_read: int
    most_bytes: int
    rests_until: datetime | None
    rests_because: str


async def list_pulled(reader: Reader, *, after_id: int = 0, limit: int = ROWS) -> list[PullView]:
    """Return accounts that are pulled or were chosen about, oldest entry first."""
    return [_view(each) for each in await list_known_pulls(reader, limit=limit, after_id=after_id)]


async def list_budgets(reader: Reader, runtime: Runtime) -> list[HostView]:
    """Return what hosts were asked for in this hour, the busiest first; not those that nothing is to be said of."""
    now, settings = runtime.now(), runtime.settings
    views = []
    for row in await list_hosts(reader, limit=HOSTS):
        is_current = row.window_began_at > now - HOST_WINDOW
        is_resting = row.rests_until is not None and row.rests_until > now
        if is_current or is_resting:
            views.append(
                HostView(
                    row.host,
                    row.requests if is_current else 0,
                    settings.pull_requests_per_host,
                    row.bytes_read if is_current else 0,
                    settings.pull_bytes_per_host,
                    row.rests_until if is_resting else None,
                    row.rests_because if is_resting else "",
                )
            )
    return views


async def set_choice(
    runtime: Runtime, handle: str, choice: str, *, actor_id: int | None = None
) -> tuple[Account, PulledAccount]:
    """Choose for an account, found by its handle, and write the decision down. Raises Invalid."""
    found = await resolve(runtime, "@" + handle.strip().lstrip("@"), actor_id)
    if not isinstance(found, Account):
        raise Invalid(fields={"handle": ["Nobody was found under this address."]})
    wanted = next((each for each in CHOICES if each == choice), None)
    if wanted is None:
        raise Invalid(fields={"choice": [f"must be one of {', '.join(CHOICES)}"]})
    return found, await decide(runtime, found, wanted, actor_id=actor_id)


async def decide(runtime: Runtime, account: Account, choice: Choice, *, actor_id: int | None = None) -> PulledAccount:
    """Choose for an account and write the decision down. Raises Invalid for one of our own."""
    if account.is_local:
        raise Invalid(fields={"handle": ["Only accounts of other servers can be pulled."]})
    async with runtime.write() as uow:
        row = await choose(uow, runtime, account, choice)
        await log_decision(
            uow,
            f"pull.{choice}",
            target_kind="account",
            target=str(account.id),
            actor_id=actor_id,
            now=runtime.now(),
        )
    return row


def as_data(view: PullView | HostView) -> dict[str, Any]:
    """Return a view as plain data, for JSON."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(view).items()}


def _view(pulled: Pulled) -> PullView:
    row, account = pulled.row, pulled.account
    return PullView(
        id=row.id,
        account_id=account.id,
        handle=f"@{account.acct}",
        choice=row.choice,
        pulled=row.is_on,
        reason=row.reason,
        reported_followers=account.followers_count,
        interval_seconds=row.interval_seconds,
        result=row.result,
        detail=row.detail,
        failures=row.failures,
        new_posts=row.new_posts,
        last_new_at=row.last_new_at,
        pulled_at=row.pulled_at,
        due_at=row.due_at if row.is_on else None,
    )
