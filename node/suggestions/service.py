"""Use cases of suggestions: whom to suggest and why, and waving somebody away."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from node.accounts.models import Account
from node.accounts.queries import get_account, list_accounts
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.public_follows.queries import list_friends_of_friends
from node.suggestions.models import Dismissal
from node.suggestions.queries import (
    FOUND,
    LATELY,
    list_boosted,
    list_followed_by_friends,
    list_friends_of,
    list_most_followed,
    list_most_moving,
    list_neighbours,
    list_picks,
    list_suggestible,
    list_tag_ids,
    list_tag_names,
    list_tagged,
    newest_follow_id,
)
from node.suggestions.rules import NAMED, Candidate, Names, Suggestion, in_order, reasons_of, suggestion_of
from node.trends.trusting import known_trust

POPULAR: Final = 500
POPULAR_SECONDS: Final = 600
"""How old the lists of who is followed and liked most may be: they are the same for everybody."""
OWN_SECONDS: Final = 600
"""How old that may be which speaks for somebody in the eyes of one viewer."""
VIEWERS: Final = 2_000
ENOUGH: Final = 40
ASKED: Final = 4
"""Of how many times as many as are wanted it is asked first whether they may be suggested."""
LISTS: Final = 100
"""Newest follows of the viewer whose lists elsewhere are looked at."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """Somebody to follow, and why in plain words, the strongest reason first."""

    suggestion: Suggestion
    account: Account
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Backing:
    """How many friends of the viewer speak for somebody, and who a few of them are."""

    count: int = 0
    some: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Popular:
    """Who is popular here: the same for every viewer."""

    followers: Mapping[int, int]
    reactions: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Own:
    """What speaks for whom in the eyes of one viewer, and who comes before whom beside who is popular and picked."""

    friends: Mapping[int, _Backing]
    boosters: Mapping[int, _Backing]
    tagged: Mapping[int, set[int]]
    neighbours: Mapping[int, tuple[str, int]]
    """The server, and how many friends are there: of who is nothing else, and only for who has few suggestions."""
    orders: dict[tuple[_Popular, Set[int]], Sequence[int]] = field(default_factory=dict)


_NOBODY: Final = _Backing()


async def suggest(runtime: Runtime, reader: Reader, viewer_id: int, *, limit: int) -> list[Suggested]:
    """Return people the viewer might like to follow, best first, with the reasons in words."""
    own = await _own(runtime, reader, viewer_id)
    found = await _ranked(runtime, reader, viewer_id, own, limit)
    ids = [one.account_id for one in found]
    tag_ids = {tag_id for id_ in ids for tag_id in own.tagged.get(id_, ())}
    tags = await list_tag_names(reader, tag_ids) if tag_ids else {}
    notes = {pick.account_id: pick.note for pick in await list_picks(reader)}
    friends = [friend for id_ in ids for kind in (own.friends, own.boosters) for friend in kind.get(id_, _NOBODY).some]
    accounts = await list_accounts(reader, list(dict.fromkeys([*ids, *friends])))

    def named(people: Iterable[int]) -> list[str]:
        return [accounts[id_].display_name or accounts[id_].username for id_ in people if id_ in accounts]

    return [
        Suggested(
            one,
            accounts[one.account_id],
            reasons_of(
                one,
                Names(
                    friends=named(own.friends.get(one.account_id, _NOBODY).some),
                    boosters=named(own.boosters.get(one.account_id, _NOBODY).some),
                    tags=sorted(tags[id_] for id_ in own.tagged.get(one.account_id, ()) if id_ in tags),
                    server=own.neighbours.get(one.account_id, ("", 0))[0],
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
    """Return the best who may be suggested. Who that is may change at any time, so it is asked, of a few at once."""
    now = runtime.now()
    popular = await _popular(runtime)
    picks = frozenset([pick.account_id for pick in await list_picks(reader)])
    near = {*own.friends, *own.boosters, *own.tagged, *own.neighbours, *picks}
    order = own.orders.get((popular, picks))
    if order is None:
        everybody = near | popular.followers.keys() | popular.reactions.keys()
        order = own.orders[popular, picks] = in_order(_candidate(id_, own, popular, picks) for id_ in everybody)
    found: list[Suggestion] = []
    looked, portion = 0, ASKED * limit
    while len(found) < limit and looked < len(order):
        some = order[looked : looked + portion]
        welcome = await list_suggestible(reader, some, viewer_id, now)
        found += [
            suggestion_of(_candidate(id_, own, popular, picks))
            for id_ in some
            if id_ in welcome and (id_ in near or _is_active(welcome[id_], now))
        ]
        looked += portion
        portion *= 2
    return found[:limit]


def _candidate(id_: int, own: _Own, popular: _Popular, picks: Set[int]) -> Candidate:
    return Candidate(
        account_id=id_,
        friends=own.friends.get(id_, _NOBODY).count,
        boosters=own.boosters.get(id_, _NOBODY).count,
        tags=len(own.tagged.get(id_, ())),
        neighbours=own.neighbours.get(id_, ("", 0))[1],
        reactions=popular.reactions.get(id_, 0),
        followers=popular.followers.get(id_, 0),
        picked=id_ in picks,
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
        friends = await _friends_of_friends(reader, viewer_id)
        boosters = _backed(await list_boosted(reader, viewer_id, now))
        tagged = await list_tagged(reader, tag_ids, now)
        known = {*friends, *boosters, *tagged}
        has_enough = len(known) >= ENOUGH
        nearby = {} if has_enough else await list_neighbours(reader, viewer_id)
        found = _Own(friends, boosters, tagged, {id_: there for id_, there in nearby.items() if id_ not in known})
        if has_enough:
            cache.put(key, found)  # to look once more for somebody who has few friends yet costs little
    return found


async def _friends_of_friends(reader: Reader, viewer_id: int) -> dict[int, _Backing]:
    """Those whom friends follow: by the follows that stand here, and by what their servers show (`public_follows`)."""
    known = await list_friends_of(reader, viewer_id, await list_followed_by_friends(reader, viewer_id))
    listed = await list_friends_of_friends(reader, viewer_id, friends=LISTS, limit=FOUND)
    elsewhere = ((account_id, friend_id) for account_id, friends in listed.items() for friend_id in friends)
    return _backed([*known, *elsewhere])


async def _popular(runtime: Runtime) -> _Popular:
    kept = runtime.caches.standing("most_followed", seconds=POPULAR_SECONDS, stale_seconds=6 * POPULAR_SECONDS)
    found: _Popular = await kept.get(partial(_find_popular, runtime))
    return found


async def _find_popular(runtime: Runtime) -> _Popular:
    trust, now = await known_trust(runtime), runtime.now()
    async with runtime.read() as reader:
        followers = await list_most_followed(reader, now, trust, limit=POPULAR)
        return _Popular(followers, await list_most_moving(reader, now, trust, limit=POPULAR))


def _backed(pairs: Iterable[tuple[int, int]]) -> dict[int, _Backing]:
    found: dict[int, dict[int, None]] = {}
    for account_id, friend_id in pairs:
        found.setdefault(account_id, {})[friend_id] = None
    return {account_id: _Backing(len(friends), tuple(friends)[:NAMED]) for account_id, friends in found.items()}
