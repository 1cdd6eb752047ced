"""What the caller sent, whichever way: query, form, multipart or JSON, merged (client-api behaviours 1 to 3, 6).

Apps mix these freely: Ice Cubes sends POST parameters in the URL, Tusky as a form, Phanpy as JSON, and DELETE
carries a body. So handlers never look at one of them; they ask `await parameters()`, for every method. Bracket
notation (`id[]=1`, `source[privacy]=x`, `fields_attributes[0][name]=y`) and JSON objects give the same tree.
A value in the query wins over the body, as in Rails.

A value that cannot be what its name asks for raises BadRequest, never an accident further in. NUL characters
are dropped here, since no database column takes them (attack row 29).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
from quart import g
from quart.datastructures import FileStorage

from node.base.errors import BadRequest
from node.base.ids import MAX_ID
from node.http.context import this_request

MAX_DEPTH = 6
MAX_VALUES = 2_000
FALSE_WORDS = frozenset({"0", "f", "F", "false", "FALSE", "False", "off", "OFF", "Off"})

Tree = dict[str, Any]


class Parameters:
    """The merged parameters, read by name with the type that is wanted.

    Absent, empty where text makes no sense, and JSON `null` are all None.
    """

    def __init__(self, tree: Tree, files: Mapping[str, FileStorage] | None = None) -> None:
        self._tree = tree
        self._files = dict(files or {})

    @property
    def files(self) -> Mapping[str, FileStorage]:
        """The uploaded files by field."""
        return self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree)

    def __contains__(self, name: str) -> bool:
        return self._tree.get(name) is not None

    def is_given(self, name: str) -> bool:
        """Whether something other than null, "" or nothing at all is there."""
        return self._tree.get(name) not in (None, "", [], {})

    def text(self, name: str) -> str | None:
        """Return text; numbers and booleans of JSON as they would be written. "" stays ""."""
        value = self._tree.get(name)
        if value is None:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value).replace("\x00", "")
        raise BadRequest(f"{name} must be text")

    def flag(self, name: str) -> bool | None:
        """Return a boolean: false for `0 f F false FALSE off OFF`, None for "", true for the rest."""
        value = self._tree.get(name)
        if isinstance(value, bool):
            return value
        text = self.text(name)
        return None if text in (None, "") else text not in FALSE_WORDS

    def is_set(self, name: str) -> bool:
        """Whether a boolean is given and true."""
        return self.flag(name) is True

    def whole(self, name: str) -> int | None:
        """Return a whole number within 64 bits."""
        text = self.text(name)
        if text is None or not text.strip():
            return None
        try:
            number = int(text[:25]) if text.isascii() and "_" not in text else None
        except ValueError:
            number = None
        if number is None:
            raise BadRequest(f"{name} must be a whole number")
        return max(-MAX_ID, min(number, MAX_ID))

    def identifier(self, name: str) -> int | None:
        """Return an id. Raises BadRequest for what is not made of digits."""
        text = self.text(name)
        if text is None or not text.strip():
            return None
        found = _as_id(text.strip())
        if found is None:
            raise BadRequest(f"{name} must be an id")
        return found

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; a scalar counts as a list of one."""
        return [Parameters({name: entry}).text(name) or "" for entry in self._entries(name) if entry is not None]

    def identifiers(self, name: str) -> list[int]:
        """Return ids in the order given, doubles and what is no id left out (behaviour 36)."""
        found = (_as_id(text.strip()) for text in self.texts(name))
        return list(dict.fromkeys(id_ for id_ in found if id_ is not None))

    def nested(self, name: str) -> "Parameters":
        """Return the object under `name` (`source[privacy]`); empty when absent."""
        value = self._tree.get(name)
        if value is None:
            return Parameters({})
        if not isinstance(value, dict):
            raise BadRequest(f"{name} must be an object")
        return Parameters(value)

    def items(self, name: str) -> list["Parameters"] | None:
        """Return the objects of a list, given as a list or by index keys; None when absent."""
        if self._tree.get(name) is None:
            return None
        found = []
        for entry in self._entries(name):
            if not isinstance(entry, dict):
                raise BadRequest(f"{name} must be a list of objects")
            found.append(Parameters(entry))
        return found

    def file(self, name: str) -> FileStorage | None:
        """Return an uploaded file; None when absent or when its field was sent without one."""
        found = self._files.get(name)
        return found if found is not None and found.filename else None

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield every scalar as (bracketed name, text): what a `Link` must repeat."""
        yield from _flatten("", self._tree)

    def _entries(self, name: str) -> list[Any]:
        value = self._tree.get(name)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        if isinstance(value, dict) and all(key.isdigit() for key in value):
            return [value[key] for key in sorted(value, key=lambda key: (len(key), key))]
        return [value]


def _as_id(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:20]), MAX_ID)


def _flatten(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flatten(f"{prefix}[{key}]" if prefix else key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _flatten(f"{prefix}[]", inner)
    elif isinstance(value, bool):
        yield prefix, "true" if value else "false"
    elif value is not None:
        yield prefix, str(value)


def parse_pairs(pairs: Iterable[tuple[str, Any]]) -> Tree:
    """Return the tree that bracketed names describe. Raises BadRequest for too many or too deep."""
    tree: Tree = {}
    for count, (name, value) in enumerate(pairs):
        if count >= MAX_VALUES:
            raise BadRequest("There are too many parameters.")
        _place(tree, _path(name), value)
    return tree


def _path(name: str) -> list[str]:
    """Split `a[b][]` into ["a", "b", ""]. What is not well-formed is one plain name."""
    head, bracket, rest = name.partition("[")
    if not bracket or not head or not rest.endswith("]"):
        return [name]
    keys = rest[:-1].split("][")
    if any("[" in key or "]" in key for key in keys):
        return [name]
    if len(keys) > MAX_DEPTH:
        raise BadRequest("The parameters are nested too deeply.")
    return [head, *keys]


def _place(tree: Tree, path: list[str], value: Any) -> None:
    """Put `value` where `path` says. Where two parameters contradict each other, the later one wins."""
    node: Tree = tree
    for position, key in enumerate(path[:-1]):
        following = path[position + 1]
        if following == "":
            held = node.get(key)
            entries: list[Any] = held if isinstance(held, list) else []
            node[key] = entries
            rest = path[position + 2 :]
            if not rest:
                entries.append(value)
            else:
                _place(_entry_without(entries, rest), rest, value)
            return
        inner = node.get(key)
        if not isinstance(inner, dict):
            inner = node[key] = {}
        node = inner
    node[path[-1]] = value


def _entry_without(entries: list[Any], rest: list[str]) -> Tree:
    """Return the first object of a list that lacks this field, a new one at the end if there is none.

    `a[][x]=1&a[][y]=2&a[][x]=3` so makes two objects, in whatever order the form parser gives the pairs.
    """
    for entry in entries:
        if isinstance(entry, dict) and (len(rest) > 1 or rest[0] not in entry):
            return entry
    fresh: Tree = {}
    entries.append(fresh)
    return fresh


def _check_tree(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH + 1:
        raise BadRequest("The parameters are nested too deeply.")
    if isinstance(value, dict):
        for inner in value.values():
            _check_tree(inner, depth + 1)
    elif isinstance(value, list):
        if len(value) > MAX_VALUES:
            raise BadRequest("There are too many parameters.")
        for inner in value:
            _check_tree(inner, depth + 1)


async def parameters() -> Parameters:
    """Return what this request carries. Read once; raises BadRequest for a body that is not what it says."""
    found: Parameters | None = g.get("parameters")
    if found is None:
        found = g.parameters = await _read()
    return found


def parameters_read() -> Parameters:
    """Return what was read of this request; nothing if its route takes nothing."""
    return g.get("parameters") or Parameters({})


async def _read() -> Parameters:
    tree: Tree = {}
    files: Mapping[str, FileStorage] = {}
    request = this_request()
    mimetype = request.mimetype if "Content-Type" in request.headers else ""
    if mimetype == "application/json" or mimetype.endswith("+json"):
        body = await request.get_data(as_text=False)
        assert isinstance(body, bytes)
        tree = _object(body)
    elif mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        sent = (await request.form).items(multi=True)
        tree = parse_pairs((name, value) for name, value in sent if name is not None)  # a part without a name
        files = await request.files
    if request.query_string:
        tree.update(parse_pairs(request.args.items(multi=True)))
    return Parameters(tree, files)


def _object(body: bytes) -> Tree:
    if not body.strip():
        return {}
    try:
        value = orjson.loads(body)
    except ValueError:
        raise BadRequest("The body is not valid JSON.") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest("The body must be a JSON object.")
    _check_tree(value)
    return value
