"""Filters as pages in the settings: all of them, and the form for one with its keywords and posts."""

from datetime import timedelta
from typing import Any, Final, cast

from quart import Blueprint, Response, redirect

from node.base.errors import Invalid, NotFound
from node.filters.models import Filter
from node.filters.queries import find_filter, find_status, list_filters, list_keywords, list_statuses
from node.filters.rules import MAX_KEYWORD, MAX_TITLE
from node.filters.service import (
    FilterChange,
    KeywordChange,
    change_filter,
    create_filter,
    remove_filter,
    remove_status,
)
from node.http.context import runtime
from node.web.forms import Form, errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, signed_in

PLACE: Final = "/settings/filters"
NEW_WORDS: Final = 3
"""Empty fields for further keywords."""
LENGTHS: Final = (
    ("", "For good"),
    ("1800", "For 30 minutes"),
    ("3600", "For an hour"),
    ("86400", "For a day"),
    ("604800", "For a week"),
    ("2592000", "For 30 days"),
)
PLACES: Final = (
    ("home", "Home and lists"),
    ("notifications", "Notifications"),
    ("public", "Explore, hashtags and search"),
    ("thread", "Conversations"),
    ("account", "Profiles"),
)
DEEDS: Final = (
    ("warn", "Fold it under the filter's name", "One click shows it."),
    ("blur", "Cover its pictures and films", "The text stays."),
    ("hide", "Leave it out", "As if it were not there."),
)

blueprint = Blueprint("web_filters", __name__)
blueprint.record_once(install)


@blueprint.get(PLACE)
@signed_in
async def index(visitor: Visitor) -> Answer:
    """Show the viewer's filters."""
    async with runtime().read() as reader:
        rows = await list_filters(reader, visitor.account_id)
        words = await list_keywords(reader, [row.id for row in rows])
    return await show("pages/settings_filters.html", visitor, filters=rows, words=words, places=dict(PLACES))


@blueprint.get(f"{PLACE}/new")
@signed_in
async def new(visitor: Visitor) -> Answer:
    """Show the form for a new filter."""
    return await _form(visitor, None)


@blueprint.get(f"{PLACE}/<id:filter_id>")
@signed_in
async def edit(visitor: Visitor, filter_id: int) -> Answer:
    """Show the form of a filter."""
    return await _form(visitor, await _own(visitor, filter_id))


async def _form(visitor: Visitor, row: Filter | None, *, status: int = 200, **context: Any) -> Response:
    async with runtime().read() as reader:
        words = (await list_keywords(reader, [row.id]))[row.id] if row else []
        posts = (await list_statuses(reader, [row.id]))[row.id] if row else []
    return await show(
        "pages/settings_filter.html",
        visitor,
        status=status,
        filter=row,
        words=words,
        named_posts=posts,
        new_words=NEW_WORDS,
        lengths=LENGTHS,
        places=PLACES,
        deeds=DEEDS,
        limits={"title": MAX_TITLE, "keyword": MAX_KEYWORD},
        **context,
    )


@blueprint.post(f"{PLACE}/new")
@signed_in
async def create(visitor: Visitor) -> Answer:
    """Make a filter."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            await create_filter(uow, visitor.account_id, _change(form, []), now=node.now())
    except Invalid as problem:
        return await _form(
            visitor, None, status=422, errors=errors_of(problem), form=form.typed(), chosen=_places(form)
        )
    tell("The filter is made.")
    return cast(Response, redirect(PLACE, 303))


@blueprint.post(f"{PLACE}/<id:filter_id>")
@signed_in
async def change(visitor: Visitor, filter_id: int) -> Answer:
    """Change a filter."""
    form = await read_form()
    row = await _own(visitor, filter_id)
    try:
        async with runtime().write() as uow:
            known = [word.id for word in (await list_keywords(uow, [filter_id]))[filter_id]]
            await change_filter(uow, visitor.account_id, filter_id, _change(form, known))
    except Invalid as problem:
        return await _form(visitor, row, status=422, errors=errors_of(problem), form=form.typed(), chosen=_places(form))
    tell("The filter is saved.")
    return cast(Response, redirect(PLACE, 303))


@blueprint.post(f"{PLACE}/<id:filter_id>/remove")
@signed_in
async def remove(visitor: Visitor, filter_id: int) -> Answer:
    """Remove a filter."""
    async with runtime().write() as uow:
        await remove_filter(uow, visitor.account_id, filter_id)
    tell("The filter is gone.")
    return cast(Response, redirect(PLACE, 303))


@blueprint.post(f"{PLACE}/posts/<id:status_id>/remove")
@signed_in
async def drop_post(visitor: Visitor, status_id: int) -> Answer:
    """Let a filter name a post no longer."""
    async with runtime().write() as uow:
        found = await find_status(uow, status_id, visitor.account_id)
        if found is None:
            raise NotFound
        filter_id = found.filter_id
        await remove_status(uow, visitor.account_id, found)
    return cast(Response, redirect(f"{PLACE}/{filter_id}", 303))


def _places(form: Form) -> list[str]:
    return form.all("context")


def _change(form: Form, known: list[int]) -> FilterChange:
    """Return what the form says: a keyword whose field was emptied goes, one in an empty field comes."""
    words = [
        KeywordChange(
            id=id_,
            keyword=form.line(f"word_{id_}") or None,
            whole_word=form.is_set(f"whole_{id_}"),
            remove=not form.line(f"word_{id_}"),
        )
        for id_ in known
        if f"word_{id_}" in form
    ]
    words += [
        KeywordChange(keyword=form.line(f"new_word_{n}"), whole_word=form.is_set(f"new_whole_{n}"))
        for n in range(NEW_WORDS)
        if form.line(f"new_word_{n}")
    ]
    lasts = form.text("lasts")
    until = (
        runtime().now() + timedelta(seconds=int(lasts)) if lasts in {value for value, _ in LENGTHS if value} else None
    )
    return FilterChange(
        title=form.line("title"),
        context=_places(form),
        action=form.text("action") or "warn",
        sets_expiry=lasts != "keep",
        expires_at=until,
        keywords=words,
    )


async def _own(visitor: Visitor, filter_id: int) -> Filter:
    async with runtime().read() as reader:
        found = await find_filter(reader, filter_id, visitor.account_id)
    if found is None:
        raise NotFound
    return found
