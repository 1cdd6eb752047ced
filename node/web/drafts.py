"""The pages of posts to come: drafts and scheduled posts, to go on with, move and throw away."""

from typing import Any, cast

from quart import Blueprint, Response, redirect

from node.auth.queries import get_user
from node.base.errors import Invalid, NotFound
from node.drafts.queries import get_own_draft, list_drafts
from node.drafts.service import change_draft, save_draft, throw_away
from node.http.context import runtime
from node.posts.drafts import Draft, from_stored
from node.scheduled.queries import get_own_scheduled, list_scheduled
from node.scheduled.service import cancel, reschedule
from node.web.forms import errors_of, read_form
from node.web.showing import install, links, page_asked, show, tell
from node.web.visitors import Answer, Visitor, signed_in
from node.web.zones import local_word, moment_in, spoken

blueprint = Blueprint("web_drafts", __name__)
blueprint.record_once(install)


@blueprint.get("/drafts")
@signed_in
async def drafts(visitor: Visitor) -> Answer:
    """Show the viewer's drafts."""
    page = page_asked()
    async with runtime().read() as reader:
        rows = await list_drafts(reader, visitor.account_id, page)
    entries = [
        {"id": row.id, "updated_at": row.updated_at, "posts": [_shown(from_stored(post)) for post in row.posts]}
        for row in rows
    ]
    return await show("pages/drafts.html", visitor, entries=entries, **links(page, [row.id for row in rows]))


@blueprint.post("/web/drafts/<id:draft_id>/delete")
@signed_in
async def delete_draft(visitor: Visitor, draft_id: int) -> Answer:
    """Throw a draft away."""
    node = runtime()
    async with node.write() as uow:
        await throw_away(uow, await get_own_draft(uow, draft_id, visitor.account_id), now=node.now())
    tell("Your draft is deleted.")
    return cast(Response, redirect("/drafts", 303))


@blueprint.post("/web/drafts/<id:draft_id>/parts/<int:number>/remove")
@signed_in
async def remove_part(visitor: Visitor, draft_id: int, number: int) -> Answer:
    """Take one post out of a thread that is being written; without its last one the draft goes too."""
    node = runtime()
    async with node.write() as uow:
        row = await get_own_draft(uow, draft_id, visitor.account_id)
        posts = [from_stored(post) for post in row.posts]
        if number >= len(posts):
            raise NotFound
        del posts[number]
        if posts:
            await change_draft(uow, node.settings, row, posts, now=node.now())
        else:
            await throw_away(uow, row, now=node.now())
    return cast(Response, redirect(f"/compose?draft={draft_id}&more=1" if posts else "/compose", 303))


@blueprint.get("/scheduled")
@signed_in
async def scheduled(visitor: Visitor) -> Answer:
    """Show what the viewer has scheduled, those that failed among them."""
    page = page_asked()
    async with runtime().read() as reader:
        rows = await list_scheduled(reader, visitor.account_id, page)
        zone = (await get_user(reader, visitor.account_id)).time_zone
    entries = [
        {
            "id": row.id,
            "post": _shown(from_stored(row.draft)),
            "when": spoken(row.scheduled_at, zone),
            "local": local_word(row.scheduled_at, zone),
            "failure": row.failure,
        }
        for row in rows
    ]
    return await show("pages/scheduled.html", visitor, entries=entries, **links(page, [row.id for row in rows]))


@blueprint.post("/web/scheduled/<id:scheduled_id>/move")
@signed_in
async def move(visitor: Visitor, scheduled_id: int) -> Answer:
    """Give a scheduled post another time."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            row = await get_own_scheduled(uow, scheduled_id, visitor.account_id)
            user = await get_user(uow, visitor.account_id)
            at = moment_in(form.line("scheduled_at"), user.time_zone)
            if at is None:
                raise Invalid(fields={"scheduled_at": ["Choose a day and a time"]})
            await reschedule(uow, row, at=at, now=node.now())
    except Invalid as problem:
        tell(" ".join(errors_of(problem).values()), "error")
    else:
        tell("The time is changed.")
    return cast(Response, redirect("/scheduled", 303))


@blueprint.post("/web/scheduled/<id:scheduled_id>/delete")
@signed_in
async def delete_scheduled(visitor: Visitor, scheduled_id: int) -> Answer:
    """Take a scheduled post back."""
    node = runtime()
    async with node.write() as uow:
        await cancel(uow, await get_own_scheduled(uow, scheduled_id, visitor.account_id), now=node.now())
    tell("It will not be published.")
    return cast(Response, redirect("/scheduled", 303))


@blueprint.post("/web/scheduled/<id:scheduled_id>/rewrite")
@signed_in
async def rewrite(visitor: Visitor, scheduled_id: int) -> Answer:
    """Make a scheduled post a draft and go on with it."""
    node = runtime()
    now = node.now()
    try:
        async with node.write() as uow:
            row = await get_own_scheduled(uow, scheduled_id, visitor.account_id)
            draft = from_stored(row.draft)
            await cancel(uow, row, now=now)
            kept = await save_draft(uow, node.settings, visitor.account_id, [draft], now=now)
    except Invalid as problem:
        tell(problem.message, "error")
        return cast(Response, redirect("/scheduled", 303))
    return cast(Response, redirect(f"/compose?draft={kept.id}", 303))


def _shown(draft: Draft) -> dict[str, Any]:
    return {
        "text": draft.text or draft.spoiler_text,
        "media": len(draft.media_ids),
        "poll": draft.poll is not None,
        "local_only": draft.local_only,
    }
