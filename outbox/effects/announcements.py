"""Effects of announcements: open streams are told. Everybody here hears of them, nobody elsewhere."""

from node.base.db.stream_log import StreamEvent
from node.events import AnnouncementChanged, AnnouncementReacted, AnnouncementRemoved
from outbox.occasion import Occasion


async def announcement_changed(on: Occasion, event: AnnouncementChanged) -> None:
    """Tell what is announced."""
    on.streamed.append(StreamEvent("announcement", event.announcement_id))


async def announcement_removed(on: Occasion, event: AnnouncementRemoved) -> None:
    """Tell that it is over."""
    on.streamed.append(StreamEvent("announcement.delete", event.announcement_id))


async def announcement_reacted(on: Occasion, event: AnnouncementReacted) -> None:
    """Tell how often an emoji was given now."""
    on.streamed.append(StreamEvent("announcement.reaction", event.announcement_id, word=event.name))
