"""Search: accounts, hashtags, and what a pasted handle or URL means. Full-text search of posts comes later."""

from typing import Any

from quart import Blueprint

from federation.origins import is_http_uri
from node.accounts.models import Account
from node.accounts.queries import find_account_by_handle, find_account_by_uri, search_accounts
from node.accounts.rules import local_or_domain
from node.accounts.views import account_view
from node.base.db.unit_of_work import Reader
from node.base.errors import BadRequest, NotSignedIn
from node.base.runtime import Runtime
from node.http.context import runtime
from node.http.limits import LOOK_UPS
from node.http.paging import limit_from, offset_from
from node.http.parameters import Parameters, parameters
from node.http.principals import Viewer, optional, pay
from node.posts.models import Post
from node.posts.queries import find_post_by_uri, search_hashtags
from node.posts.rendering import render_posts
from node.posts.tag_views import hashtag_views
from node.remote.resolving import resolve
from node.text.writing import fold_hashtag

KINDS = frozenset({"accounts", "hashtags", "statuses"})
LONGEST_QUERY = 2_048

blueprint = Blueprint("api_search", __name__, url_prefix="/api/v2")


@blueprint.get("/search")
@optional("read:search")
async def search(viewer: Viewer | None) -> dict[str, Any]:
    """Return what `q` finds; with `resolve`, a handle or URL unknown here is fetched from its server.

    Strangers may neither resolve nor page (401), since both cost others something.
    """
    sent = await parameters()
    text, kind = _query(sent)
    limit, offset = limit_from(sent, 20), offset_from(sent)
    fetches = sent.is_set("resolve")
    if viewer is None and (fetches or offset):
        raise NotSignedIn("Search queries that resolve or page need an access token")
    node = runtime()
    viewer_id = viewer.account_id if viewer else None
    if viewer is not None and fetches and not offset and _may_name_something(text):
        await pay(viewer, LOOK_UPS)
        found = await resolve(node, text, viewer_id)
    else:
        found = await _known(node, text) if not offset else None
    answer: dict[str, list[Any]] = {"accounts": [], "statuses": [], "hashtags": []}
    async with node.read() as reader:
        if kind in (None, "accounts"):
            answer["accounts"] = await _accounts(node, reader, sent, viewer_id, found, limit, offset)
        if kind in (None, "statuses") and isinstance(found, Post):
            answer["statuses"] = await render_posts(node, reader, [found.id], viewer_id=viewer_id)
        if kind in (None, "hashtags") and not is_http_uri(text):
            rows = await search_hashtags(reader, fold_hashtag(text.removeprefix("#")), limit=limit, offset=offset)
            answer["hashtags"] = await hashtag_views(node, reader, rows, viewer_id)
    return answer


def _query(sent: Parameters) -> tuple[str, str | None]:
    text = (sent.text("q") or "").strip()
    if not text:
        raise BadRequest("q is missing")
    if len(text) > LONGEST_QUERY:
        raise BadRequest("q is too long")
    kind = sent.text("type") or None
    if kind is not None and kind not in KINDS:
        raise BadRequest("type must be accounts, hashtags or statuses")
    return text, kind


def _may_name_something(text: str) -> bool:
    """Whether it looks like a handle or a URL: anything else needs no look-up elsewhere."""
    return is_http_uri(text) or "@" in text


async def _known(node: Runtime, text: str) -> Account | Post | None:
    """Return what a pasted URL or whole handle names, if it is known here already.

    Whether it may be seen is checked where it is shown.
    """
    async with node.read() as reader:
        if is_http_uri(text):
            return await find_account_by_uri(reader, text) or await find_post_by_uri(reader, text)
        username, _, domain = text.removeprefix("@").partition("@")
        if not username or not domain:
            return None
        return await find_account_by_handle(reader, username, local_or_domain(node.settings, domain))


async def _accounts(
    node: Runtime,
    reader: Reader,
    sent: Parameters,
    viewer_id: int | None,
    found: Account | Post | None,
    limit: int,
    offset: int,
) -> list[dict[str, Any]]:
    rows: list[Account] = []
    if isinstance(found, Account) and not found.is_gone:
        rows.append(found)
    elif found is None:
        rows = await search_accounts(
            reader,
            sent.text("q") or "",
            viewer_id=viewer_id,
            limit=limit,
            offset=offset,
            following_only=sent.is_set("following"),
        )
    return [account_view(row, settings=node.settings) for row in rows]
