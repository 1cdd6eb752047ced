"""What a query is made of, as its author meant it: the tree that `language` makes and `planning` turns into tokens."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Scope = Literal["all", "public", "library"]


class SearchProblem(Exception):
    """A query that cannot be answered as it stands; `place` is the index of the character where it goes wrong."""

    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word, as it was typed: it may turn out to be several tokens, or none."""

    text: str
    place: int = 0


@dataclass(frozen=True, slots=True)
class Prefix:
    """A word of which only the beginning is known."""

    text: str
    place: int = 0


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in this order, side by side."""

    text: str
    place: int = 0


@dataclass(frozen=True, slots=True)
class By:
    """Written by (`from`) or naming (`to`) somebody. `handle` is "me", or a name with or without its domain."""

    relation: Literal["from", "to"]
    handle: str
    place: int = 0


@dataclass(frozen=True, slots=True)
class Tagged:
    """Carries this hashtag."""

    name: str


@dataclass(frozen=True, slots=True)
class Marked:
    """Has a property that is known when the post is written: `has:image`, `is:reply`, `lang:de`."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Between:
    """Published at or after `since`, before `until`: ids, which hold their time."""

    since_id: int | None = None
    until_id: int | None = None


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Has at least `number` likes, boosts or replies."""

    what: Literal["likes", "boosts", "replies"]
    number: int


@dataclass(frozen=True, slots=True)
class In:
    """Where to look. Only at the top of a query."""

    scope: Scope
    place: int = 0


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class But:
    """Not this."""

    part: "Node"


Node: TypeAlias = Word | Prefix | Phrase | By | Tagged | Marked | Between | AtLeast | In | AllOf | AnyOf | But


def parts(tree: Node) -> tuple[Node, ...]:
    """Return what all must hold at the top of a tree."""
    return tree.parts if isinstance(tree, AllOf) else (tree,)


def walk(tree: Node) -> Iterator[Node]:
    """Go through a tree, each node before what it holds."""
    yield tree
    if isinstance(tree, AllOf | AnyOf):
        for part in tree.parts:
            yield from walk(part)
    elif isinstance(tree, But):
        yield from walk(tree.part)
