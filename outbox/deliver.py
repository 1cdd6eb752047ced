"""Sending: the drains of the two delivery lanes.

    claim (one transaction) -> a short queue per host -> sign now, POST -> record many results (one transaction)

No transaction is open while we wait for the network. A worker that dies lets its leases run out: what it had
sent but not recorded goes out a second time, with the same activity id, and has no second effect.

Who waits for whom. Each host has its own short queue, what people wait for first, and at most
`deliveries_per_host` requests under way; a host belongs to one round at a time, in whichever process. All the rounds
of a lane in a process share `delivery_concurrency` places, but a request that has had no answer for a moment leaves
its place to the next: it costs a socket, not the machine. After `SLUGGISH_AFTER` seconds what else waits for its
host moves to "deliver-slow", a lane with places and sockets of its own. In "deliver" a request gets `PATIENCE`
seconds; a host that fails there moves too, and there it has thirty. A host that cannot be reached, or answers 5xx
twice running, has had its turn: what waits for it waits 15 s, then 30, ... so a thousand deliveries to a dead host
cost five connection attempts in all before the breaker (`peers`) pauses it.

Results are judged by `outcomes`; the second signature scheme is knocked with where the first is refused (SIG-13).
"""

import asyncio
import contextlib
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from federation.errors import EgressRefused, FederationError, FetchFailed
from federation.followers_sync import HEADER
from federation.origins import host_of
from federation.signatures import SignatureWish
from federation.signatures.request import Scheme
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.base.lanes import DELIVER, DELIVER_SLOW, FETCH
from node.base.runtime import Runtime
from node.base.work import drain
from outbox.moved import find_new_inbox, look_again
from outbox.outcomes import Answer, Outcome, Verdict, judge, retry_delay
from outbox.peers import (
    Health,
    after_failure,
    after_success,
    demote,
    hold,
    is_worth_noting,
    read_health,
    save_health,
)
from outbox.queue import BATCH, Again, Parcel, Unsent, claim, finish, give_back, has_due, postpone
from outbox.resting import attend, has_wanted, let_go, put_to_rest
from outbox.turns import Host, Turn, room_of

log = structlog.get_logger(__name__)

SECONDS: Final = 60
"""What a drain may take: claims for 15 s, then what was claimed may start within 10 s and last 30."""

WORKING_SECONDS: Final = 15.0
START_WITHIN: Final = 10.0
"""A parcel that has not been started so long after its claim is given back: its lease must cover its request."""

PATIENCE: Final = 10.0
SLOW_PATIENCE: Final = 30.0
"""Seconds for one parcel with all its requests: a second scheme, a new inbox."""

FLUSH_EVERY: Final = 0.25
FLUSH_AT: Final = 100
SCHEME_LIFE: Final = timedelta(days=30)
_REFUSALS = frozenset({400, 401, 403})
_OWN_FAULTS = frozenset({"own_host", "bad_uri", "plain_http", "port_refused", "private_host"})


async def _due(runtime: Runtime, now: datetime) -> bool:
    async with runtime.read() as reader:
        return await has_due(reader, slow=False, now=now)


async def _slow_due(runtime: Runtime, now: datetime) -> bool:
    async with runtime.read() as reader:
        return await has_due(reader, slow=True, now=now) or await has_wanted(reader, now)


@drain(DELIVER, seconds=SECONDS, is_due=_due, patient=True)
async def deliver(runtime: Runtime) -> bool:
    """Send what is due to hosts that are well; True when stopped with work left."""
    return await _Round(runtime, slow=False).run()


@drain(DELIVER_SLOW, seconds=SECONDS, is_due=_slow_due, patient=True)
async def deliver_slow(runtime: Runtime) -> bool:
    """Send what is due to hosts that were failing; True when stopped with work left."""
    await attend(runtime)
    return await _Round(runtime, slow=True).run()


@dataclass(frozen=True, slots=True)
class Sent:
    """A try, what came of it, and the signature scheme that was answered."""

    parcel: Parcel
    outcome: Outcome
    scheme: Scheme


@dataclass(frozen=True, slots=True)
class _Change:
    """How a host was before some tries and is after them. `wish`: for how many seconds it wants to be left alone."""

    before: Health
    after: Health
    wish: float

    @property
    def is_pause(self) -> bool:
        return self.after.paused_until is not None and self.before.paused_until is None

    @property
    def is_return(self) -> bool:
        return self.after.has_resting and self.after.paused_until is None


