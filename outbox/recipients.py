"""To whom: the inboxes an activity goes to (DLV-1), one URL each however many people are behind it.

A shared inbox stands for everybody on its host, so a thousand followers on three hosts are three inboxes. Our own
people are never among them, nor who is gone, nor (for what is addressed to a person) whom the author blocks.
Suspended and unavailable hosts are left out by `address`, which knows how hosts are.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, union

from federation.errors import MalformedDocument
from federation.origins import host_of
from node.accounts.models import Account
from node.accounts.queries import is_present
from node.accounts.relations import blocks
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.follows.models import Follow
from node.follows.queries import remote_follows_of
from node.polls.models import PollVote
from node.posts.models import Like, Mention, Post
from node.reactions.models import Reaction
from node.relays.queries import list_relay_inboxes
from outbox.event_queries import PostFacts
from outbox.models import Peer

RECENTLY: Final = timedelta(days=30)
"""Hosts that took something from us or spoke to us since then hear of a changed profile (ACT-5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """Who is to get an activity of `author_id`."""

    author_id: int
    account_ids: frozenset[int] = frozenset()
    followers: bool = False
    involved_with: int | None = None
    """A post: everybody who liked, boosted, answered it, voted on it or reacted to it, for what changes it or takes it
    back."""
    voters_of: int | None = None
    """A poll, when its counts have changed (OBJ-10)."""

    inboxes: frozenset[str] = frozenset()
    """Relays."""

    recent_hosts: bool = False
    everybody: bool = False
    """Every inbox we know, for the departure of an account (MOD-1)."""

    personal: bool = False
    """To people, not to hosts: shared inboxes only where two of one host are meant."""

    despite_blocks: bool = False
    despite_suspension: bool = False
    """Also to people who are suspended here: their server is to know that a follow is over (MOD-2)."""


@dataclass(frozen=True, slots=True)
class _Box:
    inbox_url: str
    shared_url: str


async def with_relays(
    reader: Reader, post: Post | PostFacts, to: Recipients, *, replies: bool, style: str = ""
) -> Recipients:
    """Return `to` with the relays that pass a post on: a public one, and with `replies` an answer too (DLV-10)."""
    is_reply = post.in_reply_to_id is not None or post.in_reply_to_uri is not None
    if post.visibility != "public" or (is_reply and not replies):
        return to
    return replace(to, inboxes=frozenset(await list_relay_inboxes(reader, style=style)))


async def list_inboxes(reader: Reader, to: Recipients, *, now: datetime) -> list[str]:
    """Return the distinct inboxes of `to`, sorted."""
    if to.everybody:
        return sorted(await _every_inbox(reader))
    boxes = await _boxes(reader, to)
    urls = _personal(boxes) if to.personal else {box.shared_url or box.inbox_url for box in boxes}
    urls |= to.inboxes
    if to.recent_hosts:
        urls |= await _recent_inboxes(reader, now)
    return sorted(urls)


async def _boxes(reader: Reader, to: Recipients) -> set[_Box]:
    whom: list[Select[Any]] = []
    if to.involved_with is not None:
        whom += _involved(to.involved_with)
    if to.voters_of is not None:
        whom.append(_voters(to.voters_of))
    boxes: set[_Box] = set()
    despite = {"despite_blocks": to.despite_blocks, "despite_suspension": to.despite_suspension}
    asked = {} if to.despite_blocks else {"author_id": to.author_id}
    if to.account_ids:
        named = _boxes_of_named(**despite)
        boxes |= {_Box(*row) for row in await reader.rows(named, asked | {"ids": list(to.account_ids)})}
    if whom:
        involved = _boxes_of(union(*whom).subquery().select(), **despite)
        boxes |= {_Box(*row) for row in await reader.execute(involved, asked)}
    if to.followers:
        boxes |= {_Box(url, url) for url in await _follower_inboxes(reader, to.author_id)}
    return boxes


async def _follower_inboxes(reader: Reader, author_id: int) -> Sequence[str]:
    asked = {"author_id": author_id}
    ((number,),) = await reader.rows(_FOLLOWED, asked)
    if number > FEW:  # not `rows`: who reads a hundred thousand followers shall not hold up the event loop
        found: Sequence[str] = await reader.scalars(_FOLLOWERS_AT.statement, asked)
        return found
    return [row[0] for row in await reader.rows(_FOLLOWERS_AT, asked)]


@cache
def _boxes_of_named(**despite: bool) -> Prepared:
    return Prepared(_boxes_of(bindparam("ids", expanding=True), **despite))


def _boxes_of(whom: Any, *, despite_blocks: bool, despite_suspension: bool) -> Select[*tuple[Any, ...]]:
    people = select(Account.inbox_url, Account.shared_inbox_url).where(
        Account.id.in_(whom), *_reachable(suspended=despite_suspension)
    )
    return people if despite_blocks else people.where(~blocks(bindparam("author_id"), Account.id.expression))


def _involved(post_id: int) -> list[Select[Any]]:
    return [
        select(Like.account_id).where(Like.post_id == post_id),
        select(Post.account_id).where(
            or_(Post.boost_of_id == post_id, Post.in_reply_to_id == post_id, Post.quoted_id == post_id)
        ),
        select(Reaction.account_id).where(Reaction.post_id == post_id),
        select(Mention.account_id).where(Mention.post_id == post_id),
        _voters(post_id),
    ]


def _voters(poll_id: int) -> Select[Any]:
    return select(PollVote.account_id).where(PollVote.poll_id == poll_id)


def _best_inbox() -> ColumnElement[str]:
    return func.coalesce(func.nullif(Account.shared_inbox_url, ""), Account.inbox_url)


def _reachable(*, suspended: bool = False) -> list[ColumnElement[bool]]:
    stands = Account.deleted_at.is_(None) if suspended else is_present()
    return [Account.domain != "", Account.inbox_url != "", stands]


FEW: Final = 500
"""People who are read within a millisecond or two."""
_FOLLOWED: Final = Prepared(
    select(func.count()).select_from(
        select(Follow.id).where(remote_follows_of(bindparam("author_id"))).limit(FEW + 1).subquery()
    )
)
_FOLLOWERS_AT: Final = Prepared(
    select(_best_inbox())
    .join(Follow, Follow.follower_id == Account.id)
    .where(remote_follows_of(bindparam("author_id")), *_reachable())
    .distinct()
)


def _personal(boxes: Collection[_Box]) -> set[str]:
    """Return personal inboxes, or the shared one where two people of one host share it."""
    by_shared: dict[str, list[_Box]] = {}
    for box in boxes:
        by_shared.setdefault(box.shared_url, []).append(box)
    urls: set[str] = set()
    for shared_url, group in by_shared.items():
        urls |= {shared_url} if shared_url and len(group) > 1 else {box.inbox_url for box in group}
    return urls


async def _every_inbox(reader: Reader) -> set[str]:
    """Return every shared inbox, and for a host without one the inbox of each actor of it."""
    return set(await reader.scalars(select(_best_inbox()).where(*_reachable()).distinct()))


async def _recent_inboxes(reader: Reader, now: datetime) -> set[str]:
    since = now - RECENTLY
    recent = set(
        await reader.scalars(select(Peer.host).where(or_(Peer.last_success_at >= since, Peer.last_seen_at >= since)))
    )
    if not recent:
        return set()
    shared = await reader.scalars(
        select(Account.shared_inbox_url).where(Account.shared_inbox_url != "", *_reachable()).distinct()
    )
    return {url for url in shared if readable_host(url) in recent}


def readable_host(url: str) -> str | None:
    """Return a URL's host, or None for one that cannot be read (it was stored, but is nothing to post to)."""
    try:
        return host_of(url)
    except MalformedDocument:
        return None


def by_host(urls: Iterable[str]) -> dict[str, list[str]]:
    """Group inboxes by host; unreadable ones are left out."""
    grouped: dict[str, list[str]] = {}
    for url in urls:
        host = readable_host(url)
        if host is not None:
            grouped.setdefault(host, []).append(url)
    return grouped
