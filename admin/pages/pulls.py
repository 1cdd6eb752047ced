"""/admin/pulls: the large accounts that are read from their outbox, how it goes, and the choice for each."""

from typing import Any

from quart import Blueprint, Response, abort

from admin.pulls import ROWS, decide, list_budgets, list_pulled, set_choice
from node.accounts.queries import get_account
from node.base.errors import Invalid
from node.http.context import runtime
from node.pulls.rules import CHOICES
from node.web.forms import errors_of, read_form
from node.web.showing import install, page_asked, show, tell
from node.web.visitors import Answer, Visitor, back, staff_only

PLACE = "/admin/pulls"

blueprint = Blueprint("pulls", __name__)
blueprint.record_once(install)


@blueprint.get("/pulls")
@staff_only("admin", "moderator")
async def page(visitor: Visitor) -> Answer:
    """List the pulled accounts and what their servers were asked for."""
    return await _page(visitor)


@blueprint.post("/pulls")
@staff_only("admin", "moderator")
async def add(visitor: Visitor) -> Answer:
    """Choose for an account by its address."""
    form = await read_form()
    try:
        account, row = await set_choice(
            runtime(), form.line("handle"), form.line("choice"), actor_id=visitor.account_id
        )
    except Invalid as problem:
        return await _page(visitor, status=422, errors=errors_of(problem, default="handle"), form=form.typed())
    tell(f"@{account.acct} is {'pulled' if row.is_on else 'not pulled'} from now on.")
    return await back(PLACE)


@blueprint.post("/pulls/<id:account_id>/<any(on, off, auto):choice>")
@staff_only("admin", "moderator")
async def change(visitor: Visitor, account_id: int, choice: str) -> Answer:
    """Choose for an account of the list."""
    node = runtime()
    async with node.read() as reader:
        account = await get_account(reader, account_id, include_gone=True)
    wanted = next(each for each in CHOICES if each == choice)
    if account.is_local:
        abort(404)
    row = await decide(node, account, wanted, actor_id=visitor.account_id)
    tell(f"@{account.acct} is {'pulled' if row.is_on else 'not pulled'} from now on.")
    return await back(PLACE)


async def _page(visitor: Visitor, *, status: int = 200, **context: Any) -> Response:
    node = runtime()
    after_id = page_asked().min_id or 0
    async with node.read() as reader:
        pulled = await list_pulled(reader, after_id=after_id)
        hosts = await list_budgets(reader, node)
    return await show(
        "admin/pulls.html",
        visitor,
        status=status,
        admin_place="pulls",
        pulled=pulled,
        hosts=hosts,
        limit=node.settings.pull_reported_followers,
        next_url=f"{PLACE}?min_id={pulled[-1].id}" if len(pulled) == ROWS else "",
        **context,
    )
