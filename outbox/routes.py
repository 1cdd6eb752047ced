"""The doors through which others read us: actors, posts, activities, collections, WebFinger and its family.

Each route asks who looks (`onlookers`), what they may see (`faces`, `collections`, `well_known`) and how to say it
(`answers`). A path that has a page too sends browsers there (DISC-10); profile and post pages send programs here.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from quart import Blueprint, Response, request

from federation.documents import Document
from federation.origins import host_of
from federation.vocabulary import JRD_TYPE, XRD_TYPE, accepts_activity_json
from federation.writing import host_meta_json, host_meta_xml, nodeinfo_links
from node.accounts.models import Account
from node.accounts.queries import find_local_account
from node.base.errors import Gone, NotFound, RookeryError
from node.base.ids import read_id
from node.base.paging import Page
from node.base.runtime import Runtime
from node.http.context import runtime as current_runtime
from node.http.problems import problem
from node.posts.models import Post
from node.posts.queries import find_post
from node.uris import INSTANCE_ACTOR_ID, actor_uri, instance_actor_uri, liked_uri, post_uri
from outbox import collections, consent_faces, faces, well_known
from outbox.answers import activity_answer, away, json_answer, packed
from outbox.collections import CONTEXT_PAGE, MEMBERS_PAGE, OUTBOX_PAGE, REPLIES_PAGE
from outbox.faces import Face
from outbox.onlookers import Onlooker, glance, is_kept_out, is_signed, look, must_sign

blueprint = Blueprint("outbox", __name__)

WEBFINGER_CACHE: Final = "max-age=259200"
WEBFINGER_ERROR_CACHE: Final = "max-age=180"
NODEINFO_CACHE: Final = "max-age=1800"


def _wants_document() -> bool:
    return accepts_activity_json(request.headers.get("Accept"))


def _answer(face: Face, onlooker: Onlooker) -> Response:
    private = face.private or onlooker.signed
    return activity_answer(face.packet, private=private, status=410 if face.gone else 200)


def _document(document: Document, onlooker: Onlooker) -> Response:
    return activity_answer(packed(document), private=onlooker.signed)


@blueprint.get("/users/<id:account_id>")
async def actor(account_id: int) -> Response:
    """Show a person; unsigned requests get a stub where signatures are asked for (SIG-19)."""
    runtime = current_runtime()
    if account_id == INSTANCE_ACTOR_ID:
        raise NotFound()
    if not _wants_document():
        face = await faces.actor_face(runtime, account_id)
        if face.gone:
            raise Gone()
        return away(face.page_url)
    if must_sign(runtime) and not is_signed():
        return _answer(await faces.actor_face(runtime, account_id, stub=True), Onlooker())
    onlooker = await glance(runtime)
    if await is_kept_out(runtime, onlooker, account_id):
        raise NotFound()
    return _answer(await faces.actor_face(runtime, account_id), onlooker)


@blueprint.get("/actor")
async def instance_actor() -> Response:
    """Show the actor that stands for the node: to everybody, in every mode, whatever they accept (DISC-8)."""
    return _answer(await faces.actor_face(current_runtime(), INSTANCE_ACTOR_ID), Onlooker())


@blueprint.get("/actor/<any(outbox, followers, following):name>")
async def instance_collections(name: str) -> Response:
    """Show the node's own collections: it says nothing and follows nobody."""
    uri = f"{instance_actor_uri(current_runtime().settings)}/{name}"
    return _document(collections.empty(uri), Onlooker())


@blueprint.get("/users/<id:account_id>/outbox")
async def outbox(account_id: int) -> Response:
    """Show what a person published; a proven follower sees the followers-only posts as well (COL-2)."""
    runtime, (owner, onlooker) = current_runtime(), await _owner_and_onlooker(account_id)
    page = _page(OUTBOX_PAGE)
    document = await collections.outbox(runtime, owner, onlooker, page=page)
    return activity_answer(packed(document), private=onlooker.signed, is_reread=True)


@blueprint.get("/users/<id:account_id>/<any(followers, following):name>")
async def members(account_id: int, name: str) -> Response:
    """Show followers or followed (COL-3)."""
    runtime, (owner, onlooker) = current_runtime(), await _owner_and_onlooker(account_id)
    page = _page(MEMBERS_PAGE)
    return _document(await collections.members(runtime, owner, followers=name == "followers", page=page), onlooker)


@blueprint.get("/users/<id:account_id>/followers_synchronization")
async def followers_synchronization(account_id: int) -> Response:
    """Show a server, proven by its signature, which of its people follow an account (COL-9)."""
    runtime = current_runtime()
    if account_id == INSTANCE_ACTOR_ID:
        raise NotFound()
    onlooker = await look(runtime, required=True)
    async with runtime.read() as reader:
        owner = await collections.present_owner(reader, account_id)
    document = await collections.followers_of_host(runtime, owner, host_of(onlooker.uri or ""))
    return activity_answer(packed(document), private=True)


