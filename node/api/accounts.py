"""Accounts as others see them: one, several, by handle, by search, and their posts, followers and followed."""

from functools import partial
from typing import Any

from quart import Blueprint

from node.accounts.models import Account
from node.accounts.queries import (
    find_account_by_handle,
    find_moved_to,
    get_account,
    list_accounts,
    search_accounts,
)
from node.accounts.rules import local_or_domain
from node.accounts.views import account_view
from node.api.answers import Answer, accounts_answer, page_answer
from node.api.entities.accounts import Account as AccountEntity
from node.api.entities.statuses import Status
from node.api.entities.tags import FeaturedTag
from node.api.featured_tags import featured_tag_view
from node.base.errors import NotFound
from node.blocks.queries import is_blocked_between
from node.completion.asking import complete_page, look_at_account
from node.completion.views import async_refresh_header
from node.follows.queries import list_followers, list_following
from node.http.context import runtime
from node.http.limits import LOOK_UPS, costs
from node.http.paging import capped, page_of, skipped
from node.http.principals import Viewer, needs, optional, pay
from node.http.requests import Filled, Identifier, Paging, Request, answers, takes
from node.posts.account_queries import list_account_post_ids
from node.posts.featured_queries import list_featured_tags, list_pinned_ids
from node.posts.pins import MAX_REMOTE_PINS
from node.posts.rendering import render_posts
from node.posts.walks import Found
from node.remote.resolving import resolve

MOST_AT_ONCE = 80

blueprint = Blueprint("api_accounts", __name__, url_prefix="/api/v1/accounts")


class Ids(Request, frozen=True, kw_only=True):
    """Some accounts."""

    id: list[Identifier] = []


class Handle(Request, frozen=True, kw_only=True):
    """A handle, with or without the domain."""

    acct: Filled


class AccountSearch(Request, frozen=True, kw_only=True):
    """Whom to look for."""

    q: str = ""
    limit: int | None = None
    offset: int = 0
    resolve: bool = False
    following: bool = False


class PostsPaging(Paging, frozen=True, kw_only=True):
    """A page of somebody's posts, and which."""

    pinned: bool = False
    only_media: bool = False
    exclude_replies: bool = False
    exclude_reblogs: bool = False
    exclude_direct: bool = False
    tagged: str = ""


@blueprint.get("")
@optional("read:accounts")
@takes(Ids)
@answers(list[AccountEntity])
async def show_many(viewer: Viewer | None, asked: Ids) -> list[dict[str, Any]]:
    """Return accounts by `id[]`, in that order; unknown ones are left out."""
    ids = asked.id[:MOST_AT_ONCE]
    node = runtime()
    async with node.read() as reader:
        found = await list_accounts(reader, ids)
    return [account_view(found[id_], settings=node.settings) for id_ in ids if id_ in found and not found[id_].is_gone]


@blueprint.get("/<id:account_id>")
@optional("read:accounts")
@answers(AccountEntity)
async def show(viewer: Viewer | None, account_id: int) -> dict[str, Any]:
    """Return an account."""
    node = runtime()
    async with node.read() as reader:
        found = await get_account(reader, account_id)
        moved_to = await find_moved_to(reader, found)
    await look_at_account(node, found, viewer.account_id if viewer else None)
    return account_view(found, settings=node.settings, moved_to=moved_to)


@blueprint.get("/lookup")
@optional("read:accounts")
@takes(Handle)
@answers(AccountEntity)
async def look_up(viewer: Viewer | None, asked: Handle) -> dict[str, Any]:
    """Return an account known here by its handle, with or without the domain."""
    username, _, domain = asked.acct.strip().removeprefix("@").partition("@")
    node = runtime()
    async with node.read() as reader:
        found = await find_account_by_handle(reader, username, local_or_domain(node.settings, domain))
        if found is None or found.is_gone:
            raise NotFound()
        moved_to = await find_moved_to(reader, found)
    await look_at_account(node, found, viewer.account_id if viewer else None)
    return account_view(found, settings=node.settings, moved_to=moved_to)


