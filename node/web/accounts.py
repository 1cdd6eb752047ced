"""People: their pages, who follows whom, and the buttons that change how the viewer stands to them."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

from quart import Blueprint, Response, redirect, request

from node.accounts.models import Account
from node.accounts.queries import AccountEntry, find_account_by_handle, find_moved_to, get_account, list_accounts
from node.accounts.rules import local_or_domain
from node.accounts.views import account_view
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import Gone, NotFound
from node.base.paging import Page
from node.blocks.queries import is_blocked_between
from node.blocks.service import block, unblock, unmute
from node.completion.asking import PageOfPosts, complete_page
from node.follows.kept_queries import list_endorsements
from node.follows.queries import list_followers, list_following, list_relationships
from node.follows.service import follow, unfollow
from node.follows.views import relationship_view
from node.http.context import runtime
from node.http.problems import wants_json
from node.moments.queries import has_moments
from node.posts.account_queries import list_account_post_ids
from node.posts.featured_queries import list_featured_tags, list_pinned_ids
from node.posts.pins import MAX_REMOTE_PINS
from node.posts.rendering import render_posts
from node.posts.walks import Found
from node.web.showing import PEOPLE_LENGTH, answer, install, links, page_asked, show, tell
from node.web.visitors import Answer, Visitor, anybody, back, signed_in

ENDORSED_SHOWN = 8
ACTIVITY_TYPES = ("application/activity+json", "application/ld+json")

blueprint = Blueprint("web_accounts", __name__)
blueprint.record_once(install)


@blueprint.get("/@<acct>")
@anybody
async def profile(visitor: Visitor | None, acct: str) -> Answer:
    """Show somebody's page with their posts."""
    return await _profile(visitor, acct, "posts")


@blueprint.get("/@<acct>/with_replies")
@anybody
async def replies(visitor: Visitor | None, acct: str) -> Answer:
    """Show somebody's page with their posts and replies."""
    return await _profile(visitor, acct, "replies")


@blueprint.get("/@<acct>/media")
@anybody
async def media(visitor: Visitor | None, acct: str) -> Answer:
    """Show somebody's page with what they posted pictures in."""
    return await _profile(visitor, acct, "media")


async def _profile(visitor: Visitor | None, acct: str, tab: str) -> Answer:
    page = page_asked()
    viewer_id = visitor.account_id if visitor else None
    node = runtime()
    async with node.read() as reader:
        account = await named(reader, acct)
        if account.is_local and wants_activity():
            return cast(Response, redirect(account.uri, 302))
        if account.is_local and acct != account.acct:
            return cast(Response, redirect(f"/@{account.acct}", 301))
        relationship = await _standing(reader, visitor, account.id)
        moved_to = await find_moved_to(reader, account)

    # What its own server is asked for below is read back at once.
    seen = partial(node.browse, viewer_id) if account.is_local else node.read

    async def stored() -> Found:
        async with seen() as reader:
            return await list_account_post_ids(
                reader,
                account.id,
                viewer_id,
                page,
                only_media=tab == "media",
                exclude_replies=tab == "posts",
                exclude_boosts=tab == "media",
            )

    found = PageOfPosts(Found([]), None, False)
    if not account.is_gone:
        found = await complete_page(node, account, viewer_id, page, stored)
    async with seen() as reader:
        account = await named(reader, acct)
        posts = await render_posts(node, reader, found.ids, viewer_id=viewer_id)
        on_top = tab == "posts" and page.max_id is None and page.min_id is None and not account.is_gone
        pinned = await list_pinned_ids(reader, account.id, viewer_id, limit=MAX_REMOTE_PINS) if on_top else []
        pinned_posts = await render_posts(node, reader, pinned, viewer_id=viewer_id)
        tags = [] if account.is_gone else await list_featured_tags(reader, account.id)
        endorsed = await list_endorsements(reader, account.id, Page(limit=ENDORSED_SHOWN)) if on_top else []
        curates = account.is_local and await has_moments(reader, account.id)
        recommended, _ = await people(reader, None, endorsed if account.show_featured else [])
    if page.min_id is not None and not found.ids:
        return cast(Response, redirect(request.path, 303))
    return await show(
        "pages/profile.html",
        visitor,
        account=account_view(account, settings=node.settings, moved_to=moved_to),
        moved_to_uri="" if account.is_gone else account.moved_to_uri,
        relationship=relationship,
        tab=tab,
        posts_list=[post for post in posts if int(post["id"]) not in pinned],
        filter_context="account",
        pinned=pinned_posts,
        featured_tags=tags,
        recommended=recommended,
        has_moments=curates,
        refresh=found.refresh if found.refresh is not None and found.refresh.is_running else None,
        origin=account.domain,
        has_reported_counts=account.backfilled_at is not None,
        **links(page, found.ids, has_more=found.has_more),
    )


