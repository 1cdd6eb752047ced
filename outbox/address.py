"""From an event to one activity and its deliveries: what the rest of the world is told, and who (DLV-1, DLV-2).

Every function here is an effect: it runs in the transaction that ends its event. Only what our own people do is
told; what they do among themselves stays here. The activity is serialised once; its row carries the event's id and
its own deterministic `uri`, so a repeated event adds nothing, and the ids order what is about one object.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, or_, select

from federation.documents import Document
from node.accounts.models import Account
from node.accounts.queries import find_account, list_accounts
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.base.lanes import DELIVER, DELIVER_SLOW
from node.base.runtime import Runtime
from node.emojis.queries import find_emoji
from node.events import (
    AccountBlocked,
    AccountDeleted,
    AccountMoved,
    AccountSuspended,
    AccountUnblocked,
    AccountUnsuspended,
    FollowAccepted,
    FollowRejected,
    FollowRequested,
    PostDeleted,
    PostEdited,
    PostLiked,
    PostPublished,
    PostUnliked,
    ProfileUpdated,
    ReactionAdded,
    ReactionRemoved,
    ReportFiled,
    Unfollowed,
)
from node.follows.queries import find_follow_by_id
from node.posts.consent_queries import find_request
from node.posts.models import Post
from node.posts.queries import find_like_by_id, find_post
from node.posts.rules import OPEN_VISIBILITIES
from node.reactions.models import Reaction
from node.reactions.queries import find_reaction_by_id
from node.relays.service import PUBLIC_STYLE
from node.reports.queries import find_report, list_posts
from node.uris import INSTANCE_ACTOR_ID, block_uri, followers_uri, like_uri, reaction_uri
from outbox import activities
from outbox.inserts import insert_into
from outbox.models import Delivery, OutgoingActivity
from outbox.outcomes import LEASE
from outbox.peers import read_health
from outbox.proving import with_proof
from outbox.queries import find_block, find_post_facts, list_mention_ids, list_suspended_hosts
from outbox.recipients import Recipients, by_host, list_inboxes, with_relays


@dataclass(frozen=True, slots=True)
class Occasion:
    """What an effect works with: the node, the event's transaction, the event's id."""

    runtime: Runtime
    uow: UnitOfWork
    event_id: int
    now: datetime
    lanes: set[str] = field(default_factory=set)
    """Lanes to nudge once the transaction has committed."""


async def post_published(on: Occasion, event: PostPublished) -> None:
    """Tell of a new post or boost of ours."""
    facts = await find_post_facts(on.uow, event.post_id)
    post = await standing(on, event.post_id) if facts is not None and facts.local else None
    if post is None:
        return
    settings = on.runtime.settings
    if post.boost_of_id is not None:
        original = await find_post(on.uow, post.boost_of_id)
        author = None if original is None else await find_account(on.uow, original.account_id)
        if original is None or author is None or original.deleted_at is not None:
            return
        request = await find_request(on.uow, "announce", post.id) if original.interaction_policy else None
        stamp = request.authorization_uri if request is not None else ""
        document = activities.announce(post, original, author, settings=settings, authorization=stamp)
        await send(on, document, audience_of(post, {author.id}), object_key=post.uri)
        return
    named = await named_in(on, post)
    document = activities.create(post, await activities.note(on.uow, post, settings=settings), settings=settings)
    to = await with_relays(on.uow, post, audience_of(post, named), replies=settings.relay_replies, style=PUBLIC_STYLE)
    await send(on, document, to, object_key=post.uri, urgent=post.visibility == "direct")


async def post_edited(on: Occasion, event: PostEdited) -> None:
    """Tell of the new words of a post of ours: everybody who has it, liked it, boosted it or answered it."""
    post = await standing(on, event.post_id)
    if post is None:
        return
    note = await activities.note(on.uow, post, settings=on.runtime.settings)
    document = activities.update_of_post(post, note, event_id=on.event_id, edited=post.edited_at or on.now)
    named = await named_in(on, post)
    to = audience_of(post, named, involved=post.visibility in OPEN_VISIBILITIES)
    to = await with_relays(on.uow, post, to, replies=on.runtime.settings.relay_replies)
    await send(on, document, to, object_key=post.uri, urgent=post.visibility == "direct")


async def post_deleted(on: Occasion, event: PostDeleted) -> None:
    """Take back a post or boost of ours, from everybody who may have it (ACV-4)."""
    post = await find_post(on.uow, event.post_id)
    if post is None or not post.local:
        return
    author = await find_account(on.uow, post.account_id)
    if author is None or author.deleted_at is not None:
        return  # the Delete of the account says it all
    settings = on.runtime.settings
    if post.boost_of_id is not None:
        original = await find_post(on.uow, post.boost_of_id)
        boosted = None if original is None else await find_account(on.uow, original.account_id)
        if original is None or boosted is None:
            return
        document = activities.undo(activities.announce(post, original, boosted, settings=settings))
        await send(on, document, audience_of(post, {boosted.id}), object_key=post.uri)
        return
    named = await named_in(on, post)
    document = activities.delete_of_post(post, settings=settings)
    to = audience_of(post, named, involved=post.visibility in OPEN_VISIBILITIES)
    to = await with_relays(on.uow, post, to, replies=settings.relay_replies)
    await send(on, document, to, object_key=post.uri)


async def post_liked(on: Occasion, event: PostLiked) -> None:
    """Tell a remote author of a like."""
    found = await find_like_by_id(on.uow, event.like_id)
    if found is not None:
        await _send_like(on, found.uri or like_uri(on.runtime.settings, event.like_id), event, undone=False)


async def post_unliked(on: Occasion, event: PostUnliked) -> None:
    """Tell a remote author that a like is withdrawn."""
    await _send_like(on, event.like_uri or like_uri(on.runtime.settings, event.like_id), event, undone=True)


async def _send_like(on: Occasion, uri: str, event: PostLiked | PostUnliked, *, undone: bool) -> None:
    post = await find_post(on.uow, event.post_id)
    account = await find_account(on.uow, event.account_id)
    author = None if post is None else await find_account(on.uow, post.account_id)
    if post is None or account is None or author is None or not account.is_local or author.is_local:
        return
    if account.deleted_at is not None:
        return  # the Delete of the account says it all
    document = activities.like(uri, account, post, author)
    to = Recipients(author_id=account.id, account_ids=frozenset({author.id}))
    await send(on, activities.undo(document) if undone else document, to, object_key=post.uri, urgent=True)


async def reaction_added(on: Occasion, event: ReactionAdded) -> None:
    """Tell a remote author of a reaction."""
    found = await find_reaction_by_id(on.uow, event.reaction_id)
    if found is not None:
        await _send_reaction(on, found, undone=False)


async def reaction_removed(on: Occasion, event: ReactionRemoved) -> None:
    """Tell a remote author that a reaction is withdrawn."""
    taken_back = Reaction(
        id=event.reaction_id,
        uri=event.reaction_uri,
        account_id=event.account_id,
        post_id=event.post_id,
        name=event.name,
        emoji_id=event.emoji_id,
    )
    await _send_reaction(on, taken_back, undone=True)


async def _send_reaction(on: Occasion, reaction: Reaction, *, undone: bool) -> None:
    post = await find_post(on.uow, reaction.post_id)
    account = await find_account(on.uow, reaction.account_id)
    author = None if post is None else await find_account(on.uow, post.account_id)
    if post is None or account is None or author is None or not account.is_local or author.is_local:
        return
    if account.deleted_at is not None:
        return  # the Delete of the account says it all
    settings = on.runtime.settings
    emoji = await find_emoji(on.uow, reaction.emoji_id) if reaction.emoji_id else None
    document = activities.reaction(
        reaction.uri or reaction_uri(settings, reaction.id),
        account,
        post,
        author,
        name=reaction.name,
        emoji=emoji,
        settings=settings,
    )
    to = Recipients(author_id=account.id, account_ids=frozenset({author.id}))
    await send(on, activities.undo(document) if undone else document, to, object_key=post.uri, urgent=True)


async def follow_requested(on: Occasion, event: FollowRequested) -> None:
    """Ask a remote actor to be followed."""
    found = await find_follow_by_id(on.uow, event.follow_id)
    follower, followee = await _pair(on, event.follower_id, event.followee_id)
    if found is None or follower is None or followee is None or not follower.is_local or followee.is_local:
        return
    document = activities.follow(found.uri, follower, followee)
    await send(on, document, _to(follower, followee), object_key=followee.uri, urgent=True)


async def follow_accepted(on: Occasion, event: FollowAccepted) -> None:
    """Tell a remote follower that it holds."""
    found = await find_follow_by_id(on.uow, event.follow_id)
    follower, followee = await _pair(on, event.follower_id, event.followee_id)
    if found is None or follower is None or followee is None or follower.is_local or not followee.is_local:
        return
    document = activities.accept(activities.follow(found.uri, follower, followee), followee, event_id=on.event_id)
    await send(on, document, _to(followee, follower), object_key=follower.uri, urgent=True)


async def follow_rejected(on: Occasion, event: FollowRejected) -> None:
    """Tell a remote follower that the answer is no, or no longer yes."""
    follower, followee = await _pair(on, event.follower_id, event.followee_id)
    if follower is None or followee is None or follower.is_local or not followee.is_local:
        return
    received = activities.follow(event.follow_uri, follower, followee)
    document = activities.reject(received, followee, event_id=on.event_id)
    await send(on, document, _to(followee, follower, farewell=True), object_key=follower.uri, urgent=True)


async def unfollowed(on: Occasion, event: Unfollowed) -> None:
    """Tell a remote actor that one of ours follows no more."""
    follower, followee = await _pair(on, event.follower_id, event.followee_id)
    if follower is None or followee is None or not follower.is_local or followee.is_local:
        return
    document = activities.undo(activities.follow(event.follow_uri, follower, followee))
    await send(on, document, _to(follower, followee, farewell=True), object_key=followee.uri, urgent=True)


async def account_blocked(on: Occasion, event: AccountBlocked) -> None:
    """Tell a remote actor's server of a block, so that it stops showing (ACV-7)."""
    found = await find_block(on.uow, event.block_id)
    account, target = await _pair(on, event.account_id, event.target_id)
    if found is None or account is None or target is None or not account.is_local or target.is_local:
        return
    uri = found.uri or block_uri(on.runtime.settings, found.id)
    document = activities.block(uri, account, target)
    await send(on, document, _to(account, target), object_key=target.uri, urgent=True)


