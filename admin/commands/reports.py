"""`rookery report ...`: what people and other servers ask the moderators to look at."""

import click

from admin.commands.console import answers, emit, json_option, prepared_settings
from node.base.runtime import running

ROWS = 100


@click.group()
def report() -> None:
    """Read and resolve reports."""


@report.command("list")
@click.option("--resolved", is_flag=True, help="Those that are resolved, instead of those that are open.")
@json_option
@answers
async def list_(resolved: bool, as_json: bool) -> None:
    """Print reports, newest first."""
    from node.accounts.queries import list_accounts
    from node.base.paging import Page
    from node.reports.queries import list_reports

    async with running(prepared_settings()) as runtime, runtime.read() as reader:
        rows = await list_reports(reader, Page(limit=ROWS), resolved=resolved)
        ids = {row.target_id for row in rows} | {row.account_id for row in rows if row.account_id is not None}
        names = {id_: account.acct for id_, account in (await list_accounts(reader, ids)).items()}
    found = [
        {
            "id": str(row.id),
            "target": names[row.target_id],
            "reporter": names.get(row.account_id or 0) or row.host,
            "category": row.category,
            "comment": row.comment,
            "posts": [str(id_) for id_ in row.post_ids],
            "forwarded": row.forwarded,
            "created_at": row.created_at.isoformat(),
            "resolved_at": row.resolved_at.isoformat() if row.resolved_at else None,
        }
        for row in rows
    ]
    if as_json:
        emit(found)
        return
    for item in found:
        words = " ".join(str(item["comment"]).split())[:120]
        click.echo(f"{item['id']}  {item['target']}  {item['category']}, by {item['reporter']}: {words}")
    if not found:
        click.echo(f"There are no {'resolved' if resolved else 'open'} reports.")


@report.command()
@click.argument("number", type=int)
@click.option("--reopen", is_flag=True, help="Open it again instead.")
@json_option
@answers
async def resolve(number: int, reopen: bool, as_json: bool) -> None:
    """Close the report NUMBER."""
    from node.reports.service import set_resolved

    async with running(prepared_settings()) as runtime, runtime.write() as uow:
        changed = await set_resolved(uow, number, resolved=not reopen, now=runtime.now())
    state = "open" if reopen else "resolved"
    if as_json:
        emit({"id": str(number), "state": state, "changed": changed})
    else:
        click.echo(f"The report is {state}." if changed else f"The report was {state} already.")
