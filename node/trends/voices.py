"""Who took subjects up, for one tick: uses from the rows, put together to voices. People are looked up once."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from node.base.caches import Caches
from node.base.db.unit_of_work import Reader
from node.base.ids import floor_id, time_of
from node.trends.queries import Person, Use, chunks, list_contents, list_people, list_uses
from node.trends.rules import Kind
from node.trends.scoring import COPIES, TRUSTED, Voice, counted, one_each
from node.trends.texts import fingerprint
from node.trends.trust import Trust

KNOWN_FOR: Final = timedelta(minutes=10)
"""How long what was read of a subject stands, in one process: for so long a post that was deleted may count."""
LATE: Final = timedelta(minutes=5)
"""How late posts may come and still be looked for at once."""
MANY: Final = 20
"""Fewer uses than this are read anew each time."""
MOST_TEXTS: Final = 300
"""Texts of one subject that are compared, those of trusted people first."""


@dataclass(slots=True)
class Hearing:
    """Reads voices. `caches` keep fingerprints of texts from tick to tick."""

    reader: Reader
    caches: Caches
    trust: Trust
    now: datetime
    _people: dict[int, Person | None] = field(default_factory=dict)
    _trust_sum: float = 0.0

    def __post_init__(self) -> None:
        self._trust_sum = sum(self.trust.of.values())

    async def voices(self, kind: Kind, subject_id: int, since: datetime) -> list[Voice]:
        """Return who took a subject up since then, one voice for each person and language."""
        uses = await self._uses(kind, subject_id, since)
        cache = self.caches.get("trend_voices", size=1_000, seconds=KNOWN_FOR.total_seconds())
        sign = (len(uses), max((use.item for use in uses), default=0), self._trust_sum)
        kept: tuple[object, list[Voice]] | None = cache.get((kind, subject_id))
        if kept is not None and kept[0] == sign:
            return kept[1]
        found = await self._read(kind, uses)
        cache.put((kind, subject_id), (sign, found))
        return found

    async def _read(self, kind: Kind, uses: list[Use]) -> list[Voice]:
        missing = {use.account_id for use in uses} - self._people.keys()
        self._people |= dict.fromkeys(missing) | await list_people(self.reader, missing, self.now)
        found = self._joined(uses, names_posts=kind != "posts")
        return found if kind == "posts" or not _may_trend(found) else await self._heard(found)

    async def _uses(self, kind: Kind, subject_id: int, since: datetime) -> list[Use]:
        """Return uses; what this process read before is read again after `KNOWN_FOR`, and then only what is newer."""
        read = self.caches.get("trend_uses", size=1_000, seconds=KNOWN_FOR.total_seconds())
        known: tuple[datetime, dict[int, Use]] | None = read.get((kind, subject_id))
        if known is None:
            found = {use.item: use for use in await list_uses(self.reader, kind, subject_id, since)}
            read.put((kind, subject_id), (self.now, found))
        elif len(known[1]) < MANY:
            return await list_uses(self.reader, kind, subject_id, since)
        else:
            read_at, found = known
            newer = await list_uses(self.reader, kind, subject_id, max(since, read_at - LATE))
            found = found | {use.item: use for use in newer}
        oldest = floor_id(since)
        return [use for use in found.values() if use.item >= oldest]

    def _joined(self, uses: Iterable[Use], *, names_posts: bool) -> list[Voice]:
        by_person: dict[tuple[int, str], list[Use]] = {}
        for use in uses:
            by_person.setdefault((use.account_id, use.language), []).append(use)
        found = []
        for (account_id, language), said in by_person.items():
            person = self._people[account_id]
            if person is None:
                continue
            last = max(use.item for use in said)
            found.append(
                Voice(
                    account_id=account_id,
                    trust=self.trust.of.get(account_id, 0.0),
                    sponsor=self.trust.sponsors.get(account_id, 0),
                    at=time_of(last),
                    base=0.0 if account_id in self.trust.crowd else person.base,
                    site=person.site,
                    since=time_of(min(use.item for use in said)),
                    uses=len(said),
                    emphasis=max(use.emphasis for use in said),
                    moved=sum(use.moved for use in said),
                    post_id=last if names_posts else 0,
                    language=language,
                )
            )
        return found

    async def _heard(self, voices: list[Voice]) -> list[Voice]:
        """Return voices with the fingerprint of what each last said."""
        cache = self.caches.get("trend_texts", size=20_000, seconds=86_400)
        ranked = sorted(voices, key=lambda voice: (voice.trust < TRUSTED, -voice.post_id))[:MOST_TEXTS]
        missing = [voice.post_id for voice in ranked if cache.get(voice.post_id) is None]
        for chunk in chunks(missing):
            for post_id, content in (await list_contents(self.reader, chunk)).items():
                cache.put(post_id, (fingerprint(content),))
        said: dict[int, tuple[int]] = {voice.post_id: cache.get(voice.post_id) or (0,) for voice in ranked}
        return [replace(voice, said=said.get(voice.post_id, (0,))[0]) for voice in voices]


def _may_trend(voices: list[Voice]) -> bool:
    """Whether texts need be looked at: copies only make less of voices."""
    each = one_each(voices)
    return len(each) >= COPIES and counted(each) >= 1
