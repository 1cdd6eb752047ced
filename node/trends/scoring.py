"""How much a hashtag, a link or a post trends. Pure: voices and a usual in, a score out.

A `Voice` is one person who took a subject up. `counted` says what voices weigh together (the package's docstring says
why); `judge` holds that against what it takes here and against what is usual for the subject.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log1p, sqrt
from typing import Final

from node.trends.rules import Trend, hours_since
from node.trends.texts import group_near
from node.trends.trust import SPONSORED

TRUSTED: Final = 0.15
"""Trust from which a voice counts by itself."""
ALONE: Final = 0.4
"""What all strangers together count where nobody trusted joins them."""
ECHO: Final = 0.5
"""What they count at most beside trusted people, as a part of these."""
PER_SITE: Final = 1.0
"""What the strangers of one other server count at most."""
SITE_FREE: Final = 3.0
"""Trusted people of one other server beyond this count ever less."""
ALIKE: Final = 0.2
"""What each further copy of a text counts, from three on, of strangers."""
ALIKE_KNOWN: Final = 0.6
"""The same of people who are known: they too pass on what somebody asked them to."""
COPIES: Final = 3
RISE: Final = 1.5
"""What is less than this many times its usual is as it always is."""
LIFE: Final = 4
"""Half-lives in a window."""
ALWAYS: Final = 0.7
"""What is lost of the score of what is there on every day."""
LIKELY: Final = 0.5
"""The most that engagement adds."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A person who took a subject up. `trust` 0 to 1, `base` what a stranger counts, `site` "" for ours.

    `sponsor` is on whose word alone they are trusted, 0 for nobody's. `uses` posts, the last at `at`, the first at
    `since`; `said` is the fingerprint of the text, 0 for none; `emphasis` is above 1 for a boost; `moved` how many
    likes, boosts and answers the posts got.
    """

    account_id: int
    trust: float
    at: datetime
    base: float = 0.1
    site: str = ""
    sponsor: int = 0
    since: datetime | None = None
    uses: int = 1
    said: int = 0
    emphasis: float = 1.0
    moved: int = 0
    post_id: int = 0
    language: str = ""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for a subject: people in a window of these hours of the day, on an average day of the last week
    and on this day of the last weeks, and the part of the days of the last weeks on which it was there."""

    daily: float = 0.0
    weekly: float = 0.0
    presence: float = 0.0

    @property
    def people(self) -> float:
        """The larger of both: what comes every Saturday is no news on a Saturday."""
        return max(self.daily, self.weekly)


NEVER_SEEN: Final = Usual()


def stranger_weight(*, created_at: datetime, followers: int, following: int, is_bot: bool, now: datetime) -> float:
    """Return what somebody counts whom nobody here trusts, 0.01 to 0.4: cheap to make is cheap."""
    age = now - created_at
    weight = 0.05 if age < timedelta(days=1) else 0.1 if age < timedelta(days=7) else 0.4
    if followers == 0 or following > 10 * followers + 50:
        weight *= 0.5
    if followers == 0 and following == 0:
        weight *= 0.5
    return max(0.01, weight * (0.5 if is_bot else 1.0))


def site_of(domain: str) -> str:
    """Return the name under which a domain was bought: subdomains cost nothing."""
    labels = domain.partition(":")[0].split(".")
    if len(labels) < 3 or all(label.isdigit() for label in labels):
        return domain
    short = len(labels[-1]) == 2 and len(labels[-2]) <= 3  # as in co.uk
    return ".".join(labels[-3:] if short else labels[-2:])


