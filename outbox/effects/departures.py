"""What goes when a post or account goes (MOD-1): access, posts, follows, blocks, likes, notices; ours or remote.

A person may have written tens of thousands of posts, and SQLite has one writer. So the account's end is one short
transaction, and `clear_some` takes the rest away piece by piece, each piece the effect of an event of its own. Until
then nobody sees any of it: whatever is read asks whether its author is present.
"""

from typing import Final

from sqlalchemy import select

from node.accounts.queries import find_account
from node.announcements.service import forget_announcements_of
from node.auth.leaving import erase_user
from node.auth.sessions import revoke_access
from node.blocks.service import remove_all
from node.conversations.filing import forget_conversations
from node.drafts.service import forget_drafts
from node.events import AccountDeleted, AccountLeft, AccountSuspended, FollowsSevered, PostDeleted
from node.filters.service import forget_filters
from node.follows.kept import forget_kept
from node.follows.models import Follow
from node.follows.service import reject_follow, sever_all
from node.lists.service import forget_lists
from node.markers.service import forget_markers
from node.moments.service import forget_moments
from node.notifications.withdrawing import withdraw_for_account
from node.polls.service import forget_poll
from node.posts.featured_tags import forget_featured_tags
from node.posts.followed_tags import forget_followed_tags
from node.posts.likes import forget_likes, unlike
from node.posts.models import Like, Post
from node.posts.reacting import forget_reactions, remove_reaction
from node.posts.service import withdraw
from node.posts.thread_mutes import forget_thread_mutes
from node.reactions.models import Reaction
from node.scheduled.service import forget_scheduled
from node.starter_packs.service import forget_packs
from outbox.address import Occasion

PIECE: Final = 100


async def post_deleted(on: Occasion, event: PostDeleted) -> None:
    """Remove the likes, reactions and the poll of a post; `address` has read from them who is to hear of its end."""
    await forget_likes(on.uow, event.post_id)
    await forget_poll(on.uow, event.post_id)
    await forget_reactions(on.uow, event.post_id)


async def account_deleted(on: Occasion, event: AccountDeleted) -> None:
    """End access, follows, blocks and notifications, forget the person, and begin to clear away the rest."""
    await revoke_access(on.uow, event.account_id, now=on.now)
    await erase_user(on.uow, event.account_id)
    await sever_all(on.uow, event.account_id)
    await remove_all(on.uow, event.account_id)
    await withdraw_for_account(on.uow, event.account_id)
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
    for row in rows:
        if row.accepted_at is not None:
            await on.uow.record(FollowsSevered(row.followee_id, "account_suspension", account.acct, 1, 0))
        await reject_follow(on.uow, row)
    if len(rows) == PIECE:
        await on.uow.record(event)


async def clear_some(on: Occasion, event: AccountLeft) -> None:
    """Withdraw some posts, take back some likes and reactions; come again while anything was left."""
    uow, account_id = on.uow, event.account_id
    posts = await uow.scalars(
        select(Post).where(Post.account_id == account_id, Post.deleted_at.is_(None)).order_by(Post.id).limit(PIECE)
    )
    for post in posts:
        await withdraw(uow, post, now=on.now)
    liked = await uow.scalars(
        select(Post).join(Like, Like.post_id == Post.id).where(Like.account_id == account_id).limit(PIECE)
    )
    for post in liked:
        await unlike(uow, account_id, post)
    reactions = await uow.scalars(select(Reaction).where(Reaction.account_id == account_id).limit(PIECE))
    for reaction in reactions:
        await remove_reaction(uow, reaction)
    if posts or liked or reactions:
        await uow.record(AccountLeft(account_id))
