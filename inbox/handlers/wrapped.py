"""What a community passes on to its members: an Announce by a Group around somebody's whole activity (Lemmy, PieFed,
Mbin, NodeBB; FEP-1b12). Called by `announce`.

Nothing inside is believed, it only says where to look (SIG-23, row 25). A Create is a boost of what was created, an
Update makes us read a post we keep again, a Delete whether its own server still has it. Votes, bans, locks and
whatever else goes on in a community have no effect here; they are counted like everything that is ignored.
"""

from dataclasses import dataclass

from federation.documents import Document, first_id, object_of, type_of, types_of
from federation.vocabulary import ACTIVITY_TYPES, ACTOR_TYPES, POST_TYPES
from inbox.context import Context
from inbox.handlers.targets import require_gone
from inbox.outcomes import Ignored, Refused
from inbox.tombstones import DELETED_LIFE, bury
from node.accounts.models import Account
from node.accounts.queries import find_account, find_account_by_uri
from node.base.db.unit_of_work import UnitOfWork
from node.posts.models import Post
from node.posts.queries import find_post, find_post_by_uri
from node.posts.remote import edit_remote_post
from node.posts.service import withdraw
from node.remote.posts import FetchedPost, download_post
from node.remote.queries import has_local_follower
from node.remote.tasks import ACTOR, queue_fetch, refresh_delay


@dataclass(frozen=True, slots=True)
class PassedOn:
    """A post that its own server says was changed (`now`) or is gone (None), or an actor to read again."""

    post_id: int = 0
    author_uri: str = ""
    now: FetchedPost | None = None
    actor_uri: str = ""


def wrapped_activity(context: Context) -> Document | None:
    """Return the activity that an Announce carries instead of a post."""
    inner = object_of(context.activity.object)
    if inner is None or type_of(inner, POST_TYPES):
        return None
    return inner if type_of(inner, ACTIVITY_TYPES) or ("actor" in inner and "object" in inner) else None


async def verify(context: Context, booster: Account, inner: Document) -> PassedOn:
    """Return what its own server says of the post. Raises Ignored for what a community's members do not need."""
    kind = type_of(inner, {"Update", "Delete"})
    uri = first_id(inner.get("object"))
    if booster.actor_type != "Group":
        raise Ignored("not_a_post", "only posts are boosted")
    if kind is None or uri is None:
        raise Ignored("wrapped_activity", (types_of(inner) or ("",))[0][:64])
    async with context.runtime.read() as reader:
        post = await find_post_by_uri(reader, uri)
        actor = await find_account_by_uri(reader, uri)
        followed = await has_local_follower(reader, booster.id)
    if not followed:
        raise Ignored("no_interest", uri[:200])
    if actor is not None and kind == "Update" and not actor.is_local and type_of(inner.get("object"), ACTOR_TYPES):
        return PassedOn(actor_uri=actor.uri)
    if post is None or post.local or post.deleted_at is not None or post.boost_of_id is not None:
        raise Ignored("unknown_post", uri[:200])
    author = await _author_uri(context, post)
    if kind == "Delete":
        await require_gone(context, uri)
        return PassedOn(post.id, author)
    fetched = await download_post(context.runtime, uri)
    if fetched.post.id != uri or fetched.author.id != post.account_id:
        raise Refused("foreign_object", f"{uri[:200]} is another's")
    return PassedOn(post.id, author, fetched)


async def receive(uow: UnitOfWork, context: Context, passed: PassedOn) -> None:
    """Change or withdraw the post, or queue the actor."""
    if passed.actor_uri:
        await queue_fetch(uow, ACTOR, uri=passed.actor_uri, now=context.now, delay=refresh_delay())
        return
    post = await find_post(uow, passed.post_id)
    if post is None or post.deleted_at is not None:
        raise Ignored("deleted_before", str(passed.post_id))
    if passed.now is None:
        await bury(uow, post.uri, actor_uri=passed.author_uri, now=context.now, life=DELETED_LIFE)
        await withdraw(uow, post, now=context.now)
        return
    await edit_remote_post(
        uow, context.runtime.settings, post, passed.now.post, mentions=passed.now.circle.mentions, now=context.now
    )


async def _author_uri(context: Context, post: Post) -> str:
    async with context.runtime.read() as reader:
        author = await find_account(reader, post.account_id)
    return author.uri if author is not None else ""
