"""Web pages of strangers, parsed so that a hostile one costs no more than an honest one.

The parser's time grows with the square of how deeply elements lie in one another, and a megabyte of `<div>` would keep
it busy for a minute (attack row 58). So a page is cut where it opens more elements than any honest one does.
"""

import re
from collections import Counter
from typing import Final

from selectolax.lexbor import LexborHTMLParser

MAX_OPEN: Final = 1_000
"""Elements that may lie in one another."""

_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]{0,30})")
_NEVER_DEEP: Final = frozenset(
    {
        *(
            "area",
            "base",
            "br",
            "col",
            "embed",
            "hr",
            "img",
            "input",
            "link",
            "meta",
            "param",
            "source",
            "track",
            "wbr",
        ),
        *("dd", "dt", "li", "option", "p", "rp", "rt", "tbody", "td", "tfoot", "th", "thead", "tr"),
    }
)
"""Elements without content, and those that end where the next of their kind begins."""


def parse_page(text: str) -> LexborHTMLParser:
    """Return the tree of a page, of as much of it as is nested like an honest one."""
    return LexborHTMLParser(text[: honest_length(text)])


def honest_length(text: str) -> int:
    """Return where a page opens one element too many, else its length.

    A closing tag counts only against an opening one of its own name: what the parser would not close stays open here.
    """
    open_by_name: Counter[str] = Counter()
    total = 0
    for tag in _TAG.finditer(text):
        name = tag[2].lower()
        if name in _NEVER_DEEP:
            continue
        if not tag[1]:
            open_by_name[name] += 1
            total += 1
            if total > MAX_OPEN:
                return tag.start()
        elif open_by_name[name]:
            open_by_name[name] -= 1
            total -= 1
    return len(text)
