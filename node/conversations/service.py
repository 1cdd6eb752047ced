"""Use cases of conversations: read, unread, put away. Each touches its owner's own rows alone (attack row 89)."""

from sqlalchemy import update

from node.base.db.unit_of_work import UnitOfWork
from node.conversations.models import Conversation
from node.conversations.queries import get_conversation


async def set_unread(uow: UnitOfWork, account_id: int, conversation_id: int, *, unread: bool) -> Conversation:
    """Mark a conversation as read or unread; return it. Raises NotFound."""
    row = await get_conversation(uow, account_id, conversation_id)
    row.unread = unread
    await uow.flush()
    return row


async def put_away(uow: UnitOfWork, account_id: int, conversation_id: int) -> None:
    """Take a conversation off the list until something new is written in it. The posts stay. Raises NotFound."""
    row = await get_conversation(uow, account_id, conversation_id)
    row.hidden, row.unread = True, False
    await uow.flush()


async def read_all_with(uow: UnitOfWork, account_id: int, thread_id: int) -> None:
    """Mark somebody's conversations of a thread as read: its page was opened."""
    await uow.write(
        update(Conversation)
        .where(
            Conversation.account_id == account_id, Conversation.thread_id == thread_id, Conversation.unread.is_(True)
        )
        .values(unread=False)
    )
