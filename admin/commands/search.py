"""`rookery search ...`: the index that posts are searched with."""

import asyncio
from dataclasses import asdict
from typing import Final

import click

from admin.commands.console import answers, emit, fail, json_option, prepared_settings
from node.base.runtime import running

BREATH_SECONDS: Final = 0.05
"""Between two pieces of a rebuild: long enough that a worker gets its turn for new posts."""


@click.group()
def search() -> None:
    """Look at the search index, or build it anew."""


@search.command()
@json_option
@answers
async def status(as_json: bool) -> None:
    """Show the engine, how many posts it has, its size, and a rebuild under way."""
    from node.search.condition import look_at_search

    async with running(prepared_settings()) as runtime:
        found = await look_at_search(runtime)
    if as_json:
        rebuild = None if found.rebuild is None else {**asdict(found.rebuild), "percent": found.rebuild.percent}
        emit({"engine": asdict(found.engine), "waiting": found.waiting, "rebuild": rebuild})
        return
    engine = found.engine
    click.echo(f"{engine.name}: {engine.documents:,} posts, {engine.bytes_ / 1e6:,.1f} MB, {engine.parts} parts")
    click.echo(f"{found.waiting:,} posts wait to be indexed.")
    if engine.problem:
        click.echo(f"To be built anew: {engine.problem}.")
    if found.rebuild is not None:
        click.echo(f"Rebuild: {found.rebuild.done:,} of {found.rebuild.total:,} posts ({found.rebuild.percent} %).")


@search.command()
@click.option("--resume", is_flag=True, help="Go on with a rebuild that was interrupted.")
@answers
async def rebuild(resume: bool) -> None:
    """Build the index anew from the database, newest posts first. The present one serves until it is done.

    It may be interrupted: a running worker goes on with it, and so does --resume.
    """
    from node.search.choosing import engine_of
    from node.search.condition import look_at_search
    from node.search.engines import OFF, engine_name
    from node.search.indexing import begin_rebuild, rebuild_some

    settings = prepared_settings()
    if engine_name(settings) == OFF:
        fail("Search of posts is off (search_engine).")
    async with running(settings) as runtime:
        engine = engine_of(runtime)
        under_way = (await look_at_search(runtime)).rebuild
        if under_way is None or not resume:
            for _ in range(100):  # a worker that writes is done within seconds
                if await begin_rebuild(runtime, engine, "asked for by the operator"):
                    break
                await asyncio.sleep(0.2)
            else:
                fail("Another process is writing to the index. Please try again.")
        shown = -1
        while await rebuild_some(runtime, engine):
            await asyncio.sleep(BREATH_SECONDS)
            found = (await look_at_search(runtime)).rebuild
            if found is not None and found.percent != shown:
                shown = found.percent
                click.echo(f"{shown:3} %  {found.done:,} of {found.total:,} posts", err=True)
        status = await engine.status()
    click.echo(f"Done: {status.documents:,} posts, {status.bytes_ / 1e6:,.1f} MB.")
