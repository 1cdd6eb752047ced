"""The `rookery` command. Verbs live in `commands/`, one file a noun, and are imported only when they are used, so
that `rookery --help` and shell scripts are quick.
"""

import importlib
from typing import Any

import click

from admin.memory import share_regions

VERBS = {
    "up": ("processes", "up", "Run the whole node: Redis, migrations, web, workers, scheduler."),
    "web": ("processes", "web", "Run one web process."),
    "worker": ("processes", "worker", "Run one worker process."),
    "scheduler": ("processes", "scheduler", "Run the scheduler process."),
    "migrate": ("database", "migrate", "Bring the database to the schema of this version."),
    "recount": ("database", "recount", "Count likes, boosts, replies and followers anew."),
    "config": ("config", "config", "Look at the settings."),
    "account": ("accounts", "account", "Create and manage the accounts of this node."),
    "token": ("tokens", "token", "Make bearer tokens for scripts."),
    "domain": ("domains", "domain", "Block, limit or allow other servers."),
    "relay": ("relays", "relay", "Join and leave relays."),
    "pull": ("pulls", "pull", "Choose which large accounts are read from their outbox."),
    "report": ("reports", "report", "Read and resolve reports."),
    "announcement": ("announcements", "announcement", "Tell everybody here something."),
    "pick": ("discovery", "pick", "Suggest somebody to everybody here."),
    "pack": ("discovery", "pack", "Make starter packs and choose which new people see."),
    "rule": ("site", "rule", "Write the rules of this node."),
    "page": ("site", "page", "Write the about, privacy and terms pages."),
    "emoji": ("emojis", "emoji", "Add and remove the custom emoji of this node."),
    "search": ("search", "search", "Look at the search index, or build it anew."),
    "doctor": ("doctor", "doctor", "Examine the node and say what to do."),
    "inspect": ("inspect", "inspect", "Say why it works, or not, with another server."),
    "demo": ("demo", "demo", "Run two nodes that federate, with people and posts to look at."),
}


class Verbs(click.Group):
    """A group whose commands are imported at first use."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the verbs in the order in which an operator meets them."""
        return list(VERBS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Import and return one verb."""
        if name not in VERBS:
            return None
        module, attribute, _ = VERBS[name]
        found = getattr(importlib.import_module(f"admin.commands.{module}"), attribute)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in VERBS.items()])


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: Any) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"rookery {version('rookery')}")
        ctx.exit()


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "config_file", type=click.Path(dir_okay=False), help="TOML file with settings.")
@click.option(
    "--version", is_flag=True, callback=_print_version, expose_value=False, is_eager=True, help="Show the version."
)
@click.pass_context
def main(ctx: click.Context, config_file: str | None) -> None:
    """Rookery, a federated microblogging server.

    Settings come from ROOKERY_* in the environment and from a TOML file (--config or ROOKERY_CONFIG).
    """
    share_regions()
    ctx.obj = config_file
