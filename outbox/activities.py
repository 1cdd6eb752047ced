"""The documents of our activities, from rows. Who gets them and when is `address`; what they look like on the
wire is `federation.writing`.

Ids: what is stored (Create, Announce, Follow, Like, Block) has an id that answers; the rest hangs as a fragment or
step on an id that does (GEN-7). Where one thing may be said repeatedly (Accept, Update), the event's id tells the
sayings apart, so that a repeated *event* makes the same id and a repeated *act* another.
"""

from collections.abc import Sequence
from datetime import datetime

from federation.documents import Document
from federation.vocabulary import AS_CONTEXT, CONSENT_CTX
from federation.writing import (
    accept_activity,
    accept_request,
    actor_document,
    announce_activity,
    audience,
    block_activity,
    create_activity,
    delete_activity,
    flag_activity,
    follow_activity,
    instance_actor_document,
    like_activity,
    move_activity,
    note_document,
    reaction_activity,
    reject_activity,
    reject_request,
    request_as_received,
    undo_activity,
    update_activity,
    vote_activity,
)
from federation.writing import quote_request as quote_request_activity
from node.accounts.keys import published_keys
from node.accounts.models import Account
from node.base.db.unit_of_work import Reader
from node.base.settings import Settings
from node.emojis.models import Emoji
from node.emojis.queries import list_emojis
from node.emojis.views import referred_ids
from node.polls.queries import CastVote
from node.posts.consent_models import Authorization, InteractionRequest
from node.posts.models import Post
from node.uris import (
    INSTANCE_ACTOR_ID,
    actor_uri,
    authorization_uri,
    boost_uri,
    create_uri,
    followers_uri,
    instance_actor_uri,
)
from outbox.facts import actor_facts, emoji_facts, instance_actor_facts, post_facts
from outbox.queries import gather_posts


async def actor(reader: Reader, account: Account, *, settings: Settings) -> Document:
    """Return the document of one of our actors."""
    keys = await published_keys(reader, account.id)
    if account.id == INSTANCE_ACTOR_ID:
        return instance_actor_document(instance_actor_facts(account, settings=settings, keys=keys))
    emojis = list((await list_emojis(reader, referred_ids(account.emojis))).values())
    return actor_document(actor_facts(account, settings=settings, keys=keys, emojis=emojis))


async def notes(reader: Reader, posts: Sequence[Post], *, settings: Settings) -> dict[int, Document]:
    """Return the Notes of local posts (no boosts), by post id."""
    rows = await gather_posts(reader, posts)
    return {id_: note_document(post_facts(found, settings=settings)) for id_, found in rows.items()}


async def note(reader: Reader, post: Post, *, settings: Settings) -> Document:
    """Return the Note of one local post."""
    return (await notes(reader, [post], settings=settings))[post.id]


def create(post: Post, document: Document, *, settings: Settings) -> Document:
    """Return the Create of a post."""
    return create_activity(create_uri(settings, post.account_id, post.id), document)


def update_of_post(post: Post, document: Document, *, event_id: int, edited: datetime) -> Document:
    """Return the Update of an edited post."""
    return update_activity(f"{post.uri}#updates/{event_id}", document, published=edited)


def update_of_actor(document: Document, *, event_id: int, now: datetime, followers: str) -> Document:
    """Return the Update of a changed profile (ACT-5)."""
    return update_activity(f"{document['id']}#updates/{event_id}", document, published=now, cc=[followers])


def announce(
    boost: Post,
    original: Post,
    author: Account,
    *,
    settings: Settings,
    visibility: str = "",
    authorization: str = "",
) -> Document:
    """Return the Announce of a boost, to the audience of its visibility and the boosted author (ACV-5).

    `visibility` is the one it is to have, while its author is being asked; `authorization` their stamp (OBJ-16).
    """
    followers = followers_uri(settings, boost.account_id)
    to, cc = audience(visibility or boost.visibility, followers, [author.uri])  # type: ignore[arg-type]
    document = announce_activity(
        boost.uri or boost_uri(settings, boost.account_id, boost.id),
        actor_uri(settings, boost.account_id),
        original.uri,
        published=boost.published_at,
        to=to,
        cc=cc,
    )
    if authorization:
        document["@context"] = [AS_CONTEXT, CONSENT_CTX]
        document["announceAuthorization"] = document["approvedBy"] = authorization
    return document


