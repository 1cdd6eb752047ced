"""Which of our people an event concerns: the effects that notify. Whether somebody wants to hear it (blocks, mutes,
oneself) is decided by `node.notifications`; here stands only who did what to whom."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, cast

from node.accounts.models import Account
from node.accounts.queries import find_account
from node.auth.queries import list_staff_ids
from node.base.db.pieces import briefly
from node.base.ids import new_id
from node.events import (
    AccountBlocked,
    FollowAccepted,
    FollowRejected,
    FollowRequested,
    FollowsSevered,
    PeopleToTell,
    PersonJoined,
    PollEnded,
    PostDeleted,
    PostEdited,
    PostLiked,
    PostPublished,
    PostUnliked,
    QuoteChanged,
    ReactionAdded,
    ReactionRemoved,
    ReportFiled,
    Unfollowed,
)
from node.notifications.models import Severance
from node.notifications.priorities import Made
from node.notifications.rules import Kind
from node.notifications.service import add_to_severance, notify_of_many
from node.notifications.withdrawing import withdraw, withdraw_between
from node.polls.queries import list_local_voters
from node.posts.consent_queries import SHOWN_STATES
from node.posts.queries import find_post
from node.reactions.queries import list_reactions_of
from node.remote.memory import memory_of
from node.remote.storing import OLD
from node.reports.queries import find_report
from node.uris import INSTANCE_ACTOR_ID
from outbox.effects.telling import made, tell
from outbox.event_queries import (
    has_named,
    is_host_known,
    list_bell_followers,
    list_boosters,
    list_local_mentions,
    list_quoters,
    list_told_authors,
)
from outbox.occasion import Occasion, facts_of

PIECE: Final = 20
"""People who are told in one transaction at most: a post that goes round has thousands who are."""
_TO_TELL: Final[dict[Kind, Any]] = {
    "status": list_bell_followers,
    "update": list_boosters,
    "quoted_update": list_quoters,
}
STRANGERS_TOLD: Final = 5
"""People whom one server that nobody here knows may notify within a day."""
DAY: Final = timedelta(days=1)


async def post_published(on: Occasion, event: PostPublished) -> None:
    """Tell whom a post names, whose post was boosted, and who rang the bell for its author (INB-10: not when quiet)."""
    post = None if event.quiet else await facts_of(on, event.post_id)
    if post is None:
        return
    if post.boost_of_id is not None:
        original = await find_post(on.uow, post.boost_of_id)
        if original is not None:
            await tell(on, original.account_id, "reblog", post.account_id, original.id)
    else:
        if post.names or post.in_reply_to_account_id is not None:
            await _tell_named(on, event.post_id, post.account_id, post.in_reply_to_account_id)
        if post.quoted_id is not None:
            await _tell_quoted(on, event.post_id)
    answers_others = post.in_reply_to_account_id not in (None, post.account_id)
    if post.visibility != "direct" and post.boost_of_id is None and not answers_others:
        await _tell_some(on, "status", event.post_id, post.account_id)


async def tell_more(on: Occasion, event: PeopleToTell) -> None:
    """Go on telling of a post."""
    post = await find_post(on.uow, event.post_id)
    if post is not None and post.deleted_at is None:
        await _tell_some(on, cast(Kind, event.kind), post.id, post.account_id, after_id=event.after_id)


async def _tell_some(on: Occasion, kind: Kind, post_id: int, author_id: int, *, after_id: int = 0) -> None:
    found = await _TO_TELL[kind](on.uow, post_id, author_id, after_id=after_id, limit=PIECE)
    told = 0
    for one in briefly(found):
        await tell(on, one.account_id, kind, author_id, one.post_id)
        told += 1
    if told < len(found) or told == PIECE:
        await on.uow.record(PeopleToTell(post_id, kind, after_id=found[told - 1].place))


async def quote_changed(on: Occasion, event: QuoteChanged) -> None:
    """Tell an author of ours that they are quoted with their leave, or take that back."""
    await _tell_quoted(on, event.post_id)


async def _tell_quoted(on: Occasion, post_id: int) -> None:
    post = await find_post(on.uow, post_id)
    quoted = await find_post(on.uow, post.quoted_id) if post is not None and post.quoted_id is not None else None
    if post is None or quoted is None or not quoted.local:
        return
    if post.quote_state not in SHOWN_STATES:
        await withdraw(
            on.uow,
            account_id=quoted.account_id,
            kinds=["quote"],
            from_account_id=post.account_id,
            post_id=post.id,
            now=on.now,
        )
    elif post.deleted_at is None and post.published_at > on.now - OLD:
        await tell(on, quoted.account_id, "quote", post.account_id, post.id)


async def post_edited(on: Occasion, event: PostEdited) -> None:
    """Tell who boosted a post that it says something else now, and whom it names only now."""
    post = await find_post(on.uow, event.post_id)
    if post is None or post.deleted_at is not None:
        return
    await _tell_some(on, "update", post.id, post.account_id)
    await _tell_some(on, "quoted_update", post.id, post.account_id)
    await _tell_named(on, post.id, post.account_id, post.in_reply_to_account_id)


async def post_deleted(on: Occasion, event: PostDeleted) -> None:
    """Take back what was told because of a boost; for a post, `departures.clear_post` does."""
    post = await find_post(on.uow, event.post_id)
    original = None if post is None or post.boost_of_id is None else await find_post(on.uow, post.boost_of_id)
    if post is not None and original is not None:
        await withdraw(
            on.uow,
            account_id=original.account_id,
            kinds=["reblog"],
            from_account_id=post.account_id,
            post_id=original.id,
            now=on.now,
        )


async def posts_liked(on: Occasion, events: Sequence[PostLiked]) -> None:
    """Tell authors of likes, in the order in which they liked."""
    authors = await list_told_authors(on.uow, {event.post_id for event in events})
    likers: dict[int, dict[int, int]] = {}
    for event in events:
        likers.setdefault(event.post_id, {})[event.account_id] = new_id()
    told: list[Made] = []
    for account_id, post_id in sorted((account_id, post_id) for post_id, account_id in authors.items()):
        told += await notify_of_many(
            on.uow,
            on.runtime.settings,
            account_id=account_id,
            kind="favourite",
            from_accounts=likers[post_id],
            post_id=post_id,
            now=on.now,
        )
    for new in sorted(told, key=lambda new: new.id):
        if new.is_told:
            await made(on, new)


async def post_unliked(on: Occasion, event: PostUnliked) -> None:
    """Take back what was told of a like."""
    post = await find_post(on.uow, event.post_id)
    if post is not None:
        await withdraw(
            on.uow,
            account_id=post.account_id,
            kinds=["favourite"],
            from_account_id=event.account_id,
            post_id=post.id,
            now=on.now,
        )


async def poll_ended(on: Occasion, event: PollEnded) -> None:
    """Tell the author and those who voted that a poll is over, some of them at a time."""
    post = await find_post(on.uow, event.post_id)
    if post is None or post.deleted_at is not None:
        return
    if event.after_id == 0:
        await tell(on, post.account_id, "poll", post.account_id, post.id)
    voters = await list_local_voters(on.uow, post.id, after_id=event.after_id, limit=PIECE)
    told = 0
    for account_id in briefly(voters):
        await tell(on, account_id, "poll", post.account_id, post.id)
        told += 1
    if told < len(voters) or told == PIECE:
        await on.uow.record(PollEnded(post.id, after_id=voters[told - 1]))


async def reaction_added(on: Occasion, event: ReactionAdded) -> None:
    """Tell an author of a reaction; of several by one person once."""
    post = await find_post(on.uow, event.post_id)
    if post is not None and post.deleted_at is None:
        await tell(on, post.account_id, "reaction", event.account_id, post.id)


async def reaction_removed(on: Occasion, event: ReactionRemoved) -> None:
    """Take back what was told of a reaction, unless that person gave another."""
    post = await find_post(on.uow, event.post_id)
    if post is not None and not await list_reactions_of(on.uow, event.account_id, post.id):
        await withdraw(
            on.uow,
            account_id=post.account_id,
            kinds=["reaction"],
            from_account_id=event.account_id,
            post_id=post.id,
            now=on.now,
        )


async def follow_requested(on: Occasion, event: FollowRequested) -> None:
    """Tell somebody that a person asks to follow them."""
    await tell(on, event.followee_id, "follow_request", event.follower_id)


async def follow_accepted(on: Occasion, event: FollowAccepted) -> None:
    """Tell somebody of a new follower; the request is answered."""
    await _forget(on, event, ["follow_request"])
    await tell(on, event.followee_id, "follow", event.follower_id)


async def follow_ended(on: Occasion, event: FollowRejected | Unfollowed) -> None:
    """Take back what was told of a follow or request that is no more."""
    await _forget(on, event, ["follow_request", "follow"])


async def report_filed(on: Occasion, event: ReportFiled) -> None:
    """Tell the moderators of a report; one from elsewhere has no face but this server's own."""
    report = await find_report(on.uow, event.report_id)
    if report is None:
        return
    for account_id in await list_staff_ids(on.uow):
        await tell(on, account_id, "admin.report", report.account_id or INSTANCE_ACTOR_ID, report.id)


