"""The operators of the query language: one table of names, what each takes, and its line of help. Pure.

Read by `language`; the page of search shows `HELP`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from node.base.ids import MAX_ID, SHIFT
from node.search.tree import AtLeast, Between, By, In, Marked, Node, Scope, SearchProblem, Tagged
from node.text.writing import fold_hashtag

HAS: Final = ("media", "image", "video", "audio", "poll", "link", "quote")
IS: Final = ("reply", "boost", "sensitive", "quote", "local")
SCOPES: Final[tuple[Scope, ...]] = ("all", "public", "library")

_HAS_WORDS: Final = {"images": "image", "picture": "image", "pictures": "image", "photo": "image", "photos": "image",
                     "videos": "video", "links": "link", "attachment": "media", "embed": "link",
                     "card": "link"}  # fmt: skip
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_HANDLE = re.compile(r"@?[^\s@]{1,200}(?:@[^\s@]{1,260})?")
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_AGO = re.compile(r"(\d{1,4})([hdwmy])")
_AGO_DAYS: Final = {"d": 1, "w": 7, "m": 30, "y": 365}
MAX_COUNT: Final = 10**9

Read = Callable[[str, int, datetime], Node]
"""How the value of an operator is read: (value, its place, the present moment) to a node."""


@dataclass(frozen=True, slots=True)
class HelpLine:
    """An operator as people are told of it."""

    example: str
    meaning: str


def _by(relation: Literal["from", "to"]) -> Read:
    def read(value: str, place: int, now: datetime) -> Node:
        if not _HANDLE.fullmatch(value):
            raise SearchProblem(f"After {relation}: comes a name such as @ann, @ann@example.com or me.", place)
        return By(relation, value.removeprefix("@"), place)

    return read


def _tag(value: str, place: int, now: datetime) -> Node:
    name = fold_hashtag(value)
    if not name:
        raise SearchProblem("After hashtag: comes a hashtag, with or without its #.", place)
    return Tagged(name)


def _has(value: str, place: int, now: datetime) -> Node:
    what = _HAS_WORDS.get(value.lower(), value.lower())
    if what not in HAS:
        raise SearchProblem(f"After has: comes one of {', '.join(HAS)}.", place)
    return Marked("is" if what == "quote" else "has", what)


def _is(value: str, place: int, now: datetime) -> Node:
    what = value.lower()
    if what not in IS:
        raise SearchProblem(f"After is: comes one of {', '.join(IS)}.", place)
    return AtLeast("boosts", 1) if what == "boost" else Marked("is", what)


def _language(value: str, place: int, now: datetime) -> Node:
    if not _LANGUAGE.fullmatch(value):
        raise SearchProblem("After lang: comes the short name of a language, such as en or de.", place)
    return Marked("lang", value.lower().replace("_", "-").split("-")[0])


def _in(value: str, place: int, now: datetime) -> Node:
    for scope in SCOPES:
        if value.lower() == scope:
            return In(scope, place)
    raise SearchProblem(f"After in: comes one of {', '.join(SCOPES)}.", place)


def _at_least(what: Literal["likes", "boosts", "replies"]) -> Read:
    def read(value: str, place: int, now: datetime) -> Node:
        if not value.isascii() or not value.isdigit() or len(value) > 10 or int(value) > MAX_COUNT:
            raise SearchProblem(f"After min_{what}: comes a whole number.", place)
        return AtLeast(what, int(value))

    return read


def _span(value: str, place: int, now: datetime) -> tuple[datetime, datetime]:
    """Return the beginning and the end of the day, month, year or hour a value names. Days are UTC."""
    text = value.lower()
    today = datetime(now.year, now.month, now.day, tzinfo=UTC)
    if text in {"today", "yesterday"}:
        begin = today if text == "today" else today - timedelta(days=1)
        return begin, begin + timedelta(days=1)
    if ago := _AGO.fullmatch(text):
        count = int(ago[1])
        try:
            moment = now - (timedelta(hours=count) if ago[2] == "h" else timedelta(days=count * _AGO_DAYS[ago[2]]))
        except OverflowError:  # before the first year there is
            raise SearchProblem(f"There is no such day as {value[:20]}.", place) from None
        return moment, moment
    if day := _DAY.fullmatch(text):
        try:
            year, month, number = int(day[1]), int(day[2] or 1), int(day[3] or 1)
            first = date(year, month, number)
            if day[3]:
                last = first + timedelta(days=1)
            elif day[2]:
                last = date(year + month // 12, month % 12 + 1, 1)
            else:
                last = date(year + 1, 1, 1)
        except (ValueError, OverflowError):
            raise SearchProblem(f"There is no such day as {value[:20]}.", place) from None
        return (
            datetime(first.year, first.month, first.day, tzinfo=UTC),
            datetime(last.year, last.month, last.day, tzinfo=UTC),
        )
    raise SearchProblem("This is no date: write 2026-01-31, 2026-01, 2026, today, yesterday or 7d (days ago).", place)


def first_id_at(moment: datetime) -> int:
    """Return the lowest id of that moment."""
    return min(max(int(moment.timestamp() * 1000), 0) << SHIFT, MAX_ID)


def _since(value: str, place: int, now: datetime) -> Node:
    return Between(since_id=first_id_at(_span(value, place, now)[0]))


def _after(value: str, place: int, now: datetime) -> Node:
    return Between(since_id=first_id_at(_span(value, place, now)[1]))


def _until(value: str, place: int, now: datetime) -> Node:
    return Between(until_id=first_id_at(_span(value, place, now)[1]))


def _before(value: str, place: int, now: datetime) -> Node:
    return Between(until_id=first_id_at(_span(value, place, now)[0]))


def _during(value: str, place: int, now: datetime) -> Node:
    begin, end = _span(value, place, now)
    return Between(first_id_at(begin), first_id_at(end if end > begin else now))


OPERATORS: Final[dict[str, Read]] = {
    "from": _by("from"),
    "by": _by("from"),
    "to": _by("to"),
    "mentions": _by("to"),
    "since": _since,
    "after": _after,
    "until": _until,
    "before": _before,
    "during": _during,
    "hashtag": _tag,
    "tag": _tag,
    "has": _has,
    "is": _is,
    "lang": _language,
    "language": _language,
    "in": _in,
    "min_likes": _at_least("likes"),
    "min_faves": _at_least("likes"),
    "min_boosts": _at_least("boosts"),
    "min_reblogs": _at_least("boosts"),
    "min_replies": _at_least("replies"),
}

HELP: Final = (
    HelpLine('"the whole phrase"', "These words, side by side."),
    HelpLine("tea OR coffee", "One of the two, or both."),
    HelpLine("-dog", "Without this. It works before words, phrases, brackets and operators."),
    HelpLine("gard*", "Words that begin like this."),
    HelpLine("(tea OR coffee) cake", "Brackets keep together what belongs together."),
    HelpLine("from:@ann@example.com", "Written by this person; from:me for your own posts."),
    HelpLine("to:@bob", "Naming this person; to:me for posts that name you."),
    HelpLine("#gardening", "With this hashtag; tag:gardening says the same."),
    HelpLine("since:2026-01-31", "On this day or later; after: leaves the day out. A month, a year or 7d works too."),
    HelpLine("until:2026-01-31", "On this day or earlier; before: leaves the day out, during: takes only it."),
    HelpLine("has:image", f"With {', '.join(HAS[:-1])} or {HAS[-1]}."),
    HelpLine("is:reply", "An answer. Also is:quote, is:sensitive, is:local (written here), is:boost (was boosted)."),
    HelpLine("lang:de", "In this language."),
    HelpLine("in:library", "Only what you wrote, liked, boosted or kept, or what names you; in:public for the rest."),
    HelpLine("min_likes:10", "With so many likes at least; min_boosts: and min_replies: too."),
)
"""What the page of search tells of the language."""
