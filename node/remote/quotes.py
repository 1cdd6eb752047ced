"""Looking into the quotes of remote posts: is what they quote known, and did its author agree (OBJ-15)?

Only the author's own server can say so: the stamp a post names is fetched from there and has to name this post, that
quoted post and that author. A policy proves nothing, nor does a copy of a stamp. Runs in the FETCH lane; a quote is
followed two posts deep, and a stamp that held is asked for again when somebody looks, at most once a day.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from federation.consent import parse_stamp
from federation.errors import FetchGone, MalformedDocument
from federation.origins import same_origin
from node.accounts.models import Account
from node.accounts.queries import find_account
from node.base.lanes import FETCH
from node.base.runtime import Runtime
from node.posts.consent_queries import find_request, list_stale_quotes
from node.posts.models import Post
from node.posts.queries import find_post, find_post_by_uri
from node.posts.quotes import needs_check, set_quote_state, settle_known_quote
from node.posts.rules import OPEN_VISIBILITIES
from node.remote.actors import is_own
from node.remote.documents import fetch_document
from node.remote.posts import fetch_post
from node.remote.tasks import MAX_QUOTE_DEPTH, QUOTE, queue_fetch

RECHECK: Final = timedelta(hours=24)


async def check_quote(runtime: Runtime, uri: str, *, depth: int = 0) -> None:
    """Settle the quote of the remote post `uri`. Raises FederationError when that cannot be done now."""
    async with runtime.read() as reader:
        post = await find_post_by_uri(reader, uri)
        quoted = await find_post_by_uri(reader, post.quoted_uri) if post is not None and post.quoted_uri else None
    if post is None or post.local or post.deleted_at is not None or post.quoted_uri is None:
        return
    if quoted is None:
        if depth >= MAX_QUOTE_DEPTH or is_own(runtime, post.quoted_uri):
            return
        quoted = await fetch_post(runtime, post.quoted_uri, quote_depth=depth + 1)
    if quoted is None or quoted.deleted_at is not None:
        return
    async with runtime.write() as uow:
        current = await find_post(uow, post.id)
        if current is None or current.quoted_uri != post.quoted_uri:
            return
        if needs_check(current) and await settle_known_quote(uow, current):
            return
    if not quoted.local and quoted.account_id != post.account_id and quoted.visibility in OPEN_VISIBILITIES:
        await _check_stamp(runtime, post, quoted)


async def _check_stamp(runtime: Runtime, post: Post, quoted: Post) -> None:
    async with runtime.read() as reader:
        request = await find_request(reader, "quote", post.id)
        author = await find_account(reader, quoted.account_id)
    if request is None or not request.authorization_uri or author is None:
        return
    stamp_uri = request.authorization_uri
    holds = await stamp_holds(runtime, stamp_uri, post=post, quoted=quoted, author=author)
    async with runtime.write() as uow:
        current = await find_post(uow, post.id)
        known = await find_request(uow, "quote", post.id)
        if current is None or known is None or known.authorization_uri != stamp_uri:
            return
        known.checked_at, known.state = runtime.now(), "accepted" if holds else "pending"
        known.post_id = quoted.id
        await uow.flush()
        if current.quoted_uri != post.quoted_uri:
            return
        if holds and current.quote_state == "pending":
            await set_quote_state(uow, current, "accepted", quoted_id=quoted.id)
        elif not holds and current.quote_state == "accepted":
            known.state = "revoked"
            await uow.flush()
            await set_quote_state(uow, current, "revoked")


async def stamp_holds(runtime: Runtime, stamp_uri: str, *, post: Post, quoted: Post, author: Account) -> bool:
    """Say whether the author's server stands by a stamp for this post and what it quotes. Raises FederationError."""
    if not same_origin(stamp_uri, author.uri):
        return False
    try:
        stamp = parse_stamp((await fetch_document(runtime, stamp_uri)).document)
    except (FetchGone, MalformedDocument):
        return False
    return (stamp.id, stamp.kind, stamp.author, stamp.interacting, stamp.target) == (
        stamp_uri,
        "quote",
        author.uri,
        post.uri,
        quoted.uri,
    )


async def look_again(runtime: Runtime, shown: Sequence[Mapping[str, Any]]) -> None:
    """Queue another look at the stamps behind posts that somebody just opened, where the last is a day old."""
    ids = [int(view["id"]) for view in shown if view.get("quote") and "@" in view["account"]["acct"]]
    if not ids:
        return
    now = runtime.now()
    async with runtime.read() as reader:
        stale = await list_stale_quotes(reader, ids, before=now - RECHECK)
    if not stale:
        return
    async with runtime.write() as uow:
        for uri in stale:
            await queue_fetch(uow, QUOTE, uri=uri, now=now)
        uow.after_commit(lambda: runtime.nudge(FETCH))
