"""Search: accounts, hashtags, posts, and what a pasted handle or URL means."""

from typing import Annotated, Any, Literal

from msgspec import Meta
from quart import Blueprint

from federation.origins import is_http_uri
from node.accounts.models import Account
from node.accounts.queries import ACCT, find_account_by_handle, find_account_by_uri, search_accounts
from node.accounts.rules import local_or_domain
from node.accounts.views import account_view
from node.api.entities.search import Search, SearchV1
from node.auth.queries import find_user
from node.base.db.unit_of_work import Reader
from node.base.errors import BadRequest, Invalid, NotSignedIn
from node.base.paging import Page
from node.base.runtime import Runtime
from node.http.context import runtime
from node.http.limits import LOOK_UPS, costs
from node.http.paging import capped, skipped
from node.http.principals import Viewer, optional, pay
from node.http.requests import Identifier, Paging, answers, takes
from node.posts.models import Post
from node.posts.queries import find_post_by_uri, find_visible_post, search_hashtags
from node.posts.rendering import render_posts
from node.posts.tag_views import hashtag_views
from node.remote.resolving import resolve
from node.search.explaining import Explanation
from node.search.service import Found, search_posts
from node.text.writing import fold_hashtag
from node.trends.review import list_listed, reviewed_tag_ids, unlisted_tag_ids

LONGEST_QUERY = 2_048
MAX_LIMIT = 40

blueprint = Blueprint("api_search", __name__, url_prefix="/api")


class SearchRequest(Paging, frozen=True, kw_only=True):
    """What to look for. Posts: the words of `q` may hold operators; `sort` is ours."""

    q: Annotated[str, Meta(max_length=LONGEST_QUERY)] = ""
    type: Literal["accounts", "hashtags", "statuses"] | None = None
    resolve: bool = False
    following: bool = False
    account_id: Identifier | None = None
    exclude_unreviewed: bool = False
    sort: Literal["relevance", "latest"] = "relevance"
    offset: int = 0


@blueprint.get("/v2/search")
@costs(3)
@optional("read:search")
@takes(SearchRequest)
@answers(Search)
async def search(viewer: Viewer | None, asked: SearchRequest) -> dict[str, Any]:
    """Return what `q` finds; with `resolve`, a handle or URL unknown here is fetched from its server.

    Strangers may neither resolve nor page (401), since both cost others something. A query for posts alone that cannot
    be understood is refused (422); beside accounts and hashtags it finds no posts, and `explanation` says why.
    """
    return await _search(viewer, asked)


@blueprint.get("/v1/search")
@costs(3)
@optional("read:search")
@takes(SearchRequest)
@answers(SearchV1)
async def search_v1(viewer: Viewer | None, asked: SearchRequest) -> dict[str, Any]:
    """Return what `q` finds, hashtags by their names (an older form that some apps still ask)."""
    found = await _search(viewer, asked)
    found.pop("explanation", None)
    return {**found, "hashtags": [tag["name"] for tag in found["hashtags"]]}


async def _search(viewer: Viewer | None, asked: SearchRequest) -> dict[str, Any]:
    text, kind = asked.q.strip(), asked.type
    limit, offset = capped(asked.limit, 20, MAX_LIMIT), skipped(asked.offset)
    if not text:
        raise BadRequest("q is missing")
    if viewer is None and (asked.resolve or offset or asked.max_id or asked.min_id or asked.since_id):
        raise NotSignedIn("Search queries that resolve or page need an access token")
    node = runtime()
    viewer_id = viewer.account_id if viewer else None
    if viewer is not None and asked.resolve and not offset and _may_name_something(text):
        await pay(viewer, LOOK_UPS)
        found = await resolve(node, text, viewer_id)
    else:
        found = await _known(node, text, viewer_id) if not offset else None
    answer: dict[str, Any] = {"accounts": [], "statuses": [], "hashtags": []}
    posts = Found((found.id,) if isinstance(found, Post) else (), Explanation())
    if kind in (None, "statuses") and found is None:
        posts = await _posts(node, viewer, asked, text, limit, offset)
        if kind == "statuses" and posts.explanation.problem:
            raise Invalid(_in_words(posts.explanation))
    async with node.read() as reader:
        if kind in (None, "accounts"):
            answer["accounts"] = await _accounts(node, reader, asked, viewer_id, found, limit, offset)
        if kind in (None, "statuses"):
            answer["statuses"] = await render_posts(node, reader, list(posts.ids), viewer_id=viewer_id)
        if kind in (None, "hashtags") and not is_http_uri(text):
            hidden = await unlisted_tag_ids(node)
            folded = fold_hashtag(text.removeprefix("#"))
            is_asked = asked.exclude_unreviewed and node.settings.trends_review
            among = await reviewed_tag_ids(node) if is_asked else None
            rows = await search_hashtags(
                reader, folded, viewer_id=viewer_id, limit=limit, offset=offset, but_not=hidden, among=among
            )
            answer["hashtags"] = await hashtag_views(node, reader, await list_listed(node, rows), viewer_id)
    if posts.explanation.sentences:
        answer["explanation"] = {
            "text": _in_words(posts.explanation),
            "place": posts.explanation.place,
            "hidden_authors": posts.explanation.hidden_authors,
            "is_partial": posts.explanation.is_partial or posts.explanation.is_away,
        }
    return answer


async def _posts(
    node: Runtime, viewer: Viewer | None, asked: SearchRequest, text: str, limit: int, offset: int
) -> Found:
    language = None
    if viewer is not None:
        async with node.read() as reader:
            user = await find_user(reader, viewer.account_id)
        language = user.locale if user is not None else None
    return await search_posts(
        node,
        text,
        viewer_id=viewer.account_id if viewer else None,
        # Cursors are ids, so they page through the newest first; `offset` through the best.
        sort="latest" if asked.max_id or asked.min_id or asked.since_id else asked.sort,
        page=Page(limit, asked.max_id, asked.since_id, asked.min_id),
        offset=offset,
        account_id=asked.account_id,
        language=language,
    )


def _in_words(explanation: Explanation) -> str:
    words = " ".join(explanation.sentences)
    return words if explanation.place is None else f"{words} (At character {explanation.place + 1}.)"


def _may_name_something(text: str) -> bool:
    """Whether it looks like a handle or a URL: anything else needs no look-up elsewhere."""
    return is_http_uri(text) or "@" in text


async def _known(node: Runtime, text: str, viewer_id: int | None) -> Account | Post | None:
    """Return what a pasted URL or whole handle names, if it is known here already. A post that the viewer may not see
    is like one that nobody wrote (attack row 105)."""
    async with node.read() as reader:
        if is_http_uri(text):
            if (account := await find_account_by_uri(reader, text)) is not None:
                return account
            post = await find_post_by_uri(reader, text)
            return None if post is None else await find_visible_post(reader, post.id, viewer_id)
        username, _, domain = text.removeprefix(ACCT).removeprefix("@").partition("@")
        if not username or not domain:
            return None
        return await find_account_by_handle(reader, username, local_or_domain(node.settings, domain))


async def _accounts(
    node: Runtime,
    reader: Reader,
    asked: SearchRequest,
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
            asked.q,
            viewer_id=viewer_id,
            limit=limit,
            offset=offset,
            following_only=asked.following,
        )
    return [account_view(row, settings=node.settings) for row in rows]
