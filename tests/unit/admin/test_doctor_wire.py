"""What `doctor` concludes from the exchanges with other servers: our clock, and a proxy that nobody trusts."""

import ipaddress
from datetime import UTC, datetime

import pytest

from admin.doctor import check_clock, check_proxy
from node.base.exchange_log import Caller, ClockSample
from node.base.settings import Settings
from tests.federation.test_exchanges import line
from tests.support.doors import Door
from tests.support.nodes import Node
from tests.support.stranger import Stranger

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead", "verdict"),
    [
        ([], "good"),
        ([7200, 7200], "good"),  # too few to say who is wrong
        ([1, 0, -2], "good"),
        ([90, 95, 88, 0], "warning"),
        ([7200, 7190, 7210, 7201, -4000], "bad"),
        ([-7200, -7190, -7210], "bad"),
        ([9000, -9000, 400, 20_000, -70_000], "good"),  # they agree on nothing
    ],
)
def test_our_clock_is_judged_by_most(ahead: list[int], verdict: str) -> None:
    """SIG-7: one liar, or two, move nothing."""
    samples = [ClockSample(f"h{number}.example", value, NOW) for number, value in enumerate(ahead)]
    assert check_clock(samples).verdict == verdict


def test_the_clock_says_in_which_direction() -> None:
    samples = [ClockSample(f"h{number}.example", 7200, NOW) for number in range(3)]
    assert check_clock(samples).seen == "2 h behind 3 of 3 other servers"


def callers(source: str, *, count: int, forwarded: bool = True) -> list[Caller]:
    return [Caller(f"h{number}.example", source, forwarded, NOW) for number in range(count)]


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([], "good"),
        (callers("10.0.0.2", count=1), "warning"),  # a private address that names others: a proxy
        (callers("203.0.114.9", count=1), "good"),  # one stranger's header proves nothing
        (callers("203.0.114.9", count=3), "warning"),
        (callers("203.0.114.9", count=3, forwarded=False), "good"),  # several servers of one hoster
    ],
)
def test_a_proxy_that_is_not_trusted(found: list[Caller], verdict: str) -> None:
    """Row 15: behind it all senders share an address, and one sender's failures stop all of them."""
    check = check_proxy(Settings(), found)
    assert check.verdict == verdict
    if verdict == "warning":
        assert f"ROOKERY_TRUSTED_PROXIES={found[0].source}" in check.advice


def test_a_trusted_proxy_is_none_to_warn_of() -> None:
    settings = Settings(trusted_proxies=(ipaddress.ip_network("10.0.0.0/8"),))
    assert check_proxy(settings, callers("10.0.0.2", count=5)).verdict == "good"


async def test_forwarding_headers_of_deliveries_are_noticed(door: Door, alice: Stranger) -> None:
    """Row 15, over the wire: X-Forwarded-For names somebody else than the address that called."""
    await door.send(alice, alice.create(alice.note()), change={"x-forwarded-for": "203.0.113.9"})
    (caller,) = await door.runtime.exchanges.read_callers(door.runtime.now())
    assert (caller.source, caller.forwarded) == ("127.0.0.1", True)
    assert check_proxy(door.runtime.settings, [caller]).verdict == "warning"


async def test_metrics_count_refusals(node: Node) -> None:
    """Attacks, "Drop": one counted, reasoned rejection in the metrics."""
    node.runtime.exchanges.note(line("evil.example", proven=False, verdict="refused", reason="digest_mismatch"))
    text = (await node.http.get("/metrics")).text
    counted = '{direction="in",kind="delivery",reason="digest_mismatch",verdict="refused"} 1.0'
    assert f"rookery_exchanges_total{counted}" in text
