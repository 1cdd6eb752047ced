"""Filters as apps knew them first: each keyword of a filter is a filter by itself. The same tables as version 2."""

from typing import Any

from quart import Blueprint

from node.api.entities.errors import Empty
from node.api.entities.filters import FilterV1
from node.api.filters import Seconds, expiry, own_keyword
from node.base.db.unit_of_work import Reader
from node.base.errors import Invalid, NotFound
from node.filters.models import Filter, FilterKeyword
from node.filters.queries import find_filter, list_filters, list_keywords
from node.filters.service import FilterChange, KeywordChange, change_filter, create_filter, remove_keyword
from node.filters.views import first_version_view
from node.http.context import runtime
from node.http.principals import Viewer, needs
from node.http.requests import Request, answers, takes

SHARED = "This filter has other keywords too. Change it with a newer app or on the web pages."

blueprint = Blueprint("api_filters_v1", __name__, url_prefix="/api/v1/filters")


class FilterFields(Request, frozen=True, kw_only=True):
    """What a filter is made of. `irreversible` means that it hides."""

    phrase: str | None = None
    context: list[str] | None = None
    irreversible: bool | None = None
    whole_word: bool | None = None
    expires_in: Seconds | None = None


@blueprint.get("")
@needs("read:filters")
@answers(list[FilterV1])
async def list_them(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the viewer's filters, one for each keyword."""
    async with runtime().read() as reader:
        rows = await list_filters(reader, viewer.account_id)
        words = await list_keywords(reader, [row.id for row in rows])
    return [first_version_view(row, keyword) for row in rows for keyword in words[row.id]]


@blueprint.post("")
@needs("write:filters")
@takes(FilterFields)
@answers(FilterV1)
async def create(viewer: Viewer, asked: FilterFields) -> dict[str, Any]:
    """Make a filter of one keyword."""
    node = runtime()
    _, expires_at = await expiry(asked.expires_in, node.now())
    async with node.write() as uow:
        row = await create_filter(
            uow,
            viewer.account_id,
            FilterChange(
                title=asked.phrase,
                context=asked.context,
                action="hide" if asked.irreversible else "warn",
                expires_at=expires_at,
                keywords=[KeywordChange(keyword=asked.phrase, whole_word=asked.whole_word)],
            ),
            now=node.now(),
        )
        return first_version_view(row, (await list_keywords(uow, [row.id]))[row.id][0])


@blueprint.get("/<id:keyword_id>")
@needs("read:filters")
@answers(FilterV1)
async def show(viewer: Viewer, keyword_id: int) -> dict[str, Any]:
    """Return a filter."""
    async with runtime().read() as reader:
        row, keyword = await _own(reader, keyword_id, viewer)
    return first_version_view(row, keyword)


@blueprint.put("/<id:keyword_id>")
@blueprint.patch("/<id:keyword_id>")
@needs("write:filters")
@takes(FilterFields)
@answers(FilterV1)
async def change(viewer: Viewer, asked: FilterFields, keyword_id: int) -> dict[str, Any]:
    """Change a filter; what it shares with other keywords is left alone."""
    node = runtime()
    sets_expiry, expires_at = await expiry(asked.expires_in, node.now())
    async with node.write() as uow:
        row, keyword = await _own(uow, keyword_id, viewer)
        is_shared = len((await list_keywords(uow, [row.id]))[row.id]) > 1
        hides = row.action == "hide" if asked.irreversible is None else asked.irreversible
        wanted = row.context if asked.context is None else asked.context
        if is_shared and (set(wanted) != set(row.context) or hides != (row.action == "hide") or sets_expiry):
            raise Invalid(SHARED)
        await change_filter(
            uow,
            viewer.account_id,
            row.id,
            FilterChange(
                title=None if is_shared else asked.phrase,
                context=asked.context,
                action=("hide" if hides else "warn") if hides != (row.action == "hide") else None,
                sets_expiry=sets_expiry,
                expires_at=expires_at,
                keywords=[KeywordChange(id=keyword.id, keyword=asked.phrase, whole_word=asked.whole_word)],
            ),
        )
        return first_version_view(row, keyword)


@blueprint.delete("/<id:keyword_id>")
@needs("write:filters")
@answers(Empty)
async def remove(viewer: Viewer, keyword_id: int) -> dict[str, Any]:
    """Remove a filter; other keywords that it shares a filter with stay."""
    async with runtime().write() as uow:
        _, keyword = await _own(uow, keyword_id, viewer)
        await remove_keyword(uow, viewer.account_id, keyword, with_empty=True)
    return {}


async def _own(reader: Reader, keyword_id: int, viewer: Viewer) -> tuple[Filter, FilterKeyword]:
    keyword = await own_keyword(reader, keyword_id, viewer)
    row = await find_filter(reader, keyword.filter_id, viewer.account_id)
    if row is None:
        raise NotFound()
    return row, keyword
