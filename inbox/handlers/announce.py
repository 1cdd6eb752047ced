"""Announce: somebody boosts a post (ACV-5).

Kept when somebody here follows the booster, or when the post is one of ours. The object is an id; a copy that comes
with it is not even looked at (row 25): a post unknown here is fetched from its own server. Only posts are boosted,
one level deep (row 53). A community announces whole activities: of a Create the id of what was created is boosted,
what else it passes on is judged in `wrapped`.
"""

from dataclasses import dataclass

from federation.documents import Document, first_id, type_of
from federation.errors import FetchGone
from federation.origins import same_origin
from federation.post_parsing import read_visibility
from inbox.context import Context
from inbox.handlers import wrapped
from inbox.handlers.targets import PENDING_DELAY, PENDING_TRIES
from inbox.outcomes import Ignored, Refused, TryLater
from inbox.queries import is_create_pending
from inbox.tombstones import is_buried
from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.base.lanes import FETCH
from node.follows.queries import is_block_between
from node.posts.models import Post
from node.posts.queries import find_post, find_post_by_uri
from node.posts.remote import store_remote_boost
from node.posts.rules import OPEN_VISIBILITIES, may_boost
from node.relays.queries import is_relay
from node.remote.actors import is_own
from node.remote.posts import FetchedPost, download_post
from node.remote.queries import has_local_follower
from node.remote.storing import OLD, keep_post


@dataclass(frozen=True, slots=True)
class Verified:
    booster: Account
    post: Post | FetchedPost
    uri: str
    visibility: str
    is_relayed: bool = False
    """Announced by a relay: the post is kept, the boost is not (DLV-10)."""
    is_delivery: bool = False
    """A community's Create: for what it brings there is often no other delivery, so it is news (QRK, Lemmy)."""


async def verify(context: Context) -> Verified | wrapped.PassedOn:
    """Return booster and post, fetched when it is unknown here."""
    activity = context.activity
    if context.is_forwarded:
        raise Ignored("forwarded_boost", "a boost is taken from the booster only")
    if activity.id is None:
        raise Refused("no_id", "a boost without an id could never be undone")
    booster = await context.actor()
    inner = wrapped.wrapped_activity(context)
    if inner is not None and not type_of(inner, {"Create"}):
        return await wrapped.verify(context, booster, inner)
    object_uri = _object_uri(context, inner)
    async with context.runtime.read() as reader:
        followed = await has_local_follower(reader, booster.id)
        known = await find_post_by_uri(reader, object_uri)
        pending = known is None and await is_create_pending(reader, object_uri)
        relayed = await is_relay(reader, booster.uri)
    if relayed and known is not None:
        raise Ignored("relayed_known", object_uri[:200])
    if not followed and not relayed and (known is None or not known.local):
        raise Ignored("no_interest", object_uri[:200])
    visibility = read_visibility(activity.to, activity.cc, booster.followers_url or None)
    if visibility not in OPEN_VISIBILITIES and not followed and not relayed:
        raise Ignored("private_boost", object_uri[:200])
    if known is not None:
        return Verified(booster, await _checked(context, booster, known), activity.id, visibility)
    if is_own(context.runtime, object_uri):
        raise Ignored("unknown_post", object_uri[:200])
    if pending and not same_origin(object_uri, activity.id):
        raise TryLater("create_pending", object_uri[:200], delay=PENDING_DELAY, tries=PENDING_TRIES)
    try:
        fetched = await download_post(context.runtime, object_uri)
    except FetchGone as error:
        raise Ignored("boosted_gone", error.detail) from error
    if fetched.post.id != object_uri:
        async with context.runtime.read() as reader:
            known = await find_post_by_uri(reader, fetched.post.id)
        if known is not None:
            return Verified(booster, await _checked(context, booster, known), activity.id, visibility)
    if not may_boost(visibility=fetched.post.visibility, is_author=fetched.author.id == booster.id):
        raise Ignored("not_boostable", fetched.post.id)
    is_delivery = inner is not None and booster.actor_type == "Group"
    return Verified(booster, fetched, activity.id, visibility, relayed, is_delivery)


async def receive(uow: UnitOfWork, context: Context, verified: Verified | wrapped.PassedOn) -> None:
    """Store the boost, and before it the post if that is new; unless the Undo came first."""
    activity = context.activity
    if isinstance(verified, wrapped.PassedOn):
        await wrapped.receive(uow, context, verified)
        return
    if await is_buried(uow, verified.uri, actor_uri=activity.actor, now=context.now):
        raise Ignored("undone_before", verified.uri)
    post = verified.post
    if isinstance(post, FetchedPost):
        stored = await keep_post(
            uow,
            context.runtime.settings,
            post.author,
            post.post,
            circle=post.circle,
            now=context.now,
            quiet=not verified.is_delivery,
        )
        uow.after_commit(lambda: context.runtime.nudge(FETCH))
    else:
        stored = await find_post(uow, post.id)
    if stored is None or stored.deleted_at is not None:
        raise Ignored("deleted_before", verified.uri)
    if verified.is_relayed:
        return
    await store_remote_boost(
        uow,
        verified.booster,
        stored,
        uri=verified.uri,
        published=activity.published,
        now=context.now,
        visibility=verified.visibility,
        quiet=activity.published is not None and activity.published < context.now - OLD,
    )


def _object_uri(context: Context, inner: Document | None) -> str:
    """Return the id of what is boosted, or of what the Create that is boosted made. Raises Refused for none."""
    uri = context.activity.object_id if inner is None else first_id(inner.get("object"))
    if uri is None:
        raise Refused("no_object", "a boost of nothing")
    return uri


async def _checked(context: Context, booster: Account, post: Post) -> Post:
    """Return the post itself. Raises Ignored for a boost of a boost, of what is not open, or across a block."""
    if post.deleted_at is not None:
        raise Ignored("deleted_before", post.uri)
    if post.boost_of_id is not None:
        raise Ignored("not_a_post", "a boost of a boost")
    if post.local_only or not may_boost(visibility=post.visibility, is_author=post.account_id == booster.id):
        raise Ignored("not_boostable", post.uri)
    async with context.runtime.read() as reader:
        if await is_block_between(reader, booster.id, post.account_id):
            raise Ignored("blocked", "a block stands between them")
    return post
