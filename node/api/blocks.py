"""Blocking and muting: the two lists, and the four changes. Every change answers the Relationship."""

from datetime import timedelta
from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account
from node.api.answers import Answer, accounts_answer
from node.api.relationships import relationship
from node.base.errors import Invalid
from node.blocks.queries import list_blocks, list_mute_ends, list_mutes
from node.blocks.service import block, mute, unblock, unmute
from node.http.context import runtime
from node.http.paging import page_from
from node.http.parameters import parameters
from node.http.principals import Viewer, needs
from node.posts.views import time_word

LONGEST_MUTE = timedelta(days=3_650)

blueprint = Blueprint("api_blocks", __name__, url_prefix="/api/v1")


@blueprint.get("/blocks")
@needs("read:blocks")
async def list_blocked(viewer: Viewer) -> Answer:
    """Return whom the viewer blocks."""
    sent = await parameters()
    node = runtime()
    async with node.read() as reader:
        entries = await list_blocks(reader, viewer.account_id, page_from(sent, 40))
        return await accounts_answer(node, reader, sent, entries)


@blueprint.get("/mutes")
@needs("read:mutes")
async def list_muted(viewer: Viewer) -> Answer:
    """Return whom the viewer mutes, and until when."""
    sent = await parameters()
    node = runtime()
    async with node.read() as reader:
        entries = await list_mutes(reader, viewer.account_id, page_from(sent, 40), now=node.now())
        ends = await list_mute_ends(reader, viewer.account_id, [entry.account_id for entry in entries])
        shown, status, headers = await accounts_answer(node, reader, sent, entries)
    return (
        [account | {"mute_expires_at": time_word(ends.get(int(account["id"])))} for account in shown],
        status,
        headers,
    )


@blueprint.post("/accounts/<id:account_id>/block")
@needs("write:blocks")
async def block_account(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """Block: follows both ways end, neither reads the other."""
    node = runtime()
    async with node.write() as uow:
        me = await get_account(uow, viewer.account_id)
        await block(uow, node.settings, me, await get_account(uow, account_id), now=node.now())
        return await relationship(uow, me.id, account_id)


@blueprint.post("/accounts/<id:account_id>/unblock")
@needs("write:blocks")
async def unblock_account(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """End a block."""
    async with runtime().write() as uow:
        await get_account(uow, account_id, include_gone=True)
        await unblock(uow, viewer.account_id, account_id)
        return await relationship(uow, viewer.account_id, account_id)


@blueprint.post("/accounts/<id:account_id>/mute")
@needs("write:mutes")
async def mute_account(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """Mute, for `duration` seconds (0 or absent: until further notice), by default with notifications."""
    sent = await parameters()
    seconds = sent.whole("duration") or 0
    if not 0 <= seconds <= LONGEST_MUTE.total_seconds():
        raise Invalid("Validation failed: duration must be a number of seconds from 0 to 315360000")
    with_notifications = sent.flag("notifications")
    node = runtime()
    async with node.write() as uow:
        await mute(
            uow,
            await get_account(uow, viewer.account_id),
            await get_account(uow, account_id),
            duration=timedelta(seconds=seconds) if seconds else None,
            notifications=True if with_notifications is None else with_notifications,
            now=node.now(),
        )
        return await relationship(uow, viewer.account_id, account_id)


@blueprint.post("/accounts/<id:account_id>/unmute")
@needs("write:mutes")
async def unmute_account(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """End a mute."""
    async with runtime().write() as uow:
        await get_account(uow, account_id, include_gone=True)
        await unmute(uow, viewer.account_id, account_id)
        return await relationship(uow, viewer.account_id, account_id)
