"""The SELECTs of the tick: what was noted lately, and who took a subject up. Bounded by time, through the primary key:
an id says when a post was published."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.base.db.prepared import Prepared, PreparedEntities
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.ids import floor_id
from node.base.paging import Page
from node.cards.models import LinkCard, PostLink
from node.posts.models import Hashtag, Like, Post, PostHashtag
from node.trends.models import TrendState
from node.trends.rules import Kind, language_of
from node.trends.scoring import site_of, stranger_weight

MOST_NOTES: Final = 50_000
"""Newest rows of a kind from which buckets are filled, or that are counted where there are none."""
MOST_POSTS: Final = 3_000
"""Newest posts of one subject that are looked at one by one."""
MOST_FLOODED: Final = 100_000
"""Where there are more, newest posts of which the last of each person is looked at: or else a few who post without end
would hide what everybody else says."""
MOST_ACTIVE: Final = 100_000
BOOSTED: Final = 1.5
"""A boost says more than a like."""
WIDE_AWAKE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Note:
    """Somebody took a subject up: `item` is the id of the post or like by which they did, and says when."""

    kind: Kind
    subject_id: int
    account_id: int
    item: int
    language: str


@dataclass(frozen=True, slots=True)
class TickFacts:
    """How the last tick went: seconds it took, CPU seconds of them, and how many subjects were active, by kind."""

    seconds: float = 0.0
    cpu: float = 0.0
    active: Mapping[str, int] = field(default_factory=dict)


NO_TICK: Final = TickFacts()


async def read_tick_facts(reader: Reader) -> TickFacts:
    """Return how the last tick went."""
    body = (state.body if (state := await find_state(reader, "tick")) is not None else None) or {}
    return TickFacts(float(body.get("seconds", 0)), float(body.get("cpu", 0)), dict(body.get("active", {})))


async def find_state(reader: Reader, name: str) -> TrendState | None:
    """Return what was worked out under this name."""
    found: TrendState | None = await reader.scalar(select(TrendState).where(TrendState.name == name))
    return found


async def list_post_notes(reader: Reader, post_id: int) -> list[Note]:
    """Return what the publishing of a post or boost says: of its hashtags, its link, and what it boosts or answers."""
    rows = await reader.rows(_published(), {"post_id": post_id})
    if not rows:
        return []
    account_id, language, boost_of_id, in_reply_to_id, has_tags = rows[0]
    taken_up = boost_of_id or in_reply_to_id
    notes = await list_taken_up(reader, [(taken_up, account_id, post_id)]) if taken_up else []
    if has_tags and boost_of_id is None:
        tags = await reader.rows(select(PostHashtag.hashtag_id).where(PostHashtag.post_id == post_id))
        notes += [Note("tags", tag_id, account_id, post_id, language_of(language)) for (tag_id,) in tags]
    return notes


@cache
def _published() -> Prepared:
    tagged = exists(select(PostHashtag.post_id).where(PostHashtag.post_id == Post.id))
    columns = (Post.account_id, Post.language, Post.boost_of_id, Post.in_reply_to_id, tagged)
    return Prepared(select(*columns).where(Post.id == bindparam("post_id"), _open()))


async def list_taken_up(reader: Reader, takers: Sequence[tuple[int, int, int]]) -> list[Note]:
    """Return what likes, boosts or answers say of posts: each with the post's id, who did it, and its own id."""
    found = await reader.rows(_open_posts(), {"ids": list({post_id for post_id, _, _ in takers})})
    posts = {row.id: row for row in found}
    return [
        Note("posts", post_id, account_id, item, language_of(posts[post_id].language))
        for post_id, account_id, item in takers
        if post_id in posts and posts[post_id].account_id != account_id
    ]


@cache
def _open_posts() -> Prepared:
    return Prepared(
        select(Post.id, Post.account_id, Post.language).where(
            Post.id.in_(bindparam("ids", expanding=True)), _open(), Post.boost_of_id.is_(None)
        )
    )


async def list_notes(reader: Reader, kind: Kind, since: datetime, *, limit: int = MOST_NOTES) -> list[Note]:
    """Return the newest notes of a kind since then, as its rows say."""
    after = floor_id(since)
    found: list[Note] = []
    for statement in _streams(kind, after):
        rows = await reader.execute(statement.limit(limit))
        found += [
            Note(kind, subject, account, item, language_of(language)) for subject, account, item, language in rows
        ]
    return found


