"""Drafts: posts and threads to go on with later (ours alone; other servers have nothing like it)."""

from typing import Any

from quart import Blueprint

from node.api.answers import Answer, page_answer
from node.api.composing import AskedPost, AskedWords, NewThread, draft_from, thread_from
from node.api.entities.errors import Empty
from node.api.entities.scheduled import Draft
from node.auth.queries import get_user
from node.drafts.queries import get_own_draft, list_drafts
from node.drafts.service import change_draft, save_draft, throw_away
from node.drafts.views import kept_draft_view
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Paging, answers, takes
from node.media.queries import list_held
from node.posts import drafts as posts

blueprint = Blueprint("api_drafts", __name__, url_prefix="/api/v1/drafts")


class AskedDraft(AskedPost, frozen=True, kw_only=True):
    """A post that need not be complete, and in `thread` those that are to follow it."""

    thread: list[AskedWords] = []


@blueprint.get("")
@needs("read:statuses")
@takes(Paging)
@answers(list[Draft])
async def show_all(viewer: Viewer, asked: Paging) -> Answer:
    """Return the viewer's drafts, the newest first."""
    node = runtime()
    async with node.read() as reader:
        rows = await list_drafts(reader, viewer.account_id, page_of(asked))
        media = await list_held(reader, draft_ids=[row.id for row in rows])
    return page_answer([kept_draft_view(row, media, settings=node.settings) for row in rows])


@blueprint.get("/<id:draft_id>")
@needs("read:statuses")
@answers(Draft)
async def show(viewer: Viewer, draft_id: int) -> dict[str, Any]:
    """Return one draft."""
    return await _shown(viewer, draft_id)


@blueprint.post("")
@needs("write:statuses")
@takes(AskedDraft)
@answers(Draft)
async def create(viewer: Viewer, asked: AskedDraft) -> dict[str, Any]:
    """Keep a draft. Its media stay as long as it does."""
    node = runtime()
    wanted = await _posts_of(viewer, asked)
    async with node.write() as uow:
        row = await save_draft(uow, node.settings, viewer.account_id, wanted, now=node.now())
    return await _shown(viewer, row.id)


@blueprint.put("/<id:draft_id>")
@blueprint.patch("/<id:draft_id>")
@needs("write:statuses")
@takes(AskedDraft)
@answers(Draft)
async def change(viewer: Viewer, asked: AskedDraft, draft_id: int) -> dict[str, Any]:
    """Put other words in a draft's place: what is not sent is not in it any more."""
    node = runtime()
    wanted = await _posts_of(viewer, asked)
    async with node.write() as uow:
        row = await get_own_draft(uow, draft_id, viewer.account_id)
        await change_draft(uow, node.settings, row, wanted, now=node.now())
    return await _shown(viewer, draft_id)


@blueprint.delete("/<id:draft_id>")
@needs("write:statuses")
@answers(Empty)
async def delete(viewer: Viewer, draft_id: int) -> dict[str, Any]:
    """Throw a draft away."""
    node = runtime()
    async with node.write() as uow:
        row = await get_own_draft(uow, draft_id, viewer.account_id)
        await throw_away(uow, row, now=node.now())
    return {}


async def _posts_of(viewer: Viewer, asked: AskedDraft) -> list[posts.Draft]:
    async with runtime().read() as reader:
        user = await get_user(reader, viewer.account_id)
    first = draft_from(asked, user, app_id=viewer.app_id)
    whole = NewThread(statuses=asked.thread, visibility=asked.visibility, local_only=asked.local_only)
    return [first, *thread_from(whole, user, app_id=viewer.app_id)]


async def _shown(viewer: Viewer, draft_id: int) -> dict[str, Any]:
    node = runtime()
    async with node.read() as reader:
        row = await get_own_draft(reader, draft_id, viewer.account_id)
        media = await list_held(reader, draft_ids=[row.id])
    return kept_draft_view(row, media, settings=node.settings)
