"""A post that several people boosted stands once in what is read as one: where `rules.earlier_showings` has it."""

from collections.abc import Awaitable, Callable, Collection, Sequence

from node.timelines.authored_queries import Entry
from node.timelines.rules import earlier_showings

SeenAmong = Callable[[Collection[int]], Awaitable[Collection[int]]]
"""Returns those of some entries, by id, that whoever reads is to see there."""


class Showings:
    """By which of `entries` a boosted post is shown. Entries may be added meanwhile."""

    def __init__(self, entries: Sequence[Entry], seen_among: SeenAmong) -> None:
        self._entries = entries
        self._seen_among = seen_among
        self._let_through: set[int] = set()
        self._originals: dict[int, int] = {}
        self._shown_at: dict[int, int] = {}

    def candidates(self) -> list[int]:
        """Return the ids of all entries, without those that are known by now to repeat another: hundreds may boost one
        post, and are passed over at once."""
        ids = [id_ for id_, _ in self._entries]
        return [id_ for id_ in ids if not self.repeats(id_)] if self._shown_at else ids

    async def once(self, ids: Sequence[int]) -> list[int]:
        """Return these of the entries without those that repeat another."""
        earlier = earlier_showings(self._entries, self._let_through.union(ids))
        if earlier:
            seen = set(await self._seen_among({found[0] for found in earlier.values()}))  # nearly always that is all
            seen.update(
                await self._seen_among(
                    {other for found in earlier.values() if found[0] not in seen for other in found[1:]}
                )
            )
            self._originals = dict(self._entries)
            for id_, found in earlier.items():
                if (first := next((other for other in found if other in seen), None)) is not None:
                    original = self._originals[id_]
                    self._shown_at[original] = min(first, self._shown_at.get(original, first))
        kept = [id_ for id_ in ids if not self.repeats(id_)]
        self._let_through.update(kept)
        return kept

    def repeats(self, id_: int) -> bool:
        """Whether an entry is known by now to repeat another."""
        return id_ > self._shown_at.get(self._originals.get(id_, 0), id_)