async def person_joined(on: Occasion, event: PersonJoined) -> None:
    """Tell the moderators of somebody new."""
    for account_id in await list_staff_ids(on.uow):
        if account_id != event.account_id:
            await tell(on, account_id, "admin.sign_up", event.account_id)


async def follows_severed(on: Occasion, event: FollowsSevered) -> None:
    """Tell somebody which decision ended follows of theirs."""
    account = await find_account(on.uow, event.account_id)
    if account is None or not account.is_local:
        return
    if event.kind in ("domain_block", "user_domain_block") and await add_to_severance(on.uow, event, now=on.now):
        return
    on.uow.add(
        Severance(
            id=on.event_id,
            account_id=event.account_id,
            kind=event.kind,
            target_name=event.target_name,
            followers_count=event.followers_count,
            following_count=event.following_count,
            created_at=on.now,
        )
    )
    await on.uow.flush()
    await tell(on, event.account_id, "severed_relationships", event.account_id, on.event_id)


async def account_blocked(on: Occasion, event: AccountBlocked) -> None:
    """Take back everything between the two."""
    await withdraw_between(on.uow, event.account_id, event.target_id)


async def _forget(on: Occasion, event: FollowAccepted | FollowRejected | Unfollowed, kinds: list[Kind]) -> None:
    await withdraw(on.uow, account_id=event.followee_id, kinds=kinds, from_account_id=event.follower_id, now=on.now)


