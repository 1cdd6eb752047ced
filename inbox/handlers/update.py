"""Update: of a post (OBJ-11) or of the actor itself (ACT-5).

A post must be stored as this actor's and the new version newer than the stored one. One that is unknown here is
taken as a Create while it is fresh, so that order does not matter.

An actor's own words are taken as they stand only when they touch neither what it is reached nor what it is proven
by. A new inbox, key or name counts when the actor's server says so, so then it is fetched (row 37).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from federation.discovery import public_key_of
from federation.documents import object_of, type_of
from federation.errors import KeyUnavailable
from federation.keys import public_pem
from federation.parsing import RemoteActor, RemotePost, parse_actor
from federation.vocabulary import ACTOR_TYPES, POST_TYPES
from inbox.context import Context
from inbox.handlers import create
from inbox.outcomes import Ignored, Refused
from inbox.tombstones import is_buried
from node.accounts.models import Account
from node.accounts.queries import list_keys
from node.accounts.service import upsert_remote_account
from node.base.db.unit_of_work import UnitOfWork
from node.base.lanes import FETCH
from node.posts.models import Post
from node.posts.queries import find_post_by_uri
from node.posts.quotes import needs_check
from node.posts.remote import edit_remote_post
from node.remote.actors import fetch_actor
from node.remote.storing import keep_post, read_circle
from node.remote.tasks import ACTOR, QUOTE, queue_fetch

FRESH: Final = timedelta(hours=24)
FORWARDED_DELAY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class VerifiedPost:
    found: create.Verified
    post_id: int | None
    """The stored post; None for one that is new here."""


@dataclass(frozen=True, slots=True)
class VerifiedActor:
    """What the actor says of itself; None where its server was asked, or is to be asked later, instead."""

    account: Account
    actor: RemoteActor | None
    ask_later: bool = False


async def verify(context: Context) -> VerifiedPost | VerifiedActor:
    """Return what changes, proven to be the actor's to change."""
    activity = context.activity
    if activity.object_id == activity.actor:
        return await _verify_actor(context)
    document = object_of(activity.object)
    if document is not None and type_of(document, ACTOR_TYPES):
        raise Refused("foreign_object", "an actor may update itself only")
    if document is not None and type_of(document, POST_TYPES) is None and len(document) > 2:
        raise Ignored("unknown_object", str(document.get("type"))[:64])
    return await _verify_post(context)


async def receive(uow: UnitOfWork, context: Context, verified: VerifiedPost | VerifiedActor) -> None:
    """Change the post or the profile."""
    if isinstance(verified, VerifiedActor):
        await _receive_actor(uow, context, verified)
        return
    found = verified.found
    if await is_buried(uow, found.post.id, actor_uri=found.author.uri, now=context.now):
        raise Ignored("deleted_before", found.post.id)
    stored = await find_post_by_uri(uow, found.post.id)
    if stored is not None:
        if stored.deleted_at is not None or stored.account_id != found.author.id:
            raise Ignored("deleted_before", found.post.id)
        await edit_remote_post(
            uow, context.runtime.settings, stored, found.post, mentions=found.circle.mentions, now=context.now
        )
        if needs_check(stored):
            await queue_fetch(uow, QUOTE, uri=stored.uri, now=context.now)
            uow.after_commit(lambda: context.runtime.nudge(FETCH))
        return
    await keep_post(
        uow,
        context.runtime.settings,
        found.author,
        found.post,
        circle=found.circle,
        now=context.now,
        delivered_to=context.inbox_owner_id,
    )
    uow.after_commit(lambda: context.runtime.nudge(FETCH))


async def _verify_post(context: Context) -> VerifiedPost:
    if context.is_forwarded:
        await _require_stored(context)
    claim = await create.read_claim(context)
    post = claim.post
    async with context.runtime.read() as reader:
        stored = await find_post_by_uri(reader, post.id)
        circle = await read_circle(reader, context.runtime.settings, post, author=claim.author)
        found = create.Verified(claim.author, post, circle)
        if stored is None:
            is_fresh = post.published is not None and post.published > context.now - FRESH
            if not (is_fresh or circle.local_ids):
                raise Ignored("unknown_post", post.id)
            await create.require_interest(reader, context, claim, circle)
            return VerifiedPost(found, None)
    if stored.account_id != claim.author.id:
        raise Refused("foreign_object", "its id belongs to another author")
    if stored.deleted_at is not None:
        raise Ignored("deleted_before", post.id)
    # Of a poll the counts change without a new version of its post, and so does the leave to quote.
    is_old = post.updated is not None and post.updated <= (stored.edited_at or stored.published_at)
    if is_old and post.poll is None and not _brings_consent(stored, post):
        raise Ignored("old_version", post.id)
    return VerifiedPost(found, stored.id)


def _brings_consent(stored: Post, post: RemotePost) -> bool:
    """Say whether a version of a post may bring the stamp that its quote waits for (OBJ-15)."""
    waits = stored.quote_state in ("pending", "revoked") and post.quote_uri == stored.quoted_uri
    return waits and post.quote_authorization is not None


async def _require_stored(context: Context) -> None:
    async with context.runtime.read() as reader:
        if await find_post_by_uri(reader, context.activity.object_id or "") is None:
            raise Ignored("unknown_post", (context.activity.object_id or "")[:200])


async def _verify_actor(context: Context) -> VerifiedActor:
    account = await context.actor_even_if_suspended_there()
    if context.is_forwarded:
        return VerifiedActor(account, None, ask_later=True)
    document = object_of(context.activity.object)
    actor = parse_actor(document) if document is not None and type_of(document, ACTOR_TYPES) else None
    if actor is not None and actor.id == account.uri and await _changes_no_identity(context, account, actor):
        return VerifiedActor(account, actor)
    return VerifiedActor(await fetch_actor(context.runtime, account.uri, force=True), None)


async def _receive_actor(uow: UnitOfWork, context: Context, verified: VerifiedActor) -> None:
    if verified.actor is not None:
        await upsert_remote_account(uow, verified.actor, handle=None, now=context.now)
    elif verified.ask_later:
        await queue_fetch(uow, ACTOR, uri=verified.account.uri, now=context.now, delay=FORWARDED_DELAY)


async def _changes_no_identity(context: Context, account: Account, actor: RemoteActor) -> bool:
    """Say whether inboxes, keys and name are those we know."""
    if (actor.inbox, actor.shared_inbox or "") != (account.inbox_url, account.shared_inbox_url):
        return False
    claimed = actor.webfinger or f"{actor.preferred_username}@{account.domain}"
    if claimed.lower() != f"{account.username}@{account.domain}".lower():
        return False
    async with context.runtime.read() as reader:
        known = {(key.key_id, key.public_pem) for key in await list_keys(reader, account.id)}
    try:
        listed = {(key.id, public_pem(public_key_of(key))) for key in actor.keys}
    except KeyUnavailable:
        return False
    return bool(listed) and listed == known