class _Round:
    """One run of a drain: claims, sends and records until nothing is left or its time is over."""

    def __init__(self, runtime: Runtime, *, slow: bool) -> None:
        self._runtime = runtime
        self._slow = slow
        settings = runtime.settings
        self._per_host = 1 if slow else settings.deliveries_per_host
        self._patience = SLOW_PATIENCE if slow else PATIENCE
        self._holder = new_id()
        self._room = room_of(runtime, slow=slow)
        self._hosts: dict[str, Host] = {}
        self._newly_sluggish: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._progress = asyncio.Event()
        self._sent: list[Sent] = []
        self._unsent: list[Unsent] = []
        self._started = time.monotonic()

    async def run(self) -> bool:
        """Work until the lane is empty (False) or the time is over (True)."""
        exhausted, claim_at, flush_at = False, 0.0, time.monotonic() + FLUSH_EVERY
        try:
            while True:
                in_time = time.monotonic() - self._started < WORKING_SECONDS
                hungry = not exhausted or time.monotonic() >= claim_at
                if in_time and hungry and self._waiting() < BATCH // 2:
                    batch = await claim(self._runtime, slow=self._slow, holder=self._holder)
                    self._take(batch.parcels, batch.health)
                    # what was dropped unsent may have held up what is behind it
                    exhausted = batch.claimed < BATCH and batch.claimed == len(batch.parcels)
                    claim_at = time.monotonic() + FLUSH_EVERY
                await self._some_progress()
                if self._tasks and len(self._sent) < FLUSH_AT and time.monotonic() < flush_at:
                    continue
                if await self._flush():
                    exhausted = False
                elif not self._tasks and (exhausted or not in_time):
                    return not exhausted
                flush_at = time.monotonic() + FLUSH_EVERY
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _some_progress(self) -> None:
        """Wait until there is much to record, nothing to wait for, or a moment is over."""
        self._progress.clear()
        if self._tasks and len(self._sent) < FLUSH_AT:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_EVERY):
                    await self._progress.wait()

    def _end(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not self._tasks or len(self._sent) >= FLUSH_AT:
            self._progress.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("delivery_worker_failed", exc_info=task.exception())

    def _waiting(self) -> int:
        """How much there is to start at once: what is behind a request without an answer is not."""
        return sum(host.waiting for host in self._hosts.values() if not host.stalled)

    def _take(self, parcels: list[Parcel], health: Mapping[str, Health]) -> None:
        """Put parcels into their hosts' queues and start workers for them."""
        claimed_at = time.monotonic()
        for parcel in parcels:
            host = self._hosts.get(parcel.host)
            if host is None:
                known = health[parcel.host]
                host = self._hosts[parcel.host] = Host(known, known.paused_until is not None)
            if host.is_sluggish:
                self._unsent.append(Unsent(parcel.id, parcel.host, slow=True))
                continue
            host.put(parcel, claimed_at)
            if host.workers < self._per_host:
                host.workers += 1
                task = asyncio.create_task(self._serve(parcel.host, host))
                self._tasks.add(task)
                task.add_done_callback(self._end)

    async def _serve(self, name: str, host: Host) -> None:
        """Send what waits for one host, in order, as one of its few workers."""
        try:
            while host.waiting:
                async with Turn(self._room, host, lambda: self._give_up_on(name, host)):
                    if not host.waiting:
                        break
                    parcel, claimed_at = host.take()
                    if host.is_over or time.monotonic() - claimed_at > START_WITHIN:
                        self._unsent.append(Unsent(parcel.id, parcel.host, slow=self._slow))
                        continue
                    sent = await self._send(parcel, host.health)
                self._sent.append(sent)
                host.note(sent.outcome)
        finally:
            host.workers -= 1

    def _give_up_on(self, name: str, host: Host) -> None:
        """Let what waits behind a request without an answer go by the slow lane."""
        if self._slow or host.is_sluggish:
            return
        host.is_sluggish = True
        self._newly_sluggish.add(name)
        while host.waiting:
            self._unsent.append(Unsent(host.take()[0].id, name, slow=True))

    async def _send(self, parcel: Parcel, health: Health) -> Sent:
        """Send one parcel within our patience."""
        first, second = scheme_order(health, self._runtime.now(), self._runtime.settings.first_knock)
        try:
            async with asyncio.timeout(self._patience):
                scheme, outcome = await self._knock(parcel, first, second)
        except TimeoutError:
            answer = Answer(None, f"no answer within {self._patience:.0f} s")
            scheme, outcome = first, judge(answer, tries=parcel.tries)
        except Exception as error:  # our own fault: the host is not blamed, and what is behind goes on
            log.exception("delivery_failed", host=parcel.host, delivery=parcel.id)
            judged = judge(Answer(None, type(error).__name__), tries=parcel.tries)
            scheme, outcome = first, replace(judged, host_failed=False, unreachable=False)
        if outcome.verdict not in (Verdict.SENT, Verdict.RETRY):
            log.info("delivery_dropped", host=parcel.host, delivery=parcel.id, reason=outcome.reason)
        return Sent(parcel, outcome, scheme)

    async def _knock(self, parcel: Parcel, first: Scheme, second: Scheme) -> tuple[Scheme, Outcome]:
        """Try one scheme, what the peer wants instead or the other one where that is refused, and a new inbox where
        the old one moved: three requests to an inbox at most (SIG-13)."""
        scheme, answer = first, await self._post(parcel, parcel.inbox_url, first)
        tries: list[tuple[Scheme, SignatureWish | None]] = [(second, None)] if answer.status in _REFUSALS else []
        if answer.status == 401 and answer.wish is not None:
            tries.insert(0, ("rfc9421", answer.wish))
        for other_scheme, wish in tries:
            other = await self._post(parcel, parcel.inbox_url, other_scheme, wish)
            if other.status is not None and other.status not in _REFUSALS:
                scheme, answer = other_scheme, other
                break
        outcome = judge(answer, tries=parcel.tries)
        if outcome.verdict is Verdict.MOVED:
            outcome = await self._follow_move(parcel, scheme, outcome)
        return scheme, outcome

    async def _follow_move(self, parcel: Parcel, scheme: Scheme, outcome: Outcome) -> Outcome:
        """Learn where a redirecting inbox's actor wants its mail and try once there (DLV-8)."""
        inbox_url = await find_new_inbox(self._runtime, parcel.inbox_url)
        if inbox_url is None:
            return Outcome(Verdict.DROPPED, f"{outcome.reason}, and its actor names no other inbox")
        judged = judge(await self._post(parcel, inbox_url, scheme), tries=parcel.tries)
        if judged.verdict is Verdict.MOVED:
            return Outcome(Verdict.DROPPED, f"{outcome.reason}, and the new inbox redirects too")
        return replace(judged, host_failed=judged.host_failed and host_of(inbox_url) == parcel.host)

    async def _post(self, parcel: Parcel, inbox_url: str, scheme: Scheme, wish: SignatureWish | None = None) -> Answer:
        try:
            result = await self._runtime.http.post_activity(
                inbox_url,
                parcel.body,
                signer=parcel.key,
                scheme=scheme,
                wish=wish,
                more={HEADER: parcel.synchronization} if parcel.synchronization else None,
            )
        except EgressRefused as error:
            # 400 stands for what will never do; an address that should not be ours may be a passing fault.
            return Answer(400 if error.reason in _OWN_FAULTS else None, error.detail)
        except FetchFailed as error:
            return Answer(error.status, f"{error.reason}: {error.detail}", error.retry_after)
        except FederationError as error:
            return Answer(400, f"{error.reason}: {error.detail}")
        return Answer(result.status, "", result.retry_after, result.wish)

    async def _flush(self) -> bool:
        """Record what came of the tries so far, in one transaction; True when that freed something to claim."""
        sent, self._sent = self._sent, []
        unsent, self._unsent = self._unsent, []
        sluggish, self._newly_sluggish = self._newly_sluggish, set()
        if not (sent or unsent or sluggish):
            return False
        runtime, now = self._runtime, self._runtime.now()
        done = [item for item in sent if item.outcome.verdict is not Verdict.RETRY]
        retried = [item for item in sent if item.outcome.verdict is Verdict.RETRY]
        gone = {item.parcel.inbox_url for item in sent if item.outcome.verdict is Verdict.GONE}
        async with runtime.write() as uow:
            changes = await self._note_health(uow, sent, now)
            paused = {name for name, change in changes.items() if change.after.paused_until is not None}
            paused |= {name for name, host in self._hosts.items() if name not in changes and host.rests}
            await finish(uow, [item.parcel.id for item in done], {item.parcel.activity_id for item in done})
            again = [_again(item, now, slow=self._slow, rests=item.parcel.host in paused) for item in retried]
            await postpone(uow, again)
            await give_back(uow, [item for item in unsent if item.host in paused], due_at=None)
            await give_back(uow, [item for item in unsent if item.host not in paused], due_at=now)
            await self._hold_back(uow, changes, sluggish, now)
            if gone:
                await look_again(uow, gone, now=now)
                uow.after_commit(lambda: runtime.nudge(FETCH))
            if not self._slow and (sluggish or any(item.outcome.host_failed for item in sent)):
                uow.after_commit(lambda: runtime.nudge(DELIVER_SLOW))
        for name, change in changes.items():
            if change.is_pause:
                await put_to_rest(runtime, name)
            elif change.is_return:
                await let_go(runtime, name)
            host = self._hosts.get(name)
            if host is None:
                continue
            host.health = health = change.after
            if (host.is_over or host.is_sluggish) and not host.waiting and not host.workers and not health.is_failing:
                del self._hosts[name]  # passed its trial, or has its wish: a fresh start if it is claimed again
        return bool(sent)

    async def _note_health(self, uow: UnitOfWork, sent: list[Sent], now: datetime) -> dict[str, _Change]:
        """Write down how the hosts were."""
        by_host: dict[str, list[Sent]] = {}
        for item in sent:
            by_host.setdefault(item.parcel.host, []).append(item)
        before = await read_health(uow, by_host)
        first_knock = self._runtime.settings.first_knock
        changes = {
            host: _Change(before[host], _health_after(before[host], items, now, first_knock), _wish(items))
            for host, items in by_host.items()
        }
        noted = {name: one.after for name, one in changes.items() if is_worth_noting(one.before, one.after)}
        await save_health(uow, noted, now=now)
        return changes

    async def _hold_back(
        self, uow: UnitOfWork, changes: Mapping[str, _Change], sluggish: Collection[str], now: datetime
    ) -> None:
        """Move what waits for hosts that fail, are slow or wish us to wait; what waits for paused ones rests."""
        slow = set(sluggish)
        held: dict[datetime, list[str]] = {}
        for name, change in changes.items():
            if change.after.paused_until is not None:
                continue
            host = self._hosts.get(name)  # None: its last answers came while those before were written down
            until = change.after.held_until(now) if host is not None and host.is_over else None
            if until is not None or change.wish:
                held.setdefault(max(until or now, now + timedelta(seconds=change.wish)), []).append(name)
            elif change.after.is_failing and not change.before.is_failing:
                slow.add(name)
        if slow:
            await demote(uow, slow)
        for until, names in held.items():
            await hold(uow, names, until=until)


def scheme_order(health: Health, now: datetime, first_knock: Scheme = "cavage") -> tuple[Scheme, Scheme]:
    """Return the schemes to knock with, the one that was proven first, else what the operator wants (SIG-13)."""
    proven = health.scheme_proven_at is not None and now - health.scheme_proven_at < SCHEME_LIFE
    if (health.signature_scheme if proven else first_knock) == "rfc9421":
        return "rfc9421", "cavage"
    return "cavage", "rfc9421"


def _wish(sent: Sequence[Sent]) -> float:
    """Return for how many seconds a host wants to be left alone."""
    return max((item.outcome.wait or 0.0 for item in sent), default=0.0)


def _again(item: Sent, now: datetime, *, slow: bool, rests: bool) -> Again:
    wait = item.outcome.wait
    seconds = retry_delay(item.parcel.tries) if wait is None else wait
    return Again(
        item.parcel.id,
        None if rests else now + timedelta(seconds=seconds),
        item.outcome.reason,
        slow=slow or item.outcome.host_failed,
    )


def _health_after(health: Health, sent: list[Sent], now: datetime, first_knock: Scheme) -> Health:
    """Apply a host's results in their order."""
    for item in sent:
        if item.outcome.host_failed:
            health = after_failure(health, now=now, error=item.outcome.reason)
        elif item.outcome.verdict is Verdict.SENT:
            health = after_success(health, now=now)
            if _is_news(health, item.scheme, now, first_knock):
                health = replace(health, signature_scheme=item.scheme, scheme_proven_at=now)
    if health.paused_until is not None:
        health = replace(health, paused_until=max(health.paused_until, now + timedelta(seconds=_wish(sent))))
    return health


def _is_news(health: Health, scheme: Scheme, now: datetime, first_knock: Scheme) -> bool:
    """Whether a working scheme is worth a note: another than known or expected, or the proof grows old."""
    if health.signature_scheme != scheme:
        return scheme == "rfc9421" or bool(health.signature_scheme) or scheme != first_knock
    return health.scheme_proven_at is None or now - health.scheme_proven_at > SCHEME_LIFE / 2
