"""`rookery doctor`: examine the node."""

from dataclasses import asdict

import click

from admin.commands.console import answers as runs
from admin.commands.console import emit, json_option, read_settings


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Examine settings, data, database, Redis, queues and the public address. Exit code 1 if something is bad."""
    if not _doctor(as_json):
        raise SystemExit(1)


@runs
async def _doctor(as_json: bool) -> bool:
    from admin.doctor import check_up

    checks = await check_up(read_settings())
    fine = all(check.verdict != "bad" for check in checks)
    if as_json:
        emit({"ok": fine, "checks": [asdict(check) for check in checks]})
        return fine
    marks = {"good": "ok  ", "warning": "WARN", "bad": "BAD "}
    for check in checks:
        click.echo(f"{marks[check.verdict]} {check.name}: {check.seen}")
        if check.advice:
            click.echo(f"     {check.advice}")
    return fine
