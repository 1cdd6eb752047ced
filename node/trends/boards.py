"""Working out the boards: which hashtags, links and posts trend, on the whole node and in each language.

`weigh` makes of notes what buckets hold; `work_out` takes either, looks at the strongest candidates exactly, and judges
them. Nothing is written here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import nlargest
from operator import itemgetter
from typing import Final

from node.base.caches import Caches
from node.base.db.unit_of_work import Reader
from node.base.ids import time_of
from node.trends.day_queries import read_popular, read_usual
from node.trends.queries import (
    Note,
    PostFacts,
    chunks,
    list_active,
    list_ready_cards,
    list_trendable_posts,
)
from node.trends.rules import (
    KEPT,
    KINDS,
    LONGEST,
    NO_LANGUAGE,
    PER_AUTHOR,
    POSTS_LONGER,
    Kind,
    Trend,
    need_of,
    window_of,
)
from node.trends.ruling_queries import Rulings
from node.trends.scoring import NEVER_SEEN, Usual, Voice, judge, one_each
from node.trends.trust import Trust
from node.trends.voices import Hearing

CANDIDATES: Final = 100
"""Subjects of a kind that are looked at closely, on the whole node."""
CANDIDATES_PER_LANGUAGE: Final = 30
MOST_LANGUAGES: Final = 20
"""Languages with a board of their own: those in which the most trusted people wrote."""
STRANGER: Final = 0.000_01
"""What a stranger weighs in choosing candidates: by themselves they make no trend, so they are not to crowd out what
people who are known take up."""
FADES: Final = timedelta(hours=6)
"""Half-life of a note, in choosing candidates."""
POPULAR_SECONDS: Final = 3_600
ACTIVE_SECONDS: Final = 300

Weights = Mapping[str, Mapping[int, float]]
"""What the notes of subjects weigh, by language and id."""


@dataclass(slots=True)
class Tallies:
    """What was noted lately, by kind; `people` says of a subject how many took it up at most, where that is known."""

    weights: dict[Kind, Weights] = field(default_factory=dict)
    people: dict[tuple[Kind, int], int] = field(default_factory=dict)


def weigh(notes: Iterable[Note], trust: Trust, now: datetime) -> dict[str, dict[int, float]]:
    """Return what notes weigh. Somebody counts once for a subject in an hour."""
    found: dict[str, dict[int, float]] = {}
    known: set[tuple[int, int, int]] = set()
    for note in notes:
        at = time_of(note.item)
        key = (note.subject_id, note.account_id, int(at.timestamp()) // 3600)
        if key in known:
            continue
        known.add(key)
        weight = max(trust.of.get(note.account_id, 0.0), STRANGER) * 0.5 ** (max(now - at, timedelta()) / FADES)
        of_language = found.setdefault(note.language, {})
        of_language[note.subject_id] = of_language.get(note.subject_id, 0.0) + weight
    return found


@dataclass(frozen=True, slots=True)
class Scene:
    """What the judging of one tick looks at."""

    now: datetime
    trust: Trust
    rulings: Rulings
    active: Mapping[str, float]
    """How many trusted people are active a day, by language; everybody under ""."""

    @property
    def window(self) -> timedelta:
        """How far back it looks."""
        return window_of(self.active.get("", 0.0))

    @property
    def languages(self) -> list[str]:
        """The languages with a board of their own."""
        spoken = sorted((lang for lang in self.active if lang), key=lambda lang: (-self.active[lang], lang))
        return [lang for lang in spoken if lang != NO_LANGUAGE and self.active[lang] > 0][:MOST_LANGUAGES]


async def set_scene(reader: Reader, caches: Caches, trust: Trust, rulings: Rulings, now: datetime) -> Scene:
    """Return what the judging looks at. Strangers do not count as active: they could make it take more than it does."""
    cache = caches.get("trend_active", size=1, seconds=ACTIVE_SECONDS)
    who: dict[str, set[int]] | None = cache.get("")
    if who is None or len(who[""]) < 1_000:
        who = await list_active(reader, now)
        cache.put("", who)
    active = {lang: trust.together(ids) for lang, ids in who.items()}
    return Scene(now, trust, rulings, active)


async def work_out(reader: Reader, caches: Caches, scene: Scene, tallies: Tallies) -> dict[str, list[Trend]]:
    """Return every board by name: "tags", "tags:de" and so on."""
    boards: dict[str, list[Trend]] = {}
    hearing = Hearing(reader, caches, scene.trust, scene.now)
    for kind in KINDS:
        boards |= await _work_out(hearing, scene, kind, tallies)
    return boards


async def _work_out(hearing: Hearing, scene: Scene, kind: Kind, tallies: Tallies) -> dict[str, list[Trend]]:
    reader, caches = hearing.reader, hearing.caches
    popular = await _popular(reader, caches, kind, scene.now) if kind != "posts" else {}
    chosen = choose(tallies.weights.get(kind, {}), popular, scene.languages)
    ids = sorted({id_ for of_scope in chosen.values() for id_ in of_scope})
    ids = [id_ for id_ in ids if tallies.people.get((kind, id_), 2) > 1]
    facts: dict[int, PostFacts] = {}
    window = scene.window * (POSTS_LONGER if kind == "posts" else 1)
    if kind == "posts":
        allowed = scene.rulings.ids("post", allowed=True)
        for chunk in chunks(ids):
            for fact in await list_trendable_posts(
                reader, chunk, since=scene.now - LONGEST * POSTS_LONGER, allowed=allowed
            ):
                facts[fact.id] = fact
        ids = [id_ for id_ in ids if id_ in facts]
    elif kind == "links":
        ready: dict[int, str] = {}
        for chunk in chunks(ids):
            ready |= await list_ready_cards(reader, chunk)
        ids = [id_ for id_ in ids if id_ in ready]
    usual: dict[int, Usual] = {}
    if kind != "posts":
        for chunk in chunks(ids):
            usual |= await read_usual(reader, kind, chunk, window=window, now=scene.now)
    since = scene.now - window
    voices = {id_: await hearing.voices(kind, id_, since) for id_ in ids}

    def board(scope: str, language_of_subject: Callable[[int, Voice], str]) -> list[Trend]:
        need = need_of(scene.active.get(scope, 0.0), scene.window)
        judged = (
            judge(
                id_,
                one_each(voice for voice in voices[id_] if not scope or language_of_subject(id_, voice) == scope),
                usual=usual.get(id_, NEVER_SEEN),
                need=need,
                window=window,
                now=scene.now,
            )
            for id_ in chosen.get(scope, ())
            if id_ in voices
        )
        ranked = sorted((trend for trend in judged if trend is not None), key=lambda trend: (-trend.score, -trend.id))
        return few_of_each(ranked, facts) if kind == "posts" else ranked[:KEPT]

    def spoken(id_: int, voice: Voice) -> str:
        return facts[id_].language if kind == "posts" else voice.language

    return {board_name(kind, scope): board(scope, spoken) for scope in chosen}


async def _popular(reader: Reader, caches: Caches, kind: Kind, now: datetime) -> dict[int, float]:
    cache = caches.get("trend_popular", size=2, seconds=POPULAR_SECONDS)
    found: dict[int, float] | None = cache.get(kind)
    if found is None:
        found = await read_popular(reader, kind, now)
        cache.put(kind, found)
    return found


def board_name(kind: Kind, language: str = "") -> str:
    """Return the name under which a board is kept."""
    return f"{kind}:{language}" if language else kind


def choose(weights: Weights, popular: Mapping[int, float], languages: Iterable[str]) -> dict[str, list[int]]:
    """Return the candidates of the whole node and of each language: the heaviest beside what is usual for them."""
    whole: dict[int, float] = {}
    for of_language in weights.values():
        for id_, weight in of_language.items():
            whole[id_] = whole.get(id_, 0.0) + weight

    def strongest(of_scope: Mapping[int, float], limit: int) -> list[int]:
        strengths = dict(of_scope)
        for id_ in strengths.keys() & popular.keys():
            strengths[id_] /= (1 + popular[id_]) ** 0.5
        return [id_ for id_, _ in nlargest(limit, strengths.items(), key=itemgetter(1, 0))]

    return {"": strongest(whole, CANDIDATES)} | {
        language: strongest(weights[language], CANDIDATES_PER_LANGUAGE) for language in languages if language in weights
    }


def few_of_each(ranked: Iterable[Trend], facts: Mapping[int, PostFacts]) -> list[Trend]:
    """Return the strongest posts, a few of each author."""
    taken: dict[int, int] = {}
    found: list[Trend] = []
    for trend in ranked:
        author = facts[trend.id].account_id
        if taken.get(author, 0) < PER_AUTHOR and len(found) < KEPT:
            taken[author] = taken.get(author, 0) + 1
            found.append(trend)
    return found
