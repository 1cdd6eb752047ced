"""The files of a Whoosh index: generations, their slices of time, and who may write.

    search/lock          held by whoever writes
    search/current       the name of the generation that is searched
    search/building      that of the one a rebuild is making
    search/broken        why the index is to be built anew
    search/g…/slices.json  the slices, newest first ids last
    search/g…/s…/        a slice: a Whoosh index of its own

A slice holds the posts of a range of ids. Posts come in at the newest end, so commits are small and old slices rest.
A file is changed by writing another one and renaming it: a kill leaves the old one or the new one.
"""

import fcntl
import json
import os
import secrets
import shutil
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from whoosh.columns import NumericColumn
from whoosh.fields import COLUMN, FieldType, Schema
from whoosh.formats import Existence

from node.search.turns import wait_for_turn

SLICE_POSTS: Final = 20_000
"""A slice that has so many posts is full. Merging one takes some five seconds, searching one two milliseconds."""
FIELD: Final = "tokens"
"""What Whoosh calls the tokens of a post."""


class Tokens(FieldType):  # type: ignore[misc]
    """A field of tokens that were made already: a document has each or not."""

    analyzer = None
    indexed = True
    stored = False
    scorable = False
    unique = False
    spelling = False
    sortable_default = None
    column_type = None
    vector = None
    multitoken_query = "default"

    def __init__(self) -> None:
        self.format = Existence()

    def index(self, value: Any, **options: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        """Yield what Whoosh's codec writes of each token."""
        for token in sorted(value):
            yield token.encode(), 1, 1.0, b""

    def to_bytes(self, value: str | bytes) -> bytes:
        """Return a token as it stands in the index."""
        return value.encode() if isinstance(value, str) else value

    def clean(self) -> None:
        """Do nothing: called by Whoosh when a schema is made ready to be stored."""


def schema() -> Schema:
    """Return the schema of a slice: the tokens of a post (`id:…` among them) and its id."""
    return Schema(**{FIELD: Tokens()}, id=COLUMN(NumericColumn("q")))


@dataclass(frozen=True, slots=True)
class Slice:
    """The posts from `first_id` up to the next slice's. `low` and `high` are ids it has had; `version` grows with each
    change."""

    name: str
    first_id: int
    low: int = 0
    high: int = 0
    posts: int = 0
    version: int = 0
    is_compact: bool = False


class Generation:
    """A folder of slices. Whoever changes it holds the lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: tuple[int, int] | None = None
        self._slices: tuple[Slice, ...] = ()

    @property
    def slices(self) -> tuple[Slice, ...]:
        """The slices as they stand in the file now, oldest first. Raises OSError, ValueError."""
        path = self.folder / "slices.json"
        stat = path.stat()
        seen = (stat.st_mtime_ns, stat.st_ino)
        if seen != self._seen:
            self._slices = tuple(Slice(**one) for one in json.loads(path.read_bytes()))
            self._seen = seen
        return self._slices

    def keep(self, slices: tuple[Slice, ...]) -> None:
        """Store the slices."""
        write_whole(self.folder / "slices.json", json.dumps([asdict(one) for one in slices]))


def place(slices: tuple[Slice, ...], post_id: int) -> tuple[tuple[Slice, ...], Slice]:
    """Return the slice a post belongs in, and all of them: a new one where the right one is full. Pure."""
    if not slices:
        first = Slice(new_name("s"), 0, post_id, post_id)
        return (first,), first
    at = bisect_right([one.first_id for one in slices], post_id) - 1
    found = slices[at]
    if found.posts >= SLICE_POSTS and post_id > found.high:
        found = Slice(new_name("s"), found.high + 1, post_id, post_id)
        return (*slices[: at + 1], found, *slices[at + 1 :]), found
    if found.posts >= SLICE_POSTS and post_id < found.low:
        new = Slice(new_name("s"), found.first_id, post_id, post_id)
        return (*slices[:at], new, replace(found, first_id=found.low), *slices[at + 1 :]), new
    return slices, found


def slice_of(slices: tuple[Slice, ...], post_id: int) -> Slice | None:
    """Return the slice that holds a post if any does. Pure."""
    at = bisect_right([one.first_id for one in slices], post_id) - 1
    return slices[at] if at >= 0 else None


class Folder:
    """The folder of the whole index."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def generation(self, which: str) -> Generation | None:
        """Return the generation that the file `which` ("current", "building") names."""
        name = self.read(which)
        return Generation(self.root / name) if name and (self.root / name).is_dir() else None

    def read(self, name: str) -> str:
        """Return what stands in a small file, "" without it."""
        try:
            return (self.root / name).read_text("utf-8").strip()
        except OSError:
            return ""

    def say(self, name: str, words: str) -> None:
        """Write a small file; without words, remove it."""
        if words:
            self.root.mkdir(parents=True, exist_ok=True)
            write_whole(self.root / name, words)
        else:
            (self.root / name).unlink(missing_ok=True)

    def make_generation(self) -> Generation:
        """Make an empty one."""
        folder = self.root / new_name("g")
        folder.mkdir(parents=True)
        made = Generation(folder)
        made.keep(())
        return made

    def clear_away(self) -> None:
        """Remove generations and slices that nothing names any more."""
        named = {self.read("current"), self.read("building")}
        for folder in self.root.glob("g*"):
            if folder.name not in named:
                shutil.rmtree(folder, ignore_errors=True)
                continue
            try:
                slices = {one.name for one in Generation(folder).slices}
            except (OSError, ValueError, TypeError):
                continue  # broken: it goes as a whole once it is exchanged
            for part in folder.glob("s*"):
                if part.is_dir() and part.name not in slices:
                    shutil.rmtree(part, ignore_errors=True)

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[bool]:
        """Hold the lock for the length of the block; False where another one has it for too long.

        Ends with its process, whatever ends that.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("ab") as file:

            async def take() -> bool:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    return False
                return True

            yield await wait_for_turn(take)

    def size(self) -> int:
        """Return the bytes of everything in it."""
        total = 0
        for path in self.root.rglob("*"):
            try:
                total += path.stat().st_size
            except OSError:
                continue
        return total


def new_name(letter: str) -> str:
    """Return a name nothing has yet."""
    return letter + secrets.token_hex(6)


def write_whole(path: Path, words: str) -> None:
    """Write a file that is whole whenever somebody reads it."""
    other = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with other.open("w", encoding="utf-8") as file:
        file.write(words)
        file.flush()
        os.fsync(file.fileno())
    other.replace(path)
