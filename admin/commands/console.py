"""How a verb talks: where its settings come from, how it prints data, how it fails."""

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

from admin.explaining import NOT_PREPARED, is_missing, sentence_of
from node.base.settings import Settings, SettingsError, load_settings

P = ParamSpec("P")
T = TypeVar("T")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


class Failure(click.ClickException):
    """A verb that could not do what it was asked to: a plain sentence, exit code 1."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        ctx = click.get_current_context(silent=True)
        self._as_json = ctx is not None and bool(ctx.params.get("as_json"))

    def show(self, file: Any = None) -> None:
        """Print the sentence to standard error, or as JSON where the verb was asked for it."""
        if self._as_json:
            emit({"error": self.message})
        else:
            click.echo(self.message, err=True, file=file)


def fail(message: str) -> NoReturn:
    """Leave with a sentence and exit code 1."""
    raise Failure(message)


def read_settings() -> Settings:
    """Return the settings of this run, or leave with every problem in them."""
    file = click.get_current_context().find_root().obj
    try:
        return load_settings(file=Path(file) if file else None)
    except SettingsError as error:
        lines = "\n".join(f"  * {problem}" for problem in error.problems)
        fail(f"The settings cannot be used:\n{lines}")


def prepared_settings() -> Settings:
    """Return the settings of a node whose database is there, or leave with what to do about it."""
    settings = read_settings()
    if is_missing(settings):
        fail(NOT_PREPARED)
    return settings


def settings_for(verb: str) -> Settings:
    """Return the settings, with logging configured: what a long-running verb starts with."""
    from setproctitle import setproctitle

    from admin.logs import configure_logging

    settings = read_settings()
    configure_logging(settings)
    setproctitle(verb)
    return settings


def emit(data: Any) -> None:
    """Print data as JSON on one line."""
    import orjson

    sys.stdout.write(orjson.dumps(data, default=str).decode() + "\n")


def answers(verb: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    """Run an async verb, and turn what people may cause into a sentence with exit code 1."""

    @functools.wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        from sqlalchemy.exc import DBAPIError

        from node.base.errors import RookeryError

        async def call() -> T:
            return await verb(*args, **kwargs)

        try:
            return asyncio.run(call())
        except (RookeryError, DBAPIError, OSError) as error:
            fail(sentence_of(error))

    return run
