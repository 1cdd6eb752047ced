"""`rookery demo`: two nodes that federate, to look at."""

from pathlib import Path

import click

from admin.commands.console import fail


@click.command()
@click.option("--dir", "folder", default="demo-data", show_default=True, help="Folder for the data of both nodes.")
@click.option("--ports", nargs=2, type=click.IntRange(1, 65535), default=(8000, 8001), show_default=True)
def demo(folder: str, ports: tuple[int, int]) -> None:
    """Run two nodes on loopback that federate with each other, with people and posts.

    Plain http between loopback addresses: to look at and to develop with, never to be reached by others.
    """
    from admin.demo.nodes import run_demo
    from admin.demo.play import DemoFailed

    try:
        raise SystemExit(run_demo(Path(folder), ports=ports, say=lambda line: click.echo(line)))
    except DemoFailed as error:
        fail(str(error))
