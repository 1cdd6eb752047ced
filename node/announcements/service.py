"""Use cases of announcements: operators publish, change and remove them, people put them away and react."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete

from federation.reaction_parsing import read_unicode_emoji
from node.announcements.models import Announcement, AnnouncementReaction, AnnouncementRead
from node.announcements.queries import (
    find_announcement,
    get_announcement,
    list_reaction_tallies,
    list_shown,
    list_unended,
)
from node.announcements.rules import MAX_REACTIONS, MAX_SHOWN, check_times, checked_text
from node.base.db.inserts import insert_if_absent
from node.base.db.locks import lock_pair
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid, NotFound
from node.base.ids import new_id
from node.emojis.queries import LOCAL, find_named_emoji
from node.events import AnnouncementChanged, AnnouncementReacted, AnnouncementRemoved
from node.moderation.service import log_decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What an announcement says, and when that is."""

    text: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    all_day: bool = False


async def publish_announcement(
    uow: UnitOfWork, notice: Notice, *, actor_id: int | None = None, now: datetime
) -> Announcement:
    """Tell everybody here. Raises Invalid."""
    text = checked_text(notice.text)
    check_times(notice.starts_at, notice.ends_at)
    if len(await list_shown(uow, now=now)) >= MAX_SHOWN:
        raise Invalid(f"There can be {MAX_SHOWN} announcements at most. Remove one first.")
    row = Announcement(
        id=new_id(),
        text=text,
        starts_at=notice.starts_at,
        ends_at=notice.ends_at,
        all_day=notice.all_day and notice.starts_at is not None,
        published_at=now,
        updated_at=now,
        written_by=actor_id,
    )
    uow.add(row)
    await uow.flush()
    await log_decision(
        uow, "announcement.publish", target_kind="announcement", target=str(row.id), actor_id=actor_id, now=now
    )
    await uow.record(AnnouncementChanged(row.id))
    return row


async def change_announcement(
    uow: UnitOfWork, announcement_id: int, notice: Notice, *, actor_id: int | None = None, now: datetime
) -> Announcement:
    """Say something else, or at another time. Who has put it away is not shown it again. Raises Invalid, NotFound."""
    row = await get_announcement(uow, announcement_id)
    row.text = checked_text(notice.text)
    check_times(notice.starts_at, notice.ends_at)
    row.starts_at, row.ends_at = notice.starts_at, notice.ends_at
    row.all_day = notice.all_day and notice.starts_at is not None
    row.updated_at, row.ended_at = now, None
    await uow.flush()
    await log_decision(
        uow, "announcement.change", target_kind="announcement", target=str(row.id), actor_id=actor_id, now=now
    )
    await uow.record(AnnouncementChanged(row.id))
    return row


async def remove_announcement(
    uow: UnitOfWork, announcement_id: int, *, actor_id: int | None = None, now: datetime
) -> None:
    """Take an announcement away. Raises NotFound."""
    await get_announcement(uow, announcement_id)
    for table in (AnnouncementReaction, AnnouncementRead):
        await uow.write(delete(table).where(table.announcement_id == announcement_id))
    await uow.write(delete(Announcement).where(Announcement.id == announcement_id))
    await log_decision(
        uow,
        "announcement.remove",
        target_kind="announcement",
        target=str(announcement_id),
        actor_id=actor_id,
        now=now,
    )
    await uow.record(AnnouncementRemoved(announcement_id))


async def end_due(uow: UnitOfWork, *, now: datetime) -> int:
    """Have open streams told of the announcements that are over by now; return how many there were. Once each."""
    ended = await list_unended(uow, now=now)
    for row in ended:
        row.ended_at = now
        await uow.record(AnnouncementRemoved(row.id))
    await uow.flush()
    return len(ended)


async def dismiss(uow: UnitOfWork, account_id: int, announcement_id: int, *, now: datetime) -> None:
    """Put an announcement away for one person. Raises NotFound."""
    await _get_shown(uow, announcement_id, now)
    values = {"account_id": account_id, "announcement_id": announcement_id, "created_at": now}
    await insert_if_absent(uow, AnnouncementRead, values)


async def add_reaction(uow: UnitOfWork, account_id: int, announcement_id: int, name: str, *, now: datetime) -> None:
    """React with an emoji of Unicode or one of ours. Raises Invalid, NotFound."""
    await _get_shown(uow, announcement_id, now)
    name, emoji_id = await _chosen(uow, name)
    await lock_pair(uow, "announcement", announcement_id, announcement_id)
    known = {tally.name for tally in (await list_reaction_tallies(uow, [announcement_id], viewer_id=None)).get(
        announcement_id, []
    )}  # fmt: skip
    if name not in known and len(known) >= MAX_REACTIONS:
        raise Invalid("Validation failed: Limit of different reactions reached")
    values = {
        "id": new_id(),
        "announcement_id": announcement_id,
        "account_id": account_id,
        "name": name,
        "emoji_id": emoji_id,
        "created_at": now,
    }
    if await insert_if_absent(uow, AnnouncementReaction, values):
        await uow.record(AnnouncementReacted(announcement_id, name))


async def remove_reaction(uow: UnitOfWork, account_id: int, announcement_id: int, name: str, *, now: datetime) -> None:
    """Take a reaction back. Raises NotFound when it was not given."""
    await _get_shown(uow, announcement_id, now)
    name = read_unicode_emoji(name[:100]) or name.strip(":")[:100]
    gone = await uow.write(
        delete(AnnouncementReaction).where(
            AnnouncementReaction.announcement_id == announcement_id,
            AnnouncementReaction.account_id == account_id,
            AnnouncementReaction.name == name,
        )
    )
    if not gone:
        raise NotFound()
    await uow.record(AnnouncementReacted(announcement_id, name))


async def forget_announcements_of(uow: UnitOfWork, account_id: int) -> None:
    """Remove what an account that is gone put away, and its reactions."""
    for table in (AnnouncementReaction, AnnouncementRead):
        await uow.write(delete(table).where(table.account_id == account_id))


async def _get_shown(uow: UnitOfWork, announcement_id: int, now: datetime) -> Announcement:
    found = await find_announcement(uow, announcement_id)
    if found is None or (found.ends_at is not None and found.ends_at <= now):
        raise NotFound()
    return found


async def _chosen(uow: UnitOfWork, name: str) -> tuple[str, int]:
    unicode = read_unicode_emoji(name[:100])
    if unicode is not None:
        return unicode, 0
    shortcode = name.strip().strip(":")[:100]
    emoji = await find_named_emoji(uow, LOCAL, shortcode)
    if emoji is None:
        raise Invalid("Validation failed: Name is not a recognized emoji")
    return emoji.shortcode, emoji.id
