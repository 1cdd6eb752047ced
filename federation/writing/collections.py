"""Collections and their pages (COL-1)."""

from collections.abc import Sequence
from typing import Any

from federation.documents import Document
from federation.vocabulary import AS_CONTEXT, POST_CTX


def ordered_collection(
    uri: str,
    *,
    total: int | None,
    first: str | None = None,
    items: Sequence[Any] | None = None,
    attributed_to: str | None = None,
) -> Document:
    """Write a collection's root: with `first`, or with all its items when it is short.

    Neither `first` nor items means hidden, which Mastodon shows as such (COL-3); an empty one says so.
    """
    return _root("OrderedCollection", "orderedItems", uri, total, first, items, attributed_to)


def collection(
    uri: str,
    *,
    total: int | None,
    first: str | None = None,
    items: Sequence[Any] | None = None,
    attributed_to: str | None = None,
) -> Document:
    """Write an unordered collection (replies, likes, shares, tags); like `ordered_collection`."""
    return _root("Collection", "items", uri, total, first, items, attributed_to)


def ordered_collection_page(
    uri: str,
    *,
    part_of: str,
    items: Sequence[Any],
    next_uri: str | None = None,
    prev_uri: str | None = None,
    total: int | None = None,
    ordered: bool = True,
) -> Document:
    """Write a page; its id is its URL. `ordered=False` gives a plain CollectionPage."""
    document: Document = {
        "@context": _context(items),
        "id": uri,
        "type": "OrderedCollectionPage" if ordered else "CollectionPage",
        "partOf": part_of,
    }
    if total is not None:
        document["totalItems"] = total
    if next_uri is not None:
        document["next"] = next_uri
    if prev_uri is not None:
        document["prev"] = prev_uri
    document["orderedItems" if ordered else "items"] = _bare(items)
    return document


def _root(
    kind: str,
    items_key: str,
    uri: str,
    total: int | None,
    first: str | None,
    items: Sequence[Any] | None,
    attributed_to: str | None,
) -> Document:
    document: Document = {"@context": _context(items or ()), "id": uri, "type": kind}
    if attributed_to is not None:
        document["attributedTo"] = attributed_to
    if total is not None:
        document["totalItems"] = total
    if first is not None:
        document["first"] = first
    elif items is not None or total == 0:
        document[items_key] = _bare(items or ())
    return document


def _context(items: Sequence[Any]) -> Any:
    return POST_CTX if any(isinstance(item, dict) for item in items) else AS_CONTEXT


def _bare(items: Sequence[Any]) -> list[Any]:
    return [
        {key: value for key, value in item.items() if key != "@context"} if isinstance(item, dict) else item
        for item in items
    ]