def one_each(voices: Iterable[Voice]) -> list[Voice]:
    """Return one voice for each person, whatever languages they speak: the last, with the uses of all."""
    voices = list(voices)
    if len({voice.account_id for voice in voices}) == len(voices):
        return voices
    found: dict[int, Voice] = {}
    for voice in voices:
        other = found.get(voice.account_id)
        if other is None:
            found[voice.account_id] = voice
            continue
        later, earlier = (voice, other) if voice.at >= other.at else (other, voice)
        found[voice.account_id] = Voice(
            account_id=later.account_id,
            trust=later.trust,
            at=later.at,
            base=later.base,
            site=later.site,
            sponsor=later.sponsor,
            since=min(later.since or later.at, earlier.since or earlier.at),
            uses=later.uses + earlier.uses,
            said=later.said,
            emphasis=max(later.emphasis, earlier.emphasis),
            moved=later.moved + earlier.moved,
            post_id=later.post_id,
            language=later.language,
        )
    return list(found.values())


def counted(voices: Sequence[Voice]) -> float:
    """Return what voices, one a person, count together."""
    return _summed(voices, _factors(voices))


def _factors(voices: Sequence[Voice]) -> list[float]:
    """Return by how much each voice counts less for being a copy of others: what is known beside what is known only,
    or else strangers could talk somebody down by repeating them."""
    groups = group_near(voice.said for voice in voices)
    everybody = Counter(groups)
    known = Counter(group for voice, group in zip(voices, groups, strict=True) if voice.trust >= TRUSTED)
    factors = []
    for voice, group in zip(voices, groups, strict=True):
        is_known = voice.trust >= TRUSTED
        copies, alike = (known[group], ALIKE_KNOWN) if is_known else (everybody[group], ALIKE)
        factors.append((1 + alike * (copies - 1)) / copies if copies >= COPIES else 1.0)
    return factors


def _summed(voices: Sequence[Voice], factors: Sequence[float]) -> float:
    trusted: dict[str, float] = {}
    sponsored: dict[int, tuple[str, float]] = {}
    strangers: dict[str, float] = {}
    for voice, factor in zip(voices, factors, strict=True):
        if voice.trust < TRUSTED:
            strangers[voice.site] = strangers.get(voice.site, 0.0) + voice.base * factor
        elif voice.sponsor:
            site, weight = sponsored.get(voice.sponsor, (voice.site, 0.0))
            sponsored[voice.sponsor] = (site, min(SPONSORED, weight + voice.trust * factor))
        else:
            trusted[voice.site] = trusted.get(voice.site, 0.0) + voice.trust * factor
    for site, weight in sponsored.values():
        trusted[site] = trusted.get(site, 0.0) + weight
    known = sum(_damped(weight) if site else weight for site, weight in trusted.items())
    others = sum(min(weight, PER_SITE) if site else weight for site, weight in strangers.items())
    return known + min(others, ALONE + ECHO * known)


def _damped(weight: float) -> float:
    return weight if weight <= SITE_FREE else SITE_FREE + (weight - SITE_FREE) ** 0.75


def judge(
    subject_id: int,
    voices: Sequence[Voice],
    *,
    usual: Usual = NEVER_SEEN,
    need: float,
    window: timedelta,
    now: datetime,
) -> Trend | None:
    """Return the trend that these voices, one a person, make; None when they make none."""
    if len(voices) < 2:
        return None
    factors = _factors(voices)
    now_counted = _summed(voices, factors)
    if now_counted < need or now_counted <= RISE * usual.people:
        return None
    life = window / LIFE
    fading = [
        factor * voice.emphasis * 0.5 ** (max(now - voice.at, timedelta()) / life)
        for voice, factor in zip(voices, factors, strict=True)
    ]
    velocity = sqrt((now_counted + 1) / (usual.people + 1))
    novelty = 1 - ALWAYS * usual.presence
    engagement = 1 + min(LIKELY, log1p(sum(voice.moved for voice in voices)) / 10)
    score = _summed(voices, fading) * velocity * novelty * engagement
    ranked = sorted(voices, key=lambda voice: (-voice.trust, -voice.moved, -voice.post_id))
    return Trend(
        id=subject_id,
        score=score,
        uses=sum(voice.uses for voice in voices),
        people=len(voices),
        hours=hours_since(min(voice.since or voice.at for voice in voices), now),
        usual=usual.people,
        post_ids=tuple(voice.post_id for voice in ranked if voice.post_id)[:20],
    )
