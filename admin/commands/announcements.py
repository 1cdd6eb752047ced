"""`rookery announcement ...`: what everybody here is told."""

from datetime import UTC, datetime
from typing import Any

import click

from admin.commands.console import answers, emit, fail, json_option, prepared_settings
from node.announcements.models import Announcement
from node.base.runtime import running

ROWS = 100


@click.group()
def announcement() -> None:
    """Tell everybody here something, on their pages and in their apps."""


def _moment(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("must be a time, such as 2027-01-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


starts = click.option("--starts", callback=_moment, help="When that begins which it is about (UTC).")
ends = click.option("--ends", callback=_moment, help="When it is over; from then on it is not shown.")
all_day = click.option("--all-day", is_flag=True, help="Only the days of these times count.")


def _data(row: Announcement) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "text": row.text,
        "starts_at": row.starts_at.isoformat() if row.starts_at else None,
        "ends_at": row.ends_at.isoformat() if row.ends_at else None,
        "all_day": row.all_day,
        "published_at": row.published_at.isoformat(),
    }


@announcement.command()
@click.argument("text")
@starts
@ends
@all_day
@json_option
@answers
async def add(text: str, starts: datetime | None, ends: datetime | None, all_day: bool, as_json: bool) -> None:
    """Announce TEXT (Markdown)."""
    from node.announcements.service import Notice, publish_announcement

    notice = Notice(text=text, starts_at=starts, ends_at=ends, all_day=all_day)
    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        row = await publish_announcement(uow, notice, now=runtime.now())
    if as_json:
        emit(_data(row))
    else:
        click.echo(f"Announced under the number {row.id}.")


@announcement.command("list")
@json_option
@answers
async def list_(as_json: bool) -> None:
    """Show the announcements, newest first."""
    from node.announcements.queries import list_announcements
    from node.base.paging import Page

    async with running(prepared_settings()) as runtime, runtime.read() as reader:
        rows = await list_announcements(reader, Page(limit=ROWS))
    if as_json:
        emit([_data(row) for row in rows])
        return
    for row in rows:
        until = f" until {row.ends_at:%Y-%m-%d %H:%M}" if row.ends_at else ""
        click.echo(f"{row.id}  since {row.published_at:%Y-%m-%d}{until}: {' '.join(row.text.split())[:120]}")
    if not rows:
        click.echo("Nothing is announced.")


@announcement.command()
@click.argument("number", type=int)
@click.option("--text", help="What it says from now on.")
@starts
@ends
@click.option("--all-day/--no-all-day", default=None, help="Whether only the days of these times count.")
@json_option
@answers
async def change(
    number: int,
    text: str | None,
    starts: datetime | None,
    ends: datetime | None,
    all_day: bool | None,
    as_json: bool,
) -> None:
    """Change the announcement NUMBER; what is not said stays."""
    from node.announcements.queries import find_announcement
    from node.announcements.service import Notice, change_announcement

    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        row = await find_announcement(uow, number)
        if row is None:
            fail(f"There is no announcement {number}.")
        notice = Notice(
            text=text or row.text,
            starts_at=starts or row.starts_at,
            ends_at=ends or row.ends_at,
            all_day=row.all_day if all_day is None else all_day,
        )
        row = await change_announcement(uow, number, notice, now=runtime.now())
    if as_json:
        emit(_data(row))
    else:
        click.echo("The announcement is changed.")


@announcement.command()
@click.argument("number", type=int)
@json_option
@answers
async def remove(number: int, as_json: bool) -> None:
    """Take the announcement NUMBER away."""
    from node.announcements.queries import find_announcement
    from node.announcements.service import remove_announcement

    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        if await find_announcement(uow, number) is None:
            fail(f"There is no announcement {number}.")
        await remove_announcement(uow, number, now=runtime.now())
    if as_json:
        emit({"id": str(number), "removed": True})
    else:
        click.echo("The announcement is removed.")
