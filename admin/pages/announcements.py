"""/admin/announcements: what everybody here is told."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from quart import Blueprint, Response

from node.announcements.models import Announcement
from node.announcements.queries import get_announcement, list_announcements
from node.announcements.service import Notice, change_announcement, publish_announcement, remove_announcement
from node.base.errors import Invalid
from node.base.paging import Page
from node.http.context import runtime
from node.web.forms import Form, errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, back, staff_only

PLACE = "/admin/announcements"
ROWS = 100

blueprint = Blueprint("announcements", __name__)
blueprint.record_once(install)


@blueprint.get("/announcements")
@staff_only("admin", "moderator")
async def announcements(visitor: Visitor) -> Answer:
    """List the announcements, with the form for another one."""
    return await _page(visitor)


@blueprint.post("/announcements")
@staff_only("admin", "moderator")
async def add(visitor: Visitor) -> Answer:
    """Tell everybody."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            await publish_announcement(uow, _notice(form), actor_id=visitor.account_id, now=node.now())
    except Invalid as problem:
        return await _page(visitor, status=422, errors=errors_of(problem), form=form.typed())
    tell("Everybody here is told.")
    return await back(PLACE)


@blueprint.get("/announcements/<id:announcement_id>")
@staff_only("admin", "moderator")
async def one(visitor: Visitor, announcement_id: int) -> Answer:
    """Show the form with an announcement in it."""
    async with runtime().read() as reader:
        row = await get_announcement(reader, announcement_id)
    return await _edit(visitor, row)


@blueprint.post("/announcements/<id:announcement_id>")
@staff_only("admin", "moderator")
async def change(visitor: Visitor, announcement_id: int) -> Answer:
    """Say something else."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            await change_announcement(uow, announcement_id, _notice(form), actor_id=visitor.account_id, now=node.now())
    except Invalid as problem:
        async with node.read() as reader:
            row = await get_announcement(reader, announcement_id)
        return await _edit(visitor, row, status=422, errors=errors_of(problem), form=form.typed())
    tell("The announcement is changed.")
    return await back(PLACE)


@blueprint.post("/announcements/<id:announcement_id>/remove")
@staff_only("admin", "moderator")
async def remove(visitor: Visitor, announcement_id: int) -> Answer:
    """Take an announcement away."""
    node = runtime()
    async with node.write() as uow:
        await remove_announcement(uow, announcement_id, actor_id=visitor.account_id, now=node.now())
    tell("The announcement is removed.")
    return await back(PLACE)


def _notice(form: Form) -> Notice:
    """Return what was typed. Times are UTC. Raises Invalid."""
    return Notice(
        text=form.text("text"),
        starts_at=_time(form, "starts_at"),
        ends_at=_time(form, "ends_at"),
        all_day=form.is_set("all_day"),
    )


def _time(form: Form, name: str) -> datetime | None:
    typed = form.line(name)
    if not typed:
        return None
    try:
        moment = datetime.fromisoformat(typed[:40])
    except ValueError:
        raise Invalid(fields={name: ["This is not a time, such as 2027-01-31 12:00."]}) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _typed(row: Announcement) -> dict[str, Any]:
    return {
        "text": row.text,
        "starts_at": f"{row.starts_at:%Y-%m-%dT%H:%M}" if row.starts_at else "",
        "ends_at": f"{row.ends_at:%Y-%m-%dT%H:%M}" if row.ends_at else "",
        "all_day": "1" if row.all_day else "",
    }


async def _edit(visitor: Visitor, row: Announcement, *, status: int = 200, **context: Any) -> Response:
    return await show(
        "admin/announcement.html",
        visitor,
        status=status,
        admin_place="announcements",
        announcement_id=row.id,
        **{"form": _typed(row), "errors": {}, **context},
    )


async def _page(
    visitor: Visitor,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    form: Mapping[str, Any] | None = None,
) -> Response:
    node = runtime()
    async with node.read() as reader:
        rows = await list_announcements(reader, Page(limit=ROWS))
    now = node.now()
    return await show(
        "admin/announcements.html",
        visitor,
        status=status,
        admin_place="announcements",
        notices=[
            {
                "id": row.id,
                "text": row.text[:200],
                "published_at": row.published_at,
                "starts_at": row.starts_at,
                "ends_at": row.ends_at,
                "is_over": row.ends_at is not None and row.ends_at <= now,
            }
            for row in rows
        ],
        errors=errors or {},
        form=form or {},
    )
