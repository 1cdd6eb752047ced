"""What relays are told, by the node's own actor: that we want them, that we leave, and of posts of ours where they take
announcements (DLV-10, DLV-11). `address` sends posts to the relays that take them as they are.
"""

from federation.vocabulary import PUBLIC
from federation.writing import accept_activity, announce_activity, follow_activity, undo_activity
from node.accounts.queries import find_account_by_uri
from node.events import PostPublished, RelayFollowed, RelayFollowedBack, RelayLeft, RelayPostDue
from node.relays.queries import find_relay, list_relay_inboxes
from node.relays.service import ACTOR_STYLE
from node.uris import INSTANCE_ACTOR_ID, followers_uri, instance_actor_uri
from outbox.address import send, standing
from outbox.occasion import Occasion, Sending, facts_of
from outbox.recipients import Recipients, with_relays


async def relay_followed(on: Sending, event: RelayFollowed) -> None:
    """Ask a relay to have us."""
    relay = await find_relay(on.reader, event.relay_id)
    if relay is None:
        return
    target = relay.actor_uri if relay.style == ACTOR_STYLE else PUBLIC
    document = follow_activity(relay.follow_uri, instance_actor_uri(on.runtime.settings), target)
    await send(on, document, _to(relay.inbox_url), object_key=relay.follow_uri, urgent=True)


async def relay_left(on: Sending, event: RelayLeft) -> None:
    """Tell a relay that we leave."""
    actor = instance_actor_uri(on.runtime.settings)
    follow = follow_activity(event.follow_uri, actor, event.actor_uri or PUBLIC)
    document = undo_activity(f"{event.follow_uri}/undo", follow)
    await send(on, document, _to(event.inbox_url), object_key=event.follow_uri, urgent=True)


async def relay_followed_back(on: Sending, event: RelayFollowedBack) -> None:
    """Let a relay follow the node's actor."""
    relay = await find_account_by_uri(on.reader, event.actor_uri)
    if relay is None or relay.is_gone:
        return
    actor = instance_actor_uri(on.runtime.settings)
    follow = follow_activity(event.follow_uri, relay.uri, actor)
    document = accept_activity(f"{actor}#accepts/follows/{on.event_id}", actor, follow)
    await send(on, document, _to(relay.inbox_url), object_key=relay.uri, urgent=True)


async def post_published(on: Occasion, event: PostPublished) -> None:
    """See to it that a post is announced, if there is a relay that takes announcements."""
    facts = await facts_of(on, event.post_id)
    if facts is None or not facts.local or facts.visibility != "public" or facts.boost_of_id is not None:
        return
    if await list_relay_inboxes(on.uow, style=ACTOR_STYLE):
        await on.uow.record(RelayPostDue(event.post_id))


async def relay_post_due(on: Sending, event: RelayPostDue) -> None:
    """Announce a post of ours."""
    post = await standing(on, event.post_id)
    if post is None:
        return
    settings = on.runtime.settings
    actor = instance_actor_uri(settings)
    nobody = Recipients(author_id=INSTANCE_ACTOR_ID)
    to = await with_relays(on.reader, post, nobody, replies=settings.relay_replies, style=ACTOR_STYLE)
    document = announce_activity(
        f"{actor}#announces/{post.id}",
        actor,
        post.uri,
        published=post.published_at,
        to=[followers_uri(settings, INSTANCE_ACTOR_ID)],
    )
    await send(on, document, to, object_key=post.uri)


def _to(inbox_url: str) -> Recipients:
    return Recipients(author_id=INSTANCE_ACTOR_ID, inboxes=frozenset({inbox_url}))