@blueprint.get("/search")
@costs(2)
@needs("read:accounts")
@takes(AccountSearch)
@answers(list[AccountEntity])
async def search(viewer: Viewer, asked: AccountSearch) -> list[dict[str, Any]]:
    """Return accounts whose name begins with `q`; with `resolve`, another server may be asked."""
    text = asked.q.strip()
    limit, offset = capped(asked.limit, 40), skipped(asked.offset)
    node = runtime()
    found: list[Account] = []
    if asked.resolve and text and not offset:
        await pay(viewer, LOOK_UPS)
        resolved = await resolve(node, text, viewer.account_id)
        found += [resolved] if isinstance(resolved, Account) else []
    async with node.read() as reader:
        found += await search_accounts(
            reader,
            text,
            viewer_id=viewer.account_id,
            limit=limit,
            offset=offset,
            following_only=asked.following,
        )
    once = {account.id: account for account in found}
    return [account_view(account, settings=node.settings) for account in list(once.values())[:limit]]


@blueprint.get("/<id:account_id>/statuses")
@optional("read:statuses")
@takes(PostsPaging)
@answers(list[Status])
async def posts(viewer: Viewer | None, asked: PostsPaging, account_id: int) -> Answer:
    """Return what an account wrote and boosted, as far as the viewer may see it.

    What is not known here is asked for at the account's own server, for people who are signed in (COL-8).
    """
    page = page_of(asked)
    viewer_id = viewer.account_id if viewer else None
    node = runtime()
    async with node.read() as reader:
        account = await get_account(reader, account_id)
        if asked.pinned:
            # as a whole, on its first page: the cursor of a page is a post, and pins stand in another order
            ids = [] if page.max_id else await list_pinned_ids(reader, account_id, viewer_id, limit=MAX_REMOTE_PINS)
            return await render_posts(node, reader, ids, viewer_id=viewer_id), 200, {}

    # What its own server is asked for below is read back at once.
    seen = partial(node.browse, viewer_id) if account.is_local else node.read

    async def stored() -> Found:
        async with seen() as reader:
            return await list_account_post_ids(
                reader,
                account_id,
                viewer_id,
                page,
                only_media=asked.only_media,
                exclude_replies=asked.exclude_replies,
                exclude_boosts=asked.exclude_reblogs,
                exclude_direct=asked.exclude_direct,
                tagged=asked.tagged or None,
            )

    found = await complete_page(node, account, None if asked.tagged else viewer_id, page, stored)
    async with seen() as reader:
        statuses = await render_posts(node, reader, found.ids, viewer_id=viewer_id)
    entities, code, headers = page_answer(statuses, found.cursors)
    return entities, code, headers | async_refresh_header(found.refresh)


@blueprint.get("/<id:account_id>/identity_proofs")
@needs("read:accounts")
@answers(list[Any])
async def identity_proofs(viewer: Viewer, account_id: int) -> list[Any]:
    """Return nothing: what proved who somebody is elsewhere is gone from the API, but old apps still ask."""
    async with runtime().read() as reader:
        await get_account(reader, account_id)
    return []


@blueprint.get("/<id:account_id>/featured_tags")
@optional("read:accounts")
@answers(list[FeaturedTag])
async def featured_tags(viewer: Viewer | None, account_id: int) -> list[dict[str, Any]]:
    """Return the hashtags an account shows on its page."""
    node = runtime()
    async with node.read() as reader:
        await get_account(reader, account_id)
        entries = await list_featured_tags(reader, account_id)
    return [featured_tag_view(entry, settings=node.settings) for entry in entries]


@blueprint.get("/<id:account_id>/followers")
@optional("read:accounts")
@takes(Paging)
@answers(list[AccountEntity])
async def followers(viewer: Viewer | None, asked: Paging, account_id: int) -> Answer:
    """Return the followers known here, unless the account hides them."""
    return await _connections(viewer, asked, account_id, list_followers)


@blueprint.get("/<id:account_id>/following")
@optional("read:accounts")
@takes(Paging)
@answers(list[AccountEntity])
async def following(viewer: Viewer | None, asked: Paging, account_id: int) -> Answer:
    """Return whom an account is known here to follow, unless it hides them."""
    return await _connections(viewer, asked, account_id, list_following)


async def _connections(viewer: Viewer | None, asked: Paging, account_id: int, query: Any) -> Answer:
    page = page_of(asked, 40)
    viewer_id = viewer.account_id if viewer else None
    node = runtime()
    async with node.read() as reader:
        account = await get_account(reader, account_id)
        hidden = account.hide_collections and account_id != viewer_id
        if hidden or (viewer_id is not None and await is_blocked_between(reader, viewer_id, account_id)):
            return page_answer([])
        return await accounts_answer(node, reader, await query(reader, account_id, page))
