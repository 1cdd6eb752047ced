"""`rookery migrate`: the schema of the database."""

import click

from admin.commands.console import answers, emit, json_option, read_settings


@click.command()
@click.option("--revision", "message", hidden=True, help="For developers: write a new revision with this title.")
@json_option
@answers
async def migrate(message: str | None, as_json: bool) -> None:
    """Bring the database to the schema of this version. Safe to run again, and by several processes at once."""
    from admin.migrate import make_revision
    from admin.migrate import migrate as run

    settings = read_settings()
    if message:
        click.echo(str(await make_revision(settings, message)))
        return
    done = await run(settings)
    if as_json:
        emit({"before": done.before, "after": done.after})
    elif done.before == done.after:
        click.echo(f"The database is at revision {done.after} already.")
    else:
        click.echo(f"The database is now at revision {done.after} (it was {done.before or 'empty'}).")
