"""`rookery rule ...` and `rookery page ...`: the rules of the server, and the longer texts about it."""

from typing import TextIO

import click

from admin.commands.console import answers, emit, fail, json_option, prepared_settings
from node.base.runtime import running
from node.site.rules import PAGES


@click.group()
def rule() -> None:
    """Say what is asked of people here."""


@rule.command()
@click.argument("text")
@click.option("--hint", default="", help="A longer explanation.")
@json_option
@answers
async def add(text: str, hint: str, as_json: bool) -> None:
    """Add a rule below the others."""
    from node.site.writing import add_rule

    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        made = await add_rule(uow, text, hint=hint, now=runtime.now())
    if as_json:
        emit({"id": str(made.id), "text": made.text, "hint": made.hint})
    else:
        click.echo(f"Added under the number {made.id}.")


@rule.command("list")
@json_option
@answers
async def list_(as_json: bool) -> None:
    """Show the rules."""
    from node.site.queries import list_rules

    async with running(prepared_settings()) as runtime, runtime.read() as reader:
        rules = await list_rules(reader)
    if as_json:
        emit([{"id": str(one.id), "text": one.text, "hint": one.hint} for one in rules])
        return
    for one in rules:
        click.echo(f"{one.id}  {one.text}")
    if not rules:
        click.echo("There are no rules.")


@rule.command()
@click.argument("number", type=int)
@json_option
@answers
async def remove(number: int, as_json: bool) -> None:
    """Take the rule NUMBER off the list; reports that name it keep it."""
    from node.site.writing import retire_rule

    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        await retire_rule(uow, number, now=runtime.now())
    if as_json:
        emit({"id": str(number), "removed": True})
    else:
        click.echo("The rule is removed.")


@click.group()
def page() -> None:
    """Write the about, privacy and terms pages."""


@page.command()
@click.argument("name", type=click.Choice(PAGES))
@json_option
@answers
async def show(name: str, as_json: bool) -> None:
    """Print the Markdown of a page."""
    from node.site.queries import find_page

    async with running(prepared_settings()) as runtime, runtime.read() as reader:
        found = await find_page(reader, name)
    if found is None:
        fail(f"The page {name} is not written.")
    if as_json:
        emit({"name": name, "text": found.text, "updated_at": found.updated_at.isoformat()})
    else:
        click.echo(found.text)


@page.command()
@click.argument("name", type=click.Choice(PAGES))
@click.argument("file", type=click.File(encoding="utf-8"))
@json_option
@answers
async def write(name: str, file: TextIO, as_json: bool) -> None:
    """Write a page from FILE (Markdown; - for standard input). An empty file takes it away."""
    from node.site.writing import write_page

    text = file.read()
    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        await write_page(uow, name, text, now=runtime.now())
    if as_json:
        emit({"name": name, "written": bool(text.strip())})
    else:
        click.echo(f"The page {name} is {'written' if text.strip() else 'taken away'}.")
