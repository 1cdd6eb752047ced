"""What the composer asks while a film of its is being prepared. Uploads themselves come with the post's form."""

from quart import Blueprint

from node.base.errors import NotFound
from node.http.context import runtime
from node.media.queries import find_media
from node.web.showing import answer, install
from node.web.visitors import Answer, Visitor, signed_in

blueprint = Blueprint("web_uploads", __name__)
blueprint.record_once(install)


@blueprint.get("/web/media/<id:media_id>")
@signed_in
async def state(visitor: Visitor, media_id: int) -> Answer:
    """Tell how an own upload stands that no post has yet."""
    async with runtime().read() as reader:
        media = await find_media(reader, media_id)
    if media is None or media.account_id != visitor.account_id or media.post_id is not None:
        raise NotFound
    return answer(state=media.state, problem=media.problem)
