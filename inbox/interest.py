"""Which posts we keep (INB-6): those that somebody here follows, is named in, or talks about. The rest is dropped.

A public post that merely came to a personal inbox is not enough: else anybody could fill this node by knowing one
name. What is not public is kept for whom it was sent to.
"""

from federation.origins import same_origin
from federation.parsing import RemotePost
from node.accounts.models import Account
from node.base.db.unit_of_work import Reader
from node.posts.queries import find_post_by_uri
from node.posts.rules import OPEN_VISIBILITIES
from node.remote.queries import has_local_follower
from node.remote.storing import Circle


async def is_of_interest(
    reader: Reader, author: Account, post: RemotePost, circle: Circle, *, inbox_owner_id: int | None = None
) -> bool:
    """Say whether a post is to be kept."""
    if circle.local_ids:
        return True
    if post.visibility == "direct":
        return inbox_owner_id is not None
    if post.visibility not in OPEN_VISIBILITIES and inbox_owner_id is not None:
        return True
    if post.visibility in OPEN_VISIBILITIES and circle.parent is not None and circle.parent.deleted_at is None:
        return True
    if post.visibility in OPEN_VISIBILITIES and post.quote_uri is not None:
        quoted = await find_post_by_uri(reader, post.quote_uri)
        if quoted is not None and quoted.local and quoted.deleted_at is None:
            return True
    return await has_local_follower(reader, author.id)


def is_by(post: RemotePost, actor: Account) -> bool:
    """Say whether a post is this actor's own: written by it and at home where it is (INB-4)."""
    return post.attributed_to == actor.uri and same_origin(post.id, actor.uri)
