"""Create: a post (ACV-3), or votes on a poll (`ballots`).

signed by its author, object embedded     believed as it stands, if it is the author's own (INB-4)
signed by its author, object a bare id    fetched from there, as somebody it was sent to (SIG-18)
forwarded by another                      embedded copy ignored, fetched from its origin (SIG-23), and only
                                          if it may concern anybody here, so that no stranger makes us fetch
"""

from dataclasses import dataclass

from federation.documents import first_id, ids_of, object_of, objects_of, type_of, types_of
from federation.errors import FetchGone
from federation.origins import same_origin
from federation.parsing import RemotePost, parse_post
from federation.vocabulary import MAX_TAGS, POST_TYPES
from inbox.context import Context
from inbox.handlers import ballots
from inbox.handlers.ballots import Ballot
from inbox.interest import is_by, is_of_interest
from inbox.outcomes import Ignored, Refused
from inbox.tombstones import is_buried
from node.accounts.models import Account
from node.accounts.queries import find_account_by_uri, list_accounts_by_uri
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.lanes import FETCH
from node.posts.queries import find_post_by_uri
from node.relays.queries import is_relay
from node.remote.posts import download_post
from node.remote.queries import find_local_follower_id, find_post_facts, has_local_follower
from node.remote.storing import Circle, keep_post, read_circle


@dataclass(frozen=True, slots=True)
class Claim:
    """A post that is proven to be its author's; whether anybody here wants it is open."""

    author: Account
    post: RemotePost


@dataclass(frozen=True, slots=True)
class Verified:
    author: Account
    post: RemotePost
    circle: Circle


async def verify(context: Context) -> Verified | Ballot:
    """Return the post, proven to be its author's. Raises Ignored when it is known or concerns nobody here."""
    ballot = None if context.is_forwarded else await ballots.verify(context)
    if ballot is not None:
        return ballot
    claim = await read_claim(context)
    async with context.runtime.read() as reader:
        known = await find_post_facts(reader, claim.post.id)
        if known is not None and known.account_id != claim.author.id:
            raise Refused("foreign_object", "its id belongs to another author")
        brings_nothing = context.inbox_owner_id is None and known is not None and not known.fetched
        if known is not None and (brings_nothing or known.deleted_at is not None):
            raise Ignored("known", claim.post.id)
        circle = await read_circle(reader, context.runtime.settings, claim.post, author=claim.author)
        if known is None:
            await require_interest(reader, context, claim, circle)
    return Verified(claim.author, claim.post, circle)


async def receive(uow: UnitOfWork, context: Context, verified: Verified | Ballot) -> None:
    """Store the post, unless its Delete came first (INB-9). A known one only gains a reader (AUD-3, row 38),
    or becomes news if we had fetched it before it was delivered (INB-10)."""
    if isinstance(verified, Ballot):
        await ballots.receive(uow, context, verified)
        return
    post = verified.post
    if await is_buried(uow, post.id, actor_uri=verified.author.uri, now=context.now):
        raise Ignored("deleted_before", post.id)
    stored = await keep_post(
        uow,
        context.runtime.settings,
        verified.author,
        post,
        circle=verified.circle,
        now=context.now,
        delivered_to=context.inbox_owner_id,
    )
    if stored is None:
        raise Ignored("deleted_before", post.id)
    if stored.in_reply_to_uri:
        uow.after_commit(lambda: context.runtime.nudge(FETCH))


async def read_claim(context: Context) -> Claim:
    """Return the post that the activity is about, as its author says it is."""
    return await (_read_forwarded(context) if context.is_forwarded else _read_own(context))


async def require_interest(reader: Reader, context: Context, claim: Claim, circle: Circle) -> None:
    """Raise Ignored when the post concerns nobody here (INB-6)."""
    if context.is_forwarded and await is_relay(reader, context.signer_uri):
        return
    owner_id = None if context.is_forwarded else context.inbox_owner_id
    if not await is_of_interest(reader, claim.author, claim.post, circle, inbox_owner_id=owner_id):
        raise Ignored("no_interest", claim.post.id)


