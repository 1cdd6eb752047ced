"""The slices of a Whoosh index: where a post goes, how small segments are merged, how a full slice is compacted."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.search import whoosh_files, whoosh_writing
from node.search.documents import Document
from node.search.steps import Every, Plan, Token
from node.search.whoosh_files import Folder, Slice, place
from node.search.whoosh_reading import Searching
from node.search.whoosh_writing import (
    TIER,
    as_compacted,
    begin,
    compact,
    end,
    exchange,
    next_to_compact,
    open_slice,
    write_to,
)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=40, unique=True))
def test_each_post_has_one_place_whatever_the_order(ids: list[int]) -> None:
    """Slices never overlap, are in order, and a full one is left alone by posts beyond its ends."""
    slices: tuple[Slice, ...] = ()
    full, whoosh_files.SLICE_POSTS = whoosh_files.SLICE_POSTS, 4
    try:
        homes: dict[int, str] = {}
        for id_ in ids:
            slices, found = place(slices, id_)
            homes[id_] = found.name
            grown = Slice(found.name, found.first_id, min(found.low, id_), max(found.high, id_), found.posts + 1)
            slices = tuple(grown if one.name == found.name else one for one in slices)
        assert [one.first_id for one in slices] == sorted({one.first_id for one in slices})
        assert slices[0].first_id == 0
        for id_, name in homes.items():
            holder = whoosh_files.slice_of(slices, id_)
            assert holder is not None
            assert holder.name == name
    finally:
        whoosh_files.SLICE_POSTS = full


def documents(*ids: int) -> list[Document]:
    return [Document(id_, 1, f"|:from:1| |all| |n{id_}| ||") for id_ in ids]


def found(folder: Folder, token: str, limit: int = 1_000) -> list[int]:
    searching = Searching(folder)
    plan = Plan(Every((Token(token), Token(":from:1"))))
    try:
        return list(searching.propose(plan, since_id=None, until_id=None, limit=limit, deadline=float("inf")).ids)
    finally:
        searching.close()


def test_merging_compacting_and_taking_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path / "search")
    begin(folder)
    end(folder)
    generation = folder.generation("current")
    assert generation is not None
    full, whoosh_files.SLICE_POSTS = whoosh_files.SLICE_POSTS, 2 * TIER + 1
    try:
        for id_ in range(1, 2 * TIER + 4):
            write_to(generation, documents(id_), ())
        assert len(generation.slices) == 2
        first = generation.slices[0]
        opened = open_slice(generation.folder / first.name)
        assert len(opened._segments()) < TIER + 2  # far fewer than the commits there were
        opened.close()
        everything = list(range(2 * TIER + 3, 0, -1))
        assert found(folder, "all") == everything
        assert found(folder, "all", 3) == everything[:3]
        write_to(generation, documents(4), (2, 3, 99))
        assert found(folder, "all") == [id_ for id_ in everything if id_ not in (2, 3)]
        assert found(folder, "n4") == [4]
        # Compacted beside the lock, and put in its place, unless it changed meanwhile.
        old = next_to_compact(generation)
        assert old is not None
        stale = as_compacted(old)
        compact(generation.folder / old.name, generation.folder / stale.name)
        write_to(generation, (), (5,))
        assert not exchange(generation, old, stale)
        old = next_to_compact(generation)
        assert old is not None
        whole = as_compacted(old)
        compact(generation.folder / old.name, generation.folder / whole.name)
        assert exchange(generation, old, whole)
        folder.clear_away()
        assert next_to_compact(generation) is None
        assert len(list(generation.folder.glob("s*/"))) - len(list(generation.folder.glob("s*.json"))) <= 2
        assert found(folder, "all") == [id_ for id_ in everything if id_ not in (2, 3, 5)]
        write_to(generation, documents(1), ())
        assert found(folder, "n1") == [1]
        # One change is not worth compacting it again, many are.
        assert next_to_compact(generation) is None
        monkeypatch.setattr(whoosh_writing, "CHANGES", 3)
        write_to(generation, documents(1), ())
        write_to(generation, documents(1), ())
        assert next_to_compact(generation) is not None
    finally:
        whoosh_files.SLICE_POSTS = full
