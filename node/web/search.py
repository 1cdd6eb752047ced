"""The search box: posts, people, hashtags known here, and whatever a pasted handle or link names, fetched if need be.

`?type=` is the tab ("posts", "accounts", "hashtags", or all three together), `?sort=` the order of posts. Pages of
strangers end with the first: to look further costs others something.
"""

import re
from typing import Any, Final
from urllib.parse import urlencode

from quart import Blueprint, request

from node.accounts.models import Account
from node.accounts.queries import search_accounts
from node.accounts.views import account_view
from node.auth.queries import get_user
from node.base.ids import read_id
from node.base.paging import Page
from node.base.runtime import Runtime
from node.http.context import runtime
from node.http.limits import LOOK_UPS, Bucket, spend
from node.posts.models import Post
from node.posts.queries import search_hashtags
from node.posts.rendering import render_posts
from node.posts.tag_views import hashtag_views
from node.remote.resolving import resolve
from node.search.engines import OFF, engine_name
from node.search.operators import HELP
from node.search.service import SORTS, Found, Sort, search_posts
from node.text.writing import fold_hashtag
from node.trends.review import list_listed, unlisted_tag_ids
from node.web.accounts import standings
from node.web.showing import install, show
from node.web.trending import trend_card
from node.web.visitors import Answer, Visitor, anybody

MAX_QUERY = 500
FOUND = 20
FEW = 4
"""People, and hashtags, shown above the posts where everything is asked for."""
DEEPEST = 400
TABS: Final = ("", "posts", "accounts", "hashtags")
_HANDLE: Final = re.compile(r"@?[^\s@:]+@[^\s@]+")

blueprint = Blueprint("web_search", __name__)
blueprint.record_once(install)


@blueprint.get("/search")
@anybody
async def search(visitor: Visitor | None) -> Answer:
    """Show what `q` finds. Only people who are signed in make this server ask another one."""
    query = " ".join(request.args.get("q", "").replace("\x00", "").split())
    tab = next((one for one in TABS if one == request.args.get("type", "")), "")
    sort = next((one for one in SORTS if one == request.args.get("sort", "")), SORTS[0])
    errors = {}
    result: dict[str, Any] = {}
    if len(query) > MAX_QUERY:
        errors["q"] = f"This is too long to look for; {MAX_QUERY} characters are enough."
    elif query:
        result = await _find(visitor, query, tab, sort)
    context = {"accounts": [], "relationships": {}, "tags": [], "posts_list": [], "tried": False, "said": None}
    return await show(
        "pages/search.html",
        visitor,
        query=query[:MAX_QUERY],
        tab=tab,
        sort=sort,
        operators=HELP if engine_name(runtime().settings) != OFF else (),
        errors=errors,
        filter_context="public",
        **{**context, **result},
    )


async def _find(visitor: Visitor | None, query: str, tab: str, sort: Sort) -> dict[str, Any]:
    node = runtime()
    viewer_id = visitor.account_id if visitor else None
    named = names_one_thing(query)
    found: Account | Post | None = None
    if named and visitor is not None:
        await spend(node, Bucket(LOOK_UPS, f"account:{visitor.account_id}"))
        found = await resolve(node, query, viewer_id)
    offset = _offset() if visitor is not None else 0
    posts: Found | None = None
    following: dict[str, Any] = {}
    if found is None and not query.startswith(("https://", "http://")) and tab in ("", "posts"):
        posts, following = await _posts(node, visitor, query, sort, offset)
    ids = [found.id] if isinstance(found, Post) else list(posts.ids) if posts else []
    few = FOUND + 1 if tab else FEW
    async with node.read() as reader:
        accounts = [found] if isinstance(found, Account) else []
        if (
            found is None
            and not query.startswith("#")
            and tab in ("", "accounts")
            and not _is_further_down(tab, offset)
        ):
            accounts = await search_accounts(reader, query, viewer_id=viewer_id, limit=few, offset=offset if tab else 0)
        tags = []
        folded = fold_hashtag(query.removeprefix("#"))
        if found is None and not named and folded and tab in ("", "hashtags") and not _is_further_down(tab, offset):
            hidden = await unlisted_tag_ids(node)
            tags = await search_hashtags(
                reader, folded, viewer_id=viewer_id, limit=few, offset=offset if tab else 0, but_not=hidden
            )
            tags = await list_listed(node, tags)
        if tab in ("accounts", "hashtags"):
            following = _next(offset + FOUND) if len(accounts or tags) > FOUND and visitor is not None else {}
            accounts, tags = accounts[:FOUND], tags[:FOUND]
        return {
            "accounts": [account_view(account, settings=node.settings) for account in accounts],
            "relationships": await standings(reader, visitor, [account.id for account in accounts]),
            "tags": [trend_card(tag) for tag in await hashtag_views(node, reader, tags, None)],
            "posts_list": await render_posts(node, reader, ids, viewer_id=viewer_id),
            "tried": named and visitor is not None,
            "said": posts.explanation if posts else None,
            **following,
        }


async def _posts(
    node: Runtime, visitor: Visitor | None, query: str, sort: Sort, offset: int
) -> tuple[Found, dict[str, Any]]:
    """Return the posts that were found, and the address of the next page."""
    language = None
    if visitor is not None:
        async with node.read() as reader:
            language = (await get_user(reader, visitor.account_id)).locale
    max_id = read_id(request.args.get("max_id", "")) if visitor is not None else None
    posts = await search_posts(
        node,
        query,
        viewer_id=visitor.account_id if visitor else None,
        sort=sort,
        page=Page(limit=FOUND, max_id=max_id if sort == "latest" else None),
        offset=offset if sort != "latest" else 0,
        language=language,
    )
    if not posts.has_more or visitor is None:
        return posts, {}
    return posts, _next(max_id=posts.ids[-1]) if sort == "latest" and posts.ids else _next(offset + FOUND)


def _is_further_down(tab: str, offset: int) -> bool:
    """Whether a page further down shows posts only: people and hashtags stood above the first."""
    return not tab and (offset > 0 or "max_id" in request.args)


def _offset() -> int:
    typed = request.args.get("offset", "")
    return min(int(typed), DEEPEST) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 0


def _next(offset: int = 0, *, max_id: int = 0) -> dict[str, Any]:
    kept = [(name, value) for name, value in request.args.items() if name not in ("max_id", "offset")]
    if offset > DEEPEST:
        return {}
    cursor = ("max_id", str(max_id)) if max_id else ("offset", str(offset))
    return {"next_url": f"/search?{urlencode([*kept, cursor])}"}


def names_one_thing(query: str) -> bool:
    """Whether the query is an address (a link, `@name@domain`) rather than words or operators."""
    return query.startswith(("https://", "http://")) or _HANDLE.fullmatch(query) is not None
