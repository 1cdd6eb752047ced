"""Starter packs: read, make and change them, put people in, follow who is in one. An addition of ours."""

from collections.abc import Sequence
from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account, list_accounts
from node.api.answers import Answer, page_answer
from node.api.entities.accounts import Relationship
from node.api.entities.errors import Empty
from node.api.entities.starter_packs import StarterPack
from node.api.relationships import relationships
from node.base.db.unit_of_work import Reader
from node.http.context import runtime
from node.http.limits import FOLLOWS, Bucket, spend
from node.http.paging import page_of
from node.http.principals import Viewer, needs, optional
from node.http.requests import Identifier, Paging, Request, answers, takes
from node.starter_packs.models import StarterPack as PackRow
from node.starter_packs.queries import (
    get_pack,
    list_entries,
    list_members,
    list_members_to_follow,
    list_own_packs,
    list_packs,
)
from node.starter_packs.rules import Editor
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

blueprint = Blueprint("api_starter_packs", __name__, url_prefix="/api/v1/starter_packs")


class WhichPacks(Paging, frozen=True, kw_only=True):
    """Which public packs: those for new people only, those of one account only."""

    featured: bool = False
    account_id: Identifier | None = None


class NewPack(Request, frozen=True, kw_only=True):
    """A pack to be made; nobody but its maker sees it until it is published."""

    title: str = ""
    description: str = ""
    published: bool = False


class PackChange(Request, frozen=True, kw_only=True):
    """What of a pack is to be otherwise."""

    title: str | None = None
    description: str | None = None
    published: bool | None = None


class People(Request, frozen=True, kw_only=True):
    """Some people."""

    account_ids: list[Identifier] = []


class Chosen(Request, frozen=True, kw_only=True):
    """Whom of a pack to follow: all of them unless some are named."""

    account_ids: list[Identifier] | None = None


def editor_of(viewer: Viewer) -> Editor:
    """Return the viewer as somebody who wants to change a pack. An app's token never acts for the staff."""
    return Editor(viewer.account_id)


@blueprint.get("")
@optional("read:accounts")
@takes(WhichPacks)
@answers(list[StarterPack])
async def list_public(viewer: Viewer | None, asked: WhichPacks) -> Answer:
    """Return public packs, the newest first."""
    viewer_id = viewer.account_id if viewer else None
    async with runtime().read() as reader:
        packs = await list_packs(
            reader, page_of(asked, 20), viewer_id=viewer_id, featured=asked.featured, account_id=asked.account_id
        )
        return page_answer(await _listed(reader, packs, viewer_id))


@blueprint.get("/own")
@needs("read:accounts")
@answers(list[StarterPack])
async def list_own(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the viewer's packs, public or not."""
    async with runtime().read() as reader:
        packs = await list_own_packs(reader, viewer.account_id)
        return await _listed(reader, packs, viewer.account_id)


@blueprint.post("")
@needs("write:accounts")
@takes(NewPack)
@answers(StarterPack)
async def create(viewer: Viewer, asked: NewPack) -> dict[str, Any]:
    """Make a pack."""
    node = runtime()
    async with node.write() as uow:
        pack = await create_pack(
            uow,
            viewer.account_id,
            title=asked.title,
            description=asked.description,
            published=asked.published,
            now=node.now(),
        )
        return await _whole(uow, pack, viewer.account_id)


@blueprint.get("/<id:pack_id>")
@optional("read:accounts")
@answers(StarterPack)
async def show(viewer: Viewer | None, pack_id: int) -> dict[str, Any]:
    """Return a pack with everybody in it whom the viewer may see."""
    viewer_id = viewer.account_id if viewer else None
    async with runtime().read() as reader:
        return await _whole(reader, await get_pack(reader, pack_id, viewer_id), viewer_id)


@blueprint.put("/<id:pack_id>")
@blueprint.patch("/<id:pack_id>")
@needs("write:accounts")
@takes(PackChange)
@answers(StarterPack)
async def change(viewer: Viewer, asked: PackChange, pack_id: int) -> dict[str, Any]:
    """Change a pack of one's own."""
    node = runtime()
    async with node.write() as uow:
        pack = await change_pack(
            uow,
            editor_of(viewer),
            pack_id,
            title=asked.title,
            description=asked.description,
            published=asked.published,
            now=node.now(),
        )
        return await _whole(uow, pack, viewer.account_id)


@blueprint.delete("/<id:pack_id>")
@needs("write:accounts")
@answers(Empty)
async def remove(viewer: Viewer, pack_id: int) -> dict[str, Any]:
    """Remove a pack of one's own."""
    node = runtime()
    async with node.write() as uow:
        await remove_pack(uow, editor_of(viewer), pack_id, now=node.now())
    return {}


@blueprint.post("/<id:pack_id>/accounts")
@needs("write:accounts")
@takes(People)
@answers(StarterPack)
async def add(viewer: Viewer, asked: People, pack_id: int) -> dict[str, Any]:
    """Put people into a pack of one's own, all or none: only who wants to be found."""
    node = runtime()
    async with node.write() as uow:
        await add_to_pack(uow, editor_of(viewer), pack_id, asked.account_ids, now=node.now())
        return await _whole(uow, await get_pack(uow, pack_id, viewer.account_id), viewer.account_id)


@blueprint.delete("/<id:pack_id>/accounts")
@needs("write:accounts")
@takes(People)
@answers(StarterPack)
async def take_out(viewer: Viewer, asked: People, pack_id: int) -> dict[str, Any]:
    """Take people out of a pack of one's own."""
    node = runtime()
    async with node.write() as uow:
        await take_out_of_pack(uow, editor_of(viewer), pack_id, asked.account_ids, now=node.now())
        return await _whole(uow, await get_pack(uow, pack_id, viewer.account_id), viewer.account_id)


@blueprint.post("/<id:pack_id>/leave")
@needs("write:accounts")
@answers(Empty)
async def leave(viewer: Viewer, pack_id: int) -> dict[str, Any]:
    """Take oneself out of somebody's pack, for good."""
    node = runtime()
    async with node.write() as uow:
        await leave_pack(uow, viewer.account_id, pack_id, now=node.now())
    return {}


@blueprint.post("/<id:pack_id>/follow")
@needs("write:follows")
@takes(Chosen)
@answers(list[Relationship])
async def follow_chosen(viewer: Viewer, asked: Chosen, pack_id: int) -> list[dict[str, Any]]:
    """Follow the people in a pack, or those of them that are named; each new one counts among the follows of the day.

    Answers how the viewer stands to whom they did not follow before.
    """
    node = runtime()
    async with node.read() as reader:
        pack = await get_pack(reader, pack_id, viewer.account_id)
        people = await list_members_to_follow(reader, pack, viewer.account_id, node.now(), among=asked.account_ids)
    if people:
        await spend(node, Bucket(FOLLOWS, f"account:{viewer.account_id}", len(people)))
    async with node.write() as uow:
        me = await get_account(uow, viewer.account_id)
        await follow_all(uow, node.settings, me, people, now=node.now())
        return await relationships(uow, viewer.account_id, [one.id for one in people])


async def _listed(reader: Reader, packs: Sequence[PackRow], viewer_id: int | None) -> list[dict[str, Any]]:
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


async def _whole(reader: Reader, pack: PackRow, viewer_id: int | None) -> dict[str, Any]:
    node = runtime()
    people = await list_members(reader, pack, viewer_id, node.now())
    owners = await list_accounts(reader, [pack.account_id])
    return pack_view(pack, owner=owners.get(pack.account_id), count=len(people), people=people, settings=node.settings)
