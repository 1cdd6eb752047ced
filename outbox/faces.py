"""What we show when asked: our actors, posts and activities as ActivityPub documents (section 2 and 4 of the spec).

Documents are kept in this process under what they were made from (id, version, counts), so a cached one is never
stale, and an unchanged one costs a single narrow query. Who may see what is asked here, of the one rule in
`node.posts.rules`; HTTP is `routes` and `answers`.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select

from federation.documents import Document
from federation.origins import same_origin
from federation.writing import emoji_document, tombstone_document
from node.accounts.models import Account
from node.accounts.queries import find_account, get_account, list_accounts
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.runtime import Runtime
from node.emojis.queries import find_emoji
from node.follows.queries import find_follow_by_id
from node.polls.queries import find_poll_version
from node.posts.like_queries import find_like_by_id
from node.posts.models import Post
from node.posts.queries import find_post, may_see
from node.posts.rules import OPEN_VISIBILITIES
from node.reactions.queries import find_reaction_by_id
from node.remote.memory import memory_of
from node.uris import INSTANCE_ACTOR_ID, actor_uri, block_uri, follow_uri, like_uri, reaction_uri
from outbox import activities
from outbox.answers import packed
from outbox.facts import emoji_facts
from outbox.onlookers import Onlooker
from outbox.queries import find_block

_ACTOR: Final = Prepared(
    select(Account.id, Account.username, Account.version, Account.deleted_at).where(
        Account.id == bindparam("account_id"), Account.domain == "", Account.waiting.is_(False)
    )
)

CACHED: Final = 4_000
CACHED_SECONDS: Final = 600.0

STUB_KEYS: Final = frozenset(
    {"@context", "id", "type", "preferredUsername", "inbox", "outbox", "publicKey", "assertionMethod", "endpoints"}
    | {"url"}
)
"""What an unsigned request learns of a person in mode "signed": enough to check what the person signed (SIG-19)."""

Packet = tuple[bytes, str]


@dataclass(frozen=True, slots=True)
class Face:
    """A document ready to be sent. `page_url` is where browsers are sent instead, `private` that it depends on who
    asks, `gone` that a tombstone stands where something was."""

    packet: Packet
    page_url: str = ""
    private: bool = False
    gone: bool = False


async def actor_face(runtime: Runtime, account_id: int, *, stub: bool = False) -> Face:
    """Return a local actor, or the stub of one. Raises NotFound for everybody else; gone for a deleted one (MOD-1)."""
    async with runtime.read() as reader:
        rows = await reader.rows(_ACTOR, {"account_id": account_id})
        if not rows:
            raise NotFound()
        (account,) = rows
        settings = runtime.settings
        uri = actor_uri(settings, account_id)
        if account.deleted_at is not None:
            return Face(packed(tombstone_document(uri, deleted=account.deleted_at)), gone=True)
        page_url = f"{settings.public_url}/@{account.username}"
        if account_id == INSTANCE_ACTOR_ID:
            page_url = f"{settings.public_url}/about"
        cache = runtime.caches.get("faces", size=CACHED, seconds=CACHED_SECONDS)
        key = ("actor", account_id, account.version, stub)
        packet: Packet | None = cache.get(key)
        if packet is None:
            row = await get_account(reader, account_id, include_gone=True)
            document = await activities.actor(reader, row, settings=settings)
            if stub:
                document = {name: value for name, value in document.items() if name in STUB_KEYS}
            packet = packed(document)
            cache.put(key, packet)
    return Face(packet, page_url)


async def post_face(
    runtime: Runtime, account_id: int, post_id: int, onlooker: Onlooker, *, activity: bool = False
) -> Face:
    """Return a local post's Note, or with `activity` its Create or Announce, if the onlooker may see it.

    Strangers who ask for the same at the same moment get one answer, looked up and written once (DLV-9). Raises
    NotFound for what never was or is not for this onlooker; a tombstone for what was open and is deleted.
    """
    viewer_id = onlooker.account_id

    async def look() -> Face:
        return await _post_face(runtime, account_id, post_id, viewer_id, activity=activity)

    if viewer_id is not None:
        return await look()
    return await memory_of(runtime).flights.join(("post_face", account_id, post_id, activity), look)


async def _post_face(runtime: Runtime, account_id: int, post_id: int, viewer_id: int | None, *, activity: bool) -> Face:
    async with runtime.read() as reader:
        post = await _local_post(reader, account_id, post_id)
        if post.deleted_at is not None:
            if post.visibility not in OPEN_VISIBILITIES or post.local_only:
                raise NotFound()
            return Face(packed(tombstone_document(post.uri, deleted=post.deleted_at)), gone=True)
        if not await may_see(reader, post_id, viewer_id):
            raise NotFound()
        if post.boost_of_id is not None and not activity:
            raise NotFound()
        private = post.visibility not in OPEN_VISIBILITIES
        cache = runtime.caches.get("faces", size=CACHED, seconds=CACHED_SECONDS)
        poll = await find_poll_version(reader, post.id) if post.kind == "Question" else None
        key = (
            "post",
            post.id,
            post.edited_at,
            post.likes_count,
            post.boosts_count,
            poll,
            activity,
            post.visibility,
            post.quote_state,
            str(post.interaction_policy),
        )
        packet: Packet | None = cache.get(key)
        if packet is None:
            packet = packed(await _post_document(runtime, reader, post, activity=activity))
            cache.put(key, packet)
    return Face(packet, post.url or post.uri, private=private)


async def readable_post(reader: Reader, account_id: int, post_id: int, onlooker: Onlooker) -> Post:
    """Return a local post that the onlooker may see. Raises NotFound."""
    post = await _local_post(reader, account_id, post_id)
    if post.deleted_at is not None or not await may_see(reader, post_id, onlooker.account_id):
        raise NotFound()
    return post


async def _local_post(reader: Reader, account_id: int, post_id: int) -> Post:
    post = await find_post(reader, post_id)
    if post is None or not post.local or post.account_id != account_id:
        raise NotFound()
    return post


async def _post_document(runtime: Runtime, reader: Reader, post: Post, *, activity: bool) -> Document:
    settings = runtime.settings
    if post.boost_of_id is None:
        note = await activities.note(reader, post, settings=settings)
        return activities.create(post, note, settings=settings) if activity else note
    original = await find_post(reader, post.boost_of_id)
    author = None if original is None else await find_account(reader, original.account_id)
    if original is None or author is None:
        raise NotFound()
    return activities.announce(post, original, author, settings=settings)


async def emoji_face(runtime: Runtime, emoji_id: int) -> Face:
    """Return a custom emoji of ours. Raises NotFound."""
    async with runtime.read() as reader:
        emoji = await find_emoji(reader, emoji_id)
    if emoji is None or not emoji.is_local:
        raise NotFound()
    return Face(packed(emoji_document(emoji_facts(emoji, settings=runtime.settings))))


async def follow_face(runtime: Runtime, follow_id: int, onlooker: Onlooker) -> Face:
    """Return a Follow of one of ours: to its target's server, and once it is accepted to anybody, while the follower
    does not hide whom they follow. A request is nobody else's business."""
    async with runtime.read() as reader:
        follow = await find_follow_by_id(reader, follow_id)
        if follow is None:
            raise NotFound()
        people = await list_accounts(reader, {follow.follower_id, follow.followee_id})
    follower, followee = people[follow.follower_id], people[follow.followee_id]
    is_party = onlooker.uri is not None and same_origin(onlooker.uri, followee.uri)
    is_open = follow.accepted_at is not None and _shows_follows(follower)
    if not follower.is_local or follower.is_gone or not (is_party or is_open):
        raise NotFound()
    uri = follow.uri or follow_uri(runtime.settings, follow_id)
    return Face(packed(activities.follow(uri, follower, followee)), private=not is_open)


