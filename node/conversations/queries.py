"""Every SELECT over conversations. What the viewer may not see or does not want to meet is left out of them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.base.db.base import UtcDateTime
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.paging import Page, PageForm
from node.conversations.models import Conversation, ConversationFill, ConversationPost
from node.conversations.rules import Letter
from node.posts.models import Mention, Post
from node.posts.rules import visible_to, welcome_to

_VIEWER: Final[Any] = bindparam("viewer")
_NOW: Final[Any] = bindparam("now", type_=UtcDateTime())


async def list_conversations(reader: Reader, account_id: int, page: Page, *, now: datetime) -> list[Conversation]:
    """Return a page of somebody's conversations, the one with the newest post first; paged by that post's id."""
    given = {"viewer": account_id, "now": now, **page.parameters}
    return page.newest_first(list(await reader.scalars(_page_of(page.form), given)))


@cache
def _page_of(form: PageForm) -> Select[Conversation]:
    """Build what clients ask for every few seconds once: that takes longer than its answer."""
    shown = select(Conversation).where(
        Conversation.account_id == _VIEWER, Conversation.hidden.is_(False), _has_something()
    )
    return form.apply(shown, Conversation.last_post_id)


async def find_conversation(reader: Reader, account_id: int, conversation_id: int) -> Conversation | None:
    """Return one of somebody's own conversations; another's is none (attack row 89)."""
    found: Conversation | None = await reader.scalar(
        select(Conversation).where(
            Conversation.id == conversation_id, Conversation.account_id == account_id, Conversation.hidden.is_(False)
        )
    )
    return found


async def get_conversation(reader: Reader, account_id: int, conversation_id: int) -> Conversation:
    """Return one of somebody's own conversations. Raises NotFound."""
    found = await find_conversation(reader, account_id, conversation_id)
    if found is None:
        raise NotFound()
    return found


async def list_last_posts(
    reader: Reader, account_id: int, conversation_ids: Collection[int], *, now: datetime
) -> dict[int, int]:
    """Return the newest post of each conversation that its owner may and wants to see."""
    rows = await reader.rows(_last_posts(), {"ids": list(conversation_ids), "viewer": account_id, "now": now})
    return {row[0]: row[1] for row in rows}


@cache
def _last_posts() -> Select[int, int]:
    return (
        select(ConversationPost.conversation_id, func.max(Post.id))
        .join(Post, Post.id == ConversationPost.post_id)
        .where(
            ConversationPost.conversation_id.in_(bindparam("ids", expanding=True)),
            visible_to(_VIEWER),
            welcome_to(_VIEWER, Post, _NOW),
        )
        .group_by(ConversationPost.conversation_id)
    )


async def count_unread(reader: Reader, account_id: int, *, now: datetime) -> int:
    """Return how many conversations have something unread, at most 100."""
    return int(await reader.scalar(_unread(), {"viewer": account_id, "now": now}) or 0)


@cache
def _unread() -> Select[int]:
    unread = select(Conversation.id).where(
        Conversation.account_id == _VIEWER,
        Conversation.unread.is_(True),
        Conversation.hidden.is_(False),
        _has_something(),
    )
    return select(func.count()).select_from(unread.limit(100).subquery())


def _has_something() -> ColumnElement[bool]:
    """SQL: at least one of its posts is for the owner's eyes."""
    post = aliased(Post)
    return (
        select(ConversationPost.post_id)
        .join(post, post.id == ConversationPost.post_id)
        .where(
            ConversationPost.conversation_id == Conversation.id,
            visible_to(_VIEWER, post),
            welcome_to(_VIEWER, post, _NOW),
        )
        .exists()
    )