async def _tell_named(on: Occasion, post_id: int, author_id: int, answered_id: int | None) -> None:
    """Tell whom a post names, and whose post it answers where it names nobody, as those of blogs do (OBJ-4)."""
    named = await list_local_mentions(on.uow, post_id)
    if answered_id is not None and answered_id not in named:
        named.append(answered_id)
    author = await find_account(on.uow, author_id) if named else None
    if author is None:
        return
    unseen = not author.is_local and not await is_host_known(on.uow, author.domain)
    for account_id in named:
        suspect = unseen and not await _may_be_told_by_stranger(on, account_id, author)
        await tell(on, account_id, "mention", author_id, post_id, suspect=suspect)


async def _may_be_told_by_stranger(on: Occasion, account_id: int, author: Account) -> bool:
    """Whether somebody of a server that nobody here follows anybody on may tell one of ours something (attack row 110).

    Always whom that person has named in a post of their own: the claim to answer one proves nothing. Of the rest a
    few people for each server and day, however often each: a friend on a new server gets through, a mailing to
    everybody is held back.
    """
    if await has_named(on.uow, account_id, author.id):
        return True
    windows = memory_of(on.runtime).windows
    told = ("stranger", author.domain, account_id)
    if windows.used(told, on.now):
        return True
    if windows.used(("stranger", author.domain), on.now) >= STRANGERS_TOLD:
        return False
    windows.add(("stranger", author.domain), on.now, DAY)
    windows.add(told, on.now, DAY)
    return True
