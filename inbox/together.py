"""What shares a transaction: to open, lock and commit one costs as much as what a delivery does in it.

Whoever is ready takes a turn and carries along everybody who is ready by then. When the common transaction fails
it is rolled back whole, and each of them has one of its own: so only what is at fault by itself fails, and every
effect stands or falls with the end of its own row. Where the database itself is away or busy, it is so for all.
Nothing runs in the background: a turn that is cancelled rolls back, and those it would have carried take the next.

Called by `receive` and `process`, which say what a transaction of several holds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

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

    @property
    def is_open(self) -> bool:
        """Whether its end is still to come."""
        return not self.done and self.unavailable is None


class Together(Generic[T]):
    """Gathers items for `commit`, which takes some of them in one transaction: all of them, or none and raises."""

    def __init__(self, commit: Callable[[Sequence[T]], Awaitable[None]]) -> None:
        self._commit = commit
        self._waiting: list[_Entry[T]] = []
        self._turn = asyncio.Lock()

    async def take(self, item: T, *, alone: bool = False) -> None:
        """Return when `item` is committed, with others or alone. Raises what it raises when it is alone."""
        entry = _Entry(item, alone)
        self._waiting.append(entry)
        try:
            async with self._turn:
                if entry.is_open:
                    await asyncio.sleep(0)  # who is about to be ready comes along
                    await self._carry(entry)
                if entry.unavailable is not None:
                    raise entry.unavailable
        finally:
            self._waiting.remove(entry)

    async def _carry(self, entry: _Entry[T]) -> None:
        group = (
            [entry] if entry.alone else [other for other in self._waiting if other.is_open and not other.alone][:MOST]
        )
        if len(group) > 1:
            try:
                await self._commit([other.item for other in group])
            except Unavailable as error:
                for other in group:
                    other.unavailable = error
                return
            except Exception:  # whose fault it is shows when each stands for itself
                for other in group:
                    other.alone = True
            else:
                for other in group:
                    other.done = True
        if not entry.done:
            await self._commit([entry.item])
            entry.done = True