async def find_letter(reader: Reader, post_id: int) -> Letter | None:
    """Return a direct post that stands with the people it concerns; None for any other post."""
    post: Post | None = await reader.scalar(
        select(Post).where(
            Post.id == post_id,
            Post.visibility == "direct",
            Post.boost_of_id.is_(None),
            Post.deleted_at.is_(None),
        )
    )
    if post is None:
        return None
    rows = await reader.rows(
        select(Mention.account_id, Mention.silent, Account.domain)
        .join(Account, Account.id == Mention.account_id)
        .where(Mention.post_id == post_id)
    )
    local = {row[0] for row in rows if row[2] == ""} | ({post.account_id} if post.local else set())
    return Letter(
        post_id=post.id,
        thread_id=post.thread_id,
        author_id=post.account_id,
        named_ids=frozenset(row[0] for row in rows if not row[1]),
        reached_ids=frozenset(row[0] for row in rows),
        local_ids=frozenset(local),
    )


async def list_holding(reader: Reader, post_id: int) -> list[Conversation]:
    """Return the conversations in which a post stands."""
    return list(
        await reader.scalars(
            select(Conversation)
            .join(ConversationPost, ConversationPost.conversation_id == Conversation.id)
            .where(ConversationPost.post_id == post_id)
        )
    )


async def find_newest_post(reader: Reader, conversation_id: int) -> int | None:
    """Return the newest post of a conversation."""
    found: int | None = await reader.scalar(
        select(func.max(ConversationPost.post_id)).where(ConversationPost.conversation_id == conversation_id)
    )
    return found


async def find_by_circle(reader: Reader, account_id: int, thread_id: int, circle: str) -> Conversation | None:
    """Return somebody's conversation in a thread with exactly these people."""
    found: Conversation | None = await reader.scalar(
        select(Conversation).where(
            Conversation.account_id == account_id, Conversation.thread_id == thread_id, Conversation.circle == circle
        )
    )
    return found


async def count_conversations(reader: Reader, account_id: int) -> int:
    """Return how many rows somebody has, those put away too."""
    statement = select(func.count()).select_from(Conversation).where(Conversation.account_id == account_id)
    return int(await reader.scalar(statement) or 0)


async def find_longest_resting(reader: Reader, account_id: int) -> int | None:
    """Return the conversation of somebody that has had nothing new for longest."""
    found: int | None = await reader.scalar(
        select(Conversation.id)
        .where(Conversation.account_id == account_id)
        .order_by(Conversation.last_post_id)
        .limit(1)
    )
    return found


async def has_replies(reader: Reader, post_id: int) -> bool:
    """Whether something answers a post."""
    return bool(await reader.rows(select(Post.id).where(Post.in_reply_to_id == post_id).limit(1)))


async def list_misfiled(reader: Reader, ids: Sequence[int]) -> list[int]:
    """Return those of these posts that stand in a conversation of another thread than theirs is now."""
    return list(
        await reader.scalars(
            select(Post.id)
            .distinct()
            .join(ConversationPost, ConversationPost.post_id == Post.id)
            .join(Conversation, Conversation.id == ConversationPost.conversation_id)
            .where(Post.id.in_(ids), Conversation.thread_id != Post.thread_id)
            .order_by(Post.id)
        )
    )


async def is_filled(reader: Reader, account_id: int) -> bool:
    """Whether somebody's posts from before there were rows are filed."""
    return bool(
        await reader.scalar(select(ConversationFill.account_id).where(ConversationFill.account_id == account_id))
    )


async def list_direct_post_ids(reader: Reader, account_id: int, *, limit: int) -> list[int]:
    """Return the newest direct posts that somebody wrote or got, newest first."""
    written = select(Post.id).where(Post.account_id == account_id)
    got = select(Mention.post_id).where(Mention.account_id == account_id)
    return list(
        await reader.scalars(
            select(Post.id)
            .where(
                Post.id.in_(written.union(got)),
                Post.visibility == "direct",
                Post.boost_of_id.is_(None),
                Post.deleted_at.is_(None),
            )
            .order_by(Post.id.desc())
            .limit(limit)
        )
    )
