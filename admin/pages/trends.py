"""/admin/trends: what trends and why, what was decided about it, and whose trends are shown beside ours."""

from collections.abc import Mapping
from typing import Any, cast, get_args

from quart import Blueprint, Response

from node.accounts.queries import find_account_by_handle, list_accounts
from node.accounts.rules import local_or_domain
from node.base.db.unit_of_work import Reader
from node.base.errors import Invalid, NotFound
from node.base.ids import read_id
from node.base.runtime import Runtime
from node.http.context import runtime
from node.posts.rendering import card_views, render_posts
from node.trends.desk import Judged, list_judged
from node.trends.models import TrendRuling
from node.trends.pool import add_peer, remove_peer
from node.trends.pool_queries import list_peers
from node.trends.queries import list_hashtags
from node.trends.review import decide
from node.trends.rules import KINDS, Kind, explanation
from node.trends.ruling_queries import ABOUT, Subject, list_rulings
from node.web.forms import errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, back, staff_only

PLACE = "/admin/trends"
SHOWN = 20
DECISIONS = 100

VERDICTS = {"allow": True, "exclude": False, "forget": None}

blueprint = Blueprint("trends", __name__)
blueprint.record_once(install)


@blueprint.get("/trends")
@staff_only("admin", "moderator")
async def trends(visitor: Visitor) -> Answer:
    """Show what trends with its reasons, and what was decided."""
    return await _page(visitor)


@blueprint.post("/trends/<any(allow, exclude, forget):verb>")
@staff_only("admin", "moderator")
async def decide_one(visitor: Visitor, verb: str) -> Answer:
    """Allow or exclude something for ever, or take that back."""
    form = await read_form()
    node = runtime()
    about, subject = form.line("about"), form.line("subject")
    if about not in get_args(Subject):
        raise NotFound()
    try:
        if about == "author" and read_id(subject) is None:
            subject = await _author(subject)
        async with node.write() as uow:
            changed = await decide(
                uow,
                node,
                cast("Subject", about),
                subject,
                allowed=VERDICTS[verb],
                actor_id=visitor.account_id,
                now=node.now(),
            )
    except (Invalid, NotFound) as problem:
        wrong = (
            errors_of(problem) if isinstance(problem, Invalid) else {"subject": "Nothing of that name is known here."}
        )
        return await _page(visitor, status=422, errors={"subject": " ".join(wrong.values())}, form=form.typed())
    said = {"allow": "It may trend.", "exclude": "It trends no more.", "forget": "The decision is taken back."}[verb]
    tell(said if changed else "That was decided already.", "success" if changed else "info")
    return await back(PLACE)


@blueprint.post("/trends/peers")
@staff_only("admin")
async def add_one(visitor: Visitor) -> Answer:
    """Show the trends of a server too."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            await add_peer(uow, node.settings, form.line("domain"), actor_id=visitor.account_id, now=node.now())
    except Invalid as problem:
        return await _page(visitor, status=422, errors=errors_of(problem), form=form.typed())
    tell("It is asked within a minute.")
    return await back(PLACE)


@blueprint.post("/trends/peers/remove")
@staff_only("admin")
async def remove_one(visitor: Visitor) -> Answer:
    """Show them no more."""
    form = await read_form()
    node = runtime()
    async with node.write() as uow:
        await remove_peer(uow, form.line("domain"), actor_id=visitor.account_id, now=node.now())
    tell("Its trends are shown no more.")
    return await back(PLACE)


async def _author(handle: str) -> str:
    name, _, domain = handle.strip().removeprefix("@").partition("@")
    node = runtime()
    async with node.read() as reader:
        account = await find_account_by_handle(reader, name, local_or_domain(node.settings, domain) if domain else "")
    if account is None:
        raise NotFound()
    return str(account.id)


async def _page(
    visitor: Visitor,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    form: Mapping[str, Any] | None = None,
) -> Response:
    node = runtime()
    boards = {kind: (await list_judged(node, kind))[:SHOWN] for kind in KINDS}
    async with node.read() as reader:
        rows = {kind: await _rows(node, reader, kind, judged, visitor) for kind, judged in boards.items()}
        peers = await list_peers(reader)
        decisions = await _decisions(node, reader, await list_rulings(reader, None, DECISIONS))
    return await show(
        "admin/trends.html",
        visitor,
        status=status,
        admin_place="trends",
        boards=rows,
        decisions=decisions,
        peers=[
            {"domain": peer.domain, "fetched_at": peer.fetched_at, "failures": peer.failures, "detail": peer.detail}
            for peer in peers
        ],
        is_reviewed=node.settings.trends_review,
        is_on=node.settings.trends,
        errors=errors or {},
        form=form or {},
    )


async def _rows(
    node: Runtime, reader: Reader, kind: Kind, judged: list[Judged], visitor: Visitor
) -> list[dict[str, Any]]:
    ids = [one.trend.id for one in judged]
    named = await _named(node, reader, kind, ids, visitor)
    return [
        {
            "about": ABOUT[kind],
            "subject": one.trend.id,
            "reason": explanation(one.trend, kind),
            "verdict": one.verdict,
            **named[one.trend.id],
        }
        for one in judged
        if one.trend.id in named
    ]


async def _named(
    node: Runtime, reader: Reader, kind: Kind, ids: list[int], visitor: Visitor
) -> dict[int, dict[str, Any]]:
    """Return what each is called, where it leads, and who published it."""
    if kind == "tags":
        tags = await list_hashtags(reader, ids)
        return {id_: {"name": f"#{tag.display}", "href": f"/tags/{tag.name}", "by": ""} for id_, tag in tags.items()}
    if kind == "links":
        cards = await card_views(node, reader, ids)
        return {
            id_: {"name": card["title"] or card["url"], "href": card["url"], "by": card["provider_name"]}
            for id_, card in cards.items()
        }
    posts = await render_posts(node, reader, ids, viewer_id=visitor.account_id)
    return {
        int(post["id"]): {
            "post": post,
            "name": "",
            "href": post["url"],
            "by": f"@{post['account']['acct']}",
            "author_id": post["account"]["id"],
        }
        for post in posts
    }


async def _decisions(node: Runtime, reader: Reader, rulings: list[TrendRuling]) -> list[dict[str, Any]]:
    ids: dict[str, list[int]] = {}
    for ruling in rulings:
        id_ = read_id(ruling.subject)
        if id_ is not None:
            ids.setdefault(ruling.kind, []).append(id_)
    tags = await list_hashtags(reader, [id_ for kind in ("tag", "listing", "use") for id_ in ids.get(kind, [])])
    cards = await card_views(node, reader, ids.get("link", []))
    authors = await list_accounts(reader, ids.get("author", []))
    names = (
        {("author", str(id_)): f"@{account.acct}" for id_, account in authors.items()}
        | {("link", str(id_)): card["title"] or card["url"] for id_, card in cards.items()}
        | {(kind, str(id_)): f"#{tag.display}" for kind in ("tag", "listing", "use") for id_, tag in tags.items()}
    )
    return [
        {
            "about": ruling.kind,
            "subject": ruling.subject,
            "name": names.get((ruling.kind, ruling.subject), ruling.subject),
            "is_allowed": ruling.is_allowed,
            "decided_at": ruling.decided_at,
        }
        for ruling in rulings
    ]
