"""What operators announce, as it stands on top of pages: put it away, react."""

from quart import Blueprint

from node.announcements.queries import list_reaction_tallies
from node.announcements.service import add_reaction, dismiss, remove_reaction
from node.base.errors import Invalid
from node.http.context import runtime
from node.web.forms import read_form
from node.web.showing import install, tell
from node.web.visitors import Answer, Visitor, back, signed_in

blueprint = Blueprint("web_announcements", __name__)
blueprint.record_once(install)


@blueprint.post("/web/announcements/<id:announcement_id>/dismiss")
@signed_in
async def put_away(visitor: Visitor, announcement_id: int) -> Answer:
    """Put one away."""
    node = runtime()
    async with node.write() as uow:
        await dismiss(uow, visitor.account_id, announcement_id, now=node.now())
    return await back()


@blueprint.post("/web/announcements/<id:announcement_id>/react")
@signed_in
async def react(visitor: Visitor, announcement_id: int) -> Answer:
    """Give an emoji, or take it back."""
    name = (await read_form()).line("emoji")
    node = runtime()
    try:
        async with node.write() as uow:
            tallies = await list_reaction_tallies(uow, [announcement_id], viewer_id=visitor.account_id)
            given = any(tally.mine and tally.name == name for tally in tallies.get(announcement_id, []))
            change = remove_reaction if given else add_reaction
            await change(uow, visitor.account_id, announcement_id, name, now=node.now())
    except Invalid as problem:
        tell(problem.message, "error")
    return await back()
