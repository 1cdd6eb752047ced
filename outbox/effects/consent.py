"""Telling the world about consent (OBJ-13, OBJ-14, OBJ-16): asking authors elsewhere, answering who asks ours, taking
a stamp back."""

from federation.writing import delete_of_authorization
from node.accounts.models import Account
from node.accounts.queries import find_account, list_accounts
from node.events import AuthorizationDecided, AuthorizationRevoked, ConsentAsked, QuoteChanged
from node.posts.consent_models import InteractionRequest
from node.posts.consent_queries import find_authorization, find_request_by_id
from node.posts.models import Post
from node.posts.queries import find_post
from node.posts.rules import OPEN_VISIBILITIES
from node.uris import actor_uri, authorization_uri
from outbox import activities
from outbox.address import audience_of, named_in, send, standing
from outbox.occasion import Sending
from outbox.recipients import Recipients


async def consent_asked(on: Sending, event: ConsentAsked) -> None:
    """Ask an author elsewhere: a QuoteRequest, or the reply or boost itself, to nobody but them."""
    request = await find_request_by_id(on.reader, event.request_id)
    post = await standing(on, request.subject_id) if request is not None else None
    target = await find_post(on.reader, request.post_id) if request is not None and request.post_id else None
    author = await find_account(on.reader, target.account_id) if target is not None else None
    if request is None or post is None or target is None or author is None or author.is_local:
        return
    if request.state != "pending":
        return
    to = Recipients(author_id=post.account_id, account_ids=frozenset({author.id}), personal=True)
    settings = on.runtime.settings
    if request.kind == "quote":
        document = await activities.quote_request(on.reader, request, post, target, author, settings=settings)
        await send(on, document, to, object_key=post.uri, urgent=True)
        return
    document = await _held_back(on, request, post, target, author)
    # Known by another id than the same activity for everybody, which follows once the author agrees.
    await send(on, document, to, object_key=post.uri, urgent=True, known_as=f"{document['id']}#asked")


async def _held_back(
    on: Sending, request: InteractionRequest, post: Post, target: Post, author: Account
) -> dict[str, object]:
    settings = on.runtime.settings
    if request.kind == "announce":
        return activities.announce(
            post, target, author, settings=settings, visibility=request.wanted_visibility, authorization=""
        )
    return activities.create(post, await activities.note(on.reader, post, settings=settings), settings=settings)


async def quote_changed(on: Sending, event: QuoteChanged) -> None:
    """Tell whoever has a post of ours how it now stands with what it quotes, or who may now quote it."""
    post = await standing(on, event.post_id)
    if post is None or post.boost_of_id is not None:
        return
    note = await activities.note(on.reader, post, settings=on.runtime.settings)
    document = activities.update_of_post(post, note, event_id=on.event_id, edited=post.edited_at or on.now)
    named = await named_in(on, post)
    to = audience_of(post, named, involved=post.visibility in OPEN_VISIBILITIES)
    await send(on, document, to, object_key=post.uri)


async def authorization_decided(on: Sending, event: AuthorizationDecided) -> None:
    """Answer a request of another server with the stamp, or refuse it (OBJ-14)."""
    row = await find_authorization(on.reader, event.authorization_id)
    if row is None or row.state == "waiting":
        return
    people = await list_accounts(on.reader, {row.account_id, row.requester_id})
    author, requester = people.get(row.account_id), people.get(row.requester_id)
    post = await find_post(on.reader, row.post_id)
    if author is None or requester is None or post is None or requester.is_local or author.is_gone:
        return
    document = activities.request_answer(
        row, author, requester, post, event_id=on.event_id, settings=on.runtime.settings
    )
    to = Recipients(author_id=author.id, account_ids=frozenset({requester.id}), personal=True, despite_blocks=True)
    await send(on, document, to, object_key=row.interacting_uri, urgent=True)


async def authorization_revoked(on: Sending, event: AuthorizationRevoked) -> None:
    """Take a stamp back: from whom it was given to, and from whoever may have seen what rested on it (OBJ-14)."""
    row = await find_authorization(on.reader, event.authorization_id)
    post = await find_post(on.reader, row.post_id) if row is not None else None
    if row is None or (post is not None and post.local_only):
        return
    settings = on.runtime.settings
    document = delete_of_authorization(
        authorization_uri(settings, row.account_id, row.kind, row.id), actor_uri(settings, row.account_id)
    )
    to = Recipients(
        author_id=row.account_id,
        account_ids=frozenset({row.requester_id}),
        followers=True,
        involved_with=row.post_id,
        despite_blocks=True,
    )
    await send(on, document, to, object_key=row.interacting_uri, urgent=True)
