"""What an engine is, and which one a node has.

An engine holds the tokens of open posts and proposes ids, newest first. It may propose too much (a phrase as its
words), never too little: `matching.matches` decides on the row.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from node.base.db.unit_of_work import UnitOfWork
from node.base.settings import Settings
from node.search.analysis import TOKENS_VERSION
from node.search.documents import Document
from node.search.steps import Plan

WHOOSH: Final = "whoosh"
POSTGRESQL: Final = "postgresql"
OFF: Final = "off"


class EngineAway(Exception):
    """The engine cannot answer: it is broken, being made, or too busy. People are told so; nothing else fails."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """Posts that may match, newest first. `is_all`: there are no older ones."""

    ids: tuple[int, ...]
    is_all: bool
    is_cut_off: bool = False
    """Time was over before everything was looked at, or a part of the index could not be read."""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What an operator sees of an engine."""

    name: str
    documents: int
    bytes_: int
    parts: int
    """Slices, or 1 for a table."""
    problem: str = ""


class Engine(Protocol):
    """One of two. All methods are safe to repeat.

    Whoever indexes has the *turn*, one at a time of all processes, from its look at a post to the post's row and with
    whatever writes here but `tidy`. What was read before somebody withdrew consent is thus never written after what was
    read then (attack row 106), and what a killed process had begun is left to the next one at once.
    """

    name: str

    def turn(self) -> AbstractAsyncContextManager[bool]:
        """Have the turn for the length of the block; False where another one has it for `turns.TURN_SECONDS`."""

    async def propose(
        self, plan: Plan, *, since_id: int | None, until_id: int | None, limit: int, seconds: float
    ) -> Proposals:
        """Return the newest open posts that may match, from `since_id`, below `until_id`. Raises EngineAway."""

    async def write(self, documents: Sequence[Document], *, gone: Collection[int], to_new: bool = False) -> None:
        """Put documents in, in the place of older ones, and take posts out.

        With `to_new` documents go only to the index that a rebuild is making; without, to the present one too.
        """

    async def store(self, uow: UnitOfWork, documents: Sequence[Document]) -> None:
        """Write the engine's own columns of the rows of open documents, which are there by now."""

    def ailment(self) -> str:
        """Return why the index must be built anew, "" when it need not. Cheap: asked by every sweep."""

    async def begin_rebuild(self) -> None:
        """Make room for a new index beside the present one; what was begun before is thrown away."""

    def has_new(self) -> bool:
        """Whether there is a new index for a rebuild to fill."""

    async def end_rebuild(self) -> None:
        """Put the new index in the place of the old one."""

    async def tidy(self) -> bool:
        """Do a piece of upkeep; say whether there is more."""

    async def status(self) -> EngineStatus:
        """Return what an operator sees."""


def engine_name(settings: Settings) -> str:
    """Return which engine the settings choose: WHOOSH, POSTGRESQL or OFF."""
    if settings.search_engine != "auto":
        return settings.search_engine
    return POSTGRESQL if settings.sqlalchemy_url.startswith("postgresql") else WHOOSH


def made_as(engine: str) -> str:
    """Return what a rebuild notes of itself: the engine, and which tokens it made."""
    return f"{engine}/{TOKENS_VERSION}"
