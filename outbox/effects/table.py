"""What follows from each event: one table, read by the relay. A new consequence is one function and one word here.

`pushed` goes to Redis before the transaction and may be repeated at will. Where Redis is away, what `missed` names is
recorded in its place and waits for Redis, while the rest goes on; without `missed` the whole event waits.
`sent` is what other servers are told. It is read, serialised and signed before the transaction, which stores it: nobody
waits for that, and it sees the follows and posts that other effects of the event take away.
`stored` runs, in this order, in the transaction that forgets the event.

Of a kind that comes by the thousand when a post goes round, `many` effects take a list: all that stand next to each
other in the log, in their order. What they look up and write they look up and write once. Such a kind has no `missed`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from node.base.db.event_log import Event
from node.base.lanes import DELIVER_SLOW
from node.base.runtime import Runtime
from node.events import (
    AccessChanged,
    AccountBlocked,
    AccountDeleted,
    AccountLeft,
    AccountMoved,
    AccountSuspended,
    AccountUnblocked,
    AccountUnsuspended,
    AnnouncementChanged,
    AnnouncementReacted,
    AnnouncementRemoved,
    AuthorizationDecided,
    AuthorizationRevoked,
    ConsentAsked,
    DomainBlocked,
    DomainPolicyChanged,
    FiltersChanged,
    FollowAccepted,
    FollowChanged,
    FollowRejected,
    FollowRequested,
    FollowsSevered,
    HomeChanged,
    HomesMissed,
    LinkCardReady,
    MoveContinues,
    NotificationsMerged,
    PeerHeard,
    PeopleToTell,
    PersonJoined,
    PollCounted,
    PollEnded,
    PostBookmarked,
    PostDeleted,
    PostEdited,
    PostLeft,
    PostLiked,
    PostPinned,
    PostPublished,
    PostUnliked,
    PostUnpinned,
    ProfileUpdated,
    QuoteChanged,
    ReactionAdded,
    ReactionRemoved,
    RelayFollowed,
    RelayFollowedBack,
    RelayLeft,
    RelayPostDue,
    ReplyReceived,
    ReportFiled,
    SearchConsentChanged,
    TagFeatured,
    TagUnfeatured,
    Unfollowed,
    VoteCast,
)
from outbox.effects import (
    accounts,
    announcements,
    cards,
    carrying,
    completions,
    consent,
    conversations,
    departures,
    domains,
    featuring,
    follows,
    forwarding,
    homes,
    likes,
    links,
    media,
    notices,
    polls,
    posts,
    pushing,
    relays,
    reports,
    searching,
    streaming,
    trending,
)
from outbox.occasion import Occasion, Sending
from outbox.peers import hear

Push = Callable[[Runtime, Any], Awaitable[None]]
Send = Callable[[Sending, Any], Awaitable[None]]
Missed = Callable[[Any], Sequence[Event]]
Effect = Callable[[Occasion, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Effects:
    """The consequences of one kind of event."""

    pushed: tuple[Push, ...] = ()
    sent: tuple[Send, ...] = ()
    stored: tuple[Effect, ...] = ()
    missed: Missed | None = None
    many: bool = False


async def peer_heard(on: Occasion, event: PeerHeard) -> None:
    """Note that a host is alive."""
    if await hear(on.uow, event.host, scheme=event.scheme, now=on.now):
        on.lanes.add(DELIVER_SLOW)


EFFECTS: Final[dict[type[Event], Effects]] = {
    PostPublished: Effects(
        pushed=(homes.post_published, trending.post_published),
        missed=homes.post_missed,
        sent=(posts.post_published,),
        stored=(
            relays.post_published,
            cards.post_published,
            streaming.post_published,
            notices.post_published,
            conversations.post_published,
            searching.post_published,
        ),
    ),
    PostEdited: Effects(
        pushed=(media.let_go,),
        sent=(posts.post_edited,),
        stored=(
            cards.post_edited,
            streaming.post_edited,
            notices.post_edited,
            conversations.post_edited,
            searching.post_changed,
        ),
    ),
    PostDeleted: Effects(
        pushed=(media.let_go,),
        sent=(posts.post_deleted,),
        stored=(
            cards.post_deleted,
            streaming.post_deleted,
            notices.post_deleted,
            departures.clear_post,
            conversations.post_deleted,
            searching.post_changed,
        ),
    ),
    PostLeft: Effects(stored=(departures.clear_post,)),
    LinkCardReady: Effects(stored=(cards.card_ready, searching.card_ready)),
    RelayFollowed: Effects(sent=(relays.relay_followed,)),
    RelayFollowedBack: Effects(sent=(relays.relay_followed_back,)),
    RelayLeft: Effects(sent=(relays.relay_left,)),
    RelayPostDue: Effects(sent=(relays.relay_post_due,)),
    VoteCast: Effects(sent=(polls.vote_cast,)),
    PollCounted: Effects(sent=(polls.poll_counted,)),
    PeopleToTell: Effects(stored=(notices.tell_more,)),
    PollEnded: Effects(sent=(polls.poll_ended,), stored=(polls.ask_for_results, notices.poll_ended)),
    PostPinned: Effects(sent=(featuring.post_pinned,)),
    PostUnpinned: Effects(sent=(featuring.post_unpinned,)),
    TagFeatured: Effects(sent=(featuring.tag_featured,)),
    TagUnfeatured: Effects(sent=(featuring.tag_unfeatured,)),
    PostLiked: Effects(
        many=True,
        pushed=(trending.posts_liked,),
        sent=(likes.posts_liked,),
        stored=(notices.posts_liked, searching.posts_liked),
    ),
    PostBookmarked: Effects(stored=(searching.post_changed,)),
    SearchConsentChanged: Effects(stored=(searching.account_changed,)),
    PostUnliked: Effects(sent=(likes.post_unliked,), stored=(notices.post_unliked,)),
    ReactionAdded: Effects(sent=(likes.reaction_added,), stored=(notices.reaction_added,)),
    ReactionRemoved: Effects(sent=(likes.reaction_removed,), stored=(notices.reaction_removed,)),
    HomeChanged: Effects(pushed=(homes.home_changed,)),
    HomesMissed: Effects(pushed=(homes.missed_post,)),
    FiltersChanged: Effects(stored=(streaming.filters_changed,)),
    FollowRequested: Effects(
        sent=(follows.follow_requested,), stored=(notices.follow_requested, completions.follow_begun)
    ),
    FollowAccepted: Effects(
        pushed=(homes.follow_changed,),
        missed=homes.follow_missed,
        sent=(follows.follow_accepted,),
        stored=(
            notices.follow_accepted,
            completions.follow_begun,
            featuring.follow_accepted,
        ),
    ),
    FollowChanged: Effects(pushed=(homes.follow_changed,)),
    FollowRejected: Effects(
        pushed=(homes.follow_changed,),
        missed=homes.follow_missed,
        sent=(follows.follow_rejected,),
        stored=(notices.follow_ended, completions.follow_ended),
    ),
    Unfollowed: Effects(
        pushed=(homes.follow_changed,),
        missed=homes.follow_missed,
        sent=(follows.unfollowed,),
        stored=(notices.follow_ended, completions.follow_ended),
    ),
    AccountBlocked: Effects(
        pushed=(homes.block_changed,),
        missed=homes.block_missed,
        sent=(follows.account_blocked,),
        stored=(notices.account_blocked,),
    ),
    DomainBlocked: Effects(
        pushed=(domains.forget,),
        missed=homes.domain_missed,
        stored=(domains.domain_blocked,),
    ),
    DomainPolicyChanged: Effects(stored=(domains.policy_changed,)),
    AccountUnblocked: Effects(
        pushed=(homes.block_changed,),
        missed=homes.block_missed,
        sent=(follows.account_unblocked,),
    ),
    ProfileUpdated: Effects(sent=(accounts.profile_changed,), stored=(links.profile_changed,)),
    AccountSuspended: Effects(
        sent=(accounts.profile_changed,),
        stored=(
            streaming.access_changed,
            pushing.account_gone,
            departures.account_suspended,
            searching.account_changed,
        ),
    ),
    AccountUnsuspended: Effects(sent=(accounts.profile_changed,), stored=(searching.account_changed,)),
    AccountDeleted: Effects(
        sent=(accounts.account_deleted,),
        stored=(
            streaming.access_changed,
            pushing.account_gone,
            accounts.drop_waiting,
            departures.account_deleted,
            searching.account_changed,
        ),
    ),
    AccessChanged: Effects(stored=(streaming.access_changed, pushing.access_changed)),
    NotificationsMerged: Effects(stored=(streaming.notifications_merged,)),
    FollowsSevered: Effects(stored=(notices.follows_severed,)),
    PersonJoined: Effects(stored=(notices.person_joined,)),
    AccountLeft: Effects(stored=(departures.clear_account,)),
    AccountMoved: Effects(sent=(accounts.account_moved,), stored=(carrying.account_moved,)),
    MoveContinues: Effects(stored=(carrying.move_continues,)),
    AnnouncementChanged: Effects(stored=(announcements.announcement_changed,)),
    AnnouncementRemoved: Effects(stored=(announcements.announcement_removed,)),
    AnnouncementReacted: Effects(stored=(announcements.announcement_reacted,)),
    ReportFiled: Effects(sent=(reports.report_filed,), stored=(notices.report_filed,)),
    QuoteChanged: Effects(sent=(consent.quote_changed,), stored=(notices.quote_changed,)),
    ConsentAsked: Effects(sent=(consent.consent_asked,)),
    AuthorizationDecided: Effects(sent=(consent.authorization_decided,)),
    AuthorizationRevoked: Effects(sent=(consent.authorization_revoked,)),
    ReplyReceived: Effects(sent=(forwarding.reply_received,)),
    PeerHeard: Effects(stored=(peer_heard,)),
}

ALTERING: Final[frozenset[Effect]] = frozenset(
    {peer_heard, domains.domain_blocked, domains.policy_changed, carrying.move_continues}
)
"""Those that change whom later events are sent to. What these send is not read before they have come to an end."""


def is_altering(effects: Effects) -> bool:
    """Whether it depends on these whom later events are sent to."""
    return not ALTERING.isdisjoint(effects.stored)
