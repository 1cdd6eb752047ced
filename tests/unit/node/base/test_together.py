"""Effects that share a transaction: all of it or each alone, and a turn that is cancelled harms nobody."""

import asyncio
from collections.abc import Sequence

import pytest

from node.base.db.together import MOST, Together
from node.base.db.write_lock import GaveWay, wanted_elsewhere
from node.base.errors import Unavailable


class Book:
    """Remembers what was committed together, and refuses what it is told to."""

    def __init__(self, *bad: int, most: int = MOST) -> None:
        self.bad = set(bad)
        self.most = most
        self.groups: list[list[int]] = []
        self.slow = asyncio.Event()
        self.slow.set()

    async def commit(self, items: Sequence[int]) -> int:
        """Write down a group, or as many of it as are taken at once, or raise."""
        await self.slow.wait()
        if self.bad & set(items):
            raise ValueError(sorted(self.bad & set(items)))
        self.groups.append(list(items[: self.most]))
        return len(self.groups[-1])


async def test_who_is_ready_at_the_same_moment_goes_together() -> None:
    book = Book()
    together = Together(book.commit)
    await asyncio.gather(*(together.take(number) for number in range(5)))
    await together.take(9)
    assert book.groups == [[0, 1, 2, 3, 4], [9]]


async def test_who_gave_way_begins_anew() -> None:
    """Once whoever is let go first is done; nobody else's transactions know of it."""
    book = Book()
    asked: list[int] = []
    waited: list[str] = []

    def is_wanted() -> bool:
        asked.append(len(waited))
        return len(waited) < 2

    async def commit(items: Sequence[int]) -> int:
        ask = wanted_elsewhere.get()
        if ask is not None and ask():
            raise GaveWay
        return await book.commit(items)

    async def give_way() -> None:
        waited.append("for somebody")

    together = Together(commit, give_way=give_way, is_wanted=is_wanted)
    await asyncio.gather(*(together.take(number) for number in range(3)))
    assert book.groups == [[0, 1, 2]]
    assert asked == [1, 2]
    assert wanted_elsewhere.get() is None


async def test_many_go_in_several_transactions() -> None:
    book = Book()
    together = Together(book.commit)
    await asyncio.gather(*(together.take(number) for number in range(MOST + 2)))
    assert [len(group) for group in book.groups] == [MOST, 2]


async def test_what_a_transaction_leaves_goes_into_the_next() -> None:
    book = Book(most=2)
    together = Together(book.commit)
    await asyncio.gather(*(together.take(number) for number in range(5)))
    assert book.groups == [[0, 1], [2, 3], [4]]


async def test_who_comes_soon_after_a_transaction_of_several_shares_the_next() -> None:
    book = Book()
    together = Together(book.commit, gap=0.3)
    await together.take(0)
    await asyncio.gather(together.take(1), together.take(2))
    third = asyncio.create_task(together.take(3))
    await _turns()  # long enough to be committed alone, were there no gap
    await asyncio.gather(third, together.take(4))
    assert book.groups == [[0], [1, 2], [3, 4]]


async def test_neither_a_transaction_nor_what_follows_it_comes_before_who_is_let_go_first() -> None:
    book = Book()
    asked: list[asyncio.Event] = []

    async def give_way() -> None:
        asked.append(asyncio.Event())
        await asked[-1].wait()

    together = Together(book.commit, give_way=give_way)
    takes = [asyncio.create_task(together.take(number)) for number in range(4)]
    await _turns()
    assert (len(asked), book.groups) == (1, [])
    asked[0].set()
    await _turns()
    assert book.groups == [[0, 1, 2, 3]]
    for number in range(1, 4):  # whoever carried the others goes last
        assert not any(take.done() for take in takes[number:])
        asked[number].set()
        await _turns()
        assert all(take.done() for take in takes[1:number])
    asked[4].set()
    await asyncio.gather(*takes)


async def test_no_two_go_on_in_the_same_turn_of_the_event_loop() -> None:
    together = Together(Book().commit)
    turn, ended = 0, []

    async def take(number: int) -> None:
        await together.take(number)
        ended.append(turn)

    takes = [asyncio.create_task(take(number)) for number in range(MOST)]
    while len(ended) < MOST:
        turn += 1
        await asyncio.sleep(0)
    await asyncio.gather(*takes)
    assert len(set(ended)) >= MOST - 1  # whoever carried the others may end between the last of them and our look


async def _turns() -> None:
    for _ in range(9):
        await asyncio.sleep(0)


async def test_only_what_is_at_fault_fails() -> None:
    book = Book(2)
    together = Together(book.commit)
    ends = await asyncio.gather(*(together.take(number) for number in range(4)), return_exceptions=True)
    assert [type(end) for end in ends] == [type(None), type(None), ValueError, type(None)]
    assert sorted(book.groups) == [[0], [1], [3]]


async def test_a_database_that_is_away_is_away_for_all_and_asked_once() -> None:
    asked: list[Sequence[int]] = []

    async def away(items: Sequence[int]) -> int:
        asked.append(list(items))
        raise Unavailable("away")

    together = Together(away)
    ends = await asyncio.gather(*(together.take(number) for number in range(4)), return_exceptions=True)
    assert [type(end) for end in ends] == [Unavailable] * 4
    assert asked == [[0, 1, 2, 3]]


async def test_what_is_to_be_alone_is_alone() -> None:
    book = Book()
    together = Together(book.commit)
    await asyncio.gather(together.take(1), together.take(2, alone=True), together.take(3))
    assert sorted(book.groups) == [[1, 3], [2]]


async def test_who_is_carried_survives_the_end_of_who_carries() -> None:
    book = Book()
    together = Together(book.commit)
    book.slow.clear()
    first, second = (asyncio.create_task(together.take(number)) for number in (1, 2))
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    book.slow.set()
    await second
    assert book.groups == [[2]]
