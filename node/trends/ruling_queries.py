"""The SELECTs of what operators decided about trends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from sqlalchemy import select

from node.base.db.unit_of_work import Reader
from node.trends.models import TrendRuling
from node.trends.rules import Kind

Subject = Literal["tag", "link", "publisher", "post", "author"]

ABOUT: Final[Mapping[Kind, Subject]] = {"tags": "tag", "links": "link", "posts": "post"}
"""What a ruling on a trend of each kind is called."""


@dataclass(frozen=True, slots=True)
class Rulings:
    """What operators decided: `verdicts` by kind and subject, True for what may trend."""

    verdicts: Mapping[tuple[str, str], bool] = field(default_factory=dict)

    def find(self, about: Subject, subject: int | str) -> bool | None:
        """Return what was decided; None while nothing was."""
        return self.verdicts.get((about, str(subject)))

    def ids(self, about: Subject, *, allowed: bool) -> set[int]:
        """Return the ids of what was allowed, or excluded."""
        return {
            int(subject) for (kind, subject), verdict in self.verdicts.items() if kind == about and verdict == allowed
        }

    def names(self, about: Subject, *, allowed: bool) -> set[str]:
        """Return the subjects of what was allowed, or excluded."""
        return {subject for (kind, subject), verdict in self.verdicts.items() if kind == about and verdict == allowed}

    def settles(self, kind: Kind, id_: int, *, publisher: str = "", author_id: int = 0) -> bool | None:
        """Return whether a trend was allowed or excluded, by itself or with who published it; None for neither."""
        by_itself = self.find(ABOUT[kind], id_)
        if by_itself is not None:
            return by_itself
        if kind == "links" and publisher:
            return self.find("publisher", publisher)
        if kind == "posts" and author_id:
            return self.find("author", author_id)
        return None


async def read_rulings(reader: Reader) -> Rulings:
    """Return everything that was decided."""
    rows = await reader.execute(select(TrendRuling.kind, TrendRuling.subject, TrendRuling.is_allowed))
    return Rulings({(kind, subject): allowed for kind, subject, allowed in rows})


async def list_rulings(reader: Reader, limit: int) -> list[TrendRuling]:
    """Return the newest decisions."""
    return list(await reader.scalars(select(TrendRuling).order_by(TrendRuling.decided_at.desc()).limit(limit)))
