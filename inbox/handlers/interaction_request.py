"""QuoteRequest, and GoToSocial's LikeRequest, ReplyRequest and AnnounceRequest: somebody asks to be allowed (OBJ-14).

`object` is the post of ours, `instrument` what is to stand beside it, at home at the actor's own server. The answer is
the policy's, or the author's when they want to be asked; an Accept carries the stamp.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from federation.consent import REQUEST_TYPES
from federation.documents import Document, first_id, ids_of, object_of, type_of
from federation.origins import is_http_uri, same_origin
from federation.parsing import parse_post
from federation.vocabulary import POST_TYPES
from inbox.context import Context
from inbox.handlers.targets import inner_actor, known_post
from inbox.outcomes import Ignored, Refused
from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.posts.authorizations import answer_request
from node.posts.models import Post
from node.posts.queries import find_post_by_uri
from node.remote.tasks import POST, queue_fetch

FETCH_DELAY: Final = timedelta(minutes=1)
"""The post that quotes is usually on its way by itself."""


@dataclass(frozen=True, slots=True)
class Verified:
    actor: Account
    post: Post
    kind: str
    interacting_uri: str


async def verify(context: Context) -> Verified:
    """Return who asks for what. Raises Refused for what is not the actor's own, or about another post."""
    activity = context.activity
    actor = await context.actor()
    kind = REQUEST_TYPES[activity.type]
    if activity.object_id is None:
        raise Refused("no_object", "a request about nothing")
    instrument = activity.raw.get("instrument")
    uri = first_id(instrument)
    if uri is None or not is_http_uri(uri) or not same_origin(uri, actor.uri):
        raise Refused("foreign_object", f"{str(uri)[:200]} is not the actor's")
    async with context.runtime.read() as reader:
        stored = await find_post_by_uri(reader, uri)
    if stored is not None and stored.account_id != actor.id:
        raise Refused("foreign_object", f"{uri[:200]} is another's")
    post = await known_post(context, activity.object_id, viewer_id=actor.id)
    if not post.local:
        raise Ignored("not_ours", activity.object_id[:200])
    embedded = object_of(instrument)
    if embedded is not None and len(embedded) > 1:
        _require_own(embedded, kind, actor, post)
    return Verified(actor, post, kind, uri)


def _require_own(embedded: Document, kind: str, actor: Account, post: Post) -> None:
    """Raise Refused unless what is embedded is the actor's and about this post."""
    if kind in ("like", "announce"):
        if inner_actor(embedded) not in (None, actor.uri):
            raise Refused("foreign_object", "it asks for what another did")
        about = first_id(embedded.get("object"))
    else:
        if any(author != actor.uri for author in ids_of(embedded.get("attributedTo"))):
            raise Refused("foreign_object", "it asks for what another wrote")
        about = first_id(embedded.get("inReplyTo"))
        if kind == "quote":
            is_post = type_of(embedded, POST_TYPES) and "attributedTo" in embedded
            about = parse_post(embedded).quote_uri if is_post else first_id(embedded.get("quote"))
    if about is not None and about != post.uri:
        raise Refused("other_object", f"it is about {about[:200]}")


async def receive(uow: UnitOfWork, context: Context, verified: Verified) -> None:
    """Answer, or let the author."""
    row = await answer_request(
        uow,
        verified.kind,
        verified.actor,
        verified.post,
        interacting_uri=verified.interacting_uri,
        request_uri=context.activity.id or "",
        now=context.now,
    )
    unknown = await find_post_by_uri(uow, verified.interacting_uri) is None
    if verified.kind == "quote" and row.state == "given" and unknown:
        await queue_fetch(uow, POST, uri=verified.interacting_uri, now=context.now, delay=FETCH_DELAY)
