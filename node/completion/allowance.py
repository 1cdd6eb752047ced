"""What one turn of pulling may ask for: a few requests, fewer still of hosts that a boost leads to, and of each host no
more than its budget of the hour (`node/pulls/budgets`). How a host answered is written down with it (DLV-7, row 57)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from federation.errors import FetchFailed
from federation.origins import host_of
from node.base.runtime import Runtime
from node.completion.rules import REQUEST_SECONDS
from node.pulls.budgets import count_bytes, let_rest, note_answer, note_failure, take_turn
from node.pulls.rules import BUSY_REST
from node.remote.errors import FetchLimited, is_passing

T = TypeVar("T")

MAX_REQUESTS: Final = 40
MAX_ELSEWHERE: Final = 8
"""Requests of a turn to other hosts than the account's own: what it boosts makes us ask nobody more often (row 54)."""


@dataclass(slots=True)
class Allowance:
    """The budget of one turn. `is_short`: something was left out for want of it, and should be looked for again."""

    runtime: Runtime
    home: str
    left: int = MAX_REQUESTS
    elsewhere: int = MAX_ELSEWHERE
    is_short: bool = False

    async def __call__(self, uri: str, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work`, which asks the host of `uri` for one document. Raises FetchLimited, or what `work` raises."""
        host = host_of(uri)
        if self.left <= 0 or (host != self.home and self.elsewhere <= 0):
            self.is_short = True
            raise FetchLimited("turn_limited", "this turn asked for enough", retry_after=0)
        self.left -= 1
        self.elsewhere -= host != self.home
        runtime = self.runtime
        async with runtime.write() as uow:
            until = await take_turn(uow, runtime.settings, host, now=runtime.now())
        if until is not None:
            self.is_short = True
            wait = (until - runtime.now()).total_seconds()
            raise FetchLimited("host_limited", f"{host} was asked enough for now", retry_after=max(wait, 1.0))
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                found = await work()
        except TimeoutError as error:
            await self._failed(host, FetchFailed("timeout", f"{host} took more than {REQUEST_SECONDS:.0f} s"))
            raise FetchFailed("timeout", f"{host} took more than {REQUEST_SECONDS:.0f} s") from error
        except FetchFailed as error:
            await self._failed(host, error)
            raise
        async with runtime.write() as uow:
            await count_bytes(uow, host, int(getattr(found, "size", 0)))
            await note_answer(uow, host)
        return found

    async def _failed(self, host: str, error: FetchFailed) -> None:
        """Leave a host alone that asks for it, or that does not answer; any other answer proves that it lives."""
        now = self.runtime.now()
        async with self.runtime.write() as uow:
            if error.status == 429 or error.retry_after is not None:
                wait = BUSY_REST if error.retry_after is None else timedelta(seconds=error.retry_after)
                await let_rest(uow, host, wait, f"http_{error.status}", now=now)
            elif is_passing(error):
                await note_failure(uow, host, error.reason, now=now)
            else:
                await note_answer(uow, host)
