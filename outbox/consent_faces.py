"""What we show of consent when asked: the stamps our people gave (OBJ-14), and what ours asked of others (GEN-7)."""

from federation.documents import Document
from federation.writing import authorization_document, tombstone_document
from node.accounts.queries import find_account
from node.base.errors import NotFound
from node.base.runtime import Runtime
from node.posts.consent_queries import find_authorization, find_request_by_id
from node.posts.queries import find_post, may_see
from node.posts.rules import OPEN_VISIBILITIES
from node.uris import actor_uri, authorization_uri
from outbox import activities
from outbox.answers import packed
from outbox.faces import Face
from outbox.onlookers import Onlooker


async def authorization_face(
    runtime: Runtime, account_id: int, kind: str, authorization_id: int, onlooker: Onlooker
) -> Face:
    """Return a stamp to whoever may see what it is for; a tombstone for one that was taken back. Raises NotFound."""
    settings = runtime.settings
    async with runtime.read() as reader:
        row = await find_authorization(reader, authorization_id)
        if row is None or row.account_id != account_id or row.kind != kind or row.state not in ("given", "revoked"):
            raise NotFound()
        uri = authorization_uri(settings, account_id, kind, row.id)
        if row.state == "revoked":
            return Face(packed(tombstone_document(uri, deleted=row.decided_at)), gone=True)
        author = await find_account(reader, account_id)
        post = await find_post(reader, row.post_id)
        if author is None or author.is_gone or post is None or not await may_see(reader, post.id, onlooker.account_id):
            raise NotFound()
        document: Document = authorization_document(
            uri, kind, actor_uri(settings, account_id), interacting_uri=row.interacting_uri, target_uri=post.uri
        )
        return Face(packed(document), private=post.visibility not in OPEN_VISIBILITIES)


async def quote_request_face(runtime: Runtime, account_id: int, request_id: int, onlooker: Onlooker) -> Face:
    """Return a QuoteRequest of one of ours, to whoever may see the post that quotes. Raises NotFound."""
    async with runtime.read() as reader:
        request = await find_request_by_id(reader, request_id)
        if request is None or request.account_id != account_id or request.kind != "quote" or not request.post_id:
            raise NotFound()
        post, target = await find_post(reader, request.subject_id), await find_post(reader, request.post_id)
        author = await find_account(reader, target.account_id) if target is not None else None
        if post is None or target is None or author is None or not post.local:
            raise NotFound()
        if not await may_see(reader, post.id, onlooker.account_id):
            raise NotFound()
        document = await activities.quote_request(reader, request, post, target, author, settings=runtime.settings)
        return Face(packed(document), private=post.visibility not in OPEN_VISIBILITIES)
