"""Why a search found nothing, or not everything: values that the API and the page put into words.

Nothing is indexed of people who do not allow it. Where an answer is empty, the newest public posts, which anybody can
read in the public timeline, are looked through once, and their authors are counted.

That count must not become the search that these people refused (attack row 105), so no query can point it at somebody:

* Only words that must all be there are counted. `secret OR mine1 OR mine2` would carry two authors of the asker's own
  over the floor, so that the third, somebody else, is told of; a prefix, `-`, `has:` or `lang:` do the same, and a span
  of time or a name picks out one post. A page further down says nothing either.
* Below `UNSEARCHABLE_FLOOR` authors nothing is said. Who writes a word with two accounts of their own is told that some
  third one, out of all, wrote it in public of late: what reading the public timeline says, with the name.
* The posts are read by the same one statement whatever the words are.
"""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from node.accounts.models import Account
from node.base.runtime import Runtime
from node.search.documents import Source, document_of, text_of
from node.search.matching import Row, matches
from node.search.queries import list_unsearchable
from node.search.rules import (
    UNSEARCHABLE_CHARACTERS,
    UNSEARCHABLE_FLOOR,
    UNSEARCHABLE_REACH,
    UNSEARCHABLE_SECONDS,
)
from node.search.spelling import fold_text
from node.search.steps import Plan

Instead = Literal["", "alike", "most"]
_NOTES: Final = {
    "alike": "No post has these very words. These have words that look like them.",
    "most": "No post has all of these words. These have most of them.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What there is to say of an answer. All empty where there is nothing."""

    problem: str = ""
    """What is wrong with the query, in plain words."""
    place: int | None = None
    """The index of the character where it is wrong."""
    hidden_authors: int = 0
    """Authors of public posts that match but may not be searched; 0 below a floor."""
    not_searchable: tuple[str, ...] = ()
    """Handles of `from:` whose owners do not allow search."""
    unknown: tuple[str, ...] = ()
    """Handles of the query that nobody known here has."""
    is_away: bool = False
    """The index could not be asked; only the viewer's own library was."""
    is_partial: bool = False
    """Not everything was looked at."""
    is_wordless: bool = False
    """Nothing of the query can be looked for: a smiley, a question mark."""
    instead: Instead = ""
    """What was found where no post has all the words as they are."""

    @property
    def note(self) -> str:
        """What stands above posts that are not quite what was asked for."""
        return _NOTES.get(self.instead, "")

    @property
    def sentences(self) -> list[str]:
        """All of it in plain words."""
        found = [self.problem] if self.problem else []
        found += [f"Nobody known here is called {handle}." for handle in self.unknown]
        found += [f"{handle} does not allow others to search their posts." for handle in self.not_searchable]
        if self.hidden_authors:
            found.append(f"{self.hidden_authors} matching authors do not allow indexing.")
        if self.is_wordless:
            found.append("There is no word in this that posts could be searched for.")
        if self.instead:
            found.append(self.note)
        if self.is_away:
            found.append("Posts cannot be searched right now. Please try again in a while.")
        elif self.is_partial:
            found.append("There may be more: not all posts could be looked at in time.")
        return found


async def explain_nothing(
    runtime: Runtime,
    plan: Plan,
    names: Mapping[str, Account | None],
    explanation: Explanation,
    *,
    authors: Collection[str],
    viewer_id: int | None,
    now: datetime,
) -> Explanation:
    """Return why a query found no post at all. `names` are those of its handles, `authors` the handles of `from:`."""
    unknown = tuple(f"@{handle}" for handle, account in names.items() if account is None and handle != "me")
    closed = tuple(
        f"@{account.acct}"
        for handle, account in names.items()
        if handle in authors and account is not None and not account.indexable and account.id != viewer_id
    )
    explanation = replace(explanation, unknown=unknown, not_searchable=closed)
    if not plan.is_plain:
        return explanation
    async with runtime.read() as reader:
        rows = await list_unsearchable(
            reader, viewer_id=viewer_id, now=now, reach=UNSEARCHABLE_REACH, characters=UNSEARCHABLE_CHARACTERS
        )
    count = await asyncio.to_thread(_count_authors, rows, plan)
    return replace(explanation, hidden_authors=count if count >= UNSEARCHABLE_FLOOR else 0)


def _count_authors(rows: Sequence[Any], plan: Plan) -> int:
    """Count the authors of matching posts. A look at the plain text spares most posts the whole analysis."""
    firsts = {form.lstrip("~=^#")[:3] for term in plan.wanted if not term.is_little for form, _ in term.forms}
    authors: set[int] = set()
    stop_at = time.monotonic() + UNSEARCHABLE_SECONDS
    for account_id, content, spoiler_text, language in rows:
        if account_id in authors:
            continue
        if time.monotonic() > stop_at:
            break
        plain = fold_text(f"{spoiler_text} {text_of(content)}") if firsts else ""
        if firsts and not any(beginning in plain for beginning in firsts):
            continue
        source = Source(post_id=0, author_id=account_id, content=content, spoiler_text=spoiler_text, language=language)
        if matches(plan.step, Row(post_id=0, words=document_of(source).words)):
            authors.add(account_id)
    return len(authors)
