"""`rookery pick ...` and `rookery pack ...`: whom everybody here is suggested, and which starter packs there are."""

from typing import TYPE_CHECKING, Any

import click

from admin.commands.console import answers, emit, fail, json_option, prepared_settings
from node.base.runtime import running

if TYPE_CHECKING:
    from node.accounts.models import Account
    from node.base.runtime import Runtime
    from node.starter_packs.models import StarterPack

ROWS = 100


@click.group()
def pick() -> None:
    """Suggest somebody to everybody here who does not follow them yet."""


@pick.command("add")
@click.argument("handle")
@click.option("--note", default="", help="What to say about them; stands as the reason.")
@json_option
@answers
async def add_pick(handle: str, note: str, as_json: bool) -> None:
    """Pick HANDLE, such as @name or @name@example.org. Again to say something else about them."""
    from node.accounts.queries import get_account
    from node.suggestions.picks import pick

    async with running(prepared_settings()) as runtime:
        found = await _somebody(runtime, handle)
        async with runtime.write() as uow:
            await pick(uow, await get_account(uow, found.id), note=note, now=runtime.now())
    _say(as_json, {"account": found.acct, "note": note}, f"@{found.acct} is suggested to everybody.")


@pick.command("remove")
@click.argument("handle")
@json_option
@answers
async def remove_pick(handle: str, as_json: bool) -> None:
    """Suggest HANDLE no longer to everybody."""
    from node.suggestions.picks import unpick

    async with running(prepared_settings()) as runtime:
        found = await _somebody(runtime, handle)
        async with runtime.write() as uow:
            if not await unpick(uow, found.id, now=runtime.now()):
                fail(f"@{found.acct} was not picked.")
    _say(as_json, {"account": found.acct}, f"@{found.acct} is no longer suggested to everybody.")


@pick.command("list")
@json_option
@answers
async def list_picked(as_json: bool) -> None:
    """Show who was picked, the newest first."""
    from node.accounts.queries import list_accounts
    from node.suggestions.queries import list_picks

    async with running(prepared_settings()) as runtime, runtime.read() as reader:
        rows = await list_picks(reader)
        people = await list_accounts(reader, [row.account_id for row in rows])
    found = [{"account": people[row.account_id].acct, "note": row.note} for row in rows if row.account_id in people]
    if as_json:
        emit(found)
        return
    for one in found:
        click.echo(f"@{one['account']}  {one['note']}".rstrip())
    if not found:
        click.echo("Nobody is picked.")


@click.group()
def pack() -> None:
    """Make starter packs of this node, and choose which packs new people see."""


@pack.command("list")
@json_option
@answers
async def list_packs_(as_json: bool) -> None:
    """Show this node's packs and everybody's public ones, the newest first."""
    from node.base.paging import Page
    from node.starter_packs.queries import list_own_packs, list_packs
    from node.uris import INSTANCE_ACTOR_ID

    async with running(prepared_settings()) as runtime, runtime.read() as reader:
        own = await list_own_packs(reader, INSTANCE_ACTOR_ID)
        public = await list_packs(reader, Page(limit=ROWS), viewer_id=None)
    packs = {row.id: row for row in [*own, *public]}
    if as_json:
        emit([_data(row) for row in packs.values()])
        return
    for row in packs.values():
        marks = [word for word, holds in (("public", row.published), ("for new people", row.featured)) if holds]
        click.echo(f"{row.id}  {row.title}  {', '.join(marks)}".rstrip())
    if not packs:
        click.echo("There are no starter packs.")


@pack.command("create")
@click.argument("title")
@click.argument("handles", nargs=-1)
@click.option("--description", default="", help="Who they are.")
@click.option("--feature", is_flag=True, help="Show it to new people at once.")
@json_option
@answers
async def create(title: str, handles: tuple[str, ...], description: str, feature: bool, as_json: bool) -> None:
    """Make a public pack of this node's own, with HANDLES in it."""
    from node.starter_packs.rules import Editor
    from node.starter_packs.service import add_to_pack, create_pack, feature_pack
    from node.uris import INSTANCE_ACTOR_ID

    async with running(prepared_settings()) as runtime:
        people = [(await _somebody(runtime, handle)).id for handle in handles]
        async with runtime.write() as uow:
            row = await create_pack(
                uow, INSTANCE_ACTOR_ID, title=title, description=description, published=True, now=runtime.now()
            )
            await add_to_pack(uow, Editor(INSTANCE_ACTOR_ID), row.id, people, now=runtime.now())
            if feature:
                await feature_pack(uow, row.id, featured=True, now=runtime.now())
            data = _data(row)
    _say(as_json, data, f"The pack has the number {data['id']} and {len(people)} people in it.")


@pack.command("feature")
@click.argument("number", type=int)
@click.option("--undo", is_flag=True, help="Show it to new people no longer.")
@json_option
@answers
async def feature(number: int, undo: bool, as_json: bool) -> None:
    """Show the pack NUMBER to new people."""
    from node.starter_packs.service import feature_pack

    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        data = _data(await feature_pack(uow, number, featured=not undo, now=runtime.now()))
    _say(as_json, data, "New people do not see it any more." if undo else "New people see it from now on.")


@pack.command("remove")
@click.argument("number", type=int)
@json_option
@answers
async def remove(number: int, as_json: bool) -> None:
    """Remove the pack NUMBER, whoever made it."""
    from node.starter_packs.rules import Editor
    from node.starter_packs.service import remove_pack
    from node.uris import INSTANCE_ACTOR_ID

    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        await remove_pack(uow, Editor(INSTANCE_ACTOR_ID, is_staff=True), number, now=runtime.now())
    _say(as_json, {"id": str(number)}, "The pack is removed.")


async def _somebody(runtime: "Runtime", handle: str) -> "Account":
    from node.accounts.models import Account
    from node.remote.resolving import resolve

    found = await resolve(runtime, "@" + handle.lstrip("@"), None)
    if not isinstance(found, Account):
        fail(f"Nobody was found under {handle}.")
    return found


def _data(row: "StarterPack") -> dict[str, Any]:
    return {"id": str(row.id), "title": row.title, "published": row.published, "featured": row.featured}


def _say(as_json: bool, data: dict[str, Any], words: str) -> None:
    if as_json:
        emit(data)
    else:
        click.echo(words)