async def account_unblocked(on: Occasion, event: AccountUnblocked) -> None:
    """Tell a remote actor's server that a block is over."""
    account, target = await _pair(on, event.account_id, event.target_id)
    if account is None or target is None or not account.is_local or target.is_local:
        return
    uri = event.block_uri or block_uri(on.runtime.settings, event.block_id)
    document = activities.undo(activities.block(uri, account, target))
    await send(on, document, _to(account, target), object_key=target.uri, urgent=True)


async def profile_changed(on: Occasion, event: ProfileUpdated | AccountSuspended | AccountUnsuspended) -> None:
    """Tell followers and the hosts we talk with of a changed profile, a suspension, or its end (ACT-5, MOD-1)."""
    account = await find_account(on.uow, event.account_id)
    if account is None or not account.is_local or account.deleted_at is not None:
        return
    settings = on.runtime.settings
    document = activities.update_of_actor(
        await activities.actor(on.uow, account, settings=settings),
        event_id=on.event_id,
        now=on.now,
        followers=followers_uri(settings, account.id),
    )
    to = Recipients(author_id=account.id, followers=True, recent_hosts=True)
    await send(on, document, to, object_key=account.uri)


async def account_deleted(on: Occasion, event: AccountDeleted) -> None:
    """Tell every server we know that an account of ours is gone for good, and nothing else of it any more (MOD-1)."""
    account = await find_account(on.uow, event.account_id)
    if account is None or not account.is_local:
        return
    idle = or_(Delivery.due_at <= on.now, Delivery.due_at > on.now + LEASE)
    await on.uow.write(
        delete(Delivery)
        .where(Delivery.account_id == account.id, Delivery.activity_id < on.event_id, idle)
        .execution_options(synchronize_session=False)
    )
    document = activities.delete_of_actor(account, settings=on.runtime.settings)
    await send(on, document, Recipients(author_id=account.id, everybody=True), object_key=account.uri)


