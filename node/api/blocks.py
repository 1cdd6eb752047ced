"""Blocking and muting: the two lists, and the four changes. Every change answers the Relationship."""

from datetime import timedelta
from typing import Annotated, Any

from msgspec import Meta
from quart import Blueprint

from node.accounts.queries import get_account
from node.api.answers import Answer, accounts_answer
from node.api.entities.accounts import Account, MutedAccount, Relationship
from node.api.relationships import relationship
from node.blocks.queries import list_blocks, list_mute_ends, list_mutes
from node.blocks.service import block, mute, unblock, unmute
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Paging, Request, answers, takes
from node.posts.views import time_word

LONGEST_MUTE = 3_650 * 86_400
"""In seconds."""

blueprint = Blueprint("api_blocks", __name__, url_prefix="/api/v1")


class MuteOptions(Request, frozen=True, kw_only=True):
    """How to mute: for so many seconds (0: until further notice), with or without notifications."""

    duration: Annotated[int, Meta(ge=0, le=LONGEST_MUTE)] = 0
    notifications: bool = True


@blueprint.get("/blocks")
@needs("read:blocks")
@takes(Paging)
@answers(list[Account])
async def list_blocked(viewer: Viewer, asked: Paging) -> Answer:
    """Return whom the viewer blocks."""
    node = runtime()
    async with node.read() as reader:
        entries = await list_blocks(reader, viewer.account_id, page_of(asked, 40))
        return await accounts_answer(node, reader, entries)


@blueprint.get("/mutes")
@needs("read:mutes")
@takes(Paging)
@answers(list[MutedAccount])
async def list_muted(viewer: Viewer, asked: Paging) -> Answer:
    """Return whom the viewer mutes, and until when."""
    node = runtime()
    async with node.read() as reader:
        entries = await list_mutes(reader, viewer.account_id, page_of(asked, 40), now=node.now())
        ends = await list_mute_ends(reader, viewer.account_id, [entry.account_id for entry in entries])
        shown, status, headers = await accounts_answer(node, reader, entries)
    return (
        [account | {"mute_expires_at": time_word(ends.get(int(account["id"])))} for account in shown],
        status,
        headers,
    )


@blueprint.post("/accounts/<id:account_id>/block")
@needs("write:blocks")
@answers(Relationship)
async def block_account(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """Block: follows both ways end, neither reads the other."""
    node = runtime()
    async with node.write() as uow:
        me = await get_account(uow, viewer.account_id)
        await block(uow, node.settings, me, await get_account(uow, account_id), now=node.now())
    return await relationship(viewer.account_id, account_id)


@blueprint.post("/accounts/<id:account_id>/unblock")
@needs("write:blocks")
@answers(Relationship)
async def unblock_account(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """End a block."""
    async with runtime().write() as uow:
        await get_account(uow, account_id, include_gone=True)
        await unblock(uow, viewer.account_id, account_id)
    return await relationship(viewer.account_id, account_id)


@blueprint.post("/accounts/<id:account_id>/mute")
@needs("write:mutes")
@takes(MuteOptions)
@answers(Relationship)
async def mute_account(viewer: Viewer, asked: MuteOptions, account_id: int) -> dict[str, Any]:
    """Mute, for `duration` seconds (0 or absent: until further notice), by default with notifications."""
    node = runtime()
    async with node.write() as uow:
        await mute(
            uow,
            await get_account(uow, viewer.account_id),
            await get_account(uow, account_id),
            duration=timedelta(seconds=asked.duration) if asked.duration else None,
            notifications=asked.notifications,
            now=node.now(),
        )
    return await relationship(viewer.account_id, account_id)


@blueprint.post("/accounts/<id:account_id>/unmute")
@needs("write:mutes")
@answers(Relationship)
async def unmute_account(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """End a mute."""
    async with runtime().write() as uow:
        await get_account(uow, account_id, include_gone=True)
        await unmute(uow, viewer.account_id, account_id)
    return await relationship(viewer.account_id, account_id)
