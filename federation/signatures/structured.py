"""The part of Structured Fields (RFC 8941) that signatures need: dictionaries of items and inner lists.

Strict: what is not canonical enough to be read one way only is a ValueError. Serialising a parsed inner list
gives the canonical form that RFC 9421 signs.
"""

import base64
import binascii
import re
from dataclasses import dataclass

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_STRING = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_BYTES = re.compile(r":([A-Za-z0-9+/=]*):")
_INTEGER = re.compile(r"-?[0-9]{1,15}(?![0-9.])")
_BOOLEAN = re.compile(r"\?([01])")
_TOKEN = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*")
_MAX_TEXT = 16_384

Bare = str | int | bytes
"""A boolean is an int, a Token a str."""


class Token(str):
    """An unquoted word, kept apart from a quoted string."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Item:
    """A bare value with parameters."""

    value: Bare
    parameters: dict[str, Bare]

    def __str__(self) -> str:
        return _bare_text(self.value) + _parameters_text(self.parameters)


@dataclass(frozen=True, slots=True)
class InnerList:
    """`("a" "b");p=1`."""

    value: tuple[Item, ...]
    parameters: dict[str, Bare]

    def __str__(self) -> str:
        return f"({' '.join(map(str, self.value))})" + _parameters_text(self.parameters)


def parse_dictionary(text: str) -> dict[str, Item | InnerList]:
    """Parse a dictionary; ValueError on any deviation, and on a key that comes twice."""
    if len(text) > _MAX_TEXT:
        raise ValueError("too long")
    reader = _Reader(text.strip(" "))
    members: dict[str, Item | InnerList] = {}
    while reader.rest:
        key = reader.match(_KEY)[0]
        if key in members:
            raise ValueError(f"{key} comes twice")
        if reader.take("="):
            members[key] = reader.inner_list() if reader.rest.startswith("(") else reader.item()
        else:
            members[key] = Item(True, reader.parameters())
        reader.skip(" \t")
        if not reader.rest:
            return members
        if not reader.take(","):
            raise ValueError("a comma is missing")
        reader.skip(" \t")
        if not reader.rest:
            raise ValueError("a comma too many")
    return members


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def rest(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, character: str) -> bool:
        if self.rest == character:
            self.at += 1
            return True
        return False

    def skip(self, characters: str) -> None:
        while self.rest and self.rest in characters:
            self.at += 1

    def match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise ValueError(f"unexpected {self.text[self.at : self.at + 20]!r}")
        self.at = found.end()
        return found

    def inner_list(self) -> InnerList:
        self.take("(")
        items: list[Item] = []
        while True:
            self.skip(" ")
            if self.take(")"):
                return InnerList(tuple(items), self.parameters())
            if not self.rest:
                raise ValueError("a list that does not end")
            items.append(self.item())
            if self.rest not in {" ", ")"}:
                raise ValueError("items that touch")

    def item(self) -> Item:
        return Item(self.bare(), self.parameters())

    def parameters(self) -> dict[str, Bare]:
        found: dict[str, Bare] = {}
        while self.take(";"):
            self.skip(" ")
            key = self.match(_KEY)[0]
            if key in found:
                raise ValueError(f"{key} comes twice")
            found[key] = self.bare() if self.take("=") else True
        return found

    def bare(self) -> Bare:
        character = self.rest
        if character == '"':
            return re.sub(r"\\(.)", r"\1", self.match(_STRING)[1])
        if character == ":":
            try:
                return base64.b64decode(self.match(_BYTES)[1], validate=True)
            except binascii.Error as error:
                raise ValueError("not base64") from error
        if character == "?":
            return self.match(_BOOLEAN)[1] == "1"
        if character == "-" or character.isdigit():
            return int(self.match(_INTEGER)[0])
        return Token(self.match(_TOKEN)[0])


def _bare_text(value: Bare) -> str:
    if isinstance(value, bool):
        return f"?{value:d}"
    if isinstance(value, Token | int):
        return str(value)
    if isinstance(value, bytes):
        return f":{base64.b64encode(value).decode('ascii')}:"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _parameters_text(parameters: dict[str, Bare]) -> str:
    return "".join(f";{key}" if value is True else f";{key}={_bare_text(value)}" for key, value in parameters.items())
