"""`rookery migrate` and `rookery recount`: the schema of the database, and its counters."""

import os
from typing import Any

import click

from admin.commands.console import answers, emit, fail, json_option, prepared_settings, read_settings
from node.base.runtime import running


@click.command()
@click.option("--revision", "message", hidden=True, help="For developers: write a new revision with this title.")
@click.option("--to", "target", metavar="URL", help="Copy the whole database to an empty one at this URL.")
@json_option
@answers
async def migrate(message: str | None, target: str | None, as_json: bool) -> None:
    """Bring the database to the schema of this version. Safe to run again, and by several processes at once.

    With --to postgresql+asyncpg://... copy a stopped node's database there instead. Nothing is changed here, the target
    must be empty, and a copy that was broken off is simply made again.
    """
    from admin.migrate import make_revision
    from admin.migrate import migrate as run

    settings = read_settings()
    if message:
        click.echo(str(await make_revision(settings, message)))
        return
    if target:
        await _copy(target, as_json)
        return
    done = await run(settings)
    if as_json:
        emit({"before": done.before, "after": done.after})
    elif done.before == done.after:
        click.echo(f"The database is at revision {done.after} already.")
    else:
        click.echo(f"The database is now at revision {done.after} (it was {done.before or 'empty'}).")


async def _copy(target: str, as_json: bool) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    from admin.copying import Progress, copy_database
    from admin.supervisor import CannotStart, take_lock

    settings = prepared_settings()
    try:
        lock = take_lock(settings.data_dir / "up.lock")
    except CannotStart as error:
        fail(f"{error} Stop it first: what is written meanwhile would be missing.")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    try:
        with Bars(*columns, console=Console(stderr=True), disable=as_json) as bars:
            tasks: dict[str, Any] = {}

            def tell(progress: Progress) -> None:
                if progress.table not in tasks:
                    tasks[progress.table] = bars.add_task(progress.table, total=progress.total)
                bars.update(tasks[progress.table], completed=progress.done)

            copied = await copy_database(settings, target, tell=tell)
    finally:
        os.close(lock)
    if as_json:
        emit({"rows": copied.rows})
        return
    rows, tables = sum(copied.rows.values()), sum(count > 0 for count in copied.rows.values())
    click.echo(f"{rows} rows of {tables} tables are there, each counted. Now set ROOKERY_DATABASE_URL to it and start.")
    click.echo("The pictures stay in the data folder. Keep the old database until you are content.")


@click.command()
@json_option
@answers
async def recount(as_json: bool) -> None:
    """Count likes, boosts, replies, quotes, followers and posts anew, while the node runs or not.

    They are right by themselves; this is for after the database was changed by hand.
    """
    from node.posts.recounting import recount_all

    async with running(prepared_settings()) as runtime:
        wrong = await recount_all(runtime)
    if as_json:
        emit(wrong)
    else:
        click.echo(f"Set the counters of {wrong['posts']} posts and {wrong['accounts']} accounts right.")