async def named(reader: Reader, acct: str) -> Account:
    """Return the account a page's path names: `name` or `name@domain`. Raises NotFound, or Gone for a deleted one."""
    username, _, domain = acct.partition("@")
    found = await find_account_by_handle(reader, username, local_or_domain(runtime().settings, domain))
    if found is None or found.waiting:
        raise NotFound
    if found.deleted_at is not None:
        raise Gone
    return found


def wants_activity() -> bool:
    """Whether another server asks for the data behind a page."""
    accept = request.headers.get("Accept", "")
    return any(kind in accept for kind in ACTIVITY_TYPES) and "text/html" not in accept


async def _standing(reader: Reader, visitor: Visitor | None, account_id: int) -> dict[str, Any] | None:
    if visitor is None or visitor.account_id == account_id:
        return None
    found = await list_relationships(reader, visitor.account_id, [account_id])
    return relationship_view(found[account_id])


@blueprint.get("/@<acct>/followers")
@anybody
async def followers(visitor: Visitor | None, acct: str) -> Answer:
    """Show who follows somebody, as far as is known here and not hidden."""
    return await _connections(visitor, acct, "followers", list_followers)


@blueprint.get("/@<acct>/following")
@anybody
async def following(visitor: Visitor | None, acct: str) -> Answer:
    """Show whom somebody follows, as far as is known here and not hidden."""
    return await _connections(visitor, acct, "following", list_following)


async def _connections(visitor: Visitor | None, acct: str, kind: str, query: Any) -> Answer:
    page = page_asked(PEOPLE_LENGTH)
    viewer_id = visitor.account_id if visitor else None
    node = runtime()
    async with node.read() as reader:
        account = await named(reader, acct)
        hidden = account.is_gone or (account.hide_collections and account.id != viewer_id)
        if viewer_id is not None and viewer_id != account.id:
            hidden = hidden or await is_blocked_between(reader, viewer_id, account.id)
        entries = [] if hidden else await query(reader, account.id, page)
        accounts, relationships = await people(reader, visitor, entries)
    return await show(
        "pages/connections.html",
        visitor,
        account=account_view(account, settings=node.settings),
        kind=kind,
        hidden=hidden,
        accounts=accounts,
        relationships=relationships,
        **links(page, [entry.id for entry in entries]),
    )


async def people(
    reader: Reader, visitor: Visitor | None, entries: list[AccountEntry]
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return the accounts of a list as views, and how the viewer stands to each, by id."""
    rows = await list_accounts(reader, [entry.account_id for entry in entries])
    shown = [rows[e.account_id] for e in entries if e.account_id in rows and not rows[e.account_id].is_gone]
    views = [account_view(account, settings=runtime().settings) for account in shown]
    return views, await standings(reader, visitor, [account.id for account in shown])


async def standings(reader: Reader, visitor: Visitor | None, ids: list[int]) -> dict[str, dict[str, Any]]:
    """Return relationships by account id, as the templates look them up; none for a stranger."""
    if visitor is None:
        return {}
    found = await list_relationships(reader, visitor.account_id, [i for i in ids if i != visitor.account_id])
    return {str(id_): relationship_view(one) for id_, one in found.items()}


@blueprint.post("/web/accounts/<id:account_id>/<any(follow,unfollow,block,unblock,unmute):verb>")
@signed_in
async def change(visitor: Visitor, account_id: int, verb: str) -> Answer:
    """Follow or block somebody, or the reverse, or unmute them; then go back to where the button was."""
    async with runtime().write() as uow:
        me = await get_account(uow, visitor.account_id)
        target = await get_account(uow, account_id, include_gone=verb in ("unfollow", "unblock", "unmute"))
        await CHANGES[verb](uow, me, target)
        standing = await _standing(uow, visitor, account_id)
        acct = target.acct
    if wants_json():
        return answer(relationship=standing)
    message = SAID.get(verb)
    if message:
        tell(message.format(acct))
    return await back(f"/@{acct}")


SAID = {
    "block": "You blocked @{}. They can no longer follow or answer you.",
    "unblock": "You unblocked @{}.",
    "unmute": "You hear @{} again.",
}


async def _follow(uow: UnitOfWork, me: Account, target: Account) -> None:
    await follow(uow, runtime().settings, me, target, now=runtime().now())


async def _unfollow(uow: UnitOfWork, me: Account, target: Account) -> None:
    await unfollow(uow, me.id, target.id)


async def _block(uow: UnitOfWork, me: Account, target: Account) -> None:
    await block(uow, runtime().settings, me, target, now=runtime().now())


async def _unblock(uow: UnitOfWork, me: Account, target: Account) -> None:
    await unblock(uow, me.id, target.id)


async def _unmute(uow: UnitOfWork, me: Account, target: Account) -> None:
    await unmute(uow, me.id, target.id)


CHANGES: dict[str, Callable[[UnitOfWork, Account, Account], Awaitable[None]]] = {
    "follow": _follow,
    "unfollow": _unfollow,
    "block": _block,
    "unblock": _unblock,
    "unmute": _unmute,
}
