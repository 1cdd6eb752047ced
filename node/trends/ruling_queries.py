"""The SELECTs of what operators decided about trends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from sqlalchemy import func, select

from node.base.db.unit_of_work import Reader
from node.cards.models import LinkCard
from node.posts.models import Hashtag
from node.text.lookalikes import skeleton
from node.trends.models import TrendRuling
from node.trends.rules import Kind

Subject = Literal["tag", "listing", "use", "link", "publisher", "post", "author"]

TAG_SUBJECTS: Final[tuple[Subject, ...]] = ("tag", "listing", "use")
ABOUT: Final[Mapping[Kind, Subject]] = {"tags": "tag", "links": "link", "posts": "post"}
"""What a ruling on a trend of each kind is called."""


@dataclass(frozen=True, slots=True)
class Rulings:
    """What operators decided: `verdicts` by kind and subject, True for what may trend.

    `tags` says the same of hashtags by their folded names, and `looks` how those look that are ruled out: they take
    with them what looks the same (`lookalikes`), unless that was decided about by itself. Nobody walks around a ruling
    by Cyrillic letters.
    """

    verdicts: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    tags: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    looks: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def find(self, about: Subject, subject: int | str) -> bool | None:
        """Return what was decided; None while nothing was."""
        return self.verdicts.get((about, str(subject)))

    def ids(self, about: Subject, *, allowed: bool) -> set[int]:
        """Return the ids of what was allowed, or excluded."""
        return {
            int(subject) for (kind, subject), verdict in self.verdicts.items() if kind == about and verdict == allowed
        }

    def about_tag(self, about: Subject, name: str) -> bool | None:
        """Return what was decided about a hashtag by its folded name: False too where it looks like one that is out."""
        by_itself = self.tags.get((about, name))
        if by_itself is not None:
            return by_itself
        return False if skeleton(name) in self.looks.get(about, ()) else None

    def settles(self, kind: Kind, id_: int, *, name: str = "", publisher: str = "", author_id: int = 0) -> bool | None:
        """Return whether a trend was allowed or excluded, by itself or with who published it; None for neither. Of a
        hashtag, `name` is its folded name."""
        if kind == "tags":
            return False if self.about_tag("use", name) is False else self.about_tag("tag", name)
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
    verdicts = {(kind, subject): allowed for kind, subject, allowed in rows}
    ids = {int(subject) for kind, subject in verdicts if kind in TAG_SUBJECTS}
    if not ids:
        return Rulings(verdicts)
    names = {
        row[0]: row[1] for row in await reader.execute(select(Hashtag.id, Hashtag.name).where(Hashtag.id.in_(ids)))
    }
    tags = {
        (kind, names[int(subject)]): allowed
        for (kind, subject), allowed in verdicts.items()
        if kind in TAG_SUBJECTS and int(subject) in names
    }
    looks: dict[str, frozenset[str]] = {
        about: frozenset(skeleton(name) for (kind, name), allowed in tags.items() if kind == about and not allowed)
        for about in TAG_SUBJECTS
    }
    return Rulings(verdicts, tags, looks)


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
