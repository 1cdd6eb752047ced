"""What a route takes and what it answers, said as types beside the route; checked and documented from there.

    class NewList(Request):
        title: Annotated[str, Meta(min_length=1, max_length=200)]
        exclusive: bool = False

    @blueprint.post("")
    @needs("write:lists")
    @takes(NewList)
    @answers(List)
    async def create(viewer: Viewer, asked: NewList) -> dict[str, Any]: ...

`takes` reads the merged parameters of the request (`parameters.py`, whatever the app sent them as) into the shape and
hands it to the handler as its last positional argument. What cannot be what its name asks for is a BadRequest, what
is missing or out of bounds an Invalid with the field's name; what the shape does not name is ignored (client-api 7).
Absent, null, and "" where it makes no sense leave a field's default (client-api 3), so an optional field is
`X | None = None`. A list takes a scalar, and an object with index keys (client-api 2).

`answers` changes nothing: the OpenAPI document (`node/api/openapi.py`) and the tests, which hold every answer against
its type, read it. Entities stand in `node/api/entities`.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import cache, wraps
from typing import Annotated, Any, Concatenate, Final, ParamSpec, Protocol, TypeVar, cast, overload

import msgspec
from msgspec import Meta, Struct, inspect
from quart.datastructures import FileStorage

from node.base.errors import BadRequest, Invalid
from node.http.parameters import Parameters, parameters

P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V")
R = TypeVar("R", bound="Request")
Taken = TypeVar("Taken", bound="Request", covariant=True)

Identifier = Annotated[int, Meta(extra={"identifier": True})]
"""An id: digits. In a list, what is no id is left out and doubles count once (client-api 36)."""
Filled = Annotated[str, Meta(pattern=r"\S")]
"""Text that must not be blank."""
Upload = FileStorage
"""A file of a multipart form. Where it may be absent, "" in its place is a file without a name: take it away."""


class Request(Struct, frozen=True, kw_only=True):
    """What a route takes."""


class Paging(Request, frozen=True, kw_only=True):
    """What every route takes that answers with a page (`paging.page_of`)."""

    limit: int | None = None
    max_id: Identifier | None = None
    since_id: Identifier | None = None
    min_id: Identifier | None = None


class _Taking(Protocol[Taken]):
    """Gives a handler its parameters: behind a guard after the viewer, behind `open_to_all` alone."""

    @overload
    def __call__(self, handler: Callable[[Taken], Awaitable[T]], /) -> Callable[[], Awaitable[T]]: ...

    @overload
    def __call__(
        self, handler: Callable[Concatenate[V, Taken, P], Awaitable[T]], /
    ) -> Callable[Concatenate[V, P], Awaitable[T]]: ...


def takes(shape: type[R]) -> _Taking[R]:
    """Give a route its parameters as `shape`, after the viewer. Answers 400 or 422 for what does not fit."""

    def decorate(handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(handler)
        async def reading(*viewer: Any, **kwargs: Any) -> Any:
            return await handler(*viewer, read_request(await parameters(), shape), **kwargs)

        reading.takes = shape  # type: ignore[attr-defined]
        return reading

    return cast("_Taking[R]", decorate)


def answers(type_: Any, *, status: int = 200) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Say what a route answers with: `A | B` where it may be one or the other, once more for another status."""

    def decorate(handler: Callable[P, T]) -> Callable[P, T]:
        handler.answers = {status: type_, **answered_by(handler)}  # type: ignore[attr-defined]
        return handler

    return decorate


def taken_by(handler: Any) -> type[Request] | None:
    """Return what a route takes; None when it takes no parameters."""
    return cast("type[Request] | None", getattr(handler, "takes", None))


def answered_by(handler: Any) -> Mapping[int, Any]:
    """Return the types that a route answers with, by status; nothing when it does not say."""
    return cast("Mapping[int, Any]", getattr(handler, "answers", {}))


def read_request(sent: Parameters, shape: type[R]) -> R:
    """Return what was sent as `shape`. Raises BadRequest, Invalid."""
    tree = _object(sent, _fields_of(shape), sent.files)
    try:
        return msgspec.convert(tree, shape, dec_hook=_same)
    except msgspec.ValidationError as error:
        raise Invalid(_words(str(error), shape)) from None


@cache
def _fields_of(shape: type[Struct]) -> tuple[inspect.Field, ...]:
    described = inspect.type_info(shape)
    assert isinstance(described, inspect.StructType)
    return described.fields


_ABSENT: Final = object()


def _object(sent: Parameters, fields: tuple[inspect.Field, ...], files: Mapping[str, FileStorage]) -> dict[str, Any]:
    found = {}
    for field in fields:
        value = _read(sent, field.encode_name, field.type, files)
        if value is not _ABSENT:
            found[field.encode_name] = value
    return found


