"""/admin/discovery: whom everybody here is suggested, and which starter packs new people see."""

from typing import Any

from quart import Blueprint, Response

from node.accounts.models import Account
from node.accounts.queries import get_account, list_accounts
from node.accounts.views import account_view
from node.base.errors import Invalid
from node.base.paging import Page
from node.http.context import runtime
from node.remote.resolving import resolve
from node.starter_packs.queries import list_own_packs, list_packs
from node.starter_packs.rules import MAX_TITLE
from node.starter_packs.service import create_pack, feature_pack
from node.suggestions.picks import pick, unpick
from node.suggestions.queries import list_picks
from node.suggestions.rules import MAX_NOTE
from node.uris import INSTANCE_ACTOR_ID
from node.web.forms import errors_of, read_form
from node.web.showing import install, show, tell
from node.web.starter_packs import pack_cards
from node.web.visitors import Answer, Visitor, back, staff_only

PLACE = "/admin/discovery"
PACKS = 100

blueprint = Blueprint("discovery", __name__)
blueprint.record_once(install)


@blueprint.get("/discovery")
@staff_only("admin", "moderator")
async def page(visitor: Visitor) -> Answer:
    """Show the picks, and the packs with what new people see of them."""
    return await _page(visitor)


async def _page(visitor: Visitor, *, status: int = 200, **context: Any) -> Response:
    node = runtime()
    async with node.read() as reader:
        picks = await list_picks(reader)
        people = await list_accounts(reader, [row.account_id for row in picks])
        own = await list_own_packs(reader, INSTANCE_ACTOR_ID)
        public = await list_packs(reader, Page(limit=PACKS), viewer_id=None)
        ours = {pack.id for pack in own}
        cards = await pack_cards(reader, [*own, *(pack for pack in public if pack.id not in ours)], None)
    return await show(
        "admin/discovery.html",
        visitor,
        status=status,
        admin_place="discovery",
        picks=[
            {"account": account_view(people[row.account_id], settings=node.settings), "note": row.note}
            for row in picks
            if row.account_id in people
        ],
        packs=cards,
        longest=MAX_TITLE,
        longest_note=MAX_NOTE,
        **context,
    )


@blueprint.post("/discovery/picks")
@staff_only("admin", "moderator")
async def add_pick(visitor: Visitor) -> Answer:
    """Suggest somebody to everybody."""
    form = await read_form()
    node = runtime()
    try:
        found = await resolve(node, "@" + form.line("handle").lstrip("@"), visitor.account_id)
        if not isinstance(found, Account):
            raise Invalid(fields={"handle": ["Nobody was found under this address."]})
        async with node.write() as uow:
            account = await get_account(uow, found.id)
            await pick(uow, account, note=form.line("note"), actor_id=visitor.account_id, now=node.now())
    except Invalid as problem:
        errors = errors_of(problem, default="handle")
        return await _page(visitor, status=422, errors=errors, form=form.typed())
    tell(f"@{found.acct} is suggested to everybody.")
    return await back(PLACE)


@blueprint.post("/discovery/picks/<id:account_id>/remove")
@staff_only("admin", "moderator")
async def remove_pick(visitor: Visitor, account_id: int) -> Answer:
    """Suggest somebody no longer."""
    node = runtime()
    async with node.write() as uow:
        await unpick(uow, account_id, actor_id=visitor.account_id, now=node.now())
    tell("No longer suggested to everybody.")
    return await back(PLACE)


@blueprint.post("/discovery/packs")
@staff_only("admin", "moderator")
async def make_pack(visitor: Visitor) -> Answer:
    """Make a pack of the node's own; its people are put in on its own page."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            made = await create_pack(uow, INSTANCE_ACTOR_ID, title=form.line("title"), now=node.now())
    except Invalid as problem:
        return await _page(visitor, status=422, errors=errors_of(problem, default="title"), form=form.typed())
    return await back(f"/packs/{made.id}/edit")


@blueprint.post("/discovery/packs/<id:pack_id>/<any(feature,unfeature):verb>")
@staff_only("admin", "moderator")
async def choose_pack(visitor: Visitor, pack_id: int, verb: str) -> Answer:
    """Show a pack to new people, or no longer."""
    node = runtime()
    try:
        async with node.write() as uow:
            await feature_pack(uow, pack_id, featured=verb == "feature", actor_id=visitor.account_id, now=node.now())
    except Invalid as problem:
        tell(problem.message, "error")
    return await back(PLACE)
