"""Keeping conversations right as direct posts come, change and go. Called by the effects of events.

Everything here looks at how the posts stand now and may be repeated at will, so the order in which events come does
not matter: a deleted post is in no conversation, one whose circle or thread has changed moves. Only what is new to a
conversation makes it unread and brings it back when it was put away.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, update

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.conversations.models import Conversation, ConversationFill, ConversationPost
from node.conversations.queries import (
    count_conversations,
    find_by_circle,
    find_letter,
    find_longest_resting,
    find_newest_post,
    has_replies,
    is_filled,
    list_direct_post_ids,
    list_holding,
    list_misfiled,
)
from node.conversations.rules import MAX_CONVERSATIONS, Letter, circle_of, owners, participants
from node.posts.thread_queries import list_thread_below

FILLED: Final = 500
"""Old direct posts that are filed when somebody first asks for their conversations."""


async def file_post(uow: UnitOfWork, post_id: int, *, is_news: bool = True, now: datetime) -> list[tuple[int, int]]:
    """Put a direct post where it belongs, and out of where it does not; any other post is left alone.

    Returns (conversation, owner) of those that have something new. `is_news` is False for posts of old, which nobody
    is told of.
    """
    letter = await find_letter(uow, post_id)
    held = {row.id: row for row in await list_holding(uow, post_id)}
    changed: list[tuple[int, int]] = []
    if letter is not None:
        for owner_id in owners(letter):
            before = next((row for row in held.values() if row.account_id == owner_id), None)
            row = await _row_for(uow, letter, owner_id, like=before, now=now)
            if held.pop(row.id, None) is not None:
                continue
            if await _add(uow, row, letter, is_news=is_news and before is None):
                changed.append((row.id, owner_id))
    for left in held.values():
        await _remove(uow, left, post_id)
    return changed


async def refile_below(uow: UnitOfWork, post_id: int, *, now: datetime) -> None:
    """Move what answers a post that came late into the post's thread, which now is theirs too."""
    if not await has_replies(uow, post_id):
        return
    below = await list_thread_below(uow, [post_id])
    for start in range(0, len(below), 500):
        for moved_id in await list_misfiled(uow, below[start : start + 500]):
            await file_post(uow, moved_id, is_news=False, now=now)


async def forget_post(uow: UnitOfWork, post_id: int) -> None:
    """Take a post that is gone out of every conversation; the one before it is the last again."""
    for row in await list_holding(uow, post_id):
        await _remove(uow, row, post_id)


async def forget_conversations(uow: UnitOfWork, account_id: int) -> None:
    """Remove the conversations of an account that is gone."""
    theirs = select(Conversation.id).where(Conversation.account_id == account_id)
    await uow.write(
        delete(ConversationPost)
        .where(ConversationPost.conversation_id.in_(theirs))
        .execution_options(synchronize_session=False)
    )
    await uow.write(
        delete(Conversation).where(Conversation.account_id == account_id).execution_options(synchronize_session=False)
    )


async def fill(uow: UnitOfWork, account_id: int, *, now: datetime) -> bool:
    """File the newest direct posts somebody had before there were rows, once; return whether that was due."""
    if await is_filled(uow, account_id):
        return False
    if not await insert_if_absent(uow, ConversationFill, {"account_id": account_id, "filled_at": now}):
        return False
    for post_id in reversed(await list_direct_post_ids(uow, account_id, limit=FILLED)):
        letter = await find_letter(uow, post_id)
        if letter is None or account_id not in owners(letter):
            continue
        if any(row.account_id == account_id for row in await list_holding(uow, post_id)):
            continue
        await _add(uow, await _row_for(uow, letter, account_id, like=None, now=now), letter, is_news=False)
    return True


async def _row_for(
    uow: UnitOfWork, letter: Letter, owner_id: int, *, like: Conversation | None, now: datetime
) -> Conversation:
    """Return the owner's row for a post's thread and circle; a new one is as unread and put away as `like` is."""
    people = participants(letter, owner_id)
    circle = circle_of(people)
    row = await find_by_circle(uow, owner_id, letter.thread_id, circle)
    if row is None:
        await _make_room(uow, owner_id)
        values = {
            "id": new_id(),
            "account_id": owner_id,
            "thread_id": letter.thread_id,
            "circle": circle,
            "participant_ids": people,
            "last_post_id": letter.post_id,
            "unread": like is not None and like.unread,
            "hidden": like is not None and like.hidden,
            "created_at": now,
        }
        await insert_if_absent(uow, Conversation, values)
        row = await find_by_circle(uow, owner_id, letter.thread_id, circle)
        assert row is not None
    return row


async def _make_room(uow: UnitOfWork, owner_id: int) -> None:
    if await count_conversations(uow, owner_id) < MAX_CONVERSATIONS:
        return
    oldest = await find_longest_resting(uow, owner_id)
    if oldest is not None:
        await _drop(uow, oldest)


async def _add(uow: UnitOfWork, row: Conversation, letter: Letter, *, is_news: bool) -> bool:
    """Add a post to a row; return whether it is new there and news."""
    if not await insert_if_absent(uow, ConversationPost, {"conversation_id": row.id, "post_id": letter.post_id}):
        return False
    await uow.write(
        update(Conversation)
        .where(Conversation.id == row.id, Conversation.last_post_id < letter.post_id)
        .values(last_post_id=letter.post_id)
        .execution_options(synchronize_session=False)
    )
    if is_news:
        await uow.write(
            update(Conversation)
            .where(Conversation.id == row.id)
            .values(hidden=False, unread=letter.author_id != row.account_id)
            .execution_options(synchronize_session=False)
        )
    return is_news


async def _remove(uow: UnitOfWork, row: Conversation, post_id: int) -> None:
    await uow.write(
        delete(ConversationPost)
        .where(ConversationPost.conversation_id == row.id, ConversationPost.post_id == post_id)
        .execution_options(synchronize_session=False)
    )
    newest = await find_newest_post(uow, row.id)
    if newest is None:
        await _drop(uow, row.id)
    else:
        await uow.write(
            update(Conversation)
            .where(Conversation.id == row.id)
            .values(last_post_id=newest)
            .execution_options(synchronize_session=False)
        )


async def _drop(uow: UnitOfWork, conversation_id: int) -> None:
    await uow.write(
        delete(ConversationPost)
        .where(ConversationPost.conversation_id == conversation_id)
        .execution_options(synchronize_session=False)
    )
    await uow.write(
        delete(Conversation).where(Conversation.id == conversation_id).execution_options(synchronize_session=False)
    )
