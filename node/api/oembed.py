"""Open posts of this server for other sites: an oEmbed answer with a plain quotation, nothing that runs or frames."""

import re
from html import escape
from typing import Annotated, Any, Final

from msgspec import Meta
from quart import Blueprint

from node.accounts.queries import get_account
from node.api.entities.oembed import OEmbed
from node.base.errors import BadRequest, NotFound
from node.http.context import runtime
from node.http.principals import open_to_all
from node.http.requests import Request, answers, takes
from node.posts.queries import get_visible_post
from node.posts.rules import OPEN_VISIBILITIES
from node.text.sanitising import html_to_text

WIDTH: Final = 400
CACHE_SECONDS: Final = 86_400
MAX_TITLE: Final = 100

_OUR_POST = re.compile(r"/(?:@[A-Za-z0-9_.-]+|users/[0-9]{1,20}/statuses)/([0-9]{1,19})")

blueprint = Blueprint("api_oembed", __name__, url_prefix="/api")


class Embedding(Request, frozen=True, kw_only=True):
    """Which post is to be embedded, and how large at most."""

    url: Annotated[str, Meta(min_length=1, max_length=2048)]
    maxwidth: int | None = None
    maxheight: int | None = None
    format: str = "json"


@blueprint.get("/oembed")
@open_to_all
@takes(Embedding)
@answers(OEmbed)
async def embed(asked: Embedding) -> dict[str, Any]:
    """Return an own open post for another site. What is not open, or another server's, is not there: 404."""
    if asked.format != "json":
        raise BadRequest("This is answered as JSON only")
    settings = runtime().settings
    place = asked.url.strip().partition("#")[0].partition("?")[0]
    found = _OUR_POST.fullmatch(place.removeprefix(settings.public_url))
    if found is None or not place.startswith(settings.public_url + "/"):
        raise NotFound()
    async with runtime().read() as reader:
        post = await get_visible_post(reader, min(int(found[1]), 2**63 - 1), None)
        if not post.local or post.boost_of_id is not None or post.visibility not in OPEN_VISIBILITIES:
            raise NotFound()
        author = await get_account(reader, post.account_id)
    name = author.display_name or author.username
    words = post.spoiler_text or html_to_text(post.content)
    url = post.url or post.uri
    quotation = "<br>".join(escape(line) for line in words.strip().splitlines())
    handle = f"@{author.username}@{settings.domain}"
    moment = f"{post.published_at:%Y-%m-%d %H:%M} UTC"
    html = (
        f'<blockquote class="fediverse-post" cite="{escape(url)}"><p>{quotation or "A post with media"}</p>'
        f'<p>{escape(name)} (<a href="{escape(author.url)}">{escape(handle)}</a>), '
        f'<a href="{escape(url)}">{moment}</a></p></blockquote>'
    )
    title = " ".join(words.split())
    return {
        "type": "rich",
        "version": "1.0",
        "title": title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1] + "…",
        "author_name": name,
        "author_url": author.url,
        "provider_name": settings.site_name,
        "provider_url": settings.public_url,
        "cache_age": CACHE_SECONDS,
        "html": html,
        "width": max(1, min(asked.maxwidth, WIDTH)) if asked.maxwidth else WIDTH,
        "height": None,
    }
