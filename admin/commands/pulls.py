"""`rookery pull ...`: which large accounts of other servers are read from their outbox instead of waited for."""

import click

from admin.commands.console import answers, emit, fail, json_option, prepared_settings
from node.base.runtime import running

ALL = 100_000


@click.group()
def pull() -> None:
    """Read the outboxes of large accounts at intervals; what they post is never fanned out here."""


@pull.command("list")
@json_option
@answers
async def list_(as_json: bool) -> None:
    """Show the accounts that are pulled, or about which was decided, and how it goes."""
    from admin.pulls import as_data, list_pulled

    async with running(prepared_settings()) as runtime, runtime.read() as reader:
        views = await list_pulled(reader, limit=ALL)
    if as_json:
        emit([as_data(view) for view in views])
        return
    for view in views:
        state = f"every {view.interval_seconds // 60} min" if view.pulled else "not pulled"
        why = f" ({view.reason})" if view.reason else ""
        last = f"; last turn: {view.result}" if view.result else ""
        click.echo(f"{view.choice:5} {view.handle}: {state}{why}{last}{'; ' + view.detail if view.detail else ''}")
    if not views:
        click.echo("No account is pulled.")


@pull.command("set")
@click.argument("handle")
@click.argument("choice", type=click.Choice(["on", "off", "auto"]))
@json_option
@answers
async def set_(handle: str, choice: str, as_json: bool) -> None:
    """Pull HANDLE always (on), never (off), or when it is large enough (auto)."""
    from admin.pulls import set_choice
    from node.base.errors import Invalid

    async with running(prepared_settings()) as runtime:
        try:
            account, row = await set_choice(runtime, handle, choice)
        except Invalid as problem:
            fail(next((text for texts in problem.fields.values() for text in texts), problem.message))
    if as_json:
        emit({"handle": f"@{account.acct}", "choice": choice, "pulled": row.is_on, "reason": row.reason})
    else:
        click.echo(f"@{account.acct} is {'pulled' if row.is_on else 'not pulled'} from now on.")


@pull.command()
@json_option
@answers
async def hosts(as_json: bool) -> None:
    """Show what each server was asked for in this hour, and which are left alone."""
    from admin.pulls import as_data, list_budgets

    async with running(prepared_settings()) as runtime, runtime.read() as reader:
        views = await list_budgets(reader, runtime)
    if as_json:
        emit([as_data(view) for view in views])
        return
    for view in views:
        rest = f"; left alone until {view.rests_until:%Y-%m-%d %H:%M} UTC" if view.rests_until else ""
        kilobytes = view.bytes_read // 1024
        click.echo(f"{view.host}: {view.requests} of {view.most_requests} requests, {kilobytes} kB{rest}")
    if not views:
        click.echo("No server was asked in this hour.")