@blueprint.get("/users/<id:account_id>/featured")
async def featured(account_id: int) -> Response:
    """Show the pinned posts (COL-4)."""
    owner, onlooker = await _owner_and_onlooker(account_id)
    return _document(await collections.featured(current_runtime(), owner), onlooker)


@blueprint.get("/users/<id:account_id>/liked")
async def liked(account_id: int) -> Response:
    """Show what a person liked: nothing, that is their own business (COL-4)."""
    owner, onlooker = await _owner_and_onlooker(account_id)
    return _document(collections.empty(liked_uri(current_runtime().settings, owner.id)), onlooker)


@blueprint.get("/users/<id:account_id>/tags")
async def featured_tags(account_id: int) -> Response:
    """Show the featured hashtags (COL-4)."""
    owner, onlooker = await _owner_and_onlooker(account_id)
    return _document(await collections.featured_tags(current_runtime(), owner), onlooker)


async def _owner_and_onlooker(account_id: int) -> tuple[Account, Onlooker]:
    """Return whose collection this is and who asks, proven if they say who they are. Raises NotFound, Gone."""
    runtime = current_runtime()
    if account_id == INSTANCE_ACTOR_ID:
        raise NotFound()
    onlooker = await look(runtime, required=must_sign(runtime))
    async with runtime.read() as reader:
        owner = await collections.present_owner(reader, account_id)
    if await is_kept_out(runtime, onlooker, account_id):
        raise NotFound()
    return owner, onlooker


@blueprint.get("/users/<id:account_id>/statuses/<id:post_id>")
async def post(account_id: int, post_id: int) -> Response:
    """Show a post to whoever may see it."""
    if not _wants_document():
        face = await faces.post_face(current_runtime(), account_id, post_id, Onlooker())
        if face.gone:
            raise Gone()
        return away(face.page_url)
    return await _post_answer(account_id, post_id, activity=False)


@blueprint.get("/users/<id:account_id>/statuses/<id:post_id>/activity")
async def post_activity(account_id: int, post_id: int) -> Response:
    """Show the Create of a post, or the Announce that a boost is."""
    return await _post_answer(account_id, post_id, activity=True)


async def _post_answer(account_id: int, post_id: int, *, activity: bool) -> Response:
    """Try what anybody may see first: a signature is verified only where it decides (SIG-19)."""
    runtime = current_runtime()
    onlooker = await glance(runtime)
    if await is_kept_out(runtime, onlooker, account_id):
        raise NotFound()
    try:
        face = await faces.post_face(runtime, account_id, post_id, onlooker, activity=activity)
    except NotFound:
        if onlooker.uri is not None or not onlooker.signed:
            raise
        onlooker = await look(runtime, required=False)
        face = await faces.post_face(runtime, account_id, post_id, onlooker, activity=activity)
    return _answer(face, onlooker)


@blueprint.get("/users/<id:account_id>/statuses/<id:post_id>/replies")
async def replies(account_id: int, post_id: int) -> Response:
    """Show the open replies to a post."""
    runtime, (found, onlooker) = current_runtime(), await _post_and_onlooker(account_id, post_id)
    page = _page(REPLIES_PAGE)
    others = request.args.get("only_other_accounts") == "true"
    return _document(await collections.replies(runtime, found, page=page, others=others), onlooker)


@blueprint.get("/users/<id:account_id>/statuses/<id:post_id>/<any(likes, shares):name>")
async def counts(account_id: int, post_id: int, name: str) -> Response:
    """Show how many liked or boosted a post."""
    found, onlooker = await _post_and_onlooker(account_id, post_id)
    return _document(collections.counted(found, name), onlooker)


async def _post_and_onlooker(account_id: int, post_id: int) -> tuple[Post, Onlooker]:
    runtime = current_runtime()
    onlooker = await look(runtime, required=must_sign(runtime))
    async with runtime.read() as reader:
        return await faces.readable_post(reader, account_id, post_id, onlooker), onlooker


@blueprint.get("/contexts/<id:thread_id>")
async def context(thread_id: int) -> Response:
    """Show a thread that began here (COL-6)."""
    runtime = current_runtime()
    onlooker = await glance(runtime)
    async with runtime.read() as reader:
        root = await find_post(reader, thread_id)
    if root is not None and await is_kept_out(runtime, onlooker, root.account_id):
        raise NotFound()
    return _document(await collections.context(runtime, thread_id, page=_page(CONTEXT_PAGE)), onlooker)


@blueprint.get("/follows/<id:row_id>")
async def follow(row_id: int) -> Response:
    """Show a Follow of one of ours (GEN-7)."""
    return await _looked_at(faces.follow_face, row_id)


@blueprint.get("/likes/<id:row_id>")
async def like(row_id: int) -> Response:
    """Show a Like of one of ours (GEN-7)."""
    return await _looked_at(faces.like_face, row_id)


