"""What shares a transaction: to open, lock and commit one costs as much as what most writes do in it.

Whoever is ready takes a turn and carries along everybody who is ready by then. When the common transaction fails
it is rolled back whole, and each of them has one of its own: so only what is at fault by itself fails, and every
effect stands or falls with the end of its own row. Where the database itself is away or busy, it is so for all.
Nothing runs in the background: a turn that is cancelled rolls back, and those it would have carried take the next.

Called by what comes in floods: deliveries (`inbox.receive`, `inbox.process`) and likes (`node.posts.likes`). They say
what a transaction of several holds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from node.base.db.write_lock import GaveWay, wanted_elsewhere
from node.base.errors import Unavailable

T = TypeVar("T")

MOST: Final = 10
"""How many share a transaction: others wait for its lock meanwhile."""


@dataclass(slots=True, eq=False)
class _Entry(Generic[T]):
    item: T
    alone: bool
    done: bool = False
    unavailable: Unavailable | None = None
    called: asyncio.Event = field(default_factory=asyncio.Event)
    """It has come to an end, or to its turn."""

    @property
    def is_open(self) -> bool:
        """Whether its end is still to come."""
        return not self.done and self.unavailable is None


async def _at_once() -> None:
    """Give way to nobody."""


class Together(Generic[T]):
    """Gathers items for `commit`, which takes some of them in one transaction, from the first on, and returns how many:
    one at least, or none and raises.

    `gap`: seconds from the beginning of one transaction of several to the next, at least. Who comes alone does not
    wait; where they come all the time, more of them share. `give_way`: asked before each transaction, and before those
    go on who are done; it returns when nobody is to be let go first. `is_wanted`: whether somebody is, asked while a
    transaction waits for SQLite's lock; it is begun anew then, after `give_way`.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[T]], Awaitable[int]],
        *,
        most: int = MOST,
        gap: float = 0.0,
        give_way: Callable[[], Awaitable[None]] = _at_once,
        is_wanted: Callable[[], bool] | None = None,
    ) -> None:
        self._commit_some = commit
        self._is_wanted = is_wanted
        self._most = most
        self._gap = gap
        self._give_way = give_way
        self._next = 0.0
        """The moment, of the loop's clock, before which none begins."""
        self._waiting: list[_Entry[T]] = []
        self._carrier: _Entry[T] | None = None

    async def take(self, item: T, *, alone: bool = False) -> None:
        """Return when `item` is committed, with others or alone. Raises what it raises when it is alone."""
        entry = _Entry(item, alone)
        self._waiting.append(entry)
        if self._carrier is None:
            self._carrier = entry
            entry.called.set()
        try:
            await entry.called.wait()
            if entry.is_open:
                await asyncio.sleep(max(0.0, self._next - asyncio.get_running_loop().time()))
                await self._give_way()  # who is ready by then comes along
                await self._carry(entry)
            if entry.unavailable is not None:
                raise entry.unavailable
        finally:
            self._waiting.remove(entry)
            if self._carrier is entry:
                self._carrier = next((other for other in self._waiting if other.is_open), None)
                if self._carrier is not None:
                    self._carrier.called.set()

    async def _commit(self, items: Sequence[T]) -> int:
        while True:
            token = wanted_elsewhere.set(self._is_wanted)
            try:
                return await self._commit_some(items)
            except GaveWay:
                pass
            finally:
                wanted_elsewhere.reset(token)
            await self._give_way()

    async def _carry(self, entry: _Entry[T]) -> None:
        group = [entry]
        if not entry.alone:
            group = [other for other in self._waiting if other.is_open and not other.alone][: self._most]
        if len(group) > 1:
            self._next = asyncio.get_running_loop().time() + self._gap
            try:
                taken = group[: await self._commit([other.item for other in group])]
            except Unavailable as error:
                for other in group:
                    other.unavailable = error
                    other.called.set()
                return
            except Exception:  # whose fault it is shows when each stands for itself
                for other in group:
                    other.alone = True
            else:
                for other in taken:
                    other.done = True
                await self._call(taken)
        if not entry.done:
            await self._commit([entry.item])
            entry.done = True

    async def _call(self, group: Sequence[_Entry[T]]) -> None:
        """Let those go on who are done, whoever carried them last; each in a turn of the event loop of its own, for
        which everybody else waits."""
        try:
            for other in group:
                await asyncio.sleep(0)
                await self._give_way()
                other.called.set()
        finally:
            for other in group:
                other.called.set()
