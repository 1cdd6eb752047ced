"""Somebody's filters held against the posts they read. `node/posts/rendering` asks for every page it makes.

Who has no filters pays nothing: their `filters_version`, which comes with the posts, is 0. Else the compiled filters
are kept in this process under that version, and so is what they found in a text: nothing needs invalidating.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from node.base.caches import LocalCache
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.filters.queries import list_filters, list_keywords, list_statuses
from node.filters.rules import Filtering, keyword_of, matched_keywords, matches
from node.filters.views import result_view

_READERS: Final = 500
_TEXTS: Final = 10_000
_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class ViewerFilters:
    """One person's filters as they stand in one version."""

    version: int
    filterings: tuple[Filtering, ...]
    found: LocalCache
    now: datetime

    def results(
        self, key: tuple[Any, ...], post_ids: Sequence[int], parts: Callable[[], Iterable[str]]
    ) -> list[dict[str, Any]]:
        """Return the FilterResults of a post. `key` stands for its words, which `parts` returns if need be."""
        keywords = self.found.get((self.version, key))
        if keywords is None:
            keywords = matched_keywords(self.filterings, parts())
            self.found.put((self.version, key), keywords)
        return [result_view(match) for match in matches(self.filterings, keywords, post_ids, self.now)]


async def viewer_filters(runtime: Runtime, reader: Reader, account_id: int, version: int) -> ViewerFilters | None:
    """Return somebody's filters by their version; None when they have none (version 0)."""
    if not version:
        return None
    compiled = runtime.caches.get("filters", size=_READERS, seconds=_SECONDS)
    filterings: tuple[Filtering, ...] | None = compiled.get(version)
    if filterings is None:
        filterings = await _compiled(reader, account_id)
        compiled.put(version, filterings)
    found = runtime.caches.get("filtered_texts", size=_TEXTS, seconds=_SECONDS)
    return ViewerFilters(version, filterings, found, runtime.now())


async def _compiled(reader: Reader, account_id: int) -> tuple[Filtering, ...]:
    rows = await list_filters(reader, account_id)
    ids = [row.id for row in rows]
    keywords, statuses = await list_keywords(reader, ids), await list_statuses(reader, ids)
    return tuple(
        Filtering(
            id=row.id,
            title=row.title,
            context=tuple(row.context),
            action=row.action,
            expires_at=row.expires_at,
            keywords=tuple(keyword_of(entry.keyword, whole_word=entry.whole_word) for entry in keywords[row.id]),
            post_ids=frozenset(entry.post_id for entry in statuses[row.id]),
        )
        for row in rows
    )
