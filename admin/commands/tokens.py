"""`rookery token create`: bearer tokens for scripts and test beds."""

import click

from admin.commands.accounts import get_local
from admin.commands.console import answers, emit, json_option, prepared_settings
from node.base.runtime import running


@click.group()
def token() -> None:
    """Make bearer tokens for scripts."""


@token.command()
@click.argument("name")
@click.option("--scopes", default="read", show_default=True, help='Scopes, such as "read write follow push".')
@click.option("--value", help="The token to use, for scripts and test beds. Default: a random one.")
@json_option
@answers
async def create(name: str, scopes: str, value: str | None, as_json: bool) -> None:
    """Make a token that acts as the account NAME, and print it. It is shown only now."""
    from node.auth.service import create_token

    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        account = await get_local(uow, name)
        made = await create_token(uow, account.id, scopes, value=value, now=runtime.now())
    if as_json:
        emit({"access_token": made, "token_type": "Bearer", "scope": scopes, "account_id": str(account.id)})
    else:
        click.echo(made)
