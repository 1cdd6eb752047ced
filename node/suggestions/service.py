"""Use cases of suggestions: whom to suggest, and waving somebody away."""

from typing import Final

from node.accounts.queries import get_account
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.suggestions.models import Dismissal
from node.suggestions.queries import count_by_friends, count_by_tags, list_most_followed, list_suggestible
from node.suggestions.rules import Candidate, Suggestion, rank

POPULAR: Final = 500
POPULAR_SECONDS: Final = 600
"""How old the list of who is followed most may be: it is the same for everybody."""


async def suggest(runtime: Runtime, reader: Reader, viewer_id: int, *, limit: int) -> list[Suggestion]:
    """Return people the viewer might like to follow, best first."""
    now = runtime.now()
    friends = await count_by_friends(reader, viewer_id, now)
    tags = await count_by_tags(reader, viewer_id, now)
    popular = await _popular(runtime, reader)
    welcome = await list_suggestible(reader, popular, viewer_id, now)
    return rank(
        (
            Candidate(account_id=id_, friends=friends.get(id_, 0), tags=tags.get(id_, 0), followers=popular.get(id_, 0))
            for id_ in {*friends, *tags, *welcome}
        ),
        limit,
    )


async def dismiss(uow: UnitOfWork, runtime: Runtime, viewer_id: int, target_id: int) -> None:
    """Do not suggest somebody again. Raises NotFound for who is none."""
    await get_account(uow, target_id)
    values = {"id": new_id(), "account_id": viewer_id, "target_id": target_id, "created_at": runtime.now()}
    await insert_if_absent(uow, Dismissal, values)


async def _popular(runtime: Runtime, reader: Reader) -> dict[int, int]:
    cache = runtime.caches.get("most_followed", size=1, seconds=POPULAR_SECONDS)
    found: dict[int, int] | None = cache.get("all")
    if found is None:
        found = await list_most_followed(reader, limit=POPULAR)
        cache.put("all", found)
    return found