async def account_moved(on: Occasion, event: AccountMoved) -> None:
    """Tell the followers of one of ours that it has moved, so that their servers take them along (MOV-2)."""
    account, target = await _pair(on, event.account_id, event.target_id)
    if account is None or target is None or not account.is_local or account.is_gone:
        return
    document = activities.move(account, target, event_id=on.event_id, settings=on.runtime.settings)
    await send(on, document, Recipients(author_id=account.id, followers=True), object_key=account.uri)


async def report_filed(on: Occasion, event: ReportFiled) -> None:
    """Tell the moderators of the reported account's server, if the reporter wanted that; not who it was (MOD-3)."""
    report = await find_report(on.uow, event.report_id)
    target = None if report is None or not report.forwarded else await find_account(on.uow, report.target_id)
    if report is None or target is None or target.is_local or target.deleted_at is not None:
        return
    posts = await list_posts(on.uow, {int(id_) for id_ in report.post_ids})
    uris = [post.uri for _, post in sorted(posts.items()) if post.deleted_at is None]
    document = activities.flag(report.id, target, uris, report.comment, settings=on.runtime.settings)
    to = Recipients(author_id=INSTANCE_ACTOR_ID, account_ids=frozenset({target.id}), despite_blocks=True)
    await send(on, document, to, object_key=target.uri)


