"""From a handler to a page: gathers what the frame of every page needs and draws the template.

Called by every blueprint of this package and by the operator's pages (`admin/pages`). One read view is opened
for the frame: the viewer's own account, how much is new, how many ask to follow.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import urlencode

from quart import Quart, Response, current_app, g, jsonify, request
from quart.blueprints import BlueprintSetupState

from node.accounts.queries import get_account
from node.accounts.views import credential_account_view
from node.announcements.views import unread_announcements
from node.auth.queries import get_user
from node.base.db.unit_of_work import Reader
from node.base.ids import read_id
from node.base.paging import Page
from node.base.runtime import VERSION, Runtime
from node.conversations.queries import count_unread as count_unread_conversations
from node.follows.queries import count_follow_requests
from node.http.context import runtime
from node.http.problems import register_html
from node.media.films import has_engine
from node.media.images import ACCEPTED_TYPES
from node.notifications.queries import count_unread
from node.posts.drafts import MAX_MEDIA
from node.site.service import site_facts
from node.trends.queries import list_hashtags
from node.trends.rules import explanation
from node.trends.service import current_trends
from node.web.rendering import Flash, Pages, Site
from node.web.visitors import Visitor, current_visitor, drop_cookie, form_token, read_cookie, set_cookie

_KEY = "rookery.pages"
TOLD_ON = ("/home", "/notifications", "/public", "/public/local")
"""Pages on top of which announcements stand."""
THEMES = ("auto", "light", "dark")
PAGE_LENGTH = 20
PEOPLE_LENGTH = 40
RAIL_TAGS = 4
RAIL_SECONDS = 60

ADVICE: Mapping[int, tuple[str, str]] = {
    400: ("That request made no sense to us", "Go back and try once more; if a link brought you here, it is broken."),
    401: ("Please sign in", "This page is for people who are signed in."),
    403: ("This is not allowed", ""),
    404: (
        "There is nothing at this address",
        "It may have been deleted, it may be for other eyes, or the link may have a slip in it.",
    ),
    405: ("That is not how this page is used", "Go back and use the buttons of the page."),
    409: ("Somebody was faster", "This changed while you were looking at it. Go back, reload and try again."),
    410: ("This is gone", "It was here once, and its author or the people who look after this server removed it."),
    413: ("That is too large", "Send fewer or smaller pictures, and a shorter text."),
    422: ("Something needs another look", ""),
    429: ("A little slower, please", "You were asking very fast. Wait a moment, then go on."),
    500: ("Something broke on our side", "It is not your fault, and it has been written down. Try again in a moment."),
    503: ("Taking a breath", "A part of this server is busy or away. Try again in a moment; nothing is lost."),
}


def install(state: BlueprintSetupState) -> None:
    """Give the application its pages and its error page. Runs when the first blueprint is registered."""
    app = cast(Quart, state.app)
    if _KEY not in app.extensions:
        app.extensions[_KEY] = Pages()
        register_html(app, _error_page)
        app.after_request(_finish)


async def prepare_pages(app: Quart) -> None:
    """Have all pages compiled, so that nobody who comes first waits for it, and everybody else with them."""
    await asyncio.to_thread(cast(Pages, app.extensions[_KEY]).compile)


async def site() -> Site:
    """Return what pages say about the node."""
    settings = runtime().settings
    facts = await site_facts(runtime())
    return Site(
        name=settings.site_name,
        domain=settings.domain,
        description=settings.site_description,
        url=settings.public_url,
        max_post_length=settings.max_post_length,
        registrations=settings.registrations,
        contact=settings.contact_email,
        version=VERSION,
        max_media=MAX_MEDIA,
        accepted_files=",".join(ACCEPTED_TYPES) + (",video/*,audio/*" if has_engine() else ""),
        people=facts.people,
        posts=facts.posts,
    )


async def show(template: str, visitor: Visitor | None, *, status: int = 200, **context: Any) -> Response:
    """Draw a page. `context` is what the template names in its first lines."""
    frame = await _frame(visitor)
    has_form = visitor is not None or "form_page" in context
    context.pop("form_page", None)
    html = cast(Pages, current_app.extensions[_KEY]).render(
        template,
        **{
            **frame,
            "site": await site(),
            "now": runtime().now(),
            "theme": theme(visitor),
            "path": request.path,
            "csrf_token": form_token(visitor) if has_form else "",
            "flash": _take_flash(),
            "filter_context": "",
            "rail_tags": await rail_tags(runtime()) if status < 500 else [],
            **context,
        },
    )
    return page_response(html, status=status)


def page_response(html: str, *, status: int = 200) -> Response:
    """Return the response that carries a page."""
    response = Response(html, status=status, content_type="text/html; charset=utf-8")
    response.headers["Vary"] = "Accept, Cookie"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


async def rail_tags(node: Runtime) -> list[dict[str, str]]:
    """Return the hashtags of the right rail, with why each is there: the same on every page for a minute."""
    cache = node.caches.get("rail_tags", size=1, seconds=RAIL_SECONDS)
    found: list[dict[str, str]] | None = cache.get("all")
    if found is None:
        trends = (await current_trends(node, "tags"))[:RAIL_TAGS]
        async with node.read() as reader:
            tags = await list_hashtags(reader, [trend.id for trend in trends])
        found = [
            {"name": tags[trend.id].display, "reason": explanation(trend, "tags")}
            for trend in trends
            if trend.id in tags
        ]
        cache.put("all", found)
    return found


async def count_badges(node: Runtime, reader: Reader, account_id: int) -> dict[str, int]:
    """Return the numbers that stand in the navigation."""
    return {
        "notifications": await count_unread(reader, account_id),
        "requests": await count_follow_requests(reader, account_id),
        "messages": await count_unread_conversations(reader, account_id, now=node.now()),
    }


async def _frame(visitor: Visitor | None) -> dict[str, Any]:
    if visitor is None:
        return {}
    node = runtime()
    async with node.read() as reader:
        account = await get_account(reader, visitor.account_id)
        user = await get_user(reader, visitor.account_id)
        badges = await count_badges(node, reader, visitor.account_id)
        announcements = []
        if request.path in TOLD_ON:
            announcements = await unread_announcements(node, reader, visitor.account_id)
    view = credential_account_view(account, user, settings=node.settings, follow_requests_count=badges["requests"])
    return {
        "viewer": view,
        "badges": badges,
        "announcements": announcements,
        "is_admin": visitor.is_staff,
        "zone": user.time_zone,
    }


def theme(visitor: Visitor | None) -> str:
    """Return the colours chosen by the person, or in this browser where nobody is signed in."""
    chosen = visitor.theme if visitor is not None else read_cookie("theme")
    return chosen if chosen in THEMES else "auto"


def tell(text: str, kind: str = "success") -> None:
    """Say something on the next page this browser is shown."""
    g.setdefault("flash_next", []).append(f"{kind}:{text}")


def _take_flash() -> list[Flash]:
    g.flash_shown = True
    found = []
    for line in read_cookie("flash").split("|"):
        kind, _, text = line.partition(":")
        if kind in ("info", "success", "error") and text:
            found.append(Flash(text, kind))
    return found


async def _finish(response: Response) -> Response:
    if g.get("flash_next"):
        set_cookie(response, "flash", "|".join(g.flash_next)[:180], seconds=60)
    elif g.get("flash_shown") and read_cookie("flash"):
        drop_cookie(response, "flash")
    if g.get("form_token_is_new"):
        set_cookie(response, "form", g.form_token)
    return response


def answer(**body: Any) -> Response:
    """Return JSON to a module of ours that sent a form by itself."""
    return jsonify(body)


def page_asked(limit: int = PAGE_LENGTH) -> Page:
    """Return the page named in the query; what is no id is ignored."""

    return Page(
        limit=limit,
        max_id=read_id(request.args.get("max_id", "")),
        min_id=read_id(request.args.get("min_id", "")),
    )


def links(page: Page, cursors: Iterable[int], *, has_more: bool = False) -> dict[str, Any]:
    """Return `next_url` and `prev_url` for a page whose entries, newest first, have these cursors.

    `has_more`: there may be older ones although the page is not full.
    """
    found = list(cursors)
    kept = [(name, value) for name, value in request.args.items() if name not in ("max_id", "min_id")]

    def address(name: str, cursor: int) -> str:
        return f"{request.path}?{urlencode([*kept, (name, str(cursor))])}"

    is_first = page.max_id is None and page.min_id is None
    is_full = len(found) >= page.limit
    last = found[-1] if found else page.max_id
    goes_on = has_more or bool(found and (is_full or page.min_id is not None))
    return {
        "next_url": address("max_id", last) if last is not None and goes_on else None,
        "prev_url": address("min_id", found[0]) if found and not is_first else None,
    }


async def _error_page(status: int, message: str) -> Response:
    heading, advice = ADVICE.get(status, ADVICE[500 if status >= 500 else 400])
    if status in (401, 403, 422) and message:
        advice = message
    return await show(
        "pages/error.html",
        await current_visitor() if status < 500 else None,
        status=status,
        code=status,
        heading=heading,
        advice=advice,
        reference=None,
    )
