"""What a peer's answer to a delivery means, and when to try again: DLV-3, DLV-4 and the clock of DLV-7.

Pure. `deliver` asks; what is remembered about the host beside the single delivery is `peers`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from federation.signatures import SignatureWish

MAX_TRIES = 17
"""One and sixteen retries, over about two days."""

MAX_REFUSED_TRIES = 4
"""One and three retries for a peer that says 401 or 403 to both signature schemes."""

LEASE = timedelta(seconds=45)
"""How long a worker may keep a delivery it claimed: longer than waiting for its turn and one request."""

KEPT_FOR = timedelta(days=7)
"""A delivery older than this is dropped, however patiently it waited behind a paused host (DLV-5)."""

_SHORTEST_WISH, _LONGEST_WISH = 1.0, 24 * 3600.0
_TEMPORARY = frozenset({408, 425, 429})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Verdict(StrEnum):
    """What becomes of the delivery."""

    SENT = "sent"
    RETRY = "retry"
    DROPPED = "dropped"
    MOVED = "moved"
    """The inbox is elsewhere: learn the actor's new one, try once there (DLV-8)."""
    GONE = "gone"
    """The inbox is gone: dropped, and the actor is looked at again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` is None when nothing did (timeout, TLS, DNS); `retry_after` is in seconds."""

    status: int | None
    reason: str = ""
    retry_after: float | None = None
    wish: SignatureWish | None = None
    """What the peer wants signed instead (SIG-13)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The judgement. `host_failed` counts towards the breaker, `unreachable` says that not even an answer came;
    `wait` is what the peer asks of us, in seconds."""

    verdict: Verdict
    reason: str
    host_failed: bool = False
    unreachable: bool = False
    wait: float | None = None


def judge(answer: Answer, *, tries: int) -> Outcome:
    """Say what an answer to the `tries`-th try (1 is the first) means (DLV-3)."""
    status, wait = answer.status, clamp_wish(answer.retry_after)
    if status is None:
        return _again(tries, answer.reason or "no answer", host_failed=True, unreachable=True)
    reason = f"HTTP {status}"
    if 200 <= status < 300:
        return Outcome(Verdict.SENT, reason)
    if status in _REDIRECTS:
        return Outcome(Verdict.MOVED, reason)
    if status == 410:
        return Outcome(Verdict.GONE, reason)
    if status in (401, 403):
        return _again(tries, reason, limit=MAX_REFUSED_TRIES)
    if status in _TEMPORARY:
        return _again(tries, reason, wait=wait)
    if status == 501 or status < 500:
        return Outcome(Verdict.DROPPED, reason)
    return _again(tries, reason, host_failed=True, wait=wait)


def _again(
    tries: int,
    reason: str,
    *,
    host_failed: bool = False,
    unreachable: bool = False,
    wait: float | None = None,
    limit: int = MAX_TRIES,
) -> Outcome:
    verdict = Verdict.RETRY
    if tries >= limit:
        verdict, reason, wait = Verdict.DROPPED, f"{reason}, given up after {tries} tries", None
    return Outcome(verdict, reason, host_failed=host_failed, unreachable=unreachable, wait=wait)


def clamp_wish(seconds: float | None) -> float | None:
    """Return a `Retry-After` within one second and a day (DLV-7, attack row 57); None stays None."""
    if seconds is None or seconds != seconds:  # NaN
        return None
    return min(max(seconds, _SHORTEST_WISH), _LONGEST_WISH)


def retry_delay(tries: int, *, uniform: Callable[[float, float], float] = random.uniform) -> float:
    """Return the seconds to wait after the `tries`-th try failed (DLV-4): n⁴ + 15 and jitter, n from 0."""
    n = max(tries - 1, 0)
    base = float(n**4)
    return base + 15 + uniform(0, base / 2) + uniform(0, 10 * (n + 1))
