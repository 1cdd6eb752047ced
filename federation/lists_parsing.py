"""Short collections of other servers that are read whole: what an actor features, who follows it here (FEP-8fcf).

No I/O, and no belief: every item is an id to be fetched, or compared with what is known. Called by `node.remote`.
"""

from dataclasses import dataclass
from typing import Any, Final

from federation.documents import Document, as_list, first_id, object_of, objects_of, text_of, type_of, types_of
from federation.errors import MalformedDocument
from federation.origins import is_http_uri

_PAGES: Final = frozenset({"CollectionPage", "OrderedCollectionPage"})
COLLECTION_TYPES: Final = frozenset({"Collection", "OrderedCollection"}) | _PAGES


@dataclass(frozen=True, slots=True)
class ShortList:
    """A collection or page: what it lists, and where it goes on (a page that comes with it, or the id of one)."""

    items: tuple[Any, ...]
    more: Document | str | None


def parse_list(document: Document) -> ShortList:
    """Read a collection or a page of one. Raises MalformedDocument for anything else."""
    if type_of(document, COLLECTION_TYPES) is None:
        raise MalformedDocument("not_a_collection", f"types {types_of(document)[:5]} are none of a collection")
    items = (*as_list(document.get("orderedItems")), *as_list(document.get("items")))
    following = document.get("next" if type_of(document, _PAGES) else "first")
    inline = object_of(following)
    if inline is not None and type_of(inline, COLLECTION_TYPES) is not None:
        return ShortList(items, inline)
    uri = first_id(following)
    return ShortList(items, uri if uri is not None and is_http_uri(uri) else None)


def item_ids(items: tuple[Any, ...]) -> tuple[str, ...]:
    """Return the http(s) ids among a list's items, each once, in order."""
    found = (first_id(item) for item in items)
    return tuple(dict.fromkeys(uri for uri in found if uri is not None and is_http_uri(uri)))


def hashtag_names(items: Any) -> tuple[str, ...]:
    """Return the names of the hashtags among a list's items, without `#`, in order."""
    tags = (item for item in objects_of(list(items)) if type_of(item, {"Hashtag"}))
    names = ((text_of(tag.get("name")) or "").strip().lstrip("#\uff03") for tag in tags)
    return tuple(dict.fromkeys(name for name in names if name))
