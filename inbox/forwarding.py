"""Passing on what others say in our people's threads (INB-8): whether an activity that takes effect here is to go to
the followers of whoever began the thread, too.

Only what is open, is addressed to those followers or to the thread, and carries a proof of its actor: its readers
could not believe it from us otherwise. What it says is not looked at twice, `outbox` sends the very bytes that came,
once, since an activity takes effect once. Called by `process`, before anything is written.
"""

from typing import Final

from federation.documents import first_id, ids_of, object_of
from federation.errors import FederationError
from federation.vocabulary import is_public
from inbox.context import Context
from inbox.models import ReceivedActivity
from node.accounts.queries import find_account
from node.base.db.unit_of_work import Reader
from node.events import ReplyReceived
from node.follows.queries import is_block_between
from node.posts.models import Post
from node.posts.queries import find_post, find_post_by_uri
from node.posts.rules import OPEN_VISIBILITIES
from node.remote.proofs import is_proven
from node.uris import INSTANCE_ACTOR_ID, context_uri

_KINDS: Final = frozenset({"Create", "Update", "Delete"})


async def find_forwarding(context: Context, row: ReceivedActivity) -> ReplyReceived | None:
    """Return what is to be recorded for an activity that is to be passed on; None for nearly all."""
    activity = context.activity
    if activity.type not in _KINDS or activity.id is None or activity.object_id is None or '"proof"' not in row.body:
        return None
    addressed = {*activity.to, *activity.cc}
    if not any(is_public(uri) for uri in addressed):
        return None
    async with context.runtime.read() as reader:
        root = await _root(reader, context)
        if root is None or not await _is_addressed(reader, context, root, addressed):
            return None
    try:
        if not await is_proven(context.runtime, row.body.encode(), actor=activity.actor, brought_by=row.host):
            return None
    except FederationError:
        return None
    return ReplyReceived(root.account_id, activity.id, activity.type, activity.object_id, row.host, row.body)


async def _root(reader: Reader, context: Context) -> Post | None:
    """Return the open post of ours that began the thread which the activity is about."""
    activity = context.activity
    post = await find_post_by_uri(reader, activity.object_id or "")
    if post is None and activity.type != "Delete":
        parent = first_id((object_of(activity.object) or {}).get("inReplyTo"))
        post = await find_post_by_uri(reader, parent) if parent is not None else None
    root = await find_post(reader, post.thread_id) if post is not None else None
    if root is None or not root.local or root.deleted_at is not None or root.visibility not in OPEN_VISIBILITIES:
        return None
    if root.local_only:
        return None
    return root


async def _is_addressed(reader: Reader, context: Context, root: Post, addressed: set[str]) -> bool:
    """Say whether it goes to the root author's followers or to the thread, from somebody welcome there."""
    author = await find_account(reader, root.account_id)
    actor = context.known_actor
    if author is None or author.is_gone or author.id == INSTANCE_ACTOR_ID:
        return False
    thread = {author.followers_url, context_uri(context.runtime.settings, root.thread_id)}
    said_to = addressed | set(ids_of((object_of(context.activity.object) or {}).get("audience")))
    if not thread & said_to:
        return False
    if actor is None or actor.silenced_at is not None:
        return False  # nobody yet known here, or limited: not for us to carry further
    return not await is_block_between(reader, author.id, actor.id)
