"""Searching a Whoosh index: sets of documents, slice by slice, newest first, until there are enough.

Whoosh keeps the lists of tokens; they are read whole, which takes a millisecond for ten thousand posts, and put
together as sets, which takes less. Nothing is scored here, and nothing recurses deeper than the query does. What an
index still holds of a deleted post is proposed and finds no row.

One thread of a process searches (Whoosh's readers are not shared), each search until its deadline.
"""

import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from heapq import nlargest
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from whoosh.filedb.filestore import FileStorage
from whoosh.index import TOC

from node.search.engines import Proposals
from node.search.rules import MAX_EXPANSIONS, is_exact
from node.search.steps import Begins, Every, Most, Not, Nothing, Plan, Sequence, Some, Step, Token
from node.search.whoosh_files import FIELD, Folder, Generation, Slice
from node.search.whoosh_lists import ListReader

log = structlog.get_logger(__name__)

_INDEX: Final = "MAIN"
SMALL: Final = 32
"""So few documents of a segment are proposed as they are: to look at their rows costs less than another long list."""

T = TypeVar("T")


class OutOfTime(Exception):
    """The deadline of a search has passed."""


@dataclass(slots=True)
class Segment:
    """An open segment: its reader, and the post id of each of its documents."""

    reader: ListReader
    ids: "array[int]"


class _Files(FileStorage):  # type: ignore[misc]
    """The files of a slice. Whoosh leaves a file open that it cannot make sense of: those are closed here."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self._opened: list[Any] = []

    def open_file(self, name: str, **options: Any) -> Any:
        """Open a file and remember it."""
        file = super().open_file(name, **options)
        self._opened.append(file)
        return file

    def read_toc(self) -> Any:
        """Return what the slice says of its segments."""
        return self._whole(lambda: TOC.read(self, _INDEX))

    def open_segment(self, toc: Any, segment: Any) -> ListReader:
        """Return a reader of a segment."""
        return self._whole(lambda: ListReader(self, toc.schema, segment))

    def _whole(self, work: Callable[[], T]) -> T:
        self._opened.clear()
        try:
            return work()
        except BaseException:
            for file in self._opened:
                file.close()
            raise


class OpenSlice:
    """A slice as a process has it open. Segments are kept by their names: one never changes but for deletions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.version = -1
        self.segments: dict[str, Segment] = {}

    def refresh(self, version: int) -> None:
        """Open what is new, close what was merged away."""
        if version == self.version:
            return
        try:
            self._open(_Files(self.folder))
        except FileNotFoundError:  # a commit took a file away between the two looks
            self._open(_Files(self.folder))
        self.version = version

    def _open(self, storage: _Files) -> None:
        toc = storage.read_toc()
        named = {segment.segment_id(): segment for segment in toc.segments}
        for name, segment in named.items():
            if name not in self.segments:
                reader = storage.open_segment(toc, segment)
                column = reader.column_reader("id")
                ids = array("q", (column[number] for number in range(reader.doc_count_all())))
                self.segments[name] = Segment(reader, ids)
        for name in self.segments.keys() - named.keys():
            self.segments.pop(name).reader.close()

    def close(self) -> None:
        """Close everything."""
        while self.segments:
            self.segments.popitem()[1].reader.close()


