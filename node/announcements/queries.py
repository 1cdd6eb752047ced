"""Every SELECT over announcements."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, or_, select

from node.announcements.models import Announcement, AnnouncementReaction, AnnouncementRead
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.paging import Page
from node.posts.models import Post
from node.posts.rules import OPEN_VISIBILITIES


@dataclass(frozen=True, slots=True)
class ReactionTally:
    """How often an announcement got an emoji, and whether from the viewer."""

    name: str
    emoji_id: int
    count: int
    mine: bool


async def list_shown(reader: Reader, *, now: datetime) -> list[Announcement]:
    """Return the announcements that are not over, in the order in which they begin or were published."""
    begins = func.coalesce(Announcement.starts_at, Announcement.published_at)
    return list(
        await reader.scalars(
            select(Announcement)
            .where(or_(Announcement.ends_at.is_(None), Announcement.ends_at > now))
            .order_by(begins, Announcement.id)
        )
    )


async def list_unended(reader: Reader, *, now: datetime) -> list[Announcement]:
    """Return the announcements that are over and of whose end nobody was told."""
    return list(
        await reader.scalars(
            select(Announcement).where(Announcement.ends_at <= now, Announcement.ended_at.is_(None)).limit(100)
        )
    )


async def list_announcements(reader: Reader, page: Page) -> list[Announcement]:
    """Return a page of all announcements, newest first."""
    return page.newest_first(list(await reader.scalars(page.apply(select(Announcement), Announcement.id))))


async def find_announcement(reader: Reader, announcement_id: int) -> Announcement | None:
    """Return an announcement, over or not."""
    found: Announcement | None = await reader.scalar(select(Announcement).where(Announcement.id == announcement_id))
    return found


async def get_announcement(reader: Reader, announcement_id: int) -> Announcement:
    """Return an announcement, over or not. Raises NotFound."""
    found = await find_announcement(reader, announcement_id)
    if found is None:
        raise NotFound()
    return found


async def list_read_ids(reader: Reader, account_id: int, ids: Collection[int]) -> set[int]:
    """Return which of these announcements somebody has put away."""
    rows = await reader.rows(
        select(AnnouncementRead.announcement_id).where(
            AnnouncementRead.account_id == account_id, AnnouncementRead.announcement_id.in_(ids)
        )
    )
    return {row[0] for row in rows}


async def list_reaction_tallies(
    reader: Reader, ids: Collection[int], *, viewer_id: int | None
) -> dict[int, list[ReactionTally]]:
    """Return the reactions to announcements, those that were given first come first."""
    mine = func.max(case((AnnouncementReaction.account_id == (viewer_id or 0), 1), else_=0))
    rows = await reader.rows(
        select(
            AnnouncementReaction.announcement_id,
            AnnouncementReaction.name,
            func.max(AnnouncementReaction.emoji_id),
            func.count(),
            mine,
        )
        .where(AnnouncementReaction.announcement_id.in_(ids))
        .group_by(AnnouncementReaction.announcement_id, AnnouncementReaction.name)
        .order_by(func.min(AnnouncementReaction.id))
    )
    found: dict[int, list[ReactionTally]] = {}
    for announcement_id, name, emoji_id, count, is_mine in rows:
        found.setdefault(announcement_id, []).append(ReactionTally(name, emoji_id, count, bool(is_mine)))
    return found


async def count_reactions(reader: Reader, announcement_id: int, name: str) -> int:
    """Return how often an announcement got an emoji."""
    statement = (
        select(func.count())
        .select_from(AnnouncementReaction)
        .where(AnnouncementReaction.announcement_id == announcement_id, AnnouncementReaction.name == name)
    )
    return int(await reader.scalar(statement) or 0)


async def list_posts_at(reader: Reader, addresses: Collection[str]) -> Sequence[Post]:
    """Return the open posts that stand at some addresses."""
    if not addresses:
        return []
    return await reader.scalars(
        select(Post)
        .where(
            or_(Post.uri.in_(addresses), Post.url.in_(addresses)),
            Post.visibility.in_(OPEN_VISIBILITIES),
            Post.deleted_at.is_(None),
        )
        .limit(20)
    )
