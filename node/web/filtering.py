"""What the viewer's filters do to the posts of a page. Which filters concern a post comes with it, as for apps.

A page says what it is to filters (`filter_context`: "home", "public", "thread", "account" or "notifications"); pages
that say nothing, such as the bookmarks, show everything. Nobody's own posts are filtered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens to a post: "hide", "warn" (it is folded under the filter's title), "blur" (its media are)."""

    action: str
    title: str


def verdict(entry: Mapping[str, Any], context: str, viewer: Mapping[str, Any] | None) -> Verdict | None:
    """Return what filters want done to a post or boost on a page; None when nothing."""
    post = entry.get("reblog") or entry
    if not context or viewer is None or post["account"]["id"] == viewer["id"]:
        return None
    for result in entry.get("filtered") or ():  # the strongest comes first
        found = result["filter"]
        if context in found["context"]:
            return Verdict(found["filter_action"], found["title"])
    return None


def not_hidden(
    posts: Sequence[Mapping[str, Any]], context: str, viewer: Mapping[str, Any] | None
) -> list[Mapping[str, Any]]:
    """Return the posts that no filter hides."""
    return [entry for entry in posts if (found := verdict(entry, context, viewer)) is None or found.action != "hide"]


def with_media_covered(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a post whose media are covered as sensitive ones are."""
    covered: dict[str, Any] = {"sensitive": True}
    if entry.get("reblog"):
        covered["reblog"] = entry["reblog"] | covered
    return {**entry, **covered}