async def send(
    on: Occasion,
    document: Document,
    to: Recipients,
    *,
    object_key: str,
    urgent: bool = False,
    known_as: str = "",
    as_it_came: str = "",
    not_to: frozenset[str] = frozenset(),
) -> int:
    """Store an activity and its deliveries; return how many inboxes will get it.

    Left out are suspended domains (MOD-2), hosts that have been unavailable for days (DLV-5) and those of `not_to`.
    Only the end of a follow goes to a suspended domain too: it shall not believe that the follow still stands. An
    activity is stored once under its id, or under `known_as` where the same goes to one person before it goes to
    everybody. `as_it_came` is the text of another's activity that is only passed on; `document` then needs no more
    than its id and type.
    """
    hosts = by_host(await list_inboxes(on.uow, to, now=on.now))
    for host in (on.runtime.settings.web_host, *not_to):
        hosts.pop(host, None)
    health = await read_health(on.uow, hosts)
    barred: set[str] = set()
    if not to.despite_suspension:
        barred = await list_suspended_hosts(on.uow, hosts, settings=on.runtime.settings)
    reached = {host: urls for host, urls in hosts.items() if health[host].takes_new(on.now) and host not in barred}
    if not reached:
        return 0
    if as_it_came:
        body = as_it_came
    else:
        body = orjson.dumps(await with_proof(on.runtime, on.uow, document, author_id=to.author_id, now=on.now)).decode()
    uri = known_as or str(document["id"])
    activity_id = await _store(on, document, body, to, object_key=object_key, uri=uri)
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "activity_id": activity_id,
            "account_id": to.author_id,
            "inbox_url": url,
            "host": host,
            "object_key": object_key,
            "urgent": urgent,
            "slow": health[host].is_failing,
            "created_at": on.now,
            "due_at": health[host].first_due(on.now),
            "attempts": 0,
            "last_error": "",
        }
        for host, urls in reached.items()
        for url in urls
    ]
    insert = insert_into(on.uow, Delivery).on_conflict_do_nothing(index_elements=["activity_id", "inbox_url"])
    await on.uow.execute(insert, rows)
    on.lanes.update(DELIVER_SLOW if row["slow"] else DELIVER for row in rows)
    return len(rows)


async def _store(on: Occasion, document: Document, body: str, to: Recipients, *, object_key: str, uri: str) -> int:
    """Insert the activity unless it is there; return its row's id."""
    values = {
        "id": on.event_id,
        "uri": uri,
        "account_id": to.author_id,
        "kind": str(document["type"]),
        "object_key": object_key,
        "to_followers": to.followers,
        "body": body,
        "created_at": on.now,
    }
    await on.uow.execute(insert_into(on.uow, OutgoingActivity).values(**values).on_conflict_do_nothing())
    found: int = await on.uow.scalar(select(OutgoingActivity.id).where(OutgoingActivity.uri == uri))
    return found


async def standing(on: Occasion, post_id: int) -> Post | None:
    """Return a post of ours that may still be told of."""
    post = await find_post(on.uow, post_id)
    if post is None or not post.local or post.deleted_at is not None:
        return None
    author = await find_account(on.uow, post.account_id)
    return None if author is None or author.is_gone else post


async def named_in(on: Occasion, post: Post) -> set[int]:
    """Return whom a post of ours is addressed to by name, and whom it quotes before everybody (DLV-1)."""
    named = set(await list_mention_ids(on.uow, post.id))
    quotes = post.quoted_id is not None and post.visibility in OPEN_VISIBILITIES
    quoted = await find_post(on.uow, post.quoted_id) if quotes and post.quoted_id is not None else None
    return named if quoted is None else named | {quoted.account_id}


def audience_of(post: Post, named: set[int], *, involved: bool = False, voters_of: int | None = None) -> Recipients:
    """Return who gets what is said of a post: whom it names, the followers unless it is direct, and who had to do
    with it."""
    return Recipients(
        author_id=post.account_id,
        account_ids=frozenset(named),
        followers=post.visibility != "direct",
        involved_with=post.id if involved else None,
        voters_of=voters_of,
        personal=post.visibility == "direct",
    )


def _to(author: Account, other: Account, *, farewell: bool = False) -> Recipients:
    return Recipients(
        author_id=author.id,
        account_ids=frozenset({other.id}),
        personal=True,
        despite_blocks=True,
        despite_suspension=farewell,
    )


async def _pair(on: Occasion, first_id: int, second_id: int) -> tuple[Account | None, Account | None]:
    found = await list_accounts(on.uow, {first_id, second_id})
    return found.get(first_id), found.get(second_id)