def _shows_follows(account: Account) -> bool:
    return not account.hide_collections


async def like_face(runtime: Runtime, like_id: int, onlooker: Onlooker) -> Face:
    """Return a Like of one of ours, to whoever may see the liked post."""
    async with runtime.read() as reader:
        like = await find_like_by_id(reader, like_id)
        post = None if like is None else await find_post(reader, like.post_id)
        if like is None or post is None or not await may_see(reader, post.id, onlooker.account_id):
            raise NotFound()
        people = await list_accounts(reader, {like.account_id, post.account_id})
    account = people[like.account_id]
    if not account.is_local or account.is_gone:
        raise NotFound()
    uri = like.uri or like_uri(runtime.settings, like_id)
    document = activities.like(uri, account, post, people[post.account_id])
    return Face(packed(document), private=post.visibility not in OPEN_VISIBILITIES)


async def reaction_face(runtime: Runtime, reaction_id: int, onlooker: Onlooker) -> Face:
    """Return a reaction of one of ours, to whoever may see the post."""
    async with runtime.read() as reader:
        reaction = await find_reaction_by_id(reader, reaction_id)
        post = None if reaction is None else await find_post(reader, reaction.post_id)
        if reaction is None or post is None or not await may_see(reader, post.id, onlooker.account_id):
            raise NotFound()
        people = await list_accounts(reader, {reaction.account_id, post.account_id})
        emoji = await find_emoji(reader, reaction.emoji_id) if reaction.emoji_id else None
    account = people[reaction.account_id]
    if not account.is_local or account.is_gone:
        raise NotFound()
    settings = runtime.settings
    uri = reaction.uri or reaction_uri(settings, reaction_id)
    author = people[post.account_id]
    document = activities.reaction(uri, account, post, author, name=reaction.name, emoji=emoji, settings=settings)
    return Face(packed(document), private=post.visibility not in OPEN_VISIBILITIES)


async def block_face(runtime: Runtime, block_id: int, onlooker: Onlooker) -> Face:
    """Return a Block of one of ours, to the blocked alone: nobody else is to know."""
    async with runtime.read() as reader:
        block = await find_block(reader, block_id)
        if block is None or onlooker.account_id != block.target_id:
            raise NotFound()
        people = await list_accounts(reader, {block.account_id, block.target_id})
    account = people[block.account_id]
    if not account.is_local:
        raise NotFound()
    uri = block.uri or block_uri(runtime.settings, block_id)
    return Face(packed(activities.block(uri, account, people[block.target_id])), private=True)