@blueprint.get("/reactions/<id:row_id>")
async def reaction(row_id: int) -> Response:
    """Show a reaction of one of ours (GEN-7)."""
    return await _looked_at(faces.reaction_face, row_id)


@blueprint.get("/emojis/<id:emoji_id>")
async def emoji(emoji_id: int) -> Response:
    """Show a custom emoji of ours; to everybody, as its picture is (OBJ-6)."""
    return _answer(await faces.emoji_face(current_runtime(), emoji_id), Onlooker())


@blueprint.get("/blocks/<id:row_id>")
async def block(row_id: int) -> Response:
    """Show a Block of one of ours, to the blocked alone (GEN-7)."""
    return await _looked_at(faces.block_face, row_id)


@blueprint.get(
    "/users/<id:account_id>/<any(quote_authorizations, like_authorizations, reply_authorizations,"
    " announce_authorizations):name>/<id:row_id>"
)
async def authorization(account_id: int, name: str, row_id: int) -> Response:
    """Show a stamp that one of ours gave (OBJ-14)."""
    kind = name.removesuffix("_authorizations")
    return await _looked_at(
        lambda runtime, id_, onlooker: consent_faces.authorization_face(runtime, account_id, kind, id_, onlooker),
        row_id,
    )


@blueprint.get("/users/<id:account_id>/quote_requests/<id:row_id>")
async def quote_request(account_id: int, row_id: int) -> Response:
    """Show what one of ours asked to be allowed (GEN-7)."""
    return await _looked_at(
        lambda runtime, id_, onlooker: consent_faces.quote_request_face(runtime, account_id, id_, onlooker), row_id
    )


async def _looked_at(show: Callable[[Runtime, int, Onlooker], Awaitable[Face]], row_id: int) -> Response:
    runtime = current_runtime()
    onlooker = await look(runtime, required=must_sign(runtime))
    return _answer(await show(runtime, row_id, onlooker), onlooker)


def _page(limit: int) -> Page | None:
    """Return the page the query asks for; None for the collection's root."""
    if request.args.get("page") != "true":
        return None
    return Page(limit=limit, max_id=_id("max_id"), min_id=_id("min_id"))


def _id(name: str) -> int | None:
    return read_id(request.args.get(name, ""))


@blueprint.before_app_request
async def documents_of_pages() -> Response | None:
    """Send a program that asks for a profile or post page to the document behind it (DISC-10)."""
    path = request.path
    if not path.startswith("/@") or request.method not in ("GET", "HEAD") or not _wants_document():
        return None
    name, _, rest = path[2:].rstrip("/").partition("/")
    runtime = current_runtime()
    async with runtime.read() as reader:
        account = await find_local_account(reader, name)
    if account is None or account.waiting or (rest and not rest.isdigit()):
        return None
    settings = runtime.settings
    return away(post_uri(settings, account.id, int(rest)) if rest else actor_uri(settings, account.id))


@blueprint.after_app_request
async def vary_pages(response: Response) -> Response:
    """Tell caches that a page under /@ has a document beside it."""
    if request.path.startswith("/@"):
        response.vary.add("Accept")
    return response


@blueprint.get("/.well-known/webfinger")
async def webfinger() -> Response:
    """Answer who a handle or address belongs to (DISC-1)."""
    try:
        document = await well_known.webfinger(current_runtime(), request.args.get("resource", ""))
    except RookeryError as error:
        return await problem(error.status, error.message, {"Cache-Control": WEBFINGER_ERROR_CACHE})
    return json_answer(document, content_type=f"{JRD_TYPE}; charset=utf-8", headers={"Cache-Control": WEBFINGER_CACHE})


@blueprint.get("/.well-known/host-meta")
async def host_meta() -> Response:
    """Say where WebFinger is, as XRD (DISC-5)."""
    return Response(
        host_meta_xml(current_runtime().settings.public_url),
        content_type=f"{XRD_TYPE}; charset=utf-8",
        headers={"Cache-Control": WEBFINGER_CACHE},
    )


@blueprint.get("/.well-known/host-meta.json")
async def host_meta_as_json() -> Response:
    """Say where WebFinger is, as JSON."""
    document = host_meta_json(current_runtime().settings.public_url)
    return json_answer(document, content_type="application/json", headers={"Cache-Control": WEBFINGER_CACHE})


@blueprint.get("/.well-known/nodeinfo")
async def nodeinfo_index() -> Response:
    """Say where NodeInfo is (DISC-6)."""
    document = nodeinfo_links(current_runtime().settings.public_url)
    return json_answer(document, content_type="application/json", headers={"Cache-Control": NODEINFO_CACHE})


@blueprint.get("/nodeinfo/<version>")
async def nodeinfo(version: str) -> Response:
    """Say what runs here and how many use it."""
    document = await well_known.nodeinfo(current_runtime(), version)
    content_type = f'application/json; profile="http://nodeinfo.diaspora.software/ns/schema/{version}#"'
    return json_answer(document, content_type=content_type, headers={"Cache-Control": NODEINFO_CACHE})
