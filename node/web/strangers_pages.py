"""The page of a post as strangers get it, kept for some seconds: a link goes round, and most who follow it have no
account here.

Kept under everything that the one query of posts (`node/posts/post_facts.py`) says of the post: an edit, a like, an
answer, a new name of its author, a card make another page at once, and what strangers may no longer see is not found
there. What stands around it (answers to its answers, the rail, how long ago something was) may be `SECONDS` old. Of
many who ask at a time one has it drawn. Polls are drawn for everybody: they change with every vote and by the clock.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from quart import Response, request

from node.base.runtime import VERSION, Runtime
from node.posts.post_facts import list_facts
from node.web.showing import page_response

SECONDS: Final = 5
KEPT: Final = 100

_Key = tuple[int, str]


def is_stranger() -> bool:
    """Whether the page may look like everybody's: no cookie, and no question in its address."""
    return not request.cookies and not request.query_string


async def kept_page(node: Runtime, post_id: int, draw: Callable[[], Awaitable[Response]]) -> Response:
    """Return the page of this request's path for a stranger, drawing it where it is not kept.

    What `draw` raises is raised.
    """
    async with node.read() as reader:
        facts = await list_facts(reader, [post_id], viewer_id=None)
    if not facts or facts[0].kind == "Question":
        return await draw()
    version = f"{VERSION} {node.settings.public_url} {request.path} {tuple(facts[0])!r}"
    key = (post_id, hashlib.sha256(version.encode()).hexdigest()[:32])

    async def make(absent: Sequence[_Key]) -> dict[_Key, Any]:
        return {key: await (await draw()).get_data(as_text=True)}

    pages = node.caches.shared(
        "strangers_pages", gate=node.gate, stamp="post", size=KEPT, seconds=SECONDS, shared_seconds=SECONDS
    )
    return page_response((await pages.find([key], make))[key])
