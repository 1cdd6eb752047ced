"""Starter packs as pages: the public ones, one with its people to choose from, one's own with their forms."""

from collections.abc import Sequence
from typing import Any, cast

from quart import Blueprint, Response, redirect, request

from node.accounts.models import Account
from node.accounts.queries import get_account, list_accounts, search_accounts
from node.accounts.views import account_view
from node.base.db.unit_of_work import Reader
from node.base.errors import Invalid, NotFound
from node.http.context import runtime
from node.http.limits import FOLLOWS, LOOK_UPS, Bucket, LimitReached, spend
from node.remote.resolving import resolve
from node.starter_packs.models import StarterPack
from node.starter_packs.queries import (
    get_pack,
    is_member,
    list_entries,
    list_members,
    list_members_to_follow,
    list_own_packs,
    list_packs,
)
from node.starter_packs.rules import MAX_DESCRIPTION, MAX_MEMBERS, MAX_TITLE, Editor
from node.starter_packs.service import (
    add_to_pack,
    change_pack,
    create_pack,
    follow_all,
    leave_pack,
    remove_pack,
    take_out_of_pack,
)
from node.starter_packs.views import pack_view
from node.web.accounts import standings
from node.web.forms import errors_of, read_form
from node.web.search import names_one_thing
from node.web.showing import install, links, page_asked, show, tell
from node.web.visitors import Answer, Visitor, anybody, signed_in

SHOWN = 20
FOUND = 10
BOUNDS = {"longest": MAX_TITLE, "longest_text": MAX_DESCRIPTION, "most": MAX_MEMBERS}

blueprint = Blueprint("web_starter_packs", __name__)
blueprint.record_once(install)


def editor_of(visitor: Visitor) -> Editor:
    """Return the visitor as somebody who wants to change a pack."""
    return Editor(visitor.account_id, visitor.is_staff)


async def pack_cards(reader: Reader, packs: Sequence[StarterPack], viewer_id: int | None) -> list[dict[str, Any]]:
    """Return packs as the pages draw them: the shape of the API, with the first faces."""
    node = runtime()
    owners = await list_accounts(reader, [pack.account_id for pack in packs])
    return [
        pack_view(
            entry.pack,
            owner=owners.get(entry.pack.account_id),
            count=entry.count,
            people=entry.faces,
            settings=node.settings,
        )
        for entry in await list_entries(reader, packs, viewer_id, node.now())
    ]


@blueprint.get("/packs")
@anybody
async def index(visitor: Visitor | None) -> Answer:
    """Show the public packs, the newest first; `?only=mine` the viewer's own."""
    return await _index(visitor)


async def _index(visitor: Visitor | None, *, status: int = 200, **context: Any) -> Response:
    page = page_asked(SHOWN)
    viewer_id = visitor.account_id if visitor else None
    async with runtime().read() as reader:
        own = await list_own_packs(reader, viewer_id) if viewer_id is not None else []
        found = await list_packs(reader, page, viewer_id=viewer_id)
        shown = await pack_cards(reader, [*own, *(pack for pack in found if pack.account_id != viewer_id)], viewer_id)
    mine = shown[: len(own)]
    return await show(
        "pages/packs.html",
        visitor,
        status=status,
        mine=mine if page.max_id is None and page.min_id is None else [],
        packs=[card for card in shown[len(own) :] if card["accounts_count"]],
        **BOUNDS,
        **links(page, [pack.id for pack in found]),
        **context,
    )


