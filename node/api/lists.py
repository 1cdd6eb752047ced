"""Lists of people: make, change, remove; who is on them. What they show is in `timelines`."""

from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account
from node.api.answers import Answer, accounts_answer
from node.api.entities.accounts import Account
from node.api.entities.errors import Empty
from node.api.entities.lists import List
from node.base.errors import NotFound
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Identifier, Paging, Request, answers, takes
from node.lists.queries import find_list, list_lists, list_lists_with, list_members
from node.lists.service import add_members, change_list, create_list, remove_list, remove_members
from node.lists.views import list_view

blueprint = Blueprint("api_lists", __name__, url_prefix="/api/v1")


class NewList(Request, frozen=True, kw_only=True):
    """A list to be made."""

    title: str = ""
    replies_policy: str = "list"
    exclusive: bool = False


class ListChange(Request, frozen=True, kw_only=True):
    """What of a list is to be otherwise."""

    title: str | None = None
    replies_policy: str | None = None
    exclusive: bool | None = None


class Members(Request, frozen=True, kw_only=True):
    """Some people."""

    account_ids: list[Identifier] = []


@blueprint.get("/lists")
@needs("read:lists")
@answers(list[List])
async def list_them(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the viewer's lists."""
    async with runtime().read() as reader:
        return [list_view(row) for row in await list_lists(reader, viewer.account_id)]


@blueprint.post("/lists")
@needs("write:lists")
@takes(NewList)
@answers(List)
async def create(viewer: Viewer, asked: NewList) -> dict[str, Any]:
    """Make a list."""
    node = runtime()
    async with node.write() as uow:
        row = await create_list(
            uow,
            viewer.account_id,
            asked.title,
            replies_policy=asked.replies_policy,
            exclusive=asked.exclusive,
            now=node.now(),
        )
        return list_view(row)


@blueprint.get("/lists/<id:list_id>")
@needs("read:lists")
@answers(List)
async def show(viewer: Viewer, list_id: int) -> dict[str, Any]:
    """Return a list."""
    async with runtime().read() as reader:
        row = await find_list(reader, list_id, viewer.account_id)
    if row is None:
        raise NotFound()
    return list_view(row)


@blueprint.put("/lists/<id:list_id>")
@blueprint.patch("/lists/<id:list_id>")
@needs("write:lists")
@takes(ListChange)
@answers(List)
async def change(viewer: Viewer, asked: ListChange, list_id: int) -> dict[str, Any]:
    """Change a list."""
    async with runtime().write() as uow:
        row = await change_list(
            uow,
            viewer.account_id,
            list_id,
            title=asked.title,
            replies_policy=asked.replies_policy,
            exclusive=asked.exclusive,
        )
        return list_view(row)


@blueprint.delete("/lists/<id:list_id>")
@needs("write:lists")
@answers(Empty)
async def remove(viewer: Viewer, list_id: int) -> dict[str, Any]:
    """Remove a list."""
    async with runtime().write() as uow:
        await remove_list(uow, viewer.account_id, list_id)
    return {}


@blueprint.get("/lists/<id:list_id>/accounts")
@needs("read:lists")
@takes(Paging)
@answers(list[Account])
async def members(viewer: Viewer, asked: Paging, list_id: int) -> Answer:
    """Return who is on a list; all of them with `limit=0` (client-api 7)."""
    node = runtime()
    page = None if asked.limit == 0 else page_of(asked, 40, 1_000)
    async with node.read() as reader:
        if await find_list(reader, list_id, viewer.account_id) is None:
            raise NotFound()
        entries = await list_members(reader, list_id, page)
        shown, status, headers = await accounts_answer(node, reader, entries)
    return shown, status, headers if page is not None else {}


@blueprint.post("/lists/<id:list_id>/accounts")
@needs("write:lists")
@takes(Members)
@answers(Empty)
async def add(viewer: Viewer, asked: Members, list_id: int) -> dict[str, Any]:
    """Put people that the viewer follows on a list."""
    node = runtime()
    async with node.write() as uow:
        await add_members(uow, viewer.account_id, list_id, asked.account_ids, now=node.now())
    return {}


@blueprint.delete("/lists/<id:list_id>/accounts")
@needs("write:lists")
@takes(Members)
@answers(Empty)
async def take_off(viewer: Viewer, asked: Members, list_id: int) -> dict[str, Any]:
    """Take people off a list."""
    async with runtime().write() as uow:
        await remove_members(uow, viewer.account_id, list_id, asked.account_ids)
    return {}


@blueprint.get("/accounts/<id:account_id>/lists")
@needs("read:lists")
@answers(list[List])
async def lists_with(viewer: Viewer, account_id: int) -> list[dict[str, Any]]:
    """Return the viewer's lists that an account is on."""
    async with runtime().read() as reader:
        await get_account(reader, account_id)
        return [list_view(row) for row in await list_lists_with(reader, viewer.account_id, account_id)]
