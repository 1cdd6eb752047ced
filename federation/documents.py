"""Raw documents: bytes to a clean dict, and the tolerant accessors that every reader goes through (GEN-1).

`load_document` guards the shape of the whole (size, depth, duplicate keys, characters that a database
refuses); the accessors guard the shape of one property, which on the wire may be absent, null, a scalar, an
object, or a list of those. They never raise on a wrong type: what cannot be read is absent.

What a property means is decided in `parsing`; nothing here knows actors from posts.
"""

import json
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from federation.compaction import compacted, is_expanded
from federation.errors import MalformedDocument
from federation.vocabulary import MAX_BODY, MAX_DEPTH, MAX_URI

Document = dict[str, Any]

_DIRTY = re.compile("[\x00\ud800-\udfff]")
_AMPERSAND = re.compile("&(?:amp|#0*38);")
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?\s?([Zz]|[+-]\d\d:?\d\d)?", re.A
)


def load_document(raw: bytes, *, limit: int = MAX_BODY) -> Document:
    """Parse a document, refusing what two parsers could read differently.

    NUL and lone surrogates are stripped from all strings (row 29), names written in full are shortened (GEN-5).
    MalformedDocument with reason `too_large`, `not_json`, `duplicate_keys` (row 27), `too_deep`, `not_an_object`
    (GEN-6) or `unreadable_graph`.
    """
    if len(raw) > limit:
        raise MalformedDocument("too_large", f"{len(raw)} bytes; at most {limit} are read")
    try:
        value = json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=refuse_duplicates,
            parse_constant=_refuse_constant,
            parse_float=_finite_float,
        )
    except RecursionError as error:
        raise MalformedDocument("too_deep", f"nested more than {MAX_DEPTH} levels") from error
    except ValueError as error:
        raise MalformedDocument("not_json", f"not readable as JSON: {error}") from error
    if not isinstance(value, dict):
        raise MalformedDocument("not_an_object", "the top level is not an object")
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        _check_depth(value)
    document: Document = compacted(value) if is_expanded(value) else value
    if b"\\u0000" in raw or b"\\ud" in raw or b"\\uD" in raw or b"\x00" in raw:
        return refuse_duplicates([(_stripped(key), _cleaned(item)) for key, item in document.items()])
    return document


