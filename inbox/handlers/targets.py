"""What several handlers ask: the account or post of ours that an activity is about, and what it embeds."""

from datetime import timedelta
from typing import Final

from federation.documents import Document, first_id, object_of
from federation.errors import FetchGone
from inbox.context import Context
from inbox.outcomes import Ignored, Refused, TryLater
from inbox.queries import is_create_pending
from node.accounts.models import Account
from node.accounts.queries import find_account_by_uri
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.posts.models import Post
from node.posts.queries import find_post_by_uri, find_visible_post_by_uri, get_visible_post
from node.remote.actors import is_own
from node.remote.documents import fetch_document
from node.uris import INSTANCE_ACTOR_ID

PENDING_DELAY: Final = timedelta(seconds=5)
PENDING_TRIES: Final = 5


async def find_own_account(reader: Reader, uri: str | None) -> Account | None:
    """Return the present local person with this actor id; the node's own actor is nobody to follow or block."""
    found = await find_account_by_uri(reader, uri) if uri else None
    if found is None or not found.is_local or found.is_gone or found.id == INSTANCE_ACTOR_ID:
        return None
    return found


async def own_account(context: Context, uri: str | None) -> Account:
    """Like `find_own_account`. Raises Ignored when there is none: not ours to act on."""
    async with context.runtime.read() as reader:
        found = await find_own_account(reader, uri)
    if found is None:
        raise Ignored("not_ours", f"{(uri or 'nothing')[:200]} is nobody here")
    return found


async def known_post(context: Context, uri: str, *, viewer_id: int) -> Post:
    """Return a post stored here that this actor may see.

    Raises Ignored when there is none, TryLater while its Create waits to be processed (INB-9).
    """
    async with context.runtime.read() as reader:
        visible = await find_visible_post_by_uri(reader, uri, viewer_id)
        if visible is not None and visible.boost_of_id is None:
            return visible
        found = await find_post_by_uri(reader, uri)
        if found is None:
            if not is_own(context.runtime, uri) and await is_create_pending(reader, uri):
                raise TryLater("create_pending", uri[:200], delay=PENDING_DELAY, tries=PENDING_TRIES)
            raise Ignored("unknown_post", uri[:200])
        try:
            return await get_visible_post(reader, found.boost_of_id or found.id, viewer_id)
        except NotFound as error:
            raise Ignored("post_not_visible", uri[:200]) from error


async def require_gone(context: Context, uri: str) -> None:
    """Ask the origin whether something is deleted. Raises Refused while it is still served (SIG-23)."""
    try:
        fetched = await fetch_document(context.runtime, uri)
    except FetchGone:
        return
    if fetched.document.get("type") == "Tombstone":
        return
    raise Refused("still_at_origin", f"its origin still serves {uri[:200]}")


def embedded(context: Context) -> Document:
    """Return the object that the activity embeds. Raises Refused when it is none."""
    found = object_of(context.activity.object)
    if found is None:
        raise Refused("no_object", "the activity embeds no object")
    return found


def inner_actor(document: Document) -> str | None:
    """Return whose activity an embedded one claims to be; None when it does not say."""
    return first_id(document.get("actor"))
