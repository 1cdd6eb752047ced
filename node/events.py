"""What can happen, in the past tense: frozen dataclasses of ids. Services `record` them, `outbox` acts on them.

Where the row an event is about is gone by the time its effects run, the event carries what they need.
"""

from dataclasses import dataclass

from node.base.db.event_log import Event


@dataclass(frozen=True, slots=True)
class PostPublished(Event):
    """A post or boost, ours or remote, now stands. `quiet`: old or fetched, so nobody is notified and no
    stream is told (INB-10)."""

    post_id: int
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class HomesMissed(Event):
    """A post was published while home timelines could not be reached; they are still to get it."""

    post_id: int


@dataclass(frozen=True, slots=True)
class PostEdited(Event):
    post_id: int


@dataclass(frozen=True, slots=True)
class PostDeleted(Event):
    """A post or boost is gone; its row is still there without its words."""

    post_id: int


@dataclass(frozen=True, slots=True)
class PostLeft(Event):
    """There is more of a deleted post to clear away: boosts after `after_id`, likes, votes. As `AccountLeft`."""

    post_id: int
    after_id: int = 0


@dataclass(frozen=True, slots=True)
class ReplyReceived(Event):
    """An activity of another server about a thread that `account_id` began here came with its actor's proof, and is to
    be passed on to the followers (INB-8). It carries the words as they came: changed ones would prove nothing, and the
    row that held them is emptied when the activity has taken effect."""

    account_id: int
    activity_uri: str
    kind: str
    object_uri: str
    came_from: str
    body: str


@dataclass(frozen=True, slots=True)
class PostLiked(Event):
    like_id: int
    account_id: int
    post_id: int


@dataclass(frozen=True, slots=True)
class PostUnliked(Event):
    like_id: int
    like_uri: str
    account_id: int
    post_id: int


@dataclass(frozen=True, slots=True)
class PostBookmarked(Event):
    """One of ours kept a post: it is in their library now, where they can search it."""

    account_id: int
    post_id: int


@dataclass(frozen=True, slots=True)
class ReactionAdded(Event):
    reaction_id: int
    account_id: int
    post_id: int


@dataclass(frozen=True, slots=True)
class ReactionRemoved(Event):
    reaction_id: int
    reaction_uri: str
    account_id: int
    post_id: int
    name: str
    emoji_id: int


@dataclass(frozen=True, slots=True)
class RelayFollowed(Event):
    """An operator wants a relay."""

    relay_id: int


@dataclass(frozen=True, slots=True)
class RelayLeft(Event):
    """An operator wants a relay no more; the row is gone. `actor_uri` is empty where the public was followed."""

    inbox_url: str
    actor_uri: str
    follow_uri: str


@dataclass(frozen=True, slots=True)
class RelayFollowedBack(Event):
    """A relay's actor follows the node's own, as some do once they accepted it (DLV-11)."""

    actor_uri: str
    follow_uri: str


@dataclass(frozen=True, slots=True)
class RelayPostDue(Event):
    """A post of ours is to be announced to the relays that take announcements (DLV-11)."""

    post_id: int


@dataclass(frozen=True, slots=True)
class PostPinned(Event):
    """One of ours put a post at the top of their page."""

    account_id: int
    post_id: int


@dataclass(frozen=True, slots=True)
class PostUnpinned(Event):
    account_id: int
    post_id: int


@dataclass(frozen=True, slots=True)
class TagFeatured(Event):
    """One of ours shows a hashtag on their page."""

    account_id: int
    hashtag_id: int


@dataclass(frozen=True, slots=True)
class TagUnfeatured(Event):
    account_id: int
    hashtag_id: int


@dataclass(frozen=True, slots=True)
class HomeChanged(Event):
    """One of ours chose otherwise what belongs in their home: a hashtag followed, a list that is exclusive no more."""

    account_id: int


@dataclass(frozen=True, slots=True)
class FiltersChanged(Event):
    """One of ours filters other things than before."""

    account_id: int


@dataclass(frozen=True, slots=True)
class FollowRequested(Event):
    """A follow that waits for its Accept: from ours to a remote actor, or to a local locked account."""

    follow_id: int
    follower_id: int
    followee_id: int


@dataclass(frozen=True, slots=True)
class FollowAccepted(Event):
    """A follow now holds (at once, by approval, or by a remote Accept)."""

    follow_id: int
    follower_id: int
    followee_id: int


@dataclass(frozen=True, slots=True)
class FollowChanged(Event):
    """One of ours wants other posts of somebody they follow: boosts again, or other languages."""

    follow_id: int
    follower_id: int
    followee_id: int


@dataclass(frozen=True, slots=True)
class FollowRejected(Event):
    """The followee refused a request or removed a follower; the row is gone."""

    follow_id: int
    follow_uri: str
    follower_id: int
    followee_id: int


@dataclass(frozen=True, slots=True)
class Unfollowed(Event):
    """The follower withdrew a follow or a request; the row is gone."""

    follow_id: int
    follow_uri: str
    follower_id: int
    followee_id: int


@dataclass(frozen=True, slots=True)
class AccountBlocked(Event):
    block_id: int
    account_id: int
    target_id: int


@dataclass(frozen=True, slots=True)
class DomainBlocked(Event):
    """One of ours blocks a whole server. Recorded again by its effect while follows are left to end.

    To go on from: `walk`, which of the walks over the person's follows (`node/blocks/domains.py`), and `after_id` in
    it; `told`, the notification that was looked at last, -1 once that were all.
    """

    account_id: int
    domain: str
    walk: int = 0
    after_id: int = 0
    told: int = 0


