"""Who asks to follow the viewer, and the answer."""

from quart import Blueprint

from node.base.errors import NotFound
from node.follows.queries import find_follow, list_follow_requests
from node.follows.service import accept_follow, reject_follow
from node.http.context import runtime
from node.web.accounts import people
from node.web.showing import PEOPLE_LENGTH, install, links, page_asked, show
from node.web.visitors import Answer, Visitor, back, signed_in

blueprint = Blueprint("web_follow_requests", __name__)
blueprint.record_once(install)


@blueprint.get("/follow_requests")
@signed_in
async def list_them(visitor: Visitor) -> Answer:
    """Show who waits for an answer."""
    page = page_asked(PEOPLE_LENGTH)
    async with runtime().read() as reader:
        entries = await list_follow_requests(reader, visitor.account_id, page)
        accounts, _ = await people(reader, visitor, entries)
    return await show(
        "pages/follow_requests.html", visitor, accounts=accounts, **links(page, [entry.id for entry in entries])
    )


@blueprint.post("/web/follow_requests/<id:account_id>/<any(authorize,reject):verb>")
@signed_in
async def decide(visitor: Visitor, account_id: int, verb: str) -> Answer:
    """Accept or refuse a request."""
    async with runtime().write() as uow:
        asked = await find_follow(uow, account_id, visitor.account_id)
        if asked is None or asked.accepted_at is not None:
            raise NotFound
        await (accept_follow(uow, asked) if verb == "authorize" else reject_follow(uow, asked))
    return await back("/follow_requests")
