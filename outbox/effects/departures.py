"""What goes when a post or account goes (MOD-1): access, posts, follows, blocks, likes, notices; ours or remote.

A person may have written tens of thousands of posts and have a hundred thousand followers, a post as many likes, and
SQLite has one writer. So the end itself is one short transaction, and `clear_account` and `clear_post` take the rest
away piece by piece, each piece the effect of an event of its own. Until then nobody sees any of it: whatever is read
asks whether its author is present and the post still stands.
"""

from sqlalchemy import select

from node.accounts.queries import find_account
from node.announcements.service import forget_announcements_of
from node.auth.leaving import erase_user
from node.auth.sessions import revoke_access
from node.base.db.pieces import PIECE, briefly
from node.base.db.unit_of_work import UnitOfWork
from node.blocks.service import remove_some
from node.conversations.filing import forget_conversations
from node.drafts.service import forget_drafts
from node.events import AccountDeleted, AccountLeft, AccountSuspended, FollowsSevered, PostDeleted, PostLeft
from node.filters.service import forget_filters
from node.follows.kept import forget_kept
from node.follows.models import Follow
from node.follows.service import reject_follow, sever_some
from node.lists.service import forget_lists
from node.markers.service import forget_markers
from node.moments.service import forget_moments
from node.notifications.withdrawing import withdraw_some_for_account, withdraw_some_for_post
from node.polls.service import forget_poll
from node.posts.bookmarks import forget_bookmarks
from node.posts.featured_tags import forget_featured_tags
from node.posts.followed_tags import forget_followed_tags
from node.posts.likes import forget_likes, unlike
from node.posts.models import Like, Post
from node.posts.reacting import forget_reactions, remove_reaction
from node.posts.service import withdraw, withdraw_boosts
from node.posts.thread_mutes import forget_thread_mutes
from node.reactions.models import Reaction
from node.scheduled.service import forget_scheduled
from node.starter_packs.service import forget_packs
from outbox.occasion import Occasion


async def clear_post(on: Occasion, event: PostDeleted | PostLeft) -> None:
    """Clear away some of what others did with a post; come again while there may be more.

    `address` has read from the likes, votes and reactions who is to hear of its end.
    """
    uow, post_id = on.uow, event.post_id
    before = event.after_id if isinstance(event, PostLeft) else 0
    boosts = await withdraw_boosts(uow, post_id, after_id=before, now=on.now)
    if (
        len(boosts) == PIECE
        or await withdraw_some_for_post(uow, post_id)
        or await forget_bookmarks(uow, post_id)
        or await forget_likes(uow, post_id)
        or await forget_reactions(uow, post_id)
        or await forget_poll(uow, post_id)
    ):
        await uow.record(PostLeft(post_id, after_id=max(boosts, default=before)))


async def account_deleted(on: Occasion, event: AccountDeleted) -> None:
    """End access, forget the person and what was theirs alone, and begin to clear away the rest."""
    await revoke_access(on.uow, event.account_id, now=on.now)
    await erase_user(on.uow, event.account_id)
    await forget_featured_tags(on.uow, event.account_id)
    await forget_scheduled(on.uow, event.account_id)
    await forget_drafts(on.uow, event.account_id)
    await forget_kept(on.uow, event.account_id)
    await forget_thread_mutes(on.uow, event.account_id)
    await forget_conversations(on.uow, event.account_id)
    await forget_markers(on.uow, event.account_id)
    await forget_followed_tags(on.uow, event.account_id)
    await forget_lists(on.uow, event.account_id)
    await forget_packs(on.uow, event.account_id)
    await forget_moments(on.uow, event.account_id)
    await forget_filters(on.uow, event.account_id)
    await forget_announcements_of(on.uow, event.account_id)
    await on.uow.record(AccountLeft(event.account_id))


async def account_suspended(on: Occasion, event: AccountSuspended) -> None:
    """Refuse an actor of another server as a follower of ours, so that nothing is sent there for it any more (MOD-1).

    One of ours keeps its followers: a suspension can be lifted.
    """
    account = await find_account(on.uow, event.account_id)
    if account is None or account.is_local:
        return
    rows = await on.uow.scalars(select(Follow).where(Follow.follower_id == account.id).order_by(Follow.id).limit(PIECE))
    for row in briefly(rows):
        if row.accepted_at is not None:
            await on.uow.record(FollowsSevered(row.followee_id, "account_suspension", account.acct, 1, 0))
        await reject_follow(on.uow, row)
    if rows:
        await on.uow.record(event)


async def clear_account(on: Occasion, event: AccountLeft) -> None:
    """Clear away some of what an account did and what others did with it; come again while there may be more."""
    uow, account_id = on.uow, event.account_id
    posts = await _withdraw_posts(on, account_id, after_id=event.after_id)
    if (
        posts
        or await sever_some(uow, account_id)
        or await _take_likes_back(uow, account_id)
        or await _remove_reactions(uow, account_id)
        or await remove_some(uow, account_id)
        or await withdraw_some_for_account(uow, account_id)
    ):
        await uow.record(AccountLeft(account_id, after_id=max(posts, default=event.after_id)))


async def _withdraw_posts(on: Occasion, account_id: int, *, after_id: int) -> list[int]:
    standing = select(Post).where(Post.account_id == account_id, Post.id > after_id, Post.deleted_at.is_(None))
    withdrawn = []
    for post in briefly(await on.uow.scalars(standing.order_by(Post.id).limit(PIECE))):
        await withdraw(on.uow, post, now=on.now)
        withdrawn.append(post.id)
    return withdrawn


async def _take_likes_back(uow: UnitOfWork, account_id: int) -> bool:
    liked = select(Post).join(Like, Like.post_id == Post.id).where(Like.account_id == account_id)
    posts = await uow.scalars(liked.limit(PIECE))
    return any([await unlike(uow, account_id, post) for post in briefly(posts)])


async def _remove_reactions(uow: UnitOfWork, account_id: int) -> bool:
    reactions = await uow.scalars(select(Reaction).where(Reaction.account_id == account_id).limit(PIECE))
    return any([await remove_reaction(uow, reaction) for reaction in briefly(reactions)])