class Searching:
    """The open slices of a process."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._generation: Generation | None = None
        self._name = ""
        self._open: dict[str, OpenSlice] = {}

    def propose(
        self, plan: Plan, *, since_id: int | None, until_id: int | None, limit: int, deadline: float
    ) -> Proposals:
        """Return the newest posts that may match. Raises OSError where there is no index."""
        found: list[int] = []
        is_cut_off = False
        slices = self._slices()
        for slice_ in reversed(slices):
            if until_id is not None and slice_.first_id >= until_id:
                continue
            try:
                opened = self._open.get(slice_.name)
                if opened is None:
                    assert self._generation is not None
                    opened = self._open[slice_.name] = OpenSlice(self._generation.folder / slice_.name)
                opened.refresh(slice_.version)
                some, is_short = self._of_slice(opened, plan.step, since_id, until_id, limit - len(found), deadline)
                found += some
                is_cut_off = is_cut_off or is_short
            except OutOfTime:
                is_cut_off = True
                break
            except Exception as error:  # whatever a broken file makes of it: the other slices still answer
                is_cut_off = True
                if slice_.name in {one.name for one in self._slices()}:  # and was not just exchanged
                    log.exception("search_slice_broken", slice=slice_.name)
                    self._folder.say("broken", f"a part of the index cannot be read ({type(error).__name__})")
                continue
            if len(found) >= limit or (since_id is not None and slice_.first_id <= since_id):
                break
        return Proposals(tuple(found), len(found) < limit and not is_cut_off, is_cut_off)

    def close(self) -> None:
        """Close everything."""
        for opened in self._open.values():
            opened.close()
        self._open.clear()

    def _slices(self) -> tuple[Slice, ...]:
        try:
            return self._look_for_slices()
        except FileNotFoundError:  # a rebuild came to its end between the two looks
            return self._look_for_slices()

    def _look_for_slices(self) -> tuple[Slice, ...]:
        name = self._folder.read("current")
        if name != self._name or self._generation is None:
            self.close()
            self._name, self._generation = name, Generation(self._folder.root / name)
        slices = self._generation.slices
        for gone in self._open.keys() - {one.name for one in slices}:
            self._open.pop(gone).close()
        return slices

    def _of_slice(
        self,
        opened: OpenSlice,
        step: Step,
        since_id: int | None,
        until_id: int | None,
        limit: int,
        deadline: float,
    ) -> tuple[list[int], bool]:
        """Return the newest of a slice, and whether a beginning stood for too many words."""
        ids: set[int] = set()
        is_short = False
        for segment in opened.segments.values():
            look = _Look(segment.reader, len(segment.ids), deadline)
            numbers = look.documents(step)
            is_short = is_short or look.is_short
            of = segment.ids
            found = (of[number] for number in numbers) if numbers is not None else iter(of)
            ids.update(
                one for one in found if (until_id is None or one < until_id) and (since_id is None or one >= since_id)
            )
        return nlargest(limit, ids), is_short


class _Look:
    """One query over one segment. A set of None stands for all documents."""

    def __init__(self, reader: ListReader, size: int, deadline: float) -> None:
        self._reader = reader
        self._size = size
        self._deadline = deadline
        self.is_short = False

    def documents(self, step: Step) -> set[int] | None:
        """Return the documents that may match a step."""
        if time.monotonic() > self._deadline:
            raise OutOfTime
        match step:
            case Token(text=text):
                return self._reader.documents(text.encode())
            case Begins(text=text):
                return self._beginning(text.encode())
            case Sequence(spots=spots):
                return self._all([partial(self._any_token, spot) for spot in spots])
            case Every(parts=parts):
                return self._every(parts)
            case Some(parts=parts):
                some: set[int] = set()
                for part in parts:
                    found = self.documents(part)
                    if found is None:
                        return None
                    some |= found
                return some
            case Most(parts=parts, number=number):
                return self._most(parts, number)
            case Not(part=part):
                if not is_exact(part) or (taken := self.documents(part)) is None:
                    return None
                return set(range(self._size)) - taken
            case Nothing():
                return set()
            case _:
                return None

    def _every(self, parts: tuple[Step, ...]) -> set[int] | None:
        """What must be there first, what must not be there last: most segments are done after the rarest word."""
        wanted = [part for part in parts if not isinstance(part, Not)]
        left = self._all([partial(self.documents, part) for part in sorted(wanted, key=self._cost)])
        for part in parts:
            if not isinstance(part, Not):
                continue
            if left is not None and len(left) <= SMALL:
                return left
            if is_exact(part.part):
                taken = self.documents(part.part)
                if taken is not None:
                    left = (set(range(self._size)) if left is None else left) - taken
        return left

    def _most(self, parts: tuple[Step, ...], number: int) -> set[int] | None:
        counts: Counter[int] = Counter()
        for part in parts:
            found = self.documents(part)
            if found is None:
                number -= 1
            else:
                counts.update(found)
        return {document for document, count in counts.items() if count >= number} if number > 0 else None

    def _all(self, steps: Iterable[Callable[[], set[int] | None]]) -> set[int] | None:
        left: set[int] | None = None
        for step in steps:
            found = step()
            if found is None:
                continue
            left = found if left is None else left & found
            if len(left) <= SMALL:
                return left
        return left

    def _cost(self, step: Step) -> int:
        """Return about how many documents a step finds: terms are asked of the index, the rest is guessed."""
        match step:
            case Token(text=text):
                return self._frequency(text)
            case Some(parts=parts):
                return sum(self._cost(part) for part in parts)
            case Every(parts=parts):
                return min((self._cost(part) for part in parts), default=self._size)
            case Sequence(spots=spots):
                return min(sum(self._frequency(token) for token in spot) for spot in spots)
            case _:
                return self._size

    def _frequency(self, text: str) -> int:
        return int(self._reader.doc_frequency(FIELD, text.encode()))

    def _any_token(self, spot: tuple[str, ...]) -> set[int]:
        found: set[int] = set()
        for token in spot:
            found |= self._reader.documents(token.encode())
        return found

    def _beginning(self, prefix: bytes) -> set[int]:
        found: set[int] = set()
        for number, documents in enumerate(self._reader.documents_of_each(prefix)):
            if number == MAX_EXPANSIONS:
                self.is_short = True
                break
            if time.monotonic() > self._deadline:
                raise OutOfTime
            found |= documents
        return found