@dataclass(frozen=True, slots=True)
class DomainPolicyChanged(Event):
    """What this node does with a domain is another thing now, and there are more accounts to do it to.

    `was` is the moment (ISO 8601) that the earlier policy's marks carry, "" if there was none. To go on from: `ending`
    follows, once all are marked; `at` a domain, "" for those whose host is of another domain than their handle; `after`
    the id of an account, or its URI.
    """

    domain: str
    was: str
    ending: bool = False
    at: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class AccountUnblocked(Event):
    block_id: int
    block_uri: str
    account_id: int
    target_id: int


@dataclass(frozen=True, slots=True)
class ProfileUpdated(Event):
    account_id: int


@dataclass(frozen=True, slots=True)
class SearchConsentChanged(Event):
    """An account, ours or remote, lets everybody search its posts now, or no more (FEP-5feb)."""

    account_id: int


@dataclass(frozen=True, slots=True)
class AccountSuspended(Event):
    account_id: int


@dataclass(frozen=True, slots=True)
class AccessChanged(Event):
    """A session or token of one of ours has ended: streams that it opened end too (attack row 95)."""

    account_id: int


@dataclass(frozen=True, slots=True)
class AccountUnsuspended(Event):
    account_id: int


@dataclass(frozen=True, slots=True)
class AccountDeleted(Event):
    """An account is gone for good. Its posts are withdrawn by the same service call."""

    account_id: int


@dataclass(frozen=True, slots=True)
class AccountLeft(Event):
    """There is more of a departed account to clear away: posts after `after_id`, follows, likes. Its effect clears some
    of it and records the event again while something is left, so that no transaction is long."""

    account_id: int
    after_id: int = 0


@dataclass(frozen=True, slots=True)
class AccountMoved(Event):
    """An account, ours or remote, has moved: both sides say so (MOV-1, MOV-2)."""

    account_id: int
    target_id: int


@dataclass(frozen=True, slots=True)
class MoveContinues(Event):
    """There are more people to take along with a moved account; `step` and `after_id` say where to go on."""

    account_id: int
    target_id: int
    step: str
    after_id: int


@dataclass(frozen=True, slots=True)
class AnnouncementChanged(Event):
    """An announcement is up, or says something else."""

    announcement_id: int


@dataclass(frozen=True, slots=True)
class AnnouncementRemoved(Event):
    """An announcement is over, or gone with its row."""

    announcement_id: int


@dataclass(frozen=True, slots=True)
class AnnouncementReacted(Event):
    """One of ours gave an announcement this emoji, or took it back."""

    announcement_id: int
    name: str


@dataclass(frozen=True, slots=True)
class ReportFiled(Event):
    """Somebody asks the moderators to look at an account (MOD-3)."""

    report_id: int


@dataclass(frozen=True, slots=True)
class NotificationsMerged(Event):
    """One of ours let somebody through, and what was held back of them is in the list of notifications."""

    account_id: int


@dataclass(frozen=True, slots=True)
class FollowsSevered(Event):
    """Follows of one of ours were ended by a decision about others: `kind` as `Severance` names it."""

    account_id: int
    kind: str
    target_name: str
    followers_count: int
    following_count: int


@dataclass(frozen=True, slots=True)
class PersonJoined(Event):
    """Somebody signed up here and may act."""

    account_id: int


@dataclass(frozen=True, slots=True)
class PeerHeard(Event):
    """A signed request of this host was verified: it is alive (DLV-5). `scheme` is how it signed (SIG-13).

    Recorded at most once in ten minutes for each host, scheme and process.
    """

    host: str
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class VoteCast(Event):
    """One of ours chose an option of a remote poll."""

    vote_id: int


@dataclass(frozen=True, slots=True)
class PollCounted(Event):
    """The counts of a poll of ours have changed and it is time to tell (OBJ-10)."""

    post_id: int


@dataclass(frozen=True, slots=True)
class PeopleToTell(Event):
    """More people are to be told of a post than one transaction takes. `kind` is what they are told: "status" where
    they asked for its author's posts, "update" where they boosted it, "quoted_update" where they quoted it. Its effect
    tells some, those after `after_id`, and records the event again while some are left."""

    post_id: int
    kind: str
    after_id: int


@dataclass(frozen=True, slots=True)
class PollEnded(Event):
    """A poll, ours or remote, is over. Its effect tells some of the voters, those after `after_id`, and records the
    event again while some are left, so that no transaction is long."""

    post_id: int
    after_id: int = 0


@dataclass(frozen=True, slots=True)
class QuoteChanged(Event):
    """Whether a post may stand with what it quotes is settled another way than before (OBJ-13, OBJ-15)."""

    post_id: int


@dataclass(frozen=True, slots=True)
class ConsentAsked(Event):
    """One of ours needs the leave of a remote author: for a quote, a reply or a boost (OBJ-13, OBJ-16)."""

    request_id: int


@dataclass(frozen=True, slots=True)
class AuthorizationDecided(Event):
    """One of ours, or their policy, gave or refused leave to somebody (OBJ-14)."""

    authorization_id: int


@dataclass(frozen=True, slots=True)
class AuthorizationRevoked(Event):
    """One of ours took a stamp back."""

    authorization_id: int


@dataclass(frozen=True, slots=True)
class LinkCardReady(Event):
    """The page behind a link was looked at: posts with it show a preview from now on."""

    card_id: int
