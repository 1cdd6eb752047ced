"""Collections and outbox entries of every shape (COL-7, COL-8, GEN-1, rows 25, 30, 51)."""

from typing import Any

import pytest

from federation.collection_parsing import MAX_ITEMS, Boosted, Written, parse_collection, parse_outbox_item
from federation.errors import MalformedDocument

OWNER = "https://b.example/users/bo"
NOTE = f"{OWNER}/1"
OTHER = "https://c.example/notes/9"


def test_a_collection_in_any_shape() -> None:
    page = parse_collection({"type": "OrderedCollectionPage", "id": NOTE, "orderedItems": NOTE, "next": {"id": OTHER}})
    assert (page.id, page.items, page.next, page.first, page.total) == (NOTE, (NOTE,), OTHER, None, None)
    root = parse_collection(
        {"type": ["Collection"], "totalItems": "12", "first": {"type": "CollectionPage", "items": []}}
    )
    assert root.total == 12
    assert root.first == {"type": "CollectionPage", "items": []}
    assert parse_collection({"type": "Collection", "first": [NOTE]}).first == NOTE


@pytest.mark.parametrize(("told", "read"), [(-1, 0), (10**18, 2**53), (None, None), ("many", None), ([], None)])
def test_counts_are_clamped(told: object, read: int | None) -> None:
    """Row 51"""
    assert parse_collection({"type": "Collection", "totalItems": told}).total == read


def test_what_is_no_collection() -> None:
    for document in ({}, {"type": "Note"}, {"type": "Person", "items": [NOTE]}):
        with pytest.raises(MalformedDocument):
            parse_collection(document)


def test_a_page_is_read_so_far() -> None:
    """Row 51; wrong types in between are passed over (row 30)."""
    many: list[Any] = [None, 5, [], *[NOTE] * 2000]
    assert len(parse_collection({"type": "CollectionPage", "items": many}).items) == MAX_ITEMS - 3
    assert parse_collection({"type": "CollectionPage", "items": [], "next": "javascript:x", "first": 7}).next is None


def test_entries_of_an_outbox() -> None:
    note = {"id": NOTE, "type": "Note", "attributedTo": OWNER, "content": "x"}
    for entry, expected in (
        (NOTE, NOTE),
        (OTHER, None),
        ({"type": "Create", "actor": OWNER, "object": NOTE}, Written(NOTE, None)),
        ({"type": "Create", "actor": OWNER, "object": {"id": NOTE, "type": "Note"}}, Written(NOTE, None)),
        ({"type": "Create", "actor": OWNER, "object": note, "to": [OWNER]}, Written(NOTE, note, (OWNER,))),
        (note, Written(NOTE, note)),
        ({"type": "Create", "actor": OTHER, "object": note}, None),
        ({"type": "Create", "actor": OWNER, "object": note | {"id": OTHER}}, None),
        ({"type": "Create", "actor": OWNER, "object": note | {"attributedTo": OTHER}}, Written(NOTE, None)),
        ({"type": "Announce", "id": NOTE, "actor": OWNER, "object": OTHER}, Boosted(NOTE, OTHER, None, (), ())),
        ({"type": "Announce", "actor": OWNER, "object": OTHER}, None),
        ({"type": "Announce", "id": OTHER, "actor": OWNER, "object": NOTE}, None),
        ({"type": "Like", "actor": OWNER, "object": NOTE}, None),
        ({"type": "Create", "actor": OWNER}, None),
    ):
        assert parse_outbox_item(entry, owner=OWNER) == expected, entry