def _streams(kind: Kind, after: int) -> list[Select[*tuple[Any, ...]]]:
    if kind == "posts":
        original: Any = Post.__table__.alias("original")
        open_original = and_(
            original.c.visibility == "public", original.c.deleted_at.is_(None), original.c.boost_of_id.is_(None)
        )
        likes: Select[*tuple[Any, ...]] = (
            select(Like.post_id, Like.account_id, Like.id, original.c.language)
            .join(original, original.c.id == Like.post_id)
            .where(Like.id >= after, open_original, Like.account_id != original.c.account_id)
            .order_by(Like.id.desc())
        )
        answers = [
            select(column, Post.account_id, Post.id, original.c.language)
            .join(original, original.c.id == column)
            .where(Post.id >= after, _open(), open_original, Post.account_id != original.c.account_id)
            .order_by(Post.id.desc())
            for column in (Post.boost_of_id, Post.in_reply_to_id)
        ]
        return [likes, *answers]
    table: Any = PostHashtag if kind == "tags" else PostLink
    subject = PostHashtag.hashtag_id if kind == "tags" else PostLink.card_id
    statement = (
        select(subject, Post.account_id, Post.id, Post.language)
        .join_from(table, Post, Post.id == table.post_id)
        .where(table.post_id >= after, _open(), Post.boost_of_id.is_(None))
        .order_by(table.post_id.desc())
    )
    return [statement]


async def list_active(reader: Reader, now: datetime) -> dict[str, set[int]]:
    """Return who posted in public in the last day, by language; everybody under "". By the newest posts."""
    newest = (
        select(Post.account_id, Post.language)
        .where(Post.id >= floor_id(now - WIDE_AWAKE), _open())
        .order_by(Post.id.desc())
        .limit(MOST_ACTIVE)
        .subquery()
    )
    rows = await reader.execute(select(newest).distinct())
    found: dict[str, set[int]] = {"": set()}
    for account_id, language in rows:
        found[""].add(account_id)
        found.setdefault(language_of(language), set()).add(account_id)
    return found


@dataclass(frozen=True, slots=True)
class Use:
    """A post about a hashtag or link, or a like, boost or answer of a post: `item` is its id and says when."""

    account_id: int
    language: str
    item: int
    moved: int = 0
    emphasis: float = 1.0


@dataclass(frozen=True, slots=True)
class Person:
    """What an account weighs where nobody here trusts it, and the site it is of."""

    base: float
    site: str


async def list_uses(reader: Reader, kind: Kind, subject_id: int, since: datetime) -> list[Use]:
    """Return how a subject was taken up since then, the newest `MOST_POSTS` of each way; of a hashtag or link that is
    flooded, the last post of each person.

    Short statements by key, which every planner answers alike: joined to one, they took PostgreSQL minutes where it
    had not counted the tables yet.
    """
    after = floor_id(since)
    if kind == "posts":
        return await _interactions(reader, subject_id, after)
    found: list[Use] = []
    newest = [row[0] for row in await reader.rows(_newest(kind), {"subject_id": subject_id, "after": after})]
    if len(newest) == MOST_POSTS:
        newest = [row[0] for row in await reader.execute(_last_of_each(kind, subject_id, after))]
    for chunk in chunks(newest):
        rows = await reader.rows(_used(), {"ids": chunk})
        found += [Use(account_id, language_of(language), id_, count) for account_id, language, id_, count in rows]
    return found


@cache
def _newest(kind: Kind) -> Select[*tuple[Any, ...]]:
    table: Any = PostHashtag if kind == "tags" else PostLink
    subject = PostHashtag.hashtag_id if kind == "tags" else PostLink.card_id
    return (
        select(table.post_id)
        .where(subject == bindparam("subject_id"), table.post_id >= bindparam("after"))
        .order_by(table.post_id.desc())
        .limit(MOST_POSTS)
    )


def _last_of_each(kind: Kind, subject_id: int, after: int) -> Select[*tuple[Any, ...]]:
    table: Any = PostHashtag if kind == "tags" else PostLink
    subject = PostHashtag.hashtag_id if kind == "tags" else PostLink.card_id
    newest = (
        select(table.post_id)
        .where(subject == subject_id, table.post_id >= after)
        .order_by(table.post_id.desc())
        .limit(MOST_FLOODED)
        .subquery()
    )
    last = func.max(Post.id)
    return (
        select(last)
        .join_from(newest, Post, Post.id == newest.c.post_id)
        .where(_open(), Post.boost_of_id.is_(None))
        .group_by(Post.account_id)
        .order_by(last.desc())
    )


@cache
def _used() -> Select[*tuple[Any, ...]]:
    moved = Post.likes_count + Post.boosts_count + Post.replies_count
    return select(Post.account_id, Post.language, Post.id, moved).where(
        Post.id.in_(bindparam("ids", expanding=True)), _open(), Post.boost_of_id.is_(None)
    )


