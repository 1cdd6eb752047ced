"""The directory: people who want to be found."""

from quart import Blueprint, request

from node.accounts.directory import list_directory
from node.accounts.views import account_view
from node.http.context import runtime
from node.web.accounts import standings
from node.web.showing import PEOPLE_LENGTH, install, show
from node.web.visitors import Answer, Visitor, anybody

DEEPEST = 10_000

blueprint = Blueprint("web_directory", __name__)
blueprint.record_once(install)


@blueprint.get("/directory")
@anybody
async def page(visitor: Visitor | None) -> Answer:
    """Show people who are discoverable: those who posted last, or `?order=new`; `?from=here` without other servers."""
    newest, here = request.args.get("order") == "new", request.args.get("from") == "here"
    typed = request.args.get("offset", "")
    offset = min(int(typed), DEEPEST) if typed.isascii() and typed.isdigit() and len(typed) < 8 else 0
    async with runtime().read() as reader:
        found = await list_directory(
            reader,
            newest=newest,
            local=here,
            viewer_id=visitor.account_id if visitor else None,
            limit=PEOPLE_LENGTH + 1,
            offset=offset,
        )
        shown = found[:PEOPLE_LENGTH]
        relationships = await standings(reader, visitor, [account.id for account in shown])
    kept = f"order={'new' if newest else 'active'}&from={'here' if here else 'everywhere'}"
    return await show(
        "pages/directory.html",
        visitor,
        accounts=[account_view(account, settings=runtime().settings) for account in shown],
        relationships=relationships,
        newest=newest,
        here=here,
        next_url=f"/directory?{kept}&offset={offset + PEOPLE_LENGTH}" if len(found) > PEOPLE_LENGTH else None,
        prev_url=f"/directory?{kept}&offset={max(offset - PEOPLE_LENGTH, 0)}" if offset else None,
    )
