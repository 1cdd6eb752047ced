"""Expanded documents back to the short names that every reader here goes by (GEN-5).

A few servers send JSON-LD whose keys are whole IRIs, or `as:` names, as their library left it. Such a document is
read against the vocabulary below, which is ours and never fetched: no context of the sender has a say in what a key
means (GEN-4, row 33). All others are left alone, which costs a look at the names of their first level.

What cannot be one tree of objects (`@graph`, `@included`, `@reverse`) is refused: it can say things about other
objects than the one that was fetched or signed. Called by `documents.load_document`.
"""

from collections.abc import Iterable
from typing import Any, Final

from federation.errors import MalformedDocument

_ACTIVITYSTREAMS: Final = "https://www.w3.org/ns/activitystreams#"
_NAMESPACES: Final = (
    _ACTIVITYSTREAMS,
    "as:",
    "https://w3id.org/security#",
    "sec:",
    "http://www.w3.org/ns/ldp#",
    "ldp:",
    "http://joinmastodon.org/ns#",
    "toot:",
    "http://schema.org#",
    "schema:",
    "http://ostatus.org#",
    "ostatus:",
    "http://litepub.social/ns#",
    "litepub:",
    "http://fedibird.com/ns#",
    "https://misskey-hub.net/ns#",
    "misskey:",
    "https://gotosocial.org/ns#",
    "gts:",
    "https://join-lemmy.org/ns#",
    "lemmy:",
    "https://w3id.org/fep/044f#",
    "https://purl.archive.org/socialweb/webfinger#",
)
_REFUSED: Final = frozenset({"@graph", "@included", "@reverse"})
_SILENT: Final = frozenset({"@index", "@language", "@direction"})
_TEXTS: Final = frozenset({"name", "summary", "content"})


def is_expanded(document: dict[str, Any]) -> bool:
    """Say whether a document writes its first level out in full."""
    return any(key.startswith(("as:", "@", _ACTIVITYSTREAMS)) and key != "@context" for key in document)


def compacted(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with short names. MalformedDocument: `unreadable_graph`, `duplicate_keys`."""
    short: dict[str, Any] = {}
    for key, value in document.items():
        if key in _REFUSED:
            raise MalformedDocument("unreadable_graph", f"a document with {key}")
        if key in _SILENT:
            continue
        for name, item in _members(key, value):
            if name in short:
                raise MalformedDocument("duplicate_keys", f"an object names {name[:60]} twice, in full and in short")
            short[name] = item
    return short


def _members(key: str, value: Any) -> Iterable[tuple[str, Any]]:
    """Return what a member becomes: one, or for texts with languages the text and its map."""
    if key == "@id":
        return [("id", value)]
    if key == "@type":
        types = [_short(name) if isinstance(name, str) else name for name in _as_list(value)]
        return [("type", types[0] if len(types) == 1 else types)]
    if key == "@context":
        return [(key, value)]
    name = _short(key)
    by_language = _by_language(value) if name in _TEXTS else {}
    found = [(name, _value(value, unwrap=name != key))]
    if by_language:
        found.append((f"{name}Map", by_language))
    return found


def _value(value: Any, *, unwrap: bool) -> Any:
    if isinstance(value, dict):
        return _object(value)
    if not isinstance(value, list):
        return value
    items = [_value(item, unwrap=False) for item in value]
    return items[0] if unwrap and len(items) == 1 else items


def _object(value: dict[str, Any]) -> Any:
    if "@value" in value:
        return value["@value"] if not isinstance(value["@value"], dict | list) else None
    for container in ("@list", "@set"):
        if container in value:
            return [_value(item, unwrap=False) for item in _as_list(value[container])]
    if value.keys() == {"@id"}:
        return value["@id"]
    return compacted(value)


def _by_language(value: Any) -> dict[str, str]:
    return {
        item["@language"]: item["@value"]
        for item in _as_list(value)
        if isinstance(item, dict) and isinstance(item.get("@language"), str) and isinstance(item.get("@value"), str)
    }


def _short(name: str) -> str:
    namespace = next((prefix for prefix in _NAMESPACES if name.startswith(prefix)), "")
    return name[len(namespace) :] or name


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
