"""Every SELECT over moments: which there are, and what each shows to whom."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import is_present, list_accounts
from node.accounts.relations import block_between
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.ids import floor_id
from node.base.paging import Page
from node.media.models import Media
from node.moments.models import Moment, MomentPost
from node.moments.rules import MAX_MOMENTS, may_be_passed_on
from node.posts.models import Post, PostHashtag
from node.posts.rules import visible_to, welcome_to
from node.uris import INSTANCE_ACTOR_ID

LOOKED_AT: Final = 5
"""First posts of a moment that are looked at for a cover, where none was chosen."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a moment shows to a viewer: its posts in order, and the post whose picture is the cover."""

    moment: Moment
    post_ids: Sequence[int]
    cover: Media | None


async def find_moment(reader: Reader, moment_id: int) -> Moment | None:
    """Return a moment, whoever may see it."""
    found: Moment | None = await reader.scalar(select(Moment).where(Moment.id == moment_id))
    return found


async def get_moment(reader: Reader, moment_id: int, viewer_id: int | None, *, is_staff: bool = False) -> Moment:
    """Return a moment that a viewer may see: a published one, or their own; staff see any. Raises NotFound."""
    found: Moment | None = await reader.scalar(
        select(Moment)
        .join(Account, Account.id == Moment.account_id)
        .where(Moment.id == moment_id, is_present(), _unblocked(viewer_id))
    )
    if found is None:
        raise NotFound()
    if found.account_id == viewer_id or is_staff or (found.published_at is not None and found.hidden_at is None):
        return found
    raise NotFound()


async def list_moments(
    reader: Reader, page: Page, *, viewer_id: int | None, account_id: int | None = None
) -> list[Moment]:
    """Return published moments, the newest first: all of them, or one account's."""
    statement = (
        select(Moment)
        .join(Account, Account.id == Moment.account_id)
        .where(
            Moment.published_at.is_not(None),
            Moment.hidden_at.is_(None),
            is_present(),
            _unblocked(viewer_id),
        )
    )
    if account_id is None:
        statement = statement.where(Account.silenced_at.is_(None))
    else:
        statement = statement.where(Moment.account_id == account_id)
    return page.newest_first(list(await reader.scalars(page.apply(statement, Moment.id.expression))))


async def has_moments(reader: Reader, account_id: int) -> bool:
    """Whether an account published a moment."""
    statement = select(Moment.id).where(
        Moment.account_id == account_id, Moment.published_at.is_not(None), Moment.hidden_at.is_(None)
    )
    return await reader.scalar(statement.limit(1)) is not None


async def list_own_moments(reader: Reader, account_id: int) -> list[Moment]:
    """Return all moments of an account, the newest first, published or not."""
    return list(
        await reader.scalars(
            select(Moment).where(Moment.account_id == account_id).order_by(Moment.id.desc()).limit(MAX_MOMENTS)
        )
    )


async def count_moments(reader: Reader, account_id: int) -> int:
    """Return how many moments an account has."""
    return int(await reader.scalar(select(func.count()).where(Moment.account_id == account_id)) or 0)


async def list_contents(
    reader: Reader, moments: Sequence[Moment], viewer_id: int | None, now: datetime
) -> list[Contents]:
    """Return what each of these moments shows: three queries, however many there are."""
    curators = await list_accounts(reader, [moment.account_id for moment in moments])
    uris = {id_: account.uri for id_, account in curators.items()}
    author = aliased(Account)
    rows = await reader.execute(
        select(MomentPost.moment_id, Post.id, Post.account_id, Post.sensitive, Post.interaction_policy)
        .select_from(MomentPost)
        .join(Moment, Moment.id == MomentPost.moment_id)
        .join(Post, Post.id == MomentPost.post_id)
        .join(author, author.id == Post.account_id)
        .where(
            MomentPost.moment_id.in_([moment.id for moment in moments]),
            MomentPost.left_at.is_(None),
            _consents(Moment.account_id.expression, author),
            visible_to(viewer_id),
            welcome_to(viewer_id, Post, now),
        )
        .order_by(MomentPost.moment_id, MomentPost.position, MomentPost.id)
    )
    curator_of = {moment.id: moment.account_id for moment in moments}
    shown: dict[int, list[int]] = {moment.id: [] for moment in moments}
    coverless = set()
    for moment_id, post_id, author_id, is_sensitive, policy in rows:
        curator_id = curator_of[moment_id]
        uri = uris.get(curator_id, "")
        if may_be_passed_on(policy, curator_uri=uri, is_author=author_id == curator_id):
            shown[moment_id].append(post_id)
        if is_sensitive:
            coverless.add(post_id)
    candidates = {moment.id: _cover_candidates(moment, shown[moment.id], coverless) for moment in moments}
    pictures = await _first_pictures(reader, {id_ for ids in candidates.values() for id_ in ids})
    return [
        Contents(
            moment,
            shown[moment.id],
            next((pictures[id_] for id_ in candidates[moment.id] if id_ in pictures), None),
        )
        for moment in moments
    ]


