"""`rookery account ...`: the accounts of this node, from the command line.

Every verb calls the service that the pages call too. Moderation from here is logged with no actor: the operator.
"""

import asyncio
import secrets
import sys

import click

from admin.commands.console import answers, emit, fail, json_option, prepared_settings
from node.accounts.models import Account
from node.base.db.unit_of_work import Reader
from node.base.runtime import running

GENERATED_BYTES = 12


async def get_local(reader: Reader, name: str) -> Account:
    """Return the local account called `name`, or leave with a sentence."""
    from node.accounts.queries import find_local_account

    account = await find_local_account(reader, name.removeprefix("@"))
    if account is None:
        fail(f"There is no account {name} here.")
    return account


def take_password(password: str | None) -> tuple[str, bool]:
    """Return the password to use and whether it was made here. "-" reads one line from standard input."""
    if password == "-":  # noqa: S105
        return sys.stdin.readline().rstrip("\r\n"), False
    if password is None:
        return secrets.token_urlsafe(GENERATED_BYTES), True
    return password, False


@click.group()
def account() -> None:
    """Create and manage the accounts of this node."""


@account.command()
@click.argument("name")
@click.option("--email", required=True, help="Address of the person.")
@click.option("--password", help="Default: one is made and printed. - reads it from standard input.")
@click.option("--role", type=click.Choice(["user", "moderator", "admin"]), default="user", show_default=True)
@json_option
@answers
async def create(name: str, email: str, password: str | None, role: str, as_json: bool) -> None:
    """Make an account that is usable at once, whatever the registration mode."""
    from federation.keys import generate_rsa_key
    from node.auth.service import create_user

    settings = prepared_settings()
    name = name.removeprefix("@")
    chosen, made = take_password(password)
    key_pair = await asyncio.to_thread(generate_rsa_key)
    async with running(settings) as runtime, runtime.write() as uow:
        user = await create_user(
            uow,
            settings,
            username=name,
            email=email,
            password=chosen,
            role=role,
            now=runtime.now(),
            key_pair=key_pair,
        )
    handle = f"@{name}@{settings.domain}"
    if as_json:
        data = {"id": str(user.account_id), "username": name, "handle": handle, "email": email, "role": role}
        emit(data | ({"password": chosen} if made else {}))
        return
    click.echo(f"{handle} can sign in at {settings.public_url} (role: {role}).")
    if made:
        click.echo(f"Password: {chosen}")


@account.command()
@click.argument("name")
@click.option("--password", help="Default: one is made and printed. - reads it from standard input.")
@json_option
@answers
async def password(name: str, password: str | None, as_json: bool) -> None:
    """Set a new password. Signs every browser and app of the person out."""
    from node.auth.service import change_password

    chosen, made = take_password(password)
    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        found = await get_local(uow, name)
        await change_password(uow, runtime.settings, found.id, chosen, now=runtime.now())
    if as_json:
        emit({"username": found.username} | ({"password": chosen} if made else {}))
        return
    click.echo(f"The password of {found.username} is changed; every session and token of theirs has ended.")
    if made:
        click.echo(f"Password: {chosen}")


@account.command("disable-2fa")
@click.argument("name")
@click.option("--comment", default="", help="Why; for the moderation log.")
@json_option
@answers
async def disable_second_step(name: str, comment: str, as_json: bool) -> None:
    """Let somebody who lost phone, passkeys and recovery codes in by the password alone.

    Signs every browser and app of theirs out, and writes the decision down.
    """
    from node.moderation.service import moderate_second_step

    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        found = await get_local(uow, name)
        changed = await moderate_second_step(uow, runtime.settings, found.id, comment=comment, now=runtime.now())
    if as_json:
        emit({"id": str(found.id), "username": found.username, "changed": changed})
    elif changed:
        click.echo(f"Two-step sign-in of {found.username} is off; every session and token of theirs has ended.")
    else:
        click.echo(f"{found.username} has no two-step sign-in.")


@account.command()
@click.argument("name")
@click.argument("new_role", metavar="ROLE", type=click.Choice(["user", "moderator", "admin"]))
@json_option
@answers
async def role(name: str, new_role: str, as_json: bool) -> None:
    """Make somebody a user, moderator or admin."""
    from node.auth.service import set_role

    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        found = await get_local(uow, name)
        await set_role(uow, found.id, new_role)
    if as_json:
        emit({"username": found.username, "role": new_role})
    else:
        click.echo(f"{found.username} is now: {new_role}.")


