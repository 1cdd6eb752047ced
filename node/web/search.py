"""The search box: people and hashtags known here, and whatever a pasted handle or link names, fetched if need be."""

from typing import Any

from quart import Blueprint, request

from node.accounts.models import Account
from node.accounts.queries import search_accounts
from node.accounts.views import account_view
from node.http.context import runtime
from node.http.limits import LOOK_UPS, Bucket, spend
from node.posts.models import Post
from node.posts.queries import search_hashtags
from node.posts.rendering import render_posts
from node.remote.resolving import resolve
from node.text.writing import fold_hashtag
from node.web.accounts import standings
from node.web.showing import install, show
from node.web.visitors import Answer, Visitor, anybody

MAX_QUERY = 500
FOUND = 20

blueprint = Blueprint("web_search", __name__)
blueprint.record_once(install)


@blueprint.get("/search")
@anybody
async def search(visitor: Visitor | None) -> Answer:
    """Show what `q` finds. Only people who are signed in make this server ask another one."""
    query = " ".join(request.args.get("q", "").replace("\x00", "").split())
    result: dict[str, Any] = {"accounts": [], "relationships": {}, "tags": [], "posts_list": [], "tried": False}
    errors = {}
    if len(query) > MAX_QUERY:
        errors["q"] = f"This is too long to look for; {MAX_QUERY} characters are enough."
    elif query:
        result = await _find(visitor, query)
    return await show(
        "pages/search.html", visitor, query=query[:MAX_QUERY], errors=errors, filter_context="public", **result
    )


async def _find(visitor: Visitor | None, query: str) -> dict[str, Any]:
    node = runtime()
    viewer_id = visitor.account_id if visitor else None
    named = names_one_thing(query)
    found: Account | Post | None = None
    if named and visitor is not None:
        await spend(node, Bucket(LOOK_UPS, f"account:{visitor.account_id}"))
        found = await resolve(node, query, viewer_id)
    async with node.read() as reader:
        accounts = [found] if isinstance(found, Account) else []
        tags: list[dict[str, Any]] = []
        if found is None and not query.startswith("#"):
            accounts = await search_accounts(reader, query, viewer_id=viewer_id, limit=FOUND)
        if found is None and not named and (folded := fold_hashtag(query.removeprefix("#"))):
            tags = [{"name": tag.display} for tag in await search_hashtags(reader, folded, limit=FOUND, offset=0)]
        ids = [found.id] if isinstance(found, Post) else []
        return {
            "accounts": [account_view(account, settings=node.settings) for account in accounts],
            "relationships": await standings(reader, visitor, [account.id for account in accounts]),
            "tags": tags,
            "posts_list": await render_posts(node, reader, ids, viewer_id=viewer_id),
            "tried": named and visitor is not None,
        }


def names_one_thing(query: str) -> bool:
    """Whether the query is an address (a link, `@name@domain`) rather than words."""
    return query.startswith(("https://", "http://")) or (" " not in query and "@" in query.lstrip("@"))
