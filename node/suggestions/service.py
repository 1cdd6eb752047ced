"""Use cases of suggestions: whom to suggest and why, and waving somebody away."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from node.accounts.models import Account
from node.accounts.queries import get_account, list_accounts
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.suggestions.models import Dismissal
from node.suggestions.queries import (
    LATELY,
    count_by_boosters,
    count_by_friends,
    list_boosters_of,
    list_friends_of,
    list_most_followed,
    list_most_moving,
    list_picks,
    list_suggestible,
    list_tag_ids,
    list_tag_names,
    list_tagged,
    newest_follow_id,
)
from node.suggestions.rules import NAMED, Candidate, Names, Suggestion, rank, reasons_of

POPULAR: Final = 500
POPULAR_SECONDS: Final = 600
"""How old the lists of who is followed and liked most may be: they are the same for everybody."""
OWN_SECONDS: Final = 60
"""How old that may be which speaks for somebody in the eyes of one viewer."""
VIEWERS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Suggested:
    """Somebody to follow, and why in plain words, the strongest reason first."""

    suggestion: Suggestion
    account: Account
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Own:
    """What speaks for whom in the eyes of one viewer."""

    friends: Mapping[int, int]
    boosters: Mapping[int, int]
    tagged: Mapping[int, set[int]]


@dataclass(frozen=True, slots=True)
class _Popular:
    """Who is popular here, and who was picked with what words: the same for every viewer."""

    followers: Mapping[int, int]
    reactions: Mapping[int, int]


async def suggest(runtime: Runtime, reader: Reader, viewer_id: int, *, limit: int) -> list[Suggested]:
    """Return people the viewer might like to follow, best first, with the reasons in words."""
    own = await _own(runtime, reader, viewer_id)
    found = await _ranked(runtime, reader, viewer_id, own, limit)
    ids = [one.account_id for one in found]
    by_friends = _grouped(await list_friends_of(reader, viewer_id, [id_ for id_ in ids if id_ in own.friends]))
    boosted = [id_ for id_ in ids if id_ in own.boosters]
    by_boosters = _grouped(await list_boosters_of(reader, viewer_id, boosted, runtime.now()))
    tag_ids = {tag_id for id_ in ids for tag_id in own.tagged.get(id_, ())}
    tags = await list_tag_names(reader, tag_ids) if tag_ids else {}
    notes = {pick.account_id: pick.note for pick in await list_picks(reader)}
    known = [person for people in (*by_friends.values(), *by_boosters.values()) for person in people[:NAMED]]
    accounts = await list_accounts(reader, list(dict.fromkeys([*ids, *known])))

    def named(people: Iterable[int]) -> list[str]:
        return [accounts[id_].display_name or accounts[id_].username for id_ in people if id_ in accounts][:NAMED]

    return [
        Suggested(
            one,
            accounts[one.account_id],
            reasons_of(
                one,
                Names(
                    friends=named(by_friends.get(one.account_id, ())),
                    boosters=named(by_boosters.get(one.account_id, ())),
                    tags=sorted(tags[id_] for id_ in own.tagged.get(one.account_id, ()) if id_ in tags),
                    note=notes.get(one.account_id, ""),
                ),
            ),
        )
        for one in found
        if one.account_id in accounts
    ]


async def dismiss(uow: UnitOfWork, runtime: Runtime, viewer_id: int, target_id: int) -> None:
    """Do not suggest somebody again. Raises NotFound for who is none."""
    await get_account(uow, target_id)
    values = {"id": new_id(), "account_id": viewer_id, "target_id": target_id, "created_at": runtime.now()}
    await insert_if_absent(uow, Dismissal, values)


async def _ranked(runtime: Runtime, reader: Reader, viewer_id: int, own: _Own, limit: int) -> list[Suggestion]:
    now = runtime.now()
    popular = await _popular(runtime, reader)
    picks = {pick.account_id for pick in await list_picks(reader)}
    near = {*own.friends, *own.boosters, *own.tagged, *picks}
    welcome = await list_suggestible(reader, {*near, *popular.followers, *popular.reactions}, viewer_id, now)
    return rank(
        (
            Candidate(
                account_id=id_,
                friends=own.friends.get(id_, 0),
                boosters=own.boosters.get(id_, 0),
                tags=len(own.tagged.get(id_, ())),
                reactions=popular.reactions.get(id_, 0),
                followers=popular.followers.get(id_, 0),
                picked=id_ in picks,
            )
            for id_, posted_at in welcome.items()
            if id_ in near or _is_active(posted_at, now)
        ),
        limit,
    )


def _is_active(posted_at: datetime | None, now: datetime) -> bool:
    """Popular here is only who writes still; of whom a friend follows nobody may have told us when they wrote."""
    return posted_at is not None and posted_at > now - LATELY


async def _own(runtime: Runtime, reader: Reader, viewer_id: int) -> _Own:
    cache = runtime.caches.get("suggestions", size=VIEWERS, seconds=OWN_SECONDS)
    key = (viewer_id, await newest_follow_id(reader, viewer_id))
    found: _Own | None = cache.get(key)
    if found is None:
        now = runtime.now()
        tag_ids = await list_tag_ids(reader, viewer_id, now)
        found = _Own(
            await count_by_friends(reader, viewer_id),
            await count_by_boosters(reader, viewer_id, now),
            await list_tagged(reader, tag_ids, now),
        )
        cache.put(key, found)
    return found


async def _popular(runtime: Runtime, reader: Reader) -> _Popular:
    cache = runtime.caches.get("most_followed", size=1, seconds=POPULAR_SECONDS)
    found: _Popular | None = cache.get("all")
    if found is None:
        found = _Popular(
            await list_most_followed(reader, limit=POPULAR),
            await list_most_moving(reader, runtime.now(), limit=POPULAR),
        )
        cache.put("all", found)
    return found


def _grouped(pairs: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for account_id, friend_id in pairs:
        found.setdefault(account_id, []).append(friend_id)
    return found