@account.command()
@click.argument("name")
@click.option("--comment", default="", help="Why; for the moderation log.")
@json_option
@answers
async def suspend(name: str, comment: str, as_json: bool) -> None:
    """Hide an account and everything it wrote, here and (by telling them) elsewhere. Can be undone."""
    from node.moderation.service import moderate_account

    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        found = await get_local(uow, name)
        await moderate_account(uow, found.id, "suspend", comment=comment, now=runtime.now())
    _say(found, "suspended", as_json)


@account.command()
@click.argument("name")
@click.option("--comment", default="", help="Why; for the moderation log.")
@json_option
@answers
async def unsuspend(name: str, comment: str, as_json: bool) -> None:
    """Lift a suspension."""
    from node.moderation.service import moderate_account

    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        found = await get_local(uow, name)
        await moderate_account(uow, found.id, "unsuspend", comment=comment, now=runtime.now())
    _say(found, "active", as_json)


@account.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@answers
async def delete(name: str, yes: bool, as_json: bool) -> None:
    """Delete an account and everything it wrote, for good. The name is never given to anybody again."""
    from node.moderation.service import moderate_account

    if not yes and not as_json:
        click.confirm(f"Delete {name} and everything they wrote, for good?", abort=True)
    elif not yes:
        fail("Deleting cannot be undone: say --yes.")
    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        found = await get_local(uow, name)
        await moderate_account(uow, found.id, "delete", now=runtime.now())
    _say(found, "deleted", as_json)


@account.command()
@click.argument("name")
@click.option("--add", "added", multiple=True, metavar="HANDLE", help="An account elsewhere that is this person too.")
@click.option("--remove", "removed", multiple=True, metavar="HANDLE_OR_ID", help="One that is not any more.")
@json_option
@answers
async def alias(name: str, added: tuple[str, ...], removed: tuple[str, ...], as_json: bool) -> None:
    """Show or change the aliases of an account. An account elsewhere can move here only when it is one of them."""
    from node.moves.service import set_aliases
    from node.remote.freshly import named_freshly

    async with running(prepared_settings()) as runtime:
        new = [(await named_freshly(runtime, handle, field="alias")).uri for handle in added]
        old = [
            handle if "://" in handle else (await named_freshly(runtime, handle, field="alias")).uri
            for handle in removed
        ]
        async with runtime.write() as uow:
            found = await get_local(uow, name)
            aliases = [uri for uri in [*found.also_known_as, *new] if uri not in old]
            found = await set_aliases(uow, found.id, aliases)
            aliases = list(found.also_known_as)
    if as_json:
        emit({"username": found.username, "aliases": aliases})
    else:
        click.echo("\n".join(aliases) or f"{found.username} has no aliases.")


@account.command()
@click.argument("name")
@click.argument("target", required=False)
@click.option("--redirect-only", is_flag=True, help="Show where the account went; take nobody along.")
@click.option("--undo", is_flag=True, help="Take back that it has moved. Who went along stays there.")
@json_option
@answers
async def move(name: str, target: str | None, redirect_only: bool, undo: bool, as_json: bool) -> None:
    """Move an account to one elsewhere (TARGET, as name@server), with its followers. Once in 30 days."""
    from node.moves.service import come_back, move_away
    from node.remote.freshly import named_freshly

    if undo == (target is not None):
        fail("Say where the account moves to, or --undo.")
    async with running(prepared_settings()) as runtime:
        new = None if target is None else await named_freshly(runtime, target, field="target")
        async with runtime.write() as uow:
            found = await get_local(uow, name)
            if new is None:
                await come_back(uow, found.id)
            else:
                await move_away(uow, found.id, new, redirect_only=redirect_only, now=runtime.now())
    if as_json:
        emit({"username": found.username, "moved_to": found.moved_to_uri or None})
    elif new is None:
        click.echo(f"{found.username} is at home here again.")
    else:
        click.echo(f"{found.username} has moved to {new.acct}. Nobody new can follow it here.")


@account.command("setup-link")
@json_option
@answers
async def setup_link(as_json: bool) -> None:
    """Print a one-time link that makes the first admin, while there is none."""
    from admin.first_admin import make_setup_link

    link = await make_setup_link(prepared_settings())
    if as_json:
        emit({"url": link})
    else:
        click.echo(link or "There is an admin already.")


def _say(account: Account, state: str, as_json: bool) -> None:
    if as_json:
        emit({"id": str(account.id), "username": account.username, "state": state})
    else:
        click.echo(f"{account.username} is {state}.")
