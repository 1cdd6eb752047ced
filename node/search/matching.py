"""Whether a document is what a plan looks for: the one meaning of a query. Pure.

An engine only proposes: it returns posts that may match, newest first, and never misses one. Whether a post does is
decided here, on the document's row, for every engine alike: a phrase is looked at word by word, counts are those of
this moment, and what an index still holds of yesterday finds nothing.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from node.search.steps import Begins, Count, Every, Most, Not, Nothing, Sequence, Some, Span, Step, Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is known of a post now."""

    post_id: int
    words: str
    likes: int = 0
    boosts: int = 0
    replies: int = 0


def matches(step: Step, row: Row) -> bool:
    """Whether a post is what a plan looks for."""
    match step:
        case Token(text=text):
            return f"|{text}|" in row.words
        case Begins(text=text):
            return f"|{text}" in row.words
        case Sequence(spots=spots):
            return has_sequence(row.words, spots)
        case Every(parts=parts_):
            return all(matches(part, row) for part in parts_)
        case Some(parts=parts_):
            return any(matches(part, row) for part in parts_)
        case Most(parts=parts_, number=number):
            return sum(matches(part, row) for part in parts_) >= number
        case Not(part=part):
            return not matches(part, row)
        case Span(since_id=since_id, until_id=until_id):
            return (since_id is None or row.post_id >= since_id) and (until_id is None or row.post_id < until_id)
        case Count(what=what, number=number):
            return {"likes": row.likes, "boosts": row.boosts, "replies": row.replies}[what] >= number
        case Nothing():
            return False


def has_sequence(words: str, spots: tuple[tuple[str, ...], ...]) -> bool:
    """Whether these spots follow each other in a document."""
    return _pattern(spots).search(words) is not None


@lru_cache(maxsize=256)
def _pattern(spots: tuple[tuple[str, ...], ...]) -> re.Pattern[str]:
    """Return a sequence as a pattern over a document's line. It never looks back beyond the spot it is in."""
    tokens = ["\\|(?:" + "|".join(re.escape(token) for token in spot) + ")\\|" for spot in spots]
    return re.compile("[^ ]*+ [^ ]*?".join(tokens))
