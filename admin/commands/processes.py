"""`rookery up | web | worker | scheduler`: the processes of a node."""

import click

from admin.commands.console import fail, settings_for


@click.command()
def up() -> None:
    """Run the whole node on this machine.

    Starts a private Redis (unless ROOKERY_REDIS_URL names one), migrates the database, then runs web, workers and
    scheduler, and restarts what dies. Ctrl-C stops everything within ten seconds.
    """
    settings = settings_for("rookery: up")
    from admin.supervisor import CannotStart, Supervisor

    try:
        raise SystemExit(Supervisor(settings, say=lambda line: click.echo(line)).run())
    except CannotStart as error:
        fail(str(error))


@click.command()
def web() -> None:
    """Run one web process. Needs a migrated database; runs without Redis, only slower."""
    settings = settings_for("rookery: web 1")
    from admin.listening import open_socket

    try:
        listener = open_socket(settings.bind)
    except OSError as error:
        fail(f"Cannot listen on {settings.bind}: {error.strerror}. Set ROOKERY_BIND to another address:port.")
    from admin.serve import run_web

    run_web(
        settings,
        listener,
        title="rookery: web 1",
        on_ready=lambda: click.echo(f"Listening on {settings.bind} for {settings.public_url}", err=True),
    )


@click.command()
@click.option("--lanes", default="", help="Lanes to serve, most urgent first, such as relay,inbox. Default: all.")
def worker(lanes: str) -> None:
    """Run one worker process. Exactly one worker of a node should serve the lane `index`."""
    settings = settings_for("rookery: worker")
    from setproctitle import setproctitle

    from admin.worker import parse_lanes, run_worker, worker_title
    from node.base.lanes import LANES

    try:
        chosen = parse_lanes(lanes) if lanes else LANES
    except ValueError as error:
        fail(f"--lanes: {error}")
    setproctitle(worker_title(chosen))
    run_worker(settings, chosen)


@click.command()
def scheduler() -> None:
    """Run the scheduler process: it wakes workers for whatever is due, and throws away what is over."""
    settings = settings_for("rookery: scheduler")
    from admin.scheduler import run_scheduler

    run_scheduler(settings)
