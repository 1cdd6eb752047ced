"""Where posts are written: the composer alone, publishing, scheduling, drafts, threads post by post, editing.

A thread is written as a kept draft with several posts (`node/drafts`): "Add another post" puts the one at hand down and
shows the composer again, so nothing is lost on the way and no script is needed. What is written is read by `composing`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, cast

from quart import Blueprint, Response, redirect, request

from node.accounts.models import Account
from node.accounts.queries import get_account
from node.base.errors import Forbidden, Invalid, NotFound
from node.base.ids import read_id
from node.drafts.models import KeptDraft
from node.drafts.queries import get_own_draft
from node.drafts.service import change_draft, save_draft, throw_away
from node.http.context import runtime
from node.http.limits import DELETES, Bucket, spend
from node.media.queries import list_held, list_media
from node.polls.queries import find_poll
from node.polls.rules import PollDraft
from node.posts.drafts import Draft, from_stored
from node.posts.idempotency import KeyUsed
from node.posts.models import Post
from node.posts.queries import get_own_post
from node.posts.rendering import render_post
from node.posts.service import edit, publish, withdraw
from node.posts.thread_publishing import MAX_POSTS, publish_thread
from node.remote.mentions import resolve_mentions
from node.scheduled.service import schedule
from node.timelines.fanout import push_own
from node.web.composing import collect, is_blank, time_asked, typed_again, typed_of
from node.web.forms import Errors, Form, errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, safe_path, signed_in

RENAMED = {"media_ids": "media", "status": "text", "description": "media", "thread": "text", "statuses": "form"}
MAX_PREFILL = 2000

blueprint = Blueprint("web_compose", __name__)
blueprint.record_once(install)


@blueprint.get("/compose")
@signed_in
async def compose(visitor: Visitor) -> Answer:
    """Show the composer alone; `?to=` begins with a handle, `?text=` with a text (to share links), `?quote=` quotes,
    `?draft=` goes on with a draft, at its end or at its post number `part`."""
    draft_id = read_id(request.args.get("draft", ""))
    if draft_id is not None:
        return await _draft_page(visitor, draft_id, read_id(request.args.get("part", "")))
    text = request.args.get("text", "")[:MAX_PREFILL]
    to = request.args.get("to", "").lstrip("@")[:MAX_PREFILL]
    quoted = await _quotable(visitor, read_id(request.args.get("quote", "")))
    return await show("pages/compose.html", visitor, reply=None, quoted=quoted, text=f"@{to} {text}" if to else text)


async def _draft_page(visitor: Visitor, draft_id: int, part: int | None) -> Answer:
    node = runtime()
    async with node.read() as reader:
        kept = await get_own_draft(reader, draft_id, visitor.account_id)
        media = await list_held(reader, draft_ids=[kept.id])
    posts = [from_stored(post) for post in kept.posts]
    at = len(posts) if part is None and request.args.get("more") else min(part or 0, len(posts))
    one = posts[at] if at < len(posts) else Draft(
        visibility=posts[0].visibility, language=posts[0].language, local_only=posts[0].local_only
    )  # fmt: skip
    typed = typed_of(one, media, settings=node.settings) | {"draft_id": str(kept.id), "part": str(at)}
    return await show(
        "pages/compose.html",
        visitor,
        reply=await _reply_of(visitor, one.in_reply_to_id),
        quoted=await _quotable_still(visitor, one.quoted_id),
        text="",
        form=typed,
        parts=_parts_view(posts, but=at),
    )


def _parts_view(posts: Sequence[Draft], *, but: int) -> list[dict[str, Any]]:
    return [
        {"number": number, "text": post.text, "media": len(post.media_ids), "poll": post.poll is not None}
        for number, post in enumerate(posts)
        if number != but
    ]


async def _reply_of(visitor: Visitor, post_id: int | None) -> dict[str, Any] | None:
    try:
        return await _quotable(visitor, post_id)
    except NotFound:
        return None


_quotable_still = _reply_of


async def _quotable(visitor: Visitor, post_id: int | None) -> dict[str, Any] | None:
    """Return the post to be quoted, if the viewer may see it. Raises NotFound."""
    if post_id is None:
        return None
    node = runtime()
    async with node.read() as reader:
        view = await render_post(node, reader, post_id, viewer_id=visitor.account_id)
    return view["reblog"] or view


@blueprint.post("/web/posts")
@signed_in
async def create(visitor: Visitor) -> Answer:
    """Publish what was written, schedule it, or keep it; refused, it comes back as it was typed, with its pictures."""
    form = await read_form()
    draft, uploads, errors = await collect(form, visitor)
    at, wrong = await time_asked(form, visitor)
    errors |= wrong
    kept = await _kept(visitor, form)
    posts = _with(kept, form, draft)
    if not errors and form.text("then") in ("draft", "another"):
        try:
            return await _keep(visitor, kept, posts, more=form.text("then") == "another")
        except Invalid as problem:
            errors = errors_of(problem, rename=RENAMED)
    elif not errors:
        try:
            return await _send(visitor, form, kept, posts, draft, at)
        except Invalid as problem:
            found = errors_of(problem, rename=RENAMED)
            # what is wrong with another post of a thread is said above the composer
            errors = {"form" if name.startswith("statuses[") else name: said for name, said in found.items()}
        except Forbidden as problem:  # an author who does not want to be quoted or answered
            errors = {"form": problem.message}
    return await _composer_again(visitor, form, uploads, errors, posts)


async def _send(
    visitor: Visitor, form: Form, kept: KeptDraft | None, posts: list[Draft], draft: Draft, at: datetime | None
) -> Answer:
    if at is not None and len(posts) > 1:
        raise Invalid(fields={"scheduled_at": ["A thread is published at once: it cannot be scheduled"]})
    node = runtime()
    key = form.line("idempotency_key")[:100]
    idempotency_key = f"web:{key}" if key else None
    async with node.read() as reader:
        author = await get_account(reader, visitor.account_id)
    words = "\n".join(post.text for post in posts)
    mentions = {} if at is not None else await resolve_mentions(node, words, author)
    now, settings = node.now(), node.settings
    made: list[Post] = []
    try:
        async with node.write() as uow:
            if at is not None:
                await schedule(uow, settings, author, posts[0], at=at, now=now, idempotency_key=idempotency_key)
            elif len(posts) > 1:
                posts[0] = replace(posts[0], visibility=draft.visibility, local_only=draft.local_only)
                made = await publish_thread(
                    uow, settings, author, posts, mentions=mentions, now=now, idempotency_key=idempotency_key
                )
            else:
                post = await publish(
                    uow, settings, author, posts[0], mentions=mentions, now=now, idempotency_key=idempotency_key
                )
                made = [post]
            if kept is not None:
                await throw_away(uow, kept, now=now)
            for post in made:
                uow.after_commit(partial(push_own, node, author.id, post.id))
    except KeyUsed:
        return cast(Response, redirect("/scheduled", 303))
    if not made:
        tell("Your post is scheduled.")
        return cast(Response, redirect("/scheduled", 303))
    return _sent(form, author, made[0], draft)


def _sent(form: Form, author: Account, post: Post, draft: Draft) -> Answer:
    if post.visibility == "direct" and draft.visibility not in (None, "direct"):
        tell("The author is asked first. Until they agree, only they can read your reply.")
    return cast(Response, redirect(safe_path(form.text("return_to"), f"/@{author.acct}/{post.id}"), 303))


async def _keep(visitor: Visitor, kept: KeptDraft | None, posts: list[Draft], *, more: bool) -> Answer:
    node = runtime()
    if more and len(posts) >= MAX_POSTS:
        raise Invalid(fields={"text": [f"A thread has at most {MAX_POSTS} posts"]})
    async with node.write() as uow:
        if kept is None:
            kept = await save_draft(uow, node.settings, visitor.account_id, posts, now=node.now())
        else:
            await change_draft(uow, node.settings, kept, posts, now=node.now())
    if more:
        return cast(Response, redirect(f"/compose?draft={kept.id}&more=1#text", 303))
    tell("Your draft is kept.")
    return cast(Response, redirect("/drafts", 303))


async def _kept(visitor: Visitor, form: Form) -> KeptDraft | None:
    """Return the draft that is gone on with; one that was used up meanwhile is none."""
    ids = form.ids("draft_id")
    if not ids:
        return None
    try:
        async with runtime().read() as reader:
            return await get_own_draft(reader, ids[0], visitor.account_id)
    except NotFound:
        return None


def _with(kept: KeptDraft | None, form: Form, draft: Draft) -> list[Draft]:
    """Return the posts of a draft with the one at hand in its place; an empty one after others is none."""
    posts = [from_stored(post) for post in kept.posts] if kept is not None else []
    at = read_id(form.text("part")) if posts else 0
    if at is None or at >= len(posts):
        return [*posts, draft] if not posts or not is_blank(draft) else posts
    return [draft if number == at else post for number, post in enumerate(posts)]


async def _composer_again(
    visitor: Visitor, form: Form, uploads: list[int], errors: Errors, posts: Sequence[Draft]
) -> Response:
    return await show(
        "pages/compose.html",
        visitor,
        status=422,
        reply=await _reply_of(visitor, next(iter(form.ids("in_reply_to_id")), None)),
        quoted=await _quotable(visitor, next(iter(form.ids("quoted_id")), None)),
        text="",
        errors=errors,
        form=await typed_again(form, visitor, uploads),
        parts=_parts_view(posts, but=read_id(form.text("part")) or 0) if len(posts) > 1 else [],
    )


@blueprint.post("/web/posts/<id:post_id>/redraft")
@signed_in
async def redraft(visitor: Visitor, post_id: int) -> Answer:
    """Delete an own post and keep all it was made of as a draft, to write it anew: both or neither."""
    node = runtime()
    await spend(node, Bucket(DELETES, f"account:{visitor.account_id}"))
    now = node.now()
    try:
        async with node.write() as uow:
            post = await get_own_post(uow, post_id, visitor.account_id)
            if post.boost_of_id is not None:
                raise NotFound
            poll = await find_poll(uow, post_id)
            draft = Draft(
                text=post.text,
                visibility=post.visibility,
                spoiler_text=post.spoiler_text,
                sensitive=post.sensitive,
                language=post.language,
                in_reply_to_id=post.in_reply_to_id,
                media_ids=tuple(item.id for item in await list_media(uow, post_id)),
                quoted_id=post.quoted_id,
                local_only=post.local_only,
                poll=None
                if poll is None
                else PollDraft(
                    options=tuple(title for title, _ in poll.options),
                    expires_in=86_400,
                    multiple=poll.multiple,
                    hide_totals=poll.hide_totals,
                ),
            )
            await withdraw(uow, post, now=now, keep_media=True)
            kept = await save_draft(uow, node.settings, visitor.account_id, [draft], now=now)
    except Invalid as problem:
        tell(problem.message, "error")
        return cast(Response, redirect("/drafts", 303))
    tell("Your post is deleted. Here is what it was made of.")
    return cast(Response, redirect(f"/compose?draft={kept.id}#text", 303))


@blueprint.get("/@<acct>/<id:post_id>/edit")
@signed_in
async def edit_page(visitor: Visitor, acct: str, post_id: int) -> Answer:
    """Show the composer with an own post in it."""
    return await _edit_form(visitor, post_id)


async def _edit_form(visitor: Visitor, post_id: int, *, status: int = 200, **context: Any) -> Response:
    node = runtime()
    async with node.read() as reader:
        post = await get_own_post(reader, post_id, visitor.account_id)
        if post.boost_of_id is not None:
            raise NotFound
        view = await render_post(node, reader, post_id, viewer_id=visitor.account_id)
    return await show("pages/post_edit.html", visitor, status=status, post=view, source={"text": post.text}, **context)


@blueprint.post("/web/posts/<id:post_id>/edit")
@signed_in
async def change(visitor: Visitor, post_id: int) -> Answer:
    """Change an own post."""
    form = await read_form()
    node = runtime()
    async with node.read() as reader:
        author = await get_account(reader, visitor.account_id)
        await get_own_post(reader, post_id, visitor.account_id)
    draft, uploads, errors = await collect(form, visitor, editing=True)
    if not errors:
        mentions = await resolve_mentions(node, draft.text, author)
        try:
            async with node.write() as uow:
                post = await get_own_post(uow, post_id, visitor.account_id)
                await edit(uow, node.settings, post, draft, mentions=mentions, now=node.now())
        except Invalid as problem:
            errors = errors_of(problem, rename=RENAMED)
    if errors:
        typed = await typed_again(form, visitor, uploads)
        return await _edit_form(visitor, post_id, status=422, errors=errors, form=typed)
    return cast(Response, redirect(f"/@{author.acct}/{post_id}", 303))
