"""Reading what another server says is talked about there: its public `/api/v1/trends/{tags,links,statuses}`. Pure.

A stranger's JSON: whatever is not what it should be is left out, the rest is cut to size, and of text only plain words
are kept. A post is an address and a few words to decide by; it is believed only when its own server is asked for it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from federation.errors import MalformedDocument
from federation.origins import is_http_uri

MOST: Final = 10
MOST_READ: Final = 40
MAX_TEXT: Final = 200
MAX_URL: Final = 2_048
MAX_PEOPLE: Final = 1_000_000

_TAG: Final = re.compile(r"<[^>]{0,2000}>")
_HASHTAG: Final = re.compile(r"\w{1,100}")


@dataclass(frozen=True, slots=True)
class PooledTrend:
    """A trend of another server: `name` is a hashtag without its sign, a title, or the beginning of a post."""

    name: str
    url: str
    by: str = ""
    people: int = 0


def parse_trends(kind: str, body: bytes) -> list[PooledTrend]:
    """Return the trends of an answer, `kind` "tags", "links" or "posts". MalformedDocument for what is no list."""
    try:
        entries: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedDocument("not_json", "the trends of a server are JSON") from None
    if not isinstance(entries, list):
        raise MalformedDocument("not_a_list", "the trends of a server are a list")
    found: dict[str, PooledTrend] = {}
    for entry in entries[:MOST_READ]:
        trend = _READERS[kind](entry) if isinstance(entry, dict) else None
        if trend is not None and len(found) < MOST:
            found.setdefault(trend.url or trend.name, trend)
    return list(found.values())


def _tag(entry: dict[str, Any]) -> PooledTrend | None:
    name = entry.get("name")
    if not isinstance(name, str) or not _HASHTAG.fullmatch(name) or name.isdigit():
        return None
    return PooledTrend(name, "", people=_people(entry))


def _link(entry: dict[str, Any]) -> PooledTrend | None:
    url, title = _url(entry.get("url")), _plain(entry.get("title"))
    return PooledTrend(title, url, _plain(entry.get("provider_name")), _people(entry)) if url and title else None


def _post(entry: dict[str, Any]) -> PooledTrend | None:
    url = _url(entry.get("uri")) or _url(entry.get("url"))
    account = entry.get("account")
    if not url or not isinstance(account, dict) or entry.get("visibility") != "public":
        return None
    if entry.get("sensitive") is not False or entry.get("spoiler_text"):
        return None
    return PooledTrend(_plain(entry.get("content")), url, _plain(account.get("acct")))


_READERS: Final[dict[str, Callable[[dict[str, Any]], PooledTrend | None]]] = {
    "tags": _tag,
    "links": _link,
    "posts": _post,
}


def _url(value: Any) -> str:
    return (
        value if isinstance(value, str) and len(value) <= MAX_URL and value.isprintable() and is_http_uri(value) else ""
    )


def _plain(value: Any) -> str:
    """Return words alone: no markup, no control characters, none that turn the direction of what follows."""
    if not isinstance(value, str):
        return ""
    words = _TAG.sub(" ", value[: MAX_TEXT * 20]).split()
    text = " ".join("".join(letter for letter in word if letter.isprintable()) for word in words)
    for sign, letter in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&")):
        text = text.replace(sign, letter)
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _people(entry: dict[str, Any]) -> int:
    """Return how many people a day the history tells, today or yesterday."""
    history = entry.get("history")
    found = 0
    for day in history[:2] if isinstance(history, list) else ():
        told = day.get("accounts") if isinstance(day, dict) else None
        if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) < 10:
            found = max(found, int(told))
    return min(found, MAX_PEOPLE)
