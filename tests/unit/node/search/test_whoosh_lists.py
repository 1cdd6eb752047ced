"""The lists of a Whoosh index as they are read here, held against Whoosh's own way through them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from whoosh.reading import SegmentReader

from node.search.documents import Document
from node.search.whoosh_files import Folder
from node.search.whoosh_lists import FIELD, ListReader
from node.search.whoosh_writing import begin, end, open_slice, write_to

POSTS = 700
GONE = (2, 3, 128, 129, 500, 699)


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[tuple[ListReader, Any]]:
    """A segment some of whose documents are deleted, read in both ways."""
    folder = Folder(tmp_path / "search")
    begin(folder)
    end(folder)
    generation = folder.generation("current")
    assert generation is not None
    write_to(
        generation,
        [
            Document(id_, 1, f"|all| |some{id_ % 5}| |pair{id_ // 2}| |third{id_ // 3}| |own{id_}| ||")
            for id_ in range(POSTS)
        ],
        [],
    )
    write_to(generation, [], GONE)
    (slice_,) = generation.slices
    opened = open_slice(generation.folder / slice_.name)
    (segment,) = opened._segments()
    both = ListReader(opened.storage, opened.schema, segment), SegmentReader(opened.storage, opened.schema, segment)
    yield both
    for reader in both:
        reader.close()
    opened.close()


def test_each_list_is_what_whoosh_says(readers: tuple[ListReader, Any]) -> None:
    ours, whooshs = readers
    tokens = list(whooshs.lexicon(FIELD))
    assert {len(ours.documents(token)) for token in tokens} >= {0, 1, 2, 3, POSTS - len(GONE)}
    for token in tokens:
        assert ours.documents(token) == set(whooshs.postings(FIELD, token).all_ids()), token


def test_no_document_has_a_token_that_nobody_wrote(readers: tuple[ListReader, Any]) -> None:
    ours, _ = readers
    assert ours.documents(b"zebra") == set()
    assert list(ours.documents_of_each(b"zebra")) == []


def test_a_beginning_stands_for_each_token_that_begins_so(readers: tuple[ListReader, Any]) -> None:
    ours, whooshs = readers
    for beginning in (b"pair3", b"own69", b"some", b"a"):
        expected = [set(whooshs.postings(FIELD, one).all_ids()) for one in whooshs.expand_prefix(FIELD, beginning)]
        assert list(ours.documents_of_each(beginning)) == expected
