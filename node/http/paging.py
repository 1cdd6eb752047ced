"""Pages asked for and the `Link` header that leads to the next ones (client-api behaviours 7 and 14)."""

from collections.abc import Sequence
from urllib.parse import urlencode

from quart import request

from node.base.errors import BadRequest
from node.base.paging import Page
from node.http.context import runtime
from node.http.parameters import parameters_read
from node.http.requests import Paging

CURSORS = frozenset({"max_id", "since_id", "min_id"})


def page_of(asked: Paging, default_limit: int = 20, max_limit: int | None = None) -> Page:
    """Return the page asked for; `limit` is capped silently at `max_limit`, by default twice the default.

    Raises BadRequest for a negative limit.
    """
    limit = capped(asked.limit, default_limit, max_limit)
    return Page(limit=limit, max_id=asked.max_id, since_id=asked.since_id, min_id=asked.min_id)


def capped(limit: int | None, default_limit: int, max_limit: int | None = None) -> int:
    """Return how many entries are asked for; none and 0 mean the default. Raises BadRequest for a negative limit."""
    if not limit:
        return default_limit
    if limit < 0:
        raise BadRequest("limit must not be negative")
    return min(limit, max_limit or 2 * default_limit)


def skipped(offset: int, most: int = 10_000) -> int:
    """Return how many entries to skip. Raises BadRequest for a negative offset."""
    if offset < 0:
        raise BadRequest("offset must not be negative")
    return min(offset, most)


def link_header(cursors: Sequence[int]) -> dict[str, str]:
    """Return the `Link` header of a page whose entries, newest first, have these cursors; none for no entry.

    URLs are absolute (masto.js reads them with `new URL`) and repeat the other parameters.
    """
    if not cursors:
        return {}
    kept = [(name, value) for name, value in parameters_read().pairs() if name not in CURSORS]
    address = f"{runtime().settings.public_url}{request.path}?" + (f"{urlencode(kept)}&" if kept else "")
    older, newer = f"{address}max_id={min(cursors)}", f"{address}min_id={max(cursors)}"
    return {"Link": f'<{older}>; rel="next", <{newer}>; rel="prev"'}
