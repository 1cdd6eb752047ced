"""`rookery domain ...`: what this node does with other servers."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import click

from admin.commands.console import answers, emit, json_option, prepared_settings
from node.base.runtime import running

WORDS = {"suspend": "blocked", "silence": "limited", "noop": "accepted", "allow": "allowed"}


@click.group()
def domain() -> None:
    """Block, limit or allow other servers. A rule holds for subdomains too; the closest rule decides."""


P = ParamSpec("P")
T = TypeVar("T")


def rule_options(verb: Callable[P, T]) -> Callable[P, T]:
    """Add what every rule may carry."""
    for option in (
        click.option("--comment", default="", help="Why; for the moderation log."),
        click.option("--public-comment", default="", help="Why; for everybody, on the about page."),
        click.option("--obfuscate", is_flag=True, help="Hide a part of the name in the public list."),
        click.option("--reject-reports", is_flag=True, help="Take no reports from there."),
        click.option("--reject-media", is_flag=True, help="Take no pictures from there."),
    ):
        verb = option(verb)
    return verb


@domain.command()
@click.argument("name")
@rule_options
@json_option
@answers
async def block(name: str, as_json: bool, **rule: Any) -> None:
    """Take nothing from a domain and send it nothing; hide its people and end every follow with them."""
    await _set(name, "suspend", rule, as_json)


@domain.command()
@click.argument("name")
@rule_options
@json_option
@answers
async def limit(name: str, as_json: bool, **rule: Any) -> None:
    """Keep what a domain says from people who did not ask for it."""
    await _set(name, "silence", rule, as_json)


@domain.command()
@click.argument("name")
@rule_options
@json_option
@answers
async def accept(name: str, as_json: bool, **rule: Any) -> None:
    """Limit nobody of a domain; for a rule that only rejects pictures or reports."""
    await _set(name, "noop", rule, as_json)


@domain.command()
@click.argument("name")
@rule_options
@json_option
@answers
async def allow(name: str, as_json: bool, **rule: Any) -> None:
    """Make an exception from the rule of a parent domain, or let a domain in where fetch_mode is allowlist."""
    await _set(name, "allow", rule, as_json)


async def _set(name: str, severity: str, rule: dict[str, Any], as_json: bool) -> None:
    from node.moderation.service import set_domain_policy

    settings = prepared_settings()
    given = {"private_comment" if key == "comment" else key: value for key, value in rule.items()}
    async with running(settings) as runtime, runtime.write() as uow:
        policy = await set_domain_policy(uow, settings, name, severity, **given, now=runtime.now())
    if as_json:
        emit({"domain": policy.domain, "severity": policy.severity})
    else:
        click.echo(f"{policy.domain} is {WORDS[severity]}. Every process goes by it within five seconds.")


@domain.command("export")
@click.option("--allowed", is_flag=True, help="The list of allowed domains, instead of the list of limits.")
@answers
async def export(allowed: bool) -> None:
    """Print the rules as CSV, in the columns that Mastodon exports and imports."""
    from node.moderation.queries import list_policies
    from node.moderation.tables import rules_as_csv

    async with running(prepared_settings()) as runtime, runtime.read() as reader:
        click.echo(rules_as_csv(await list_policies(reader), allowed=allowed), nl=False)


@domain.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@click.option("--replace", is_flag=True, help="Change rules that are there already, instead of leaving them.")
@json_option
@answers
async def import_(file: Any, replace: bool, as_json: bool) -> None:
    """Make the rules of a CSV file that Mastodon or another Rookery exported (- reads standard input)."""
    from node.base.errors import Invalid
    from node.moderation.queries import find_exact_policy
    from node.moderation.service import checked_domain, set_domain_policy
    from node.moderation.tables import rules_from_csv

    settings = prepared_settings()
    made, kept, refused = [], [], []
    rules = rules_from_csv(file.read())
    async with running(settings) as runtime:
        for rule in rules:
            try:
                async with runtime.write() as uow:
                    domain_ = checked_domain(settings, rule.domain)
                    if not replace and await find_exact_policy(uow, domain_) is not None:
                        kept.append(domain_)
                        continue
                    await set_domain_policy(
                        uow,
                        settings,
                        domain_,
                        rule.severity,
                        reject_media=rule.reject_media,
                        reject_reports=rule.reject_reports,
                        obfuscate=rule.obfuscate,
                        public_comment=rule.public_comment,
                        now=runtime.now(),
                    )
                    made.append(domain_)
            except Invalid as problem:
                refused.append({"domain": rule.domain, "reason": problem.message})
    if as_json:
        emit({"made": made, "kept": kept, "refused": refused})
        return
    click.echo(f"{len(made)} rules made, {len(kept)} were there already.")
    for item in refused:
        click.echo(f"Refused: {item['domain']}: {item['reason']}", err=True)


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
                "reject_reports": policy.reject_reports,
                "obfuscate": policy.obfuscate,
                "public_comment": policy.public_comment,
                "comment": policy.private_comment,
                "created_at": policy.created_at.isoformat(),
            }
            for policy in policies
        ]
        emit(rows)
        return
    for policy in policies:
        click.echo(f"{WORDS[policy.severity]:8} {policy.domain}  {policy.private_comment}".rstrip())
