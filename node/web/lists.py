"""Lists as pages: all of them, what one shows, its settings and people, and which lists somebody is on."""

from typing import Any, cast

from quart import Blueprint, Response, redirect, request

from node.accounts.queries import get_account, list_accounts, search_accounts
from node.accounts.views import account_view
from node.base.errors import Invalid, NotFound
from node.follows.queries import find_follow
from node.http.context import runtime
from node.lists.models import List
from node.lists.queries import find_list, list_lists, list_lists_with, list_members
from node.lists.rules import MAX_TITLE
from node.lists.service import add_members, change_list, create_list, remove_list, remove_members, set_lists_with
from node.timelines.service import list_page
from node.web.forms import errors_of, read_form
from node.web.showing import install, links, page_asked, show, tell
from node.web.visitors import Answer, Visitor, signed_in

FOUND = 10
"""People offered for a list at once."""

blueprint = Blueprint("web_lists", __name__)
blueprint.record_once(install)


@blueprint.get("/lists")
@signed_in
async def index(visitor: Visitor) -> Answer:
    """Show the viewer's lists, and the form for another."""
    return await _index(visitor)


async def _index(visitor: Visitor, *, status: int = 200, **context: Any) -> Response:
    async with runtime().read() as reader:
        lists = await list_lists(reader, visitor.account_id)
    return await show("pages/lists.html", visitor, status=status, lists=lists, longest=MAX_TITLE, **context)


@blueprint.post("/lists")
@signed_in
async def create(visitor: Visitor) -> Answer:
    """Make a list, and go on to who is to be on it."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            made = await create_list(uow, visitor.account_id, form.line("title"), now=node.now())
    except Invalid as problem:
        return await _index(visitor, status=422, errors=errors_of(problem, default="title"), form=form.typed())
    return cast(Response, redirect(f"/lists/{made.id}/edit", 303))


@blueprint.get("/lists/<id:list_id>")
@signed_in
async def timeline(visitor: Visitor, list_id: int) -> Answer:
    """Show what the people on a list write."""
    found = await _own(visitor, list_id)
    page = page_asked()
    shown = await list_page(runtime(), found, page)
    if page.min_id is not None and not shown.cursors:
        return cast(Response, redirect(request.path, 303))
    where = links(page, shown.cursors, has_more=shown.has_more)
    return await show("pages/list.html", visitor, posts_list=shown.posts, list=found, filter_context="home", **where)


@blueprint.get("/lists/<id:list_id>/edit")
@signed_in
async def settings(visitor: Visitor, list_id: int) -> Answer:
    """Show a list's settings and people; `?q=` looks among those the viewer follows."""
    return await _settings(visitor, await _own(visitor, list_id))


async def _settings(visitor: Visitor, found: List, *, status: int = 200, **context: Any) -> Response:
    query = request.args.get("q", "")[:200].strip()
    node = runtime()
    async with node.read() as reader:
        entries = await list_members(reader, found.id, None)
        people = await list_accounts(reader, [entry.account_id for entry in entries])
        on_it = {entry.account_id for entry in entries}
        candidates = (
            await search_accounts(
                reader, query, viewer_id=visitor.account_id, limit=FOUND, offset=0, following_only=True
            )
            if query
            else []
        )
    return await show(
        "pages/list_edit.html",
        visitor,
        status=status,
        list=found,
        longest=MAX_TITLE,
        query=query,
        members=[account_view(people[id_], settings=node.settings) for id_ in people if id_ in on_it],
        candidates=[account_view(one, settings=node.settings) for one in candidates if one.id not in on_it],
        **context,
    )


@blueprint.post("/lists/<id:list_id>/edit")
@signed_in
async def change(visitor: Visitor, list_id: int) -> Answer:
    """Change a list's settings."""
    form = await read_form()
    try:
        async with runtime().write() as uow:
            await change_list(
                uow,
                visitor.account_id,
                list_id,
                title=form.line("title"),
                replies_policy=form.text("replies_policy"),
                exclusive=form.is_set("exclusive"),
            )
    except Invalid as problem:
        found = await _own(visitor, list_id)
        return await _settings(
            visitor, found, status=422, errors=errors_of(problem, default="title"), form=form.typed()
        )
    tell("The list is saved.")
    return cast(Response, redirect(f"/lists/{list_id}", 303))


@blueprint.post("/lists/<id:list_id>/members/<any(add,remove):verb>")
@signed_in
async def members(visitor: Visitor, list_id: int, verb: str) -> Answer:
    """Put somebody on a list, or take them off."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            if verb == "add":
                await add_members(uow, visitor.account_id, list_id, form.ids("account"), now=node.now())
            else:
                await remove_members(uow, visitor.account_id, list_id, form.ids("account"))
    except Invalid as problem:
        tell(problem.message, "error")
    return cast(Response, redirect(f"/lists/{list_id}/edit#people", 303))


@blueprint.post("/lists/<id:list_id>/remove")
@signed_in
async def remove(visitor: Visitor, list_id: int) -> Answer:
    """Remove a list."""
    async with runtime().write() as uow:
        await remove_list(uow, visitor.account_id, list_id)
    tell("The list is gone.")
    return cast(Response, redirect("/lists", 303))


@blueprint.get("/lists/with/<id:account_id>")
@signed_in
async def with_somebody(visitor: Visitor, account_id: int) -> Answer:
    """Show which lists somebody is on, as boxes to tick."""
    node = runtime()
    async with node.read() as reader:
        account = await get_account(reader, account_id)
        if await find_follow(reader, visitor.account_id, account_id) is None:
            raise NotFound
        lists = await list_lists(reader, visitor.account_id)
        ticked = {row.id for row in await list_lists_with(reader, visitor.account_id, account_id)}
    return await show(
        "pages/lists_with.html",
        visitor,
        account=account_view(account, settings=node.settings),
        lists=lists,
        ticked=ticked,
    )


@blueprint.post("/lists/with/<id:account_id>")
@signed_in
async def set_with_somebody(visitor: Visitor, account_id: int) -> Answer:
    """Put somebody on the lists that were ticked and take them off the others."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            account = await get_account(uow, account_id)
            await set_lists_with(uow, visitor.account_id, account_id, form.ids("list"), now=node.now())
    except Invalid as problem:
        tell(problem.message, "error")
        return cast(Response, redirect(f"/lists/with/{account_id}", 303))
    tell("Saved.")
    return cast(Response, redirect(f"/@{account.acct}", 303))


async def _own(visitor: Visitor, list_id: int) -> List:
    async with runtime().read() as reader:
        found = await find_list(reader, list_id, visitor.account_id)
    if found is None:
        raise NotFound
    return found