def _read(sent: Parameters, name: str, type_: inspect.Type, files: Mapping[str, FileStorage]) -> Any:
    """Return the value of one parameter as `type_` wants it; `_ABSENT` when it leaves the default."""
    is_optional = isinstance(type_, inspect.UnionType)
    if isinstance(type_, inspect.UnionType):
        wanted = [each for each in type_.types if not isinstance(each, inspect.NoneType)]
        assert len(wanted) == 1, f"{name}: a parameter has one type"
        type_ = wanted[0]
    is_identifier = False
    if isinstance(type_, inspect.Metadata):
        is_identifier = bool((type_.extra or {}).get("identifier"))
        type_ = type_.type
    if isinstance(type_, inspect.CustomType) and type_.cls is FileStorage:
        file = files.get(name)
        if file is not None and file.filename:
            return file
        return FileStorage() if is_optional and name in sent and sent.text(name) == "" else _ABSENT
    if name not in sent:
        return _ABSENT
    match type_:
        case inspect.StrType():
            return _or_absent(sent.text(name))
        case inspect.LiteralType(values=values):
            text = sent.text(name)
            return _ABSENT if text is None or (text == "" and "" not in values) else text
        case inspect.BoolType():
            return _or_absent(sent.flag(name))
        case inspect.IntType():
            return _or_absent(sent.identifier(name) if is_identifier else sent.whole(name))
        case inspect.FloatType():
            return _number(sent, name)
        case inspect.DateTimeType():
            return _time(sent, name)
        case inspect.ListType(item_type=item):
            return _list(sent, name, item)
        case inspect.StructType(fields=fields):
            return _object(sent.nested(name), fields, {})
        case inspect.DictType(value_type=inner):
            nested = sent.nested(name)
            read = {key: _read(nested, key, inner, {}) for key in nested}
            return {key: value for key, value in read.items() if value is not _ABSENT}
    raise TypeError(f"{name}: {type_!r} is no type of a parameter")


def _list(sent: Parameters, name: str, item: inspect.Type) -> list[Any]:
    plain = item.type if isinstance(item, inspect.Metadata) else item
    if isinstance(item, inspect.Metadata) and (item.extra or {}).get("identifier"):
        return list(sent.identifiers(name))
    if isinstance(plain, inspect.StructType):
        return [_object(entry, plain.fields, {}) for entry in sent.items(name) or []]
    if isinstance(plain, inspect.IntType):
        numbers = (Parameters({name: text}).whole(name) for text in sent.texts(name))
        return [number for number in numbers if number is not None]
    return list(sent.texts(name))


def _or_absent(value: Any) -> Any:
    return _ABSENT if value is None else value


def _number(sent: Parameters, name: str) -> Any:
    text = (sent.text(name) or "").strip()
    try:
        return float(text[:40]) if text else _ABSENT
    except ValueError:
        raise BadRequest(f"{name} must be a number") from None


def _time(sent: Parameters, name: str) -> Any:
    """Return a moment of ISO 8601; without an offset it is UTC."""
    text = (sent.text(name) or "").strip()
    if not text:
        return _ABSENT
    try:
        moment = datetime.fromisoformat(text[:40])
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRequest(f"{name} must be a time, such as 2027-01-31T12:00:00Z") from None


def _same(_type: type, value: Any) -> Any:
    return value


_MISSING = re.compile(r"Object missing required field `(\w+)`")
_BOUND = re.compile(r"Expected `(\w+)` (?:of length )?(>=|<=|<|>) (\S+)")
_BLANK = "Expected `str` matching regex '\\\\S'"
_WHERE = re.compile(r" - at `\$\.?([^`]*)`$")


def _words(message: str, shape: type[Struct]) -> str:
    """Turn the validator's message into words for people, with the field's name as an app knows it."""
    place = _WHERE.search(message)
    name = place[1] if place else ""
    if missing := _MISSING.match(message):
        return f"Validation failed: {_title(f'{name}.{missing[1]}' if name else missing[1])} can't be blank"
    if message.startswith(_BLANK):
        return f"Validation failed: {_title(name)} can't be blank"
    if bound := _BOUND.match(message):
        kind, sign, number = bound.groups()
        unit = {"str": " characters", "array": " entries"}.get(kind, "")
        if kind == "str" and (sign, number) == (">=", "1"):
            return f"Validation failed: {_title(name)} can't be blank"
        side = "at most" if sign in ("<=", "<") else "at least"
        return f"Validation failed: {_title(name)} must be {side} {number}{unit}"
    if message.startswith("Invalid enum value"):
        allowed = _choices(shape, name)
        suffix = f": it must be one of {', '.join(allowed)}" if allowed else ""
        return f"Validation failed: {_title(name)} is not included in the list{suffix}"
    return f"Validation failed: {_title(name)} is invalid"


def _title(path: str) -> str:
    return path.replace("_", " ").replace("[...]", "").strip().capitalize() or "The request"


def _choices(shape: type[Struct], name: str) -> list[str]:
    for field in _fields_of(shape):
        types = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
        for type_ in types:
            if field.encode_name == name.partition("[")[0] and isinstance(type_, inspect.LiteralType):
                return [str(value) for value in type_.values]
    return []
