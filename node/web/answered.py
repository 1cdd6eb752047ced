"""What a vote or a reaction is answered with: the way back, or the post's poll and reactions drawn anew.

Called by `polls.py` and `reactions.py`. The drawn parts are for the module of ours that sent the form by itself.
"""

from quart import request

from node.http.context import runtime
from node.http.problems import wants_json
from node.posts.rendering import render_post
from node.web.showing import answer, show
from node.web.visitors import Answer, Visitor, back, safe_path


async def answered(visitor: Visitor, post_id: int) -> Answer:
    """Lead back to where the form was; to a script, say how the post looks now."""
    if not wants_json():
        return await back(f"/web/posts/{post_id}")
    node = runtime()
    async with node.read() as reader:
        view = await render_post(node, reader, post_id, viewer_id=visitor.account_id)
    path = safe_path((await request.form).get("return_to")).partition("#")[0]
    drawn = await show("partials/answered.html", visitor, post=view["reblog"] or view, path=path)
    return answer(html=await drawn.get_data(as_text=True))
