"""Delete: of a post or boost (ACV-4), of a stamp (OBJ-15), or of the actor itself (MOD-1).

The object may be an id, a Tombstone or the whole post; only its id counts. What is unknown here is remembered, so
that a Create that comes later is refused. Brought by somebody else than the actor, a Delete counts only when the
origin itself says 404 or 410 (SIG-23).
"""

from dataclasses import dataclass

import orjson

from federation.origins import host_of, same_origin
from inbox.context import Context
from inbox.handlers.targets import require_gone
from inbox.outcomes import Ignored, Refused
from inbox.tombstones import DELETED_LIFE, bury
from node.accounts.models import Account
from node.accounts.queries import find_account, find_account_by_uri
from node.accounts.service import mark_remote_gone
from node.base.db.unit_of_work import UnitOfWork
from node.events import ReplyReceived
from node.posts.consent_queries import list_requests_by_stamp
from node.posts.models import Post
from node.posts.queries import find_post_by_uri
from node.posts.quotes import end_quotes_by_stamp
from node.posts.rules import OPEN_VISIBILITIES
from node.posts.service import withdraw


@dataclass(frozen=True, slots=True)
class Verified:
    actor: Account
    object_uri: str
    owner: Account
    """Whose it is: the actor's, or the community's in whose name the actor made it."""

    @property
    def is_actor(self) -> bool:
        return self.object_uri == self.actor.uri


async def verify(context: Context) -> Verified:
    """Return what goes, proven to be the actor's. Raises Refused for another's (row 35)."""
    uri = context.activity.object_id
    if uri is None:
        raise Refused("no_object", "a Delete of nothing")
    if not same_origin(uri, context.activity.actor):
        raise Refused("foreign_object", f"{uri[:200]} is not of the actor's origin")
    async with context.runtime.read() as reader:
        actor = await find_account_by_uri(reader, context.activity.actor)
        post = await find_post_by_uri(reader, uri)
        owner = await find_account(reader, post.account_id) if post is not None else None
        stamped = post is None and bool(await list_requests_by_stamp(reader, uri))
        other = await find_account_by_uri(reader, uri) if uri != context.activity.actor else None
    if actor is None or actor.is_local or actor.deleted_at is not None:
        raise Ignored("unknown_actor", "nobody here knew the actor")
    if other is not None or (owner is not None and owner.id != actor.id and owner.actor_type != "Group"):
        raise Refused("foreign_object", f"{uri[:200]} is another's")
    if owner is not None and owner.id != actor.id:
        await require_gone(context, uri)
    if context.is_forwarded:
        if post is None and uri != actor.uri and not stamped:
            raise Ignored("unknown_post", uri[:200])
        await require_gone(context, uri)
    return Verified(actor, uri, owner or actor)


async def receive(uow: UnitOfWork, context: Context, verified: Verified) -> None:
    """Withdraw, and remember."""
    if verified.is_actor:
        await mark_remote_gone(uow, verified.actor.id)
        return
    await bury(uow, verified.object_uri, actor_uri=verified.owner.uri, now=context.now, life=DELETED_LIFE)
    ended = await end_quotes_by_stamp(uow, verified.object_uri, author_id=verified.actor.id, now=context.now)
    for quote in ended:
        await _pass_on(uow, context, quote)
    post = await find_post_by_uri(uow, verified.object_uri)
    if post is not None and post.deleted_at is None and post.account_id == verified.owner.id:
        await withdraw(uow, post, now=context.now)


async def _pass_on(uow: UnitOfWork, context: Context, quote: Post) -> None:
    """Let the readers of a quote of ours hear that its stamp is gone (OBJ-15); they ask its server, not us."""
    activity = context.activity
    if not quote.local or quote.visibility not in OPEN_VISIBILITIES or activity.id is None:
        return
    body = orjson.dumps(activity.raw).decode()
    came_from = host_of(activity.actor)
    uri = activity.object_id or ""
    await uow.record(ReplyReceived(quote.account_id, activity.id, activity.type, uri, came_from, body))
