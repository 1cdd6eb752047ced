"""Filters (version 2): the filters themselves, their keywords, and the posts they name. Version 1 is `filters_v1`."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from quart import Blueprint

from node.api.entities.errors import Empty
from node.api.entities.filters import Filter, FilterKeyword, FilterStatus
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.filters import models
from node.filters.queries import find_filter, find_keyword, find_status, list_filters, list_keywords, list_statuses
from node.filters.service import (
    FilterChange,
    KeywordChange,
    add_keyword,
    add_status,
    change_filter,
    change_keyword,
    create_filter,
    remove_filter,
    remove_keyword,
    remove_status,
)
from node.filters.views import filter_view, keyword_view, status_view
from node.http.context import runtime
from node.http.parameters import parameters_read
from node.http.principals import Viewer, needs
from node.http.requests import Identifier, Request, answers, takes
from node.posts.queries import get_visible_post

blueprint = Blueprint("api_filters", __name__, url_prefix="/api/v2/filters")

Seconds = Annotated[int, Meta(ge=0, le=100 * 366 * 86_400)]


class KeywordAttributes(Request, frozen=True, kw_only=True):
    """A keyword in a filter that is sent as a whole: a new one, or with `id` one to change or to remove."""

    id: Identifier | None = None
    keyword: str | None = None
    whole_word: bool | None = None
    removed: bool = msgspec.field(default=False, name="_destroy")


class FilterFields(Request, frozen=True, kw_only=True):
    """What a filter is made of. `expires_in` is in seconds; sent empty, the filter is for good."""

    title: str | None = None
    context: list[str] | None = None
    filter_action: str | None = None
    expires_in: Seconds | None = None
    keywords_attributes: list[KeywordAttributes] = []


class NewKeyword(Request, frozen=True, kw_only=True):
    """A keyword to be added."""

    keyword: str = ""
    whole_word: bool = True


class KeywordFields(Request, frozen=True, kw_only=True):
    """What of a keyword is to be otherwise."""

    keyword: str | None = None
    whole_word: bool | None = None


class NamedPost(Request, frozen=True, kw_only=True):
    """A post that a filter is to name."""

    status_id: Identifier


@blueprint.get("")
@needs("read:filters")
@answers(list[Filter])
async def list_them(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the viewer's filters."""
    async with runtime().read() as reader:
        return await filter_views(reader, await list_filters(reader, viewer.account_id))


@blueprint.post("")
@needs("write:filters")
@takes(FilterFields)
@answers(Filter)
async def create(viewer: Viewer, asked: FilterFields) -> dict[str, Any]:
    """Make a filter."""
    node = runtime()
    async with node.write() as uow:
        row = await create_filter(uow, viewer.account_id, await _change(asked, node.now()), now=node.now())
        return (await filter_views(uow, [row]))[0]


@blueprint.get("/<id:filter_id>")
@needs("read:filters")
@answers(Filter)
async def show(viewer: Viewer, filter_id: int) -> dict[str, Any]:
    """Return a filter."""
    async with runtime().read() as reader:
        return (await filter_views(reader, [await _own(reader, filter_id, viewer)]))[0]


@blueprint.put("/<id:filter_id>")
@blueprint.patch("/<id:filter_id>")
@needs("write:filters")
@takes(FilterFields)
@answers(Filter)
async def change(viewer: Viewer, asked: FilterFields, filter_id: int) -> dict[str, Any]:
    """Change a filter, its keywords too."""
    node = runtime()
    async with node.write() as uow:
        row = await change_filter(uow, viewer.account_id, filter_id, await _change(asked, node.now()))
        return (await filter_views(uow, [row]))[0]


@blueprint.delete("/<id:filter_id>")
@needs("write:filters")
@answers(Empty)
async def remove(viewer: Viewer, filter_id: int) -> dict[str, Any]:
    """Remove a filter."""
    async with runtime().write() as uow:
        await remove_filter(uow, viewer.account_id, filter_id)
    return {}


@blueprint.get("/<id:filter_id>/keywords")
@needs("read:filters")
@answers(list[FilterKeyword])
async def keywords(viewer: Viewer, filter_id: int) -> list[dict[str, Any]]:
    """Return the keywords of a filter."""
    async with runtime().read() as reader:
        await _own(reader, filter_id, viewer)
        return [keyword_view(row) for row in (await list_keywords(reader, [filter_id]))[filter_id]]


@blueprint.post("/<id:filter_id>/keywords")
@needs("write:filters")
@takes(NewKeyword)
@answers(FilterKeyword)
async def new_keyword(viewer: Viewer, asked: NewKeyword, filter_id: int) -> dict[str, Any]:
    """Add a keyword."""
    async with runtime().write() as uow:
        row = await add_keyword(uow, viewer.account_id, filter_id, asked.keyword, whole_word=asked.whole_word)
        return keyword_view(row)


