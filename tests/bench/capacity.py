"""What the measured costs mean for many people: the capacity model of docs/capacity.md. Pure arithmetic.

Everything it assumes of people stands in `Habits`; everything else was measured in the same run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.table import Table

from tests.bench.table import Row

DAY: Final = 86_400
PEAK: Final = 3.0
"""The busiest hour beside the average one."""
SIZES: Final = (1_000_000, 10_000_000, 500_000_000)


@dataclass(frozen=True)
class Habits:
    """What people of a large server do in a day."""

    active: float = 0.2
    """The share of accounts that come on a day."""
    homes: float = 40.0
    """Pages of their home an active person reads."""
    others: float = 120.0
    """Other requests they make, each as dear as half a page of home."""
    posts: float = 1.5
    """Posts, answers and boosts they write."""
    followers: float = 100.0
    """Local followers of a post's author."""
    lists: float = 0.4
    """The share of these who have a list in Redis."""
    hosts: float = 20.0
    """Other servers a post goes to."""
    arrivals: float = 3.0
    """Posts that arrive for each that is written here."""


@dataclass(frozen=True)
class Costs:
    """Milliseconds of CPU and bytes, as measured."""

    home_ms: float
    publish_ms: float
    inbox_ms: float
    delivery_ms: float
    pushes_a_second: float
    rows_a_post: float
    account_bytes: float
    follow_bytes: float
    post_bytes: float
    list_bytes: float


@dataclass(frozen=True)
class Needs:
    """What a server of so many accounts takes at its busiest hour."""

    accounts: int
    web_cores: float
    worker_cores: float
    reads_a_second: float
    pushes_a_second: float
    redis_share: float
    """Of one Redis, by its measured rate of pushes."""
    redis_gb: float
    writes_a_second: float
    """Rows of SQL."""
    database_gb: float
    """After a year."""


def costs_of(rows: Sequence[Row]) -> Costs | None:
    """Take the costs out of a run's lines; None when it did not measure all of them."""

    def find(start: str) -> float | None:
        return next((row.value for row in rows if row.what.startswith(start)), None)

    found = {
        "home_ms": find("home, warm, 20 posts: CPU"),
        "publish_ms": find("publish: CPU with all after-work"),
        "inbox_ms": find("inbox: CPU accepted and processed"),
        "delivery_ms": find("delivery: CPU a signed POST"),
        "pushes_a_second": find("fan-out on write"),
        "rows_a_post": find("a post to"),
        "account_bytes": find("bytes of the database for each account"),
        "follow_bytes": find("bytes of the database for each follow"),
        "post_bytes": find("bytes of the database for each post"),
        "list_bytes": find("bytes of Redis for a home"),
    }
    known = {name: value for name, value in found.items() if value is not None}
    return Costs(**known) if len(known) == len(found) else None


def needs(accounts: int, costs: Costs, habits: Habits = Habits()) -> Needs:
    """Return what `accounts` people take."""
    active = accounts * habits.active
    second = active * PEAK / DAY
    homes, posts = second * habits.homes, second * habits.posts
    requests_ms = homes * costs.home_ms + second * habits.others * costs.home_ms / 2
    worker_ms = posts * costs.publish_ms + posts * habits.arrivals * costs.inbox_ms
    worker_ms += posts * habits.hosts * costs.delivery_ms
    pushes = posts * (1 + habits.arrivals) * habits.followers * habits.lists
    a_year = active * habits.posts * (1 + habits.arrivals) * 365
    return Needs(
        accounts=accounts,
        web_cores=requests_ms / 1000,
        worker_cores=worker_ms / 1000,
        reads_a_second=homes + second * habits.others,
        pushes_a_second=pushes,
        redis_share=pushes / costs.pushes_a_second,
        redis_gb=active * costs.list_bytes / 1e9,
        writes_a_second=posts * (1 + habits.arrivals) * costs.rows_a_post,
        database_gb=(
            accounts * (costs.account_bytes + habits.followers * costs.follow_bytes) + a_year * costs.post_bytes
        )
        / 1e9,
    )


def capacity_table(costs: Costs) -> Table:
    """Return the model for each of `SIZES`."""
    table = Table(title="What many people would take (docs/capacity.md says what is assumed)")
    table.add_column("at the busiest hour")
    found = [needs(size, costs) for size in SIZES]
    for each in found:
        table.add_column(f"{each.accounts / 1e6:,.0f} million accounts", justify="right")
    for name, show in (
        ("requests a second", [f"{each.reads_a_second:,.0f}" for each in found]),
        ("cores for web processes", [_cores(each.web_cores) for each in found]),
        ("cores for workers", [_cores(each.worker_cores) for each in found]),
        ("pushes onto homes a second", [f"{each.pushes_a_second:,.0f}" for each in found]),
        ("share of one Redis", [f"{each.redis_share:,.2f}" for each in found]),
        ("memory for homes (Redis)", [f"{each.redis_gb:,.0f} GB" for each in found]),
        ("rows written a second (SQL)", [f"{each.writes_a_second:,.0f}" for each in found]),
        ("database after a year", [f"{each.database_gb:,.0f} GB" for each in found]),
    ):
        table.add_row(name, *show)
    return table


def _cores(number: float) -> str:
    return f"{number:,.1f}" if number < 10 else f"{number:,.0f}"
