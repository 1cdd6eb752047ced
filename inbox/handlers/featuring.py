"""Add and Remove: an actor puts a post or hashtag on its page, or takes it down (ACV-8).

The target must be the actor's own collection of that, the post the actor's own and open; anything else is nobody's to
feature (row 43). A post that is unknown here is fetched only if somebody here follows the actor.
"""

from dataclasses import dataclass

from federation.documents import first_id, object_of
from federation.errors import FederationError
from federation.lists_parsing import hashtag_names
from inbox.context import Context
from inbox.outcomes import Ignored, Refused
from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.posts.featured_queries import find_featured_by_name
from node.posts.featured_tags import feature_tag, unfeature_tag
from node.posts.models import Post
from node.posts.pins import pin_remote, unpin_remote
from node.posts.queries import find_post, find_post_by_uri
from node.remote.featured import fetch_featured_post
from node.remote.queries import has_local_follower
from node.text.writing import fold_hashtag


@dataclass(frozen=True, slots=True)
class Verified:
    actor: Account
    post: Post | None
    tag: str | None


async def verify_add(context: Context) -> Verified:
    """Return the post, fetched when somebody here may want to see it, or the hashtag."""
    actor = await _owner(context)
    tag = _hashtag(context)
    if tag is not None:
        return Verified(actor, None, tag)
    uri = _post_uri(context)
    async with context.runtime.read() as reader:
        known = await find_post_by_uri(reader, uri)
        followed = known is None and await has_local_follower(reader, actor.id)
    if known is None:
        if not followed:
            raise Ignored("no_interest", uri[:200])
        try:
            known = await fetch_featured_post(context.runtime, actor, uri)
        except FederationError as error:
            raise Ignored(error.reason, error.detail) from error
    if known is None or known.account_id != actor.id:
        raise Refused("foreign_object", f"{uri[:200]} is not the actor's")
    return Verified(actor, known, None)


async def receive_add(uow: UnitOfWork, context: Context, verified: Verified) -> None:
    """Pin the post, or feature the hashtag."""
    if verified.tag is not None:
        try:
            await feature_tag(uow, verified.actor.id, verified.tag, now=context.now, told=False)
        except Invalid as error:
            raise Ignored("not_featured", error.message) from error
        return
    assert verified.post is not None
    post = await find_post(uow, verified.post.id)
    if post is None or not await pin_remote(uow, post, now=context.now):
        raise Ignored("not_pinned", verified.post.uri)


async def verify_remove(context: Context) -> Verified:
    """Return the post or hashtag, if it is known here."""
    actor = await _owner(context)
    tag = _hashtag(context)
    if tag is not None:
        return Verified(actor, None, tag)
    uri = _post_uri(context)
    async with context.runtime.read() as reader:
        known = await find_post_by_uri(reader, uri)
    if known is None:
        raise Ignored("unknown_post", uri[:200])
    if known.account_id != actor.id:
        raise Refused("foreign_object", f"{uri[:200]} is not the actor's")
    return Verified(actor, known, None)


async def receive_remove(uow: UnitOfWork, context: Context, verified: Verified) -> None:
    """Take the post or hashtag down."""
    if verified.post is not None:
        await unpin_remote(uow, verified.post)
        return
    featured = await find_featured_by_name(uow, verified.actor.id, fold_hashtag(verified.tag or ""))
    if featured is not None:
        await unfeature_tag(uow, featured, told=False)


async def _owner(context: Context) -> Account:
    """Return the actor, whose own collection the target is. Raises Ignored for any other target."""
    actor = await context.actor()
    own = {url for url in (actor.featured_url, actor.featured_tags_url) if url}
    if context.activity.target not in own:
        raise Ignored("foreign_target", (context.activity.target or "nothing")[:200])
    return actor


def _hashtag(context: Context) -> str | None:
    names = hashtag_names((object_of(context.activity.object),))
    return names[0] if names else None


def _post_uri(context: Context) -> str:
    uri = first_id(context.activity.object)
    if uri is None or not context.activity.actor:
        raise Refused("no_object", "it features nothing")
    return uri