async def quote_request(
    reader: Reader, request: InteractionRequest, post: Post, quoted: Post, author: Account, *, settings: Settings
) -> Document:
    """Return the QuoteRequest of a post of ours (OBJ-13)."""
    return quote_request_activity(
        request.uri,
        actor_uri(settings, post.account_id),
        quoted_uri=quoted.uri,
        author_uri=author.uri,
        note=await note(reader, post, settings=settings),
    )


def request_answer(
    row: Authorization, author: Account, requester: Account, post: Post, *, event_id: int, settings: Settings
) -> Document:
    """Return the Accept, with its stamp, or the Reject of what was asked of one of ours (OBJ-14)."""
    received = request_as_received(
        row.kind, row.request_uri, requester.uri, target_uri=post.uri, interacting_uri=row.interacting_uri
    )
    actor_id = actor_uri(settings, author.id)
    if row.state != "given":
        return reject_request(f"{actor_id}#rejects/requests/{event_id}", actor_id, received)
    stamp = authorization_uri(settings, author.id, row.kind, row.id)
    return accept_request(f"{actor_id}#accepts/requests/{event_id}", actor_id, received, stamp_uri=stamp)


def delete_of_post(post: Post, *, settings: Settings) -> Document:
    """Return the Delete of a post (ACV-4)."""
    return delete_activity(actor_uri(settings, post.account_id), post.uri)


def delete_of_actor(account: Account, *, settings: Settings) -> Document:
    """Return the Delete of an account (MOD-1)."""
    uri = actor_uri(settings, account.id)
    return delete_activity(uri, uri)


def flag(report_id: int, target: Account, post_uris: Sequence[str], comment: str, *, settings: Settings) -> Document:
    """Return the Flag of a report that its reporter wants forwarded (MOD-3)."""
    actor = instance_actor_uri(settings)
    return flag_activity(
        f"{actor}#flags/{report_id}", actor, [target.uri, *post_uris], content=comment, to=[target.uri]
    )


def move(account: Account, target: Account, *, event_id: int, settings: Settings) -> Document:
    """Return the Move of an account (MOV-2)."""
    uri = actor_uri(settings, account.id)
    return move_activity(f"{uri}#moves/{event_id}", uri, target.uri, to=[followers_uri(settings, account.id)])


def like(uri: str, account: Account, post: Post, author: Account) -> Document:
    """Return a Like."""
    return like_activity(uri, account.uri, post.uri, to=[author.uri])


def vote(cast: CastVote, voter: Account, question: Post, author: Account) -> Document:
    """Return the Create of a vote (OBJ-10)."""
    return vote_activity(
        cast.uri,
        voter.uri,
        question=question.uri,
        author=author.uri,
        option=cast.option,
        published=cast.created_at,
    )


def reaction(
    uri: str, account: Account, post: Post, author: Account, *, name: str, emoji: Emoji | None, settings: Settings
) -> Document:
    """Return a reaction with an emoji (ACV-6)."""
    facts = emoji_facts(emoji, settings=settings) if emoji is not None else None
    return reaction_activity(uri, account.uri, post.uri, name=name, emoji=facts, to=[author.uri])


def follow(uri: str, follower: Account, followee: Account) -> Document:
    """Return a Follow. One that came without an id is written without (ACV-1)."""
    if uri:
        return follow_activity(uri, follower.uri, followee.uri)
    return {"@context": AS_CONTEXT, "type": "Follow", "actor": follower.uri, "object": followee.uri}


def accept(received: Document, followee: Account, *, event_id: int) -> Document:
    """Return the Accept of a Follow as it was received."""
    return accept_activity(f"{followee.uri}#accepts/follows/{event_id}", followee.uri, received)


def reject(received: Document, followee: Account, *, event_id: int) -> Document:
    """Return the Reject of a Follow as it was received."""
    return reject_activity(f"{followee.uri}#rejects/follows/{event_id}", followee.uri, received)


def block(uri: str, account: Account, target: Account) -> Document:
    """Return a Block."""
    return block_activity(uri, account.uri, target.uri)


def undo(activity: Document) -> Document:
    """Return the Undo of an activity of ours."""
    return undo_activity(f"{activity['id']}/undo", activity)
