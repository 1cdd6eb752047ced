"""Collections of other servers: roots and pages to `CollectionPage`, outbox entries to what they stand for. No I/O.

A collection is a hint of what there is, whoever lists it. What it inlines is believed only where `parse_outbox_item`
says so; everything else is an id to be fetched from its own origin (INB-5). Called by `node.completion`, which
follows the pages within its budgets.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from federation.documents import Document, as_int, as_list, first_id, ids_of, object_of, parse_time, type_of
from federation.errors import MalformedDocument
from federation.origins import is_http_uri, same_origin
from federation.vocabulary import ACTIVITY_TYPES, MAX_RECIPIENTS, POST_TYPES

COLLECTION_TYPES: Final = frozenset({"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"})
MAX_ITEMS: Final = 500
"""More of one page are not looked at (row 51)."""


@dataclass(frozen=True, slots=True)
class CollectionPage:
    """A collection's root or one of its pages."""

    id: str | None
    total: int | None
    """`totalItems`, never below 0 (row 51); None when it is not told."""
    items: tuple[str | Document, ...]
    first: str | Document | None
    next: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """An outbox says that its owner wrote this post. `document` is the post where it may be believed as inlined."""

    uri: str
    document: Document | None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Boosted:
    """An outbox says that its owner boosted a post."""

    id: str
    object_uri: str
    published: datetime | None
    to: tuple[str, ...]
    cc: tuple[str, ...]


def parse_collection(document: Document) -> CollectionPage:
    """Read a collection or a page of one. Raises MalformedDocument for anything else."""
    if type_of(document, COLLECTION_TYPES) is None:
        raise MalformedDocument("not_a_collection", f"{str(document.get('id'))[:200]} is no collection")
    listed = [*as_list(document.get("orderedItems")), *as_list(document.get("items"))]
    items = tuple(item for item in listed[:MAX_ITEMS] if isinstance(item, str | dict))
    first = document.get("first")
    own_id = first_id(document)
    return CollectionPage(
        id=own_id if own_id is not None and is_http_uri(own_id) else None,
        total=as_int(document.get("totalItems")),
        items=items,
        first=first if isinstance(first, dict) and type_of(first, COLLECTION_TYPES) else _http(first_id(first)),
        next=_http(first_id(document.get("next"))),
    )


def parse_outbox_item(item: str | Document, *, owner: str) -> Written | Boosted | str | None:
    """Say what an entry of `owner`'s outbox stands for; None for what is no post or boost of the owner.

    A string is the entry's id when only that is known: what lies there has to be fetched first. A post is believed
    as it is inlined only if the owner wrote it and it is at home where the owner is; the caller has fetched the page
    from there. Any other is named by its id alone.
    """
    if isinstance(item, str):
        return item if same_origin(item, owner) else None
    if type_of(item, POST_TYPES):
        return _written(item, item, owner)
    kind = type_of(item, ACTIVITY_TYPES)
    if kind not in {"Create", "Announce"} or first_id(item.get("actor")) not in {None, owner}:
        return None
    if kind == "Announce":
        return _boosted(item, owner)
    inner = object_of(item.get("object"))
    if inner is not None:
        return _written(inner, item, owner)
    uri = _http(first_id(item.get("object")))
    return Written(uri, None) if uri is not None and same_origin(uri, owner) else None


def _written(post: Document, around: Document, owner: str) -> Written | None:
    uri = _http(first_id(post))
    if uri is None or not same_origin(uri, owner):
        return None
    is_whole = bool(post.keys() - {"id", "type", "@context"}) and first_id(post.get("attributedTo")) == owner
    return Written(uri, post if is_whole else None, _addressed(around, "to"), _addressed(around, "cc"))


def _boosted(item: Document, owner: str) -> Boosted | None:
    activity_id, object_uri = _http(first_id(item)), _http(first_id(item.get("object")))
    if activity_id is None or object_uri is None or not same_origin(activity_id, owner):
        return None
    published = parse_time(item.get("published"))
    return Boosted(activity_id, object_uri, published, _addressed(item, "to"), _addressed(item, "cc"))


def _addressed(document: Document, key: str) -> tuple[str, ...]:
    return ids_of(document.get(key))[:MAX_RECIPIENTS]


def _http(uri: Any) -> str | None:
    return uri if isinstance(uri, str) and is_http_uri(uri) else None
