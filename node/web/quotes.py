"""Quotes on the pages: who quotes a post, taking leave back, who may quote it, and who asks to (OBJ-14)."""

from typing import cast

from quart import Blueprint, Response, redirect

from node.accounts.queries import list_accounts
from node.accounts.views import account_view
from node.base.errors import NotFound
from node.http.context import runtime
from node.posts.authorizations import decide, revoke, set_quote_policy
from node.posts.consent_queries import find_authorization, list_quote_ids, list_waiting
from node.posts.consent_rules import OPEN, QUOTE_POLICIES, policy_word
from node.posts.queries import get_own_post, get_visible_post
from node.posts.quotes import get_quote_of
from node.posts.rendering import render_post, render_posts
from node.web.accounts import named
from node.web.forms import read_form
from node.web.showing import install, links, page_asked, show, tell
from node.web.visitors import Answer, Visitor, back, signed_in
from node.web.words import post_path

blueprint = Blueprint("web_quotes", __name__)
blueprint.record_once(install)


@blueprint.get("/@<acct>/<id:post_id>/quotes")
@signed_in
async def list_them(visitor: Visitor, acct: str, post_id: int) -> Answer:
    """Show who quotes a post; its author may change who may, and take leave back."""
    node, page = runtime(), page_asked()
    async with node.read() as reader:
        post = await get_visible_post(reader, post_id, visitor.account_id)
        author = await named(reader, acct)
        if post.account_id != author.id or post.boost_of_id is not None:
            raise NotFound
        ids = await list_quote_ids(reader, post_id, visitor.account_id, page)
        view = await render_post(node, reader, post_id, viewer_id=visitor.account_id)
        quotes = await render_posts(node, reader, ids, viewer_id=visitor.account_id)
    is_own = post.account_id == visitor.account_id
    return await show(
        "pages/post_quotes.html",
        visitor,
        post=view,
        quotes=quotes,
        is_own=is_own,
        policy=policy_word(post.interaction_policy, visibility=post.visibility) if is_own else "",
        is_open=post.visibility in OPEN,
        **links(page, ids),
    )


@blueprint.post("/web/posts/<id:post_id>/quotes/<id:quoting_id>/revoke")
@signed_in
async def take_back(visitor: Visitor, post_id: int, quoting_id: int) -> Answer:
    """Take back the leave to quote an own post."""
    node = runtime()
    async with node.write() as uow:
        post = await get_own_post(uow, post_id, visitor.account_id)
        quoting = await get_quote_of(uow, post, quoting_id)
        await revoke(uow, post, quoting, now=node.now())
    tell("Your post is no longer shown in that quote.")
    return await back(f"/web/posts/{post_id}")


@blueprint.post("/web/posts/<id:post_id>/quote_policy")
@signed_in
async def change_policy(visitor: Visitor, post_id: int) -> Answer:
    """Change who may quote an own post."""
    word = (await read_form()).text("quote_policy")
    node = runtime()
    async with node.write() as uow:
        post = await get_own_post(uow, post_id, visitor.account_id)
        if word not in QUOTE_POLICIES or post.visibility not in OPEN or post.boost_of_id is not None:
            raise NotFound
        await set_quote_policy(uow, post, QUOTE_POLICIES[word])
        view = await render_post(node, uow, post_id, viewer_id=visitor.account_id)
    tell("Saved. What was allowed before stays.")
    return cast(Response, redirect(f"{post_path(view)}/quotes", 303))


@blueprint.get("/quote_requests")
@signed_in
async def requests(visitor: Visitor) -> Answer:
    """Show who asks to quote the viewer."""
    node = runtime()
    async with node.read() as reader:
        waiting = await list_waiting(reader, visitor.account_id)
        people = await list_accounts(reader, {row.requester_id for row in waiting})
        posts = await render_posts(
            node, reader, list(dict.fromkeys(row.post_id for row in waiting)), viewer_id=visitor.account_id
        )
    by_id = {view["id"]: view for view in posts}
    entries = [
        {
            "id": row.id,
            "account": account_view(people[row.requester_id], settings=node.settings),
            "url": row.interacting_uri,
            "post": by_id[str(row.post_id)],
        }
        for row in waiting
        if str(row.post_id) in by_id and row.requester_id in people
    ]
    return await show("pages/quote_requests.html", visitor, entries=entries)


@blueprint.post("/web/quote_requests/<id:row_id>/<any(allow,refuse):verb>")
@signed_in
async def answer_request(visitor: Visitor, row_id: int, verb: str) -> Answer:
    """Allow or refuse to be quoted."""
    node = runtime()
    async with node.write() as uow:
        row = await find_authorization(uow, row_id)
        if row is None or row.account_id != visitor.account_id or row.state != "waiting":
            raise NotFound
        await decide(uow, row, give=verb == "allow", now=node.now())
    return await back("/quote_requests")
