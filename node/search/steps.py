"""What a query asks of a document: steps, and the plan they make. Values only.

Made by `planning`, carried out by the engines (which propose) and by `matching` (which decides on the row).
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from node.search.tree import Scope


@dataclass(frozen=True, slots=True)
class Token:
    """Documents with this token."""

    text: str


@dataclass(frozen=True, slots=True)
class Begins:
    """Documents with a token that begins so."""

    text: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """Documents in which these spots follow each other: of each, one of its tokens."""

    spots: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Documents of a time."""

    since_id: int | None
    until_id: int | None


@dataclass(frozen=True, slots=True)
class Count:
    """Documents with so many likes, boosts or replies now."""

    what: Literal["likes", "boosts", "replies"]
    number: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """No document."""


@dataclass(frozen=True, slots=True)
class Every:
    parts: tuple["Step", ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple["Step", ...]


@dataclass(frozen=True, slots=True)
class Most:
    """Documents with so many of these at least."""

    parts: tuple["Step", ...]
    number: int


@dataclass(frozen=True, slots=True)
class Not:
    part: "Step"


Step: TypeAlias = Token | Begins | Sequence | Span | Count | Nothing | Every | Some | Most | Not


@dataclass(frozen=True, slots=True)
class Wanted:
    """A word of the query for ranking: its forms, each with its weight (the very word counts more than its stem)."""

    forms: tuple[tuple[str, float], ...]
    typed: str = ""
    """The word as it was typed, worth 1 where it stands first in its spot: as it was written there."""
    is_within: bool = False
    """The beginning of a word of a script without spaces: worth less where a longer word has it within."""
    is_prefix: bool = False
    is_little: bool = False
    """It says little: a post need not have it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is looked for, where, and by what it is ranked."""

    step: Step
    scope: Scope = "all"
    since_id: int | None = None
    """The post is at least this new (bounds of the top of the query; the step holds them too)."""
    until_id: int | None = None
    wanted: tuple[Wanted, ...] = ()
    order: tuple[tuple[str, ...], ...] = field(default=())
    """The bare words as one sequence: where they stand side by side, they mean more."""
    is_plain: bool = False
    """It asks for words, phrases and hashtags, all of them and nothing else."""
    alike: Step | None = None
    """What is looked for where nothing fulfils `step`: words that look like its own."""
    most: Step | None = None
    """And where nothing does that either: most of its words."""

    @property
    def is_wide(self) -> bool:
        """Whether an engine proposes much more than matches: where words must stand side by side, or counts count."""
        return _is_wide(self.step)


def _is_wide(step: Step) -> bool:
    match step:
        case Sequence() | Count():
            return True
        case Every(parts=parts_) | Some(parts=parts_) | Most(parts=parts_):
            return any(_is_wide(part) for part in parts_)
        case Not(part=part):
            return _is_wide(part)
        case _:
            return False
