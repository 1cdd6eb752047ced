"""`rookery domain ...`: what this node does with other servers."""

from typing import Any

import click

from admin.commands.console import answers, emit, json_option, prepared_settings
from node.base.runtime import running

WORDS = {"suspend": "blocked", "silence": "limited", "noop": "accepted", "allow": "allowed"}


@click.group()
def domain() -> None:
    """Block, limit or allow other servers. A rule holds for subdomains too; the closest rule decides."""


@domain.command()
@click.argument("name")
@click.option("--comment", default="", help="Why; for the moderation log.")
@json_option
@answers
async def block(name: str, comment: str, as_json: bool) -> None:
    """Take nothing from a domain and send it nothing; hide its people and end every follow with them."""
    await _set(name, "suspend", comment, as_json)


@domain.command()
@click.argument("name")
@click.option("--comment", default="", help="Why; for the moderation log.")
@json_option
@answers
async def limit(name: str, comment: str, as_json: bool) -> None:
    """Keep what a domain says from people who did not ask for it."""
    await _set(name, "silence", comment, as_json)


@domain.command()
@click.argument("name")
@click.option("--comment", default="", help="Why; for the moderation log.")
@json_option
@answers
async def allow(name: str, comment: str, as_json: bool) -> None:
    """Make an exception from the rule of a parent domain."""
    await _set(name, "allow", comment, as_json)


async def _set(name: str, severity: str, comment: str, as_json: bool) -> None:
    from node.moderation.service import set_domain_policy

    settings = prepared_settings()
    async with running(settings) as runtime, runtime.write() as uow:
        policy = await set_domain_policy(uow, settings, name, severity, private_comment=comment, now=runtime.now())
    if as_json:
        emit({"domain": policy.domain, "severity": policy.severity})
    else:
        click.echo(f"{policy.domain} is {WORDS[severity]}. Every process goes by it within five seconds.")


@domain.command()
@click.argument("name")
@json_option
@answers
async def remove(name: str, as_json: bool) -> None:
    """Take a rule back. Follows that it ended stay ended."""
    from node.moderation.service import remove_domain_policy

    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        removed = await remove_domain_policy(uow, name, now=runtime.now())
    if as_json:
        emit({"domain": name, "removed": removed})
    else:
        click.echo(f"The rule for {name} is removed." if removed else f"There is no rule for {name}.")


@domain.command("list")
@json_option
@answers
async def list_(as_json: bool) -> None:
    """Print every rule."""
    from node.moderation.queries import list_policies

    async with running(prepared_settings()) as runtime, runtime.read() as reader:
        policies = await list_policies(reader)
    if as_json:
        rows: list[dict[str, Any]] = [
            {
                "domain": policy.domain,
                "severity": policy.severity,
                "reject_media": policy.reject_media,
                "comment": policy.private_comment,
                "created_at": policy.created_at.isoformat(),
            }
            for policy in policies
        ]
        emit(rows)
        return
    for policy in policies:
        click.echo(f"{WORDS[policy.severity]:8} {policy.domain}  {policy.private_comment}".rstrip())