@blueprint.post("/packs")
@signed_in
async def create(visitor: Visitor) -> Answer:
    """Make a pack, and go on to who is to be in it."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            made = await create_pack(
                uow,
                visitor.account_id,
                title=form.line("title"),
                description=form.text("description"),
                now=node.now(),
            )
    except Invalid as problem:
        return await _index(visitor, status=422, errors=errors_of(problem, default="title"), form=form.typed())
    return cast(Response, redirect(f"/packs/{made.id}/edit", 303))


@blueprint.get("/packs/<id:pack_id>")
@anybody
async def one(visitor: Visitor | None, pack_id: int) -> Answer:
    """Show a pack with a box to tick beside each of its people."""
    node = runtime()
    viewer_id = visitor.account_id if visitor else None
    is_staff = visitor is not None and visitor.is_staff
    async with node.read() as reader:
        pack = await get_pack(reader, pack_id, viewer_id, is_staff=is_staff)
        people = await list_members(reader, pack, viewer_id, node.now())
        open_to = await list_members_to_follow(reader, pack, viewer_id, node.now()) if viewer_id else []
        card = await _whole(reader, pack, people)
        relationships = await standings(reader, visitor, [one.id for one in people])
        is_in_it = viewer_id is not None and await is_member(reader, pack.id, viewer_id)
    return await show(
        "pages/pack.html",
        visitor,
        pack=card,
        relationships=relationships,
        open_ids={str(one.id) for one in open_to},
        is_in_it=is_in_it,
        may_edit=visitor is not None and editor_of(visitor).may_edit(pack.account_id),
    )


@blueprint.post("/packs/<id:pack_id>/follow")
@signed_in
async def follow_chosen(visitor: Visitor, pack_id: int) -> Answer:
    """Follow those of a pack who were ticked."""
    form = await read_form()
    node = runtime()
    async with node.read() as reader:
        pack = await get_pack(reader, pack_id, visitor.account_id)
        people = await list_members_to_follow(reader, pack, visitor.account_id, node.now(), among=form.ids("account"))
    try:
        if people:
            await spend(node, Bucket(FOLLOWS, f"account:{visitor.account_id}", len(people)))
        async with node.write() as uow:
            me = await get_account(uow, visitor.account_id)
            done = await follow_all(uow, node.settings, me, people, now=node.now())
    except LimitReached:
        tell("That is more than you may follow in a day. Choose fewer, or go on tomorrow.", "error")
    except Invalid as problem:
        tell(problem.message, "error")
    else:
        count = len(done)
        words = f"You follow {count} more {'person' if count == 1 else 'people'}." if count else "Nobody was ticked."
        tell(words, "success" if count else "info")
    return cast(Response, redirect(f"/packs/{pack_id}", 303))


@blueprint.post("/packs/<id:pack_id>/leave")
@signed_in
async def leave(visitor: Visitor, pack_id: int) -> Answer:
    """Take oneself out of a pack."""
    node = runtime()
    async with node.write() as uow:
        await leave_pack(uow, visitor.account_id, pack_id, now=node.now())
    tell("You are not in it any more, and cannot be put in again.")
    return cast(Response, redirect(f"/packs/{pack_id}", 303))


@blueprint.get("/packs/<id:pack_id>/edit")
@signed_in
async def edit(visitor: Visitor, pack_id: int) -> Answer:
    """Show a pack's settings and people; `?q=` looks for somebody to put in."""
    return await _edit(visitor, pack_id)


async def _edit(visitor: Visitor, pack_id: int, *, status: int = 200, **context: Any) -> Response:
    query = " ".join(request.args.get("q", "").replace("\x00", "").split())[:200]
    node = runtime()
    found: list[Account] = []
    if names_one_thing(query):
        await spend(node, Bucket(LOOK_UPS, f"account:{visitor.account_id}"))
        named = await resolve(node, query, visitor.account_id)
        found = [named] if isinstance(named, Account) else []
    async with node.read() as reader:
        pack = await get_pack(reader, pack_id, visitor.account_id, is_staff=visitor.is_staff)
        if not editor_of(visitor).may_edit(pack.account_id):
            raise NotFound
        people = await list_members(reader, pack, visitor.account_id, node.now())
        if query and not found:
            found = await search_accounts(reader, query, viewer_id=visitor.account_id, limit=FOUND)
        card = await _whole(reader, pack, people)
    on_it = {one.id for one in people}
    return await show(
        "pages/pack_edit.html",
        visitor,
        status=status,
        pack=card,
        query=query,
        candidates=[account_view(one, settings=node.settings) for one in found if one.id not in on_it],
        **BOUNDS,
        **context,
    )


@blueprint.post("/packs/<id:pack_id>/edit")
@signed_in
async def change(visitor: Visitor, pack_id: int) -> Answer:
    """Change title, description, and who may see the pack."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            await change_pack(
                uow,
                editor_of(visitor),
                pack_id,
                title=form.line("title"),
                description=form.text("description"),
                published=form.is_set("published"),
                now=node.now(),
            )
    except Invalid as problem:
        return await _edit(visitor, pack_id, status=422, errors=errors_of(problem), form=form.typed())
    tell("The starter pack is saved.")
    return cast(Response, redirect(f"/packs/{pack_id}", 303))


@blueprint.post("/packs/<id:pack_id>/people/<any(add,remove):verb>")
@signed_in
async def people(visitor: Visitor, pack_id: int, verb: str) -> Answer:
    """Put somebody into a pack, or take them out."""
    form = await read_form()
    node = runtime()
    act = add_to_pack if verb == "add" else take_out_of_pack
    try:
        async with node.write() as uow:
            await act(uow, editor_of(visitor), pack_id, form.ids("account"), now=node.now())
    except Invalid as problem:
        tell(problem.message, "error")
    return cast(Response, redirect(f"/packs/{pack_id}/edit#people", 303))


@blueprint.post("/packs/<id:pack_id>/remove")
@signed_in
async def remove(visitor: Visitor, pack_id: int) -> Answer:
    """Remove a pack."""
    node = runtime()
    async with node.write() as uow:
        await remove_pack(uow, editor_of(visitor), pack_id, now=node.now())
    tell("The starter pack is gone.")
    return cast(Response, redirect("/packs", 303))


async def _whole(reader: Reader, pack: StarterPack, people: Sequence[Account]) -> dict[str, Any]:
    owners = await list_accounts(reader, [pack.account_id])
    return pack_view(
        pack, owner=owners.get(pack.account_id), count=len(people), people=people, settings=runtime().settings
    )
