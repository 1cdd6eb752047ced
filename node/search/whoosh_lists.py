"""The lists of a Whoosh index: which documents of a segment have a token.

Whoosh keeps a list as blocks of 128 numbers, and its own way through one makes several calls for each number. Nothing
here asks for more than the numbers, so they are taken from a block as they lie in it: in a fifth of the time.
"""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from whoosh.reading import SegmentReader, TermNotFound

from node.search.whoosh_files import FIELD


class ListReader(SegmentReader):  # type: ignore[misc]
    """The reader of a segment. Documents are numbers below `doc_count_all()`; those deleted are in no list."""

    def __init__(self, storage: Any, schema: Any, segment: Any) -> None:
        super().__init__(storage, schema, segment)
        self._gone = frozenset(segment.deleted_docs())

    def documents(self, token: bytes) -> set[int]:
        """Return which documents have a token."""
        try:
            return self._listed(self.term_info(FIELD, token))
        except TermNotFound:
            return set()

    def documents_of_each(self, beginning: bytes) -> Iterator[set[int]]:
        """Go through the tokens that begin like this; return for each which documents have it."""
        for _, info in self.iter_prefix(FIELD, beginning):
            yield self._listed(info)

    def _listed(self, info: Any) -> set[int]:
        if info.doc_frequency() <= 2:  # as most tokens are: known without their list
            return {info.min_id(), info.max_id()} - self._gone
        found: set[int] = set()
        lists = self._terms
        blocks = lists._codec.postings_reader(lists._postfile, info, self.schema[FIELD].format)
        while blocks.is_active():
            blocks._read_data()
            found.update(accumulate(blocks._data[0]))  # each number is kept as what it is more than the one before
            blocks._next_block()
        return found - self._gone if self._gone else found