async def list_post_rows(reader: Reader, moment_id: int) -> list[MomentPost]:
    """Return what was put into a moment, in order, shown or not."""
    return list(
        await reader.scalars(
            select(MomentPost).where(MomentPost.moment_id == moment_id).order_by(MomentPost.position, MomentPost.id)
        )
    )


async def list_addable(reader: Reader, ids: Collection[int], curator: Account) -> set[int]:
    """Return which of these posts may be put into a moment of the curator's."""
    author = aliased(Account)
    rows = await reader.execute(
        select(Post.id, Post.account_id, Post.interaction_policy)
        .join(author, author.id == Post.account_id)
        .where(Post.id.in_(list(ids)), _consents(curator.id, author), visible_to(curator.id))
    )
    return {
        id_
        for id_, author_id, policy in rows
        if may_be_passed_on(policy, curator_uri=curator.uri, is_author=author_id == curator.id)
    }


async def list_own_among(reader: Reader, ids: Collection[int], author_id: int) -> set[int]:
    """Return which of these posts an account wrote."""
    return set(await reader.scalars(select(Post.id).where(Post.id.in_(list(ids)), Post.account_id == author_id)))


async def list_moments_with(reader: Reader, account_id: int, post_id: int) -> set[int]:
    """Return the moments of an account that a post is in."""
    return set(
        await reader.scalars(
            select(Moment.id)
            .join(MomentPost, MomentPost.moment_id == Moment.id)
            .where(Moment.account_id == account_id, MomentPost.post_id == post_id, MomentPost.left_at.is_(None))
        )
    )


async def find_automatic(reader: Reader, topic: str, since: datetime) -> Moment | None:
    """Return the node's own moment about a topic that grew since then, hidden or not."""
    found: Moment | None = await reader.scalar(
        select(Moment)
        .where(Moment.topic == topic, Moment.account_id == INSTANCE_ACTOR_ID, Moment.updated_at >= since)
        .order_by(Moment.id.desc())
        .limit(1)
    )
    return found


async def list_automatic_beyond(reader: Reader, kept: int) -> list[int]:
    """Return the node's own moments but the newest `kept`."""
    return list(
        await reader.scalars(
            select(Moment.id)
            .where(Moment.account_id == INSTANCE_ACTOR_ID, Moment.topic != "")
            .order_by(Moment.id.desc())
            .offset(kept)
            .limit(1_000)
        )
    )


async def list_topic_posts(
    reader: Reader, hashtag_id: int, since: datetime, limit: int, *, among: Collection[int] | None = None
) -> list[Any]:
    """Return the newest posts of a hashtag, or those `among` these, that may be in a moment of the node's: id, author,
    counts, HTML."""
    author = aliased(Account)
    statement = (
        select(
            Post.id,
            Post.account_id,
            Post.likes_count,
            Post.boosts_count,
            Post.replies_count,
            Post.content,
            Post.interaction_policy,
        )
        .join(PostHashtag, PostHashtag.post_id == Post.id)
        .join(author, author.id == Post.account_id)
        .where(
            PostHashtag.hashtag_id == hashtag_id,
            PostHashtag.post_id >= floor_id(since),
            _consents(INSTANCE_ACTOR_ID, author),
            Post.spoiler_text == "",
            Post.sensitive.is_(False),
            visible_to(None),
        )
        .order_by(PostHashtag.post_id.desc())
        .limit(limit)
    )
    if among is not None:
        statement = statement.where(PostHashtag.post_id.in_(list(among)))
    rows = await reader.execute(statement)
    return [row for row in rows if may_be_passed_on(row[6], curator_uri="", is_author=False)]


async def _first_pictures(reader: Reader, post_ids: Collection[int]) -> dict[int, Media]:
    found: dict[int, Media] = {}
    if not post_ids:
        return found
    rows = await reader.scalars(
        select(Media).where(Media.post_id.in_(list(post_ids)), Media.kind == "image").order_by(Media.position, Media.id)
    )
    for media in rows:
        assert media.post_id is not None
        found.setdefault(media.post_id, media)
    return found


def _cover_candidates(moment: Moment, shown: Sequence[int], coverless: Collection[int]) -> list[int]:
    fit = [id_ for id_ in shown if id_ not in coverless]
    chosen = [moment.cover_post_id] if moment.cover_post_id in fit else []
    return [id_ for id_ in [*chosen, *fit[:LOOKED_AT]] if id_ is not None]


def _consents(curator_id: Any, author: Any) -> ColumnElement[bool]:
    """SQL over Post and its author: it may be in a moment of the curator's, as far as rows can tell."""
    return and_(
        Post.visibility == "public",
        Post.local_only.is_(False),
        Post.boost_of_id.is_(None),
        Post.deleted_at.is_(None),
        is_present(author),
        author.waiting.is_(False),
        author.silenced_at.is_(None),
        or_(author.discoverable.is_(True), author.id == curator_id),
        ~block_between(curator_id, author.id),
    )


def _unblocked(viewer_id: int | None) -> ColumnElement[bool]:
    """SQL over Account, the curator: no block between the viewer and them."""
    target = Account.id.expression
    return target.is_not(None) if viewer_id is None else ~block_between(viewer_id, target)
