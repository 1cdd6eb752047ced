"""Where a run on an account stands in its outbox, and where an entry of it stands in time (COL-8, row 51)."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from federation.collection_parsing import CollectionPage
from federation.documents import Document
from federation.origins import same_origin
from node.accounts.models import Account

MAX_VISITED: Final = 1_000
"""Pages of one outbox that are ever read; an outbox that has more has no end (row 51)."""


@dataclass(slots=True)
class Place:
    """Where in an outbox the next older entries are. As JSON it is part of the row's `progress`."""

    older: str = ""
    """The page's address; "" at the end."""
    base: int = 0
    """How many entries stand on the pages before it."""
    visited: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, progress: dict[str, Any]) -> Self:
        """Return the place that a row describes."""
        visited = [str(mark) for mark in progress.get("visited") or ()]
        return cls(str(progress.get("older") or ""), int(progress.get("base") or 0), visited)

    def written(self) -> dict[str, Any]:
        """Return the place as JSON."""
        return {"older": self.older, "base": self.base, "visited": self.visited}

    def stay(self, uri: str) -> None:
        """Come back to the page that was just read, or (with "") never."""
        self.older = uri

    def go_on(self, page: CollectionPage, owner: Account) -> None:
        """Go to the next page: none at the end, if it is another host's, or was read before."""
        following, self.older, self.base = page.next, "", self.base + len(page.items)
        if following is None or not same_origin(following, owner.uri) or len(self.visited) >= MAX_VISITED:
            return
        marks = [hashlib.sha256(uri.encode()).hexdigest()[:16] for uri in (page.id, following) if uri is not None]
        if marks[-1] not in self.visited and following != page.id:
            self.visited += [mark for mark in marks if mark not in self.visited]
            self.older = following


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of an outbox and its position from the top."""

    position: int
    what: str | Document

    def sorted_at(self, published: datetime | None) -> datetime | None:
        """Return where the post stands in time. Most servers tell whole seconds: within one, the outbox's order holds,

        or a page that ends within a second would lose what comes later of it.
        """
        if published is None or published.microsecond:
            return published
        return published.replace(microsecond=(999 - self.position % 1000) * 1000)
