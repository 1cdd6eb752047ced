"""`rookery config check`: are the settings usable, and what are they?"""

from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from admin.commands.console import emit, json_option
from node.base.settings import PREFIX, Settings, SettingsError, load_settings

SECRET_KEYS = frozenset({"database_url", "redis_url", "smtp_url", "metrics_token"})


def shown(settings: Settings) -> dict[str, Any]:
    """Return the settings by key, without the secrets some of them carry."""
    values: dict[str, Any] = {}
    for field in fields(Settings):
        value = getattr(settings, field.name)
        if field.name in SECRET_KEYS and value:
            value = "(set)"
        elif isinstance(value, Path):
            value = str(value)
        elif isinstance(value, tuple):
            value = [str(part) for part in value]
        values[field.name] = value
    return values


@click.group()
def config() -> None:
    """Look at the settings."""


@config.command()
@json_option
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    """Say every problem of the settings at once, or that there is none. Exit code 1 when there are problems."""
    file = ctx.find_root().obj
    try:
        settings = load_settings(file=Path(file) if file else None)
    except SettingsError as error:
        if as_json:
            emit({"ok": False, "problems": error.problems})
        else:
            click.echo("The settings cannot be used:", err=True)
            for problem in error.problems:
                click.echo(f"  * {problem}", err=True)
        raise SystemExit(1) from None
    if as_json:
        emit({"ok": True, "settings": shown(settings)})
        return
    click.echo("The settings are fine.")
    default = Settings()
    for key, value in shown(settings).items():
        mark = " " if getattr(settings, key) == getattr(default, key) else "*"
        click.echo(f" {mark} {key} = {value}")
    click.echo(" * differs from the default")


@config.command()
def table() -> None:
    """Print every setting with its default and meaning, as Markdown."""
    click.echo(settings_table())


def settings_table() -> str:
    """Return every setting as a Markdown table. The README holds it, and a test compares."""
    lines = ["| Environment | Default | Meaning |", "| --- | --- | --- |"]
    for field in fields(Settings):
        name = f"`{PREFIX}{field.name.upper()}`"
        lines.append(f"| {name} | {_default(field.default)} | {field.metadata['help']} |")
    return "\n".join(lines)


def _default(value: Any) -> str:
    if value in (None, "", ()):
        return ""
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    return f"`{value}`"