async def _read_own(context: Context) -> Claim:
    """Read what the actor itself signed. Raises Refused for what is not its own (row 26)."""
    activity = context.activity
    actor = await context.actor()
    document = object_of(activity.object)
    if document is not None and types_of(document) and type_of(document, POST_TYPES) is None:
        raise Ignored("unknown_object", str(document.get("type"))[:64])
    if document is None or not document.keys() - {"id", "type", "@context"}:
        return await _fetch_own(context, actor)
    if type_of(document, POST_TYPES) is None:
        raise Ignored("unknown_object", "it has no type")
    post = parse_post(
        document,
        followers_url=actor.followers_url or None,
        activity_to=activity.to,
        activity_cc=activity.cc,
    )
    if not is_by(post, actor):
        return await _fetch_of_group(context, post)
    if post.is_vote:
        raise Ignored("vote", post.id)
    return Claim(actor, post)


async def _fetch_of_group(context: Context, post: RemotePost) -> Claim:
    """Fetch what a member made in the name of a community of the same server, as Mobilizon's events are.

    The origin says whose it is. Raises Refused when that is no community (row 26).
    """
    actor_uri = context.activity.actor
    if not same_origin(post.id, actor_uri) or first_id(post.raw.get("actor")) != actor_uri:
        raise Refused("foreign_object", f"{post.id[:200]} is not the actor's")
    fetched = await download_post(context.runtime, post.id)
    if fetched.post.id != post.id or fetched.author.actor_type != "Group":
        raise Refused("foreign_object", f"{post.id[:200]} is not the actor's")
    return Claim(fetched.author, fetched.post)


async def _read_forwarded(context: Context) -> Claim:
    """Fetch what somebody else brought, from where it is at home. Raises Ignored without a reason to (SIG-23)."""
    activity = context.activity
    uri = activity.object_id
    if uri is None or not same_origin(uri, activity.actor):
        raise Refused("foreign_object", "the object is not of its actor's origin")
    await _require_hint(context)
    try:
        fetched = await download_post(context.runtime, uri)
    except FetchGone as error:
        raise Refused("not_at_origin", error.detail) from error
    if fetched.author.uri != activity.actor or fetched.post.id != uri:
        raise Refused("foreign_object", f"its origin does not say that {activity.actor[:200]} wrote it")
    return Claim(fetched.author, fetched.post)


async def _fetch_own(context: Context, actor: Account) -> Claim:
    uri = context.activity.object_id
    if uri is None:
        raise Refused("no_object", "a Create of nothing")
    if not same_origin(uri, actor.uri):
        raise Refused("foreign_object", f"{uri[:200]} is not the actor's")
    fetched = await download_post(context.runtime, uri, as_account_id=await _addressee(context, actor))
    if not is_by(fetched.post, actor):
        raise Refused("foreign_object", f"{fetched.post.id[:200]} is not the actor's")
    return Claim(actor, fetched.post)


async def _addressee(context: Context, actor: Account) -> int | None:
    """Return one of ours who may read what this actor sent here, to sign the fetch with (SIG-18)."""
    if context.inbox_owner_id is not None:
        return context.inbox_owner_id
    async with context.runtime.read() as reader:
        named = await list_accounts_by_uri(reader, (*context.activity.to, *context.activity.cc)[:MAX_TAGS])
        local = next((found.id for found in named.values() if found.is_local and not found.is_gone), None)
        return local or await find_local_follower_id(reader, actor.id)


async def _require_hint(context: Context) -> None:
    """Look for a reason to fetch in what was brought; nothing of it is believed."""
    hint = object_of(context.activity.object) or {}
    own = f"{context.runtime.settings.public_url}/"
    named = [
        *ids_of(hint.get("to")),
        *ids_of(hint.get("cc")),
        *(first_id(tag.get("href")) or "" for tag in objects_of(hint.get("tag"))),
    ]
    if any(uri.startswith(own) for uri in named[: MAX_TAGS * 4]):
        return
    async with context.runtime.read() as reader:
        if await is_relay(reader, context.signer_uri):
            return
        parent = first_id(hint.get("inReplyTo"))
        if parent is not None and await find_post_by_uri(reader, parent) is not None:
            return
        author = await find_account_by_uri(reader, context.activity.actor)
        if author is not None and not author.is_gone and await has_local_follower(reader, author.id):
            return
    raise Ignored("no_interest", f"brought by {context.signer_uri[:200]}")