async def _interactions(reader: Reader, post_id: int, after: int) -> list[Use]:
    author_id = await reader.scalar(select(Post.account_id).where(Post.id == post_id))
    likes = (
        select(Like.account_id, Like.id)
        .where(Like.post_id == post_id, Like.id >= after)
        .order_by(Like.id.desc())
        .limit(MOST_POSTS)
    )
    found = [Use(account_id, "", id_) for account_id, id_ in await reader.execute(likes)]
    for column, emphasis in ((Post.boost_of_id, BOOSTED), (Post.in_reply_to_id, 1.0)):
        answers = (
            select(Post.account_id, Post.id)
            .where(column == post_id, Post.id >= after, _open())
            .order_by(Post.id.desc())
            .limit(MOST_POSTS)
        )
        rows = await reader.execute(answers)
        found += [Use(account_id, "", id_, emphasis=emphasis) for account_id, id_ in rows]
    return [use for use in found if use.account_id != author_id]


async def list_people(reader: Reader, ids: Collection[int], now: datetime) -> dict[int, Person]:
    """Return those of these accounts that count: neither gone, nor waiting, nor silenced."""
    found: dict[int, Person] = {}
    for chunk in chunks(list(ids)):
        rows = await reader.execute(
            select(
                Account.id,
                Account.domain,
                Account.created_at,
                Account.followers_count,
                Account.following_count,
                Account.bot,
            ).where(Account.id.in_(chunk), is_present(), Account.waiting.is_(False), Account.silenced_at.is_(None))
        )
        for id_, domain, created_at, followers, following, is_bot in rows:
            base = stranger_weight(
                created_at=created_at, followers=followers, following=following, is_bot=is_bot, now=now
            )
            found[id_] = Person(base, site_of(domain))
    return found


async def list_contents(reader: Reader, post_ids: Collection[int]) -> dict[int, str]:
    """Return what posts say, as HTML."""
    rows = await reader.execute(select(Post.id, Post.content).where(Post.id.in_(list(post_ids))))
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class PostFacts:
    """A post that may trend."""

    id: int
    account_id: int
    language: str


async def list_trendable_posts(
    reader: Reader, ids: Collection[int], *, since: datetime, allowed: Collection[int]
) -> list[PostFacts]:
    """Return which of these posts may trend: public, of somebody who wants to be found, no answers to others, nothing
    sensitive; an operator may have `allowed` what is sensitive."""
    plain = and_(Post.spoiler_text == "", Post.sensitive.is_(False), Account.sensitised_at.is_(None))
    rows = await reader.execute(
        select(Post.id, Post.account_id, Post.language)
        .join(Account, Account.id == Post.account_id)
        .where(
            Post.id.in_(list(ids)),
            Post.id >= floor_id(since),
            _open(),
            Post.boost_of_id.is_(None),
            Post.in_reply_to_id.is_(None),
            Post.in_reply_to_uri.is_(None),
            is_present(),
            Account.waiting.is_(False),
            Account.silenced_at.is_(None),
            Account.discoverable.is_(True),
            or_(plain, Post.id.in_(list(allowed))),
        )
    )
    return [PostFacts(id_, account_id, language_of(language)) for id_, account_id, language in rows]


async def list_ready_cards(reader: Reader, ids: Collection[int]) -> dict[int, str]:
    """Return which of these links have a preview, with their hosts."""
    rows = await reader.execute(
        select(LinkCard.id, LinkCard.host).where(LinkCard.id.in_(list(ids)), LinkCard.state == "ready")
    )
    return {row[0]: row[1] for row in rows}


async def list_authors(reader: Reader, ids: Collection[int]) -> dict[int, int]:
    """Return who wrote these posts."""
    rows = await reader.execute(select(Post.id, Post.account_id).where(Post.id.in_(list(ids))))
    return {row[0]: row[1] for row in rows}


_HASHTAGS: Final = PreparedEntities(select(Hashtag).where(Hashtag.id.in_(bindparam("ids", expanding=True))))


async def list_hashtags(reader: Reader, ids: Collection[int]) -> dict[int, Hashtag]:
    """Return hashtags by id."""
    return {tag.id: tag for tag in await reader.entities(_HASHTAGS, {"ids": list(ids)})}


async def exists_row(reader: Reader, table: Any, id_: int) -> bool:
    """Whether a table has a row of this id."""
    return await reader.scalar(select(table.id).where(table.id == id_)) is not None


async def list_tag_page(reader: Reader, page: Page) -> list[Hashtag]:
    """Return a page of the hashtags known here, the newest first."""
    return page.newest_first(list(await reader.scalars(page.apply(select(Hashtag), Hashtag.id))))


async def get_hashtag(reader: Reader, id_: int) -> Hashtag:
    """Return a hashtag. Raises NotFound."""
    found: Hashtag | None = await reader.scalar(select(Hashtag).where(Hashtag.id == id_))
    if found is None:
        raise NotFound()
    return found


def _open() -> ColumnElement[bool]:
    """SQL: a public post that may be seen beyond this server."""
    return and_(Post.visibility == "public", Post.deleted_at.is_(None), Post.local_only.is_(False))


def chunks(ids: Sequence[int], size: int = 500) -> list[Sequence[int]]:
    """Return ids in portions that a statement takes."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]