@blueprint.get("/keywords/<id:keyword_id>")
@needs("read:filters")
@answers(FilterKeyword)
async def show_keyword(viewer: Viewer, keyword_id: int) -> dict[str, Any]:
    """Return a keyword."""
    async with runtime().read() as reader:
        return keyword_view(await own_keyword(reader, keyword_id, viewer))


@blueprint.put("/keywords/<id:keyword_id>")
@blueprint.patch("/keywords/<id:keyword_id>")
@needs("write:filters")
@takes(KeywordFields)
@answers(FilterKeyword)
async def other_keyword(viewer: Viewer, asked: KeywordFields, keyword_id: int) -> dict[str, Any]:
    """Change a keyword."""
    async with runtime().write() as uow:
        row = await own_keyword(uow, keyword_id, viewer)
        await change_keyword(uow, viewer.account_id, row, keyword=asked.keyword, whole_word=asked.whole_word)
        return keyword_view(row)


@blueprint.delete("/keywords/<id:keyword_id>")
@needs("write:filters")
@answers(Empty)
async def drop_keyword(viewer: Viewer, keyword_id: int) -> dict[str, Any]:
    """Remove a keyword."""
    async with runtime().write() as uow:
        await remove_keyword(uow, viewer.account_id, await own_keyword(uow, keyword_id, viewer))
    return {}


@blueprint.get("/<id:filter_id>/statuses")
@needs("read:filters")
@answers(list[FilterStatus])
async def statuses(viewer: Viewer, filter_id: int) -> list[dict[str, Any]]:
    """Return which posts a filter names."""
    async with runtime().read() as reader:
        await _own(reader, filter_id, viewer)
        return [status_view(row) for row in (await list_statuses(reader, [filter_id]))[filter_id]]


@blueprint.post("/<id:filter_id>/statuses")
@needs("write:filters")
@takes(NamedPost)
@answers(FilterStatus)
async def new_status(viewer: Viewer, asked: NamedPost, filter_id: int) -> dict[str, Any]:
    """Let a filter name a post that the viewer may see."""
    async with runtime().write() as uow:
        await _own(uow, filter_id, viewer)
        post = await get_visible_post(uow, asked.status_id, viewer.account_id)
        return status_view(await add_status(uow, viewer.account_id, filter_id, post.id))


@blueprint.get("/statuses/<id:status_id>")
@needs("read:filters")
@answers(FilterStatus)
async def show_status(viewer: Viewer, status_id: int) -> dict[str, Any]:
    """Return by its own id what names a post."""
    async with runtime().read() as reader:
        return status_view(await _own_status(reader, status_id, viewer))


@blueprint.delete("/statuses/<id:status_id>")
@needs("write:filters")
@answers(Empty)
async def drop_status(viewer: Viewer, status_id: int) -> dict[str, Any]:
    """Let a filter name a post no longer."""
    async with runtime().write() as uow:
        await remove_status(uow, viewer.account_id, await _own_status(uow, status_id, viewer))
    return {}


async def filter_views(reader: Reader, rows: list[models.Filter]) -> list[dict[str, Any]]:
    """Return filters with all that is in them."""
    ids = [row.id for row in rows]
    words, posts = await list_keywords(reader, ids), await list_statuses(reader, ids)
    return [filter_view(row, words[row.id], posts[row.id]) for row in rows]


async def own_keyword(reader: Reader, keyword_id: int, viewer: Viewer) -> models.FilterKeyword:
    """Return a keyword of the viewer's. Raises NotFound, also for somebody else's (attack row 89)."""
    found = await find_keyword(reader, keyword_id, viewer.account_id)
    if found is None:
        raise NotFound()
    return found


async def expiry(expires_in: int | None, now: datetime) -> tuple[bool, datetime | None]:
    """Return whether the request says anything of the end of a filter, and when that is."""
    is_said = parameters_read().text("expires_in") is not None
    return is_said, None if expires_in is None else now + timedelta(seconds=expires_in)


async def _change(asked: FilterFields, now: datetime) -> FilterChange:
    sets_expiry, expires_at = await expiry(asked.expires_in, now)
    return FilterChange(
        title=asked.title,
        context=asked.context,
        action=asked.filter_action,
        sets_expiry=sets_expiry,
        expires_at=expires_at,
        keywords=[
            KeywordChange(id=entry.id, keyword=entry.keyword, whole_word=entry.whole_word, remove=entry.removed)
            for entry in asked.keywords_attributes
        ],
    )


async def _own(reader: Reader, filter_id: int, viewer: Viewer) -> models.Filter:
    found = await find_filter(reader, filter_id, viewer.account_id)
    if found is None:
        raise NotFound()
    return found


async def _own_status(reader: Reader, status_id: int, viewer: Viewer) -> models.FilterStatus:
    found = await find_status(reader, status_id, viewer.account_id)
    if found is None:
        raise NotFound()
    return found
