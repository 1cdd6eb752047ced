"""`rookery relay ...`: servers that pass public posts on between many others."""

import click

from admin.commands.console import answers, emit, json_option, prepared_settings
from node.base.runtime import running


@click.group()
def relay() -> None:
    """Join and leave relays. They get every public post of this node, and bring those of others."""


@relay.command()
@click.argument("address")
@json_option
@answers
async def add(address: str, as_json: bool) -> None:
    """Join a relay by its inbox (https://relay.example/inbox), or by its actor (https://relay.example/relay)."""
    from admin.relays import join

    async with running(prepared_settings()) as runtime:
        made = await join(runtime, address)
    if as_json:
        emit({"inbox": made.inbox_url, "style": made.style, "state": made.state})
    else:
        click.echo(f"Asked {made.inbox_url} to have this node. `rookery relay list` shows its answer.")


@relay.command("list")
@json_option
@answers
async def list_(as_json: bool) -> None:
    """Show the relays and what they answered."""
    from node.relays.queries import list_relays

    async with running(prepared_settings()) as runtime, runtime.read() as reader:
        relays = await list_relays(reader)
    if as_json:
        emit([{"inbox": each.inbox_url, "style": each.style, "state": each.state} for each in relays])
        return
    for each in relays:
        click.echo(f"{each.state:9} {each.inbox_url}")
    if not relays:
        click.echo("There are no relays.")


@relay.command()
@click.argument("address")
@answers
async def remove(address: str) -> None:
    """Leave a relay."""
    from admin.relays import leave

    async with running(prepared_settings()) as runtime:
        if not await leave(runtime, address):
            raise click.ClickException("There is no such relay.")
    click.echo("This node has left the relay.")
