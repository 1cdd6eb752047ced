"""The SELECTs of what operators decided about trends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from sqlalchemy import func, select

from node.base.db.unit_of_work import Reader
from node.cards.models import LinkCard
from node.trends.models import TrendRuling
from node.trends.rules import Kind

Subject = Literal["tag", "listing", "use", "link", "publisher", "post", "author"]

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
        if kind == "tags" and self.find("use", id_) is False:
            return False
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


async def list_rulings(reader: Reader, about: Subject | None, limit: int) -> list[TrendRuling]:
    """Return the newest decisions, of one kind or of all."""
    statement = select(TrendRuling).order_by(TrendRuling.decided_at.desc(), TrendRuling.subject).limit(limit)
    if about is not None:
        statement = statement.where(TrendRuling.kind == about)
    return list(await reader.scalars(statement))


async def find_ruling(reader: Reader, about: Subject, subject: str) -> bool | None:
    """Return what was decided about a subject."""
    found: bool | None = await reader.scalar(
        select(TrendRuling.is_allowed).where(TrendRuling.kind == about, TrendRuling.subject == subject)
    )
    return found


async def is_known_publisher(reader: Reader, host: str) -> bool:
    """Whether anybody here has posted a link to this host."""
    return await reader.scalar(select(LinkCard.id).where(LinkCard.host == host).limit(1)) is not None


async def list_publishers(reader: Reader, limit: int) -> list[str]:
    """Return the hosts whose pages were fetched last."""
    last = func.max(LinkCard.fetched_at)
    statement = select(LinkCard.host).where(LinkCard.state == "ready").group_by(LinkCard.host)
    return list(await reader.scalars(statement.order_by(last.desc()).limit(limit)))