def as_list(value: Any) -> list[Any]:
    """Return a list: nothing for absent or null, the value itself otherwise."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def first_id(value: Any) -> str | None:
    """Return the first reference in a string, an object with `id`, or a list of those."""
    for item in as_list(value):
        found = _one_id(item)
        if found is not None:
            return found
    return None


def ids_of(value: Any) -> tuple[str, ...]:
    """Return all references, each once, in order."""
    return tuple(dict.fromkeys(found for item in as_list(value) if (found := _one_id(item)) is not None))


def text_of(value: Any) -> str | None:
    """Return the first string that is not empty; numbers count as text, objects do not."""
    for item in as_list(value):
        if isinstance(item, str) and item:
            return item
        if isinstance(item, int | float) and not isinstance(item, bool):
            return str(item)
    return None


def natural_text(document: Document, key: str) -> tuple[str | None, str | None]:
    """Return (text, language) of a property that may also come as `<key>Map` (OBJ-2).

    The language is the map's key whose text equals the plain one, else its only key, else unknown.
    """
    plain = text_of(document.get(key))
    by_language = document.get(f"{key}Map")
    entries = (
        {str(k): v for k, v in by_language.items() if isinstance(v, str) and v} if isinstance(by_language, dict) else {}
    )
    if plain is None:
        language, text = next(iter(entries.items()), (None, None))
        return text, language
    for language, text in entries.items():
        if text == plain:
            return plain, language
    return plain, next(iter(entries)) if len(entries) == 1 else None


def object_of(value: Any) -> Document | None:
    """Return the first object of a value that may be one, or a list with one."""
    for item in as_list(value):
        if isinstance(item, dict):
            return item
    return None


def objects_of(value: Any) -> list[Document]:
    """Return all objects of a value that may be one or a list of them."""
    return [item for item in as_list(value) if isinstance(item, dict)]


def types_of(document: Any) -> tuple[str, ...]:
    """Return the `type` names, `as:` and the ActivityStreams IRI stripped."""
    if not isinstance(document, dict):
        return ()
    value = document.get("type", document.get("@type"))
    return tuple(
        item.removeprefix("https://www.w3.org/ns/activitystreams#").removeprefix("as:")
        for item in as_list(value)
        if isinstance(item, str)
    )


def type_of(document: Any, known: Iterable[str]) -> str | None:
    """Return the first type that is among `known`, or None (GEN-1)."""
    wanted = known if isinstance(known, frozenset | set) else frozenset(known)
    return next((name for name in types_of(document) if name in wanted), None)


def link_url(value: Any, prefer: str = "text/html") -> str | None:
    """Return the URL of a `url`-like property: a string, an object with `href` or `url`, or a list of those.

    Of several, the first whose `mediaType` is `prefer`, else the first. An ampersand that is still written as HTML
    writes it (WordPress) is one.
    """
    found = _preferred_link(value, prefer)
    return None if found is None else _AMPERSAND.sub("&", found)


def _preferred_link(value: Any, prefer: str) -> str | None:
    first: str | None = None
    for item in as_list(value):
        found: str | None
        if isinstance(item, str):
            found, media_type = item, None
        elif isinstance(item, dict):
            nested = item.get("href", item.get("url"))
            found = nested if isinstance(nested, str) else _preferred_link(nested, prefer) if nested else None
            media_type = item.get("mediaType")
        else:
            continue
        if not found:
            continue
        if media_type == prefer:
            return found
        first = first or found
    return first


def as_int(value: Any, *, minimum: int = 0, maximum: int = 2**53) -> int | None:
    """Return a whole number clamped to the bounds, or None when there is none."""
    for item in as_list(value):
        if isinstance(item, bool):
            continue
        if isinstance(item, str) and re.fullmatch(r"-?[0-9]{1,18}", item):
            item = int(item)
        if isinstance(item, int) or (isinstance(item, float) and math.isfinite(item)):
            return max(minimum, min(maximum, int(item)))
    return None


def as_float(value: Any) -> float | None:
    """Return a finite number, or None."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
        return float(value)
    return None


def as_bool(value: Any) -> bool:
    """Return True for true (also in a list, also spelled "true"); everything else is False."""
    return any(item is True or item == "true" for item in as_list(value))


def parse_time(value: Any) -> datetime | None:
    """Return an aware UTC time from any RFC 3339 form; unreadable or outside years 1-9999 is None (GEN-8)."""
    text = text_of(value)
    match = _RFC3339.fullmatch(text.strip()) if text is not None and len(text) <= 64 else None
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        parsed = datetime(
            int(year), int(month), int(day), int(hour), int(minute), min(int(second or 0), 59), microsecond,
            _zone(zone),
        )  # fmt: skip
        return parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def format_time(moment: datetime) -> str:
    """Write a time as `2026-01-02T03:04:05Z` (GEN-8); the time must be aware."""
    if moment.tzinfo is None:
        raise ValueError("a naive time cannot be put on the wire")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _one_id(item: Any) -> str | None:
    if isinstance(item, dict):
        item = item.get("id", item.get("@id", item.get("href")))
    return item if isinstance(item, str) and 0 < len(item) <= MAX_URI else None


def refuse_duplicates(pairs: list[tuple[str, Any]]) -> Document:
    """Build an object from its members. MalformedDocument (`duplicate_keys`) when two have one name (row 27)."""
    built = dict(pairs)
    if len(built) != len(pairs):
        raise MalformedDocument("duplicate_keys", "an object names the same key twice")
    return built


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number beyond every bound")
    return value


def _check_depth(value: Any) -> None:
    """Walk without recursion, so that the walk cannot fail where the parser did not."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise MalformedDocument("too_deep", f"nested more than {MAX_DEPTH} levels")


def _cleaned(value: Any) -> Any:
    """Strip NUL and lone surrogates; keys that become equal by it are duplicates like any others."""
    if isinstance(value, str):
        return _stripped(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return refuse_duplicates([(_stripped(key), _cleaned(item)) for key, item in value.items()])
    return value


def _stripped(text: str) -> str:
    return _DIRTY.sub("", text)
