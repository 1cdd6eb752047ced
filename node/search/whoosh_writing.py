"""Writing to a Whoosh index. Everything here runs in a thread, with the folder's lock held.

A commit writes a small segment, some 40 ms for fifty posts; small segments are merged by `tiers` into at most
`MERGED_POSTS`, so no commit takes much over a second. A full slice is merged into one segment beside the lock, by a
process of its own that lets others go first (`whoosh_compaction`), and put in its place if nothing changed meanwhile.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from whoosh import index as whoosh_index
from whoosh.codec.whoosh3 import W3Codec
from whoosh.reading import SegmentReader

from node.search.analysis import mark
from node.search.documents import Document
from node.search.whoosh_files import FIELD, Folder, Generation, Slice, new_name, place, schema, slice_of

TIER: Final = 6
TIERS: Final = (50, 300, 1_800)
"""Segments below these sizes are merged once there are `TIER` of a kind."""
MERGED_POSTS: Final = 2_000
"""Merging these takes about a second of CPU."""
CHANGES: Final = 64
"""Commits after which a slice that was compacted is compacted again: one deletion is not worth five seconds."""
MEMORY_MB: Final = 64


def write_to(generation: Generation, documents: Sequence[Document], gone: Collection[int]) -> None:
    """Put documents in, in the place of older ones, and take posts out."""
    slices = generation.slices
    into: dict[str, list[Document]] = {}
    out: dict[str, list[int]] = {}
    for document in {document.post_id: document for document in documents}.values():
        slices, found = place(slices, document.post_id)
        into.setdefault(found.name, []).append(document)
        grown = replace(
            found,
            posts=found.posts + 1,
            low=min(found.low, document.post_id),
            high=max(found.high, document.post_id),
        )
        slices = tuple(grown if one.name == found.name else one for one in slices)
    for post_id in gone:
        if (holder := slice_of(slices, post_id)) is not None:
            out.setdefault(holder.name, []).append(post_id)
    changed = into.keys() | out.keys()
    counts = {name: _write_slice(generation.folder / name, into.get(name, ()), out.get(name, ())) for name in changed}
    if all(count is None for count in counts.values()):
        return
    generation.keep(
        tuple(
            one
            if (count := counts.get(one.name)) is None
            else replace(
                one,
                version=one.version + 1,
                posts=count,
                is_compact=one.is_compact and one.version + 1 < CHANGES,
            )
            for one in slices
        )
    )


def _write_slice(folder: Path, documents: Sequence[Document], gone: Iterable[int]) -> int | None:
    """Write to a slice and return how many posts it has; None where it is as it was."""
    opened = open_slice(folder)
    writer = _writer(opened, MEMORY_MB)
    try:
        leaves = [] if opened.is_empty() else writer.reader().leaf_readers()
        old = list(_numbers_of(leaves, (*(document.post_id for document in documents), *gone)))
        if not documents and not old:
            writer.cancel()
            opened.close()
            return None
        for number in old:
            writer.delete_document(number)
        for document in documents:
            tokens = document.tokens | {mark("id", document.post_id)}
            writer.add_document(**{FIELD: tokens}, id=document.post_id)
        writer.commit(mergetype=tiers)
    except BaseException:
        if not writer.is_closed:
            writer.cancel()
        raise
    count = int(opened.doc_count())
    opened.close()
    return count


def _numbers_of(leaves: Iterable[tuple[Any, int]], post_ids: Iterable[int]) -> Iterator[int]:
    """Return under which numbers a slice holds posts."""
    terms = [mark("id", post_id).encode() for post_id in post_ids]
    for leaf, offset in leaves:
        for term in terms:
            if (FIELD, term) in leaf:
                yield from (offset + number for number in leaf.postings(FIELD, term).all_ids())


class _Unscored(W3Codec):  # type: ignore[misc]
    """What a writer reads its own documents with. Whoosh asks for a length with every posting, and looks on the disk
    each time for a file of lengths that no field here has."""

    def per_document_reader(self, storage: Any, segment: Any) -> Any:
        """Return the reader of a segment's documents."""
        reader = super().per_document_reader(storage, segment)
        reader.doc_field_length = lambda number, field, default=0: default
        return reader


def _writer(opened: Any, memory_mb: int) -> Any:
    writer = opened.writer(limitmb=memory_mb)
    writer.codec = _Unscored()
    return writer


def open_slice(folder: Path) -> Any:
    """Open a slice, made if it is not there."""
    if whoosh_index.exists_in(str(folder)):
        return whoosh_index.open_dir(str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    return whoosh_index.create_in(str(folder), schema())


def tiers(writer: Any, segments: Sequence[Any]) -> list[Any]:
    """Whoosh's merge policy: merge the smallest segments of a size once there are enough of them."""
    left = list(segments)
    low = 0
    for high in TIERS:
        tier = sorted(
            (segment for segment in left if low <= segment.doc_count_all() < high),
            key=lambda segment: int(segment.doc_count_all()),
        )[:TIER]
        if len(tier) == TIER and sum(segment.doc_count_all() for segment in tier) <= MERGED_POSTS:
            for segment in tier:
                reader = SegmentReader(writer.storage, writer.schema, segment)
                try:
                    writer.add_reader(reader)
                finally:
                    reader.close()
            merged = {id(segment) for segment in tier}
            return [segment for segment in left if id(segment) not in merged]
        low = high
    return left


def next_to_compact(generation: Generation) -> Slice | None:
    """Return a slice that is no longer the newest and was not compacted since it changed `CHANGES` times."""
    slices = generation.slices
    for one in slices[:-1]:
        if not one.is_compact:
            return one
    return None


def as_compacted(slice_: Slice) -> Slice:
    """Return a slice as it will be once it is compacted."""
    return replace(slice_, name=new_name("s"), version=0, is_compact=True)


def compact(here: Path, there: Path) -> None:
    """Merge the slice in one folder into one segment in a new folder, without the lock."""
    old, new = open_slice(here), open_slice(there)
    writer = _writer(new, 2 * MEMORY_MB)
    try:
        reader = old.reader()
        try:
            for leaf, _ in reader.leaf_readers():
                writer.add_reader(leaf)
        finally:
            reader.close()
        writer.commit(merge=False)
    except BaseException:
        if not writer.is_closed:
            writer.cancel()
        raise
    finally:
        old.close()
        new.close()


def exchange(generation: Generation, old: Slice, new: Slice) -> bool:
    """Put a compacted slice in the place of the one it was made from, unless that one changed. With the lock."""
    slices = generation.slices
    if old not in slices:
        return False
    generation.keep(tuple(new if one == old else one for one in slices))
    return True


def begin(folder: Folder) -> None:
    """Make the generation that a rebuild fills."""
    folder.say("building", folder.make_generation().folder.name)
    folder.clear_away()


def end(folder: Folder) -> None:
    """Search the new generation from now on."""
    if building := folder.read("building"):
        folder.say("current", building)
        folder.say("building", "")
        folder.say("broken", "")
        folder.clear_away()
