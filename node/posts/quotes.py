"""Quotes, by anybody: what may be quoted, and whether a post stands with what it quotes (OBJ-12 to OBJ-15).

`Post.quote_state` is "" without a quote, "pending" while its author's leave is not proven, "accepted", "rejected",
"revoked" or "deleted", and "legacy" for one that came without consent data and whose author asks for none. Only
"accepted" and "legacy" are drawn and counted, and only as far as the viewer may see what is quoted (`rendering`).

Called by `service`, `remote`, the doors and the inbox; who is asked, and what they answer, is `consent`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import update

from federation.parsing import RemotePost
from node.accounts.models import Account
from node.accounts.queries import get_account
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import Forbidden, Invalid, NotFound
from node.base.ids import new_id
from node.base.settings import Settings
from node.events import ConsentAsked, QuoteChanged
from node.follows.queries import is_block_between
from node.posts.consent_models import Authorization, InteractionRequest
from node.posts.consent_queries import (
    SHOWN_STATES,
    find_authorization_for,
    find_request,
    list_requests_by_stamp,
    read_relation,
)
from node.posts.consent_rules import Allowance, allowance, quote_policy
from node.posts.counters import count_on_post
from node.posts.models import Post
from node.posts.queries import find_post, find_post_by_uri, get_visible_post
from node.posts.rules import OPEN_VISIBILITIES
from node.uris import quote_request_uri

REFUSED: Final = "This post may not be quoted by you: its author does not wish it"


@dataclass(frozen=True, slots=True)
class QuotePlan:
    """What a new post of ours quotes, and how it stands with its author."""

    quoted: Post
    author: Account
    state: str


async def quote_allowance(reader: Reader, account: Account, post: Post) -> Allowance:
    """Say whether somebody may quote a post they can see (AUD-4): what is not open only its author, a direct post
    nobody."""
    if post.visibility == "direct" or post.boost_of_id is not None:
        return "denied"
    sub = quote_policy(post.interaction_policy, visibility=post.visibility, is_local=post.local)
    return allowance(sub, "quote", await read_relation(reader, account, post))


async def plan_quote(
    reader: Reader, account: Account, quoted_id: int, *, visibility: str, mentioned_ids: Collection[int]
) -> QuotePlan:
    """Return what follows from quoting a post. Raises NotFound, Forbidden, Invalid (AUD-4, row 107)."""
    quoted = await get_visible_post(reader, quoted_id, account.id)
    if quoted.boost_of_id is not None:
        quoted = await get_visible_post(reader, quoted.boost_of_id, account.id)
    author = await get_account(reader, quoted.account_id)
    if await is_block_between(reader, account.id, author.id):
        raise Forbidden()
    allowed = await quote_allowance(reader, account, quoted)
    if allowed == "denied":
        raise Forbidden(REFUSED)
    if visibility == "direct" and author.id != account.id and author.id not in mentioned_ids:
        raise Invalid("Validation failed: Name the author of what you quote in a direct post")
    if author.id == account.id or (author.is_local and allowed in ("automatic", "proven")):
        return QuotePlan(quoted, author, "accepted")
    return QuotePlan(quoted, author, "pending")


def visibility_with_quote(visibility: str, quoted: Post) -> str:
    """Return how far a post may go that quotes this one: never further than what it shows (AUD-4, row 107)."""
    return "followers" if quoted.visibility == "followers" and visibility in OPEN_VISIBILITIES else visibility


async def enter_quote(uow: UnitOfWork, settings: Settings, post: Post, plan: QuotePlan, *, now: datetime) -> None:
    """Write down what a new post of ours quotes: leave given at once, a question to one of ours, or to afar."""
    if plan.author.id == post.account_id:
        await _count(uow, post, plan.quoted.id, 1)
        return
    if plan.author.is_local:
        given = plan.state == "accepted"
        row = {
            "id": new_id(),
            "kind": "quote",
            "account_id": plan.author.id,
            "post_id": plan.quoted.id,
            "interacting_uri": post.uri,
            "requester_id": post.account_id,
            "state": "given" if given else "waiting",
            "created_at": now,
            "decided_at": now if given else None,
        }
        await insert_if_absent(uow, Authorization, row)
        await _count(uow, post, plan.quoted.id, 1)
        return
    request_id = new_id()
    uow.add(
        InteractionRequest(
            id=request_id,
            kind="quote",
            account_id=post.account_id,
            post_id=plan.quoted.id,
            subject_id=post.id,
            subject_uri=post.uri,
            uri=quote_request_uri(settings, post.account_id, request_id),
            created_at=now,
        )
    )
    await uow.flush()
    await uow.record(ConsentAsked(request_id))


async def set_quote_state(
    uow: UnitOfWork, post: Post, state: str, *, quoted_id: int | None = None, tell: bool = True
) -> bool:
    """Settle how a post stands with what it quotes; return whether that is news. Counts follow."""
    before, known_id = post.quote_state, post.quoted_id
    new_quoted_id = quoted_id if quoted_id is not None else known_id
    if (before, known_id) == (state, new_quoted_id):
        return False
    changed = await uow.write(
        update(Post)
        .where(Post.id == post.id, Post.quote_state == before, Post.deleted_at.is_(None))
        .values(quote_state=state, quoted_id=new_quoted_id)
        .execution_options(synchronize_session="fetch")
    )
    if not changed:
        return False
    if before in SHOWN_STATES and known_id is not None and post.visibility in OPEN_VISIBILITIES:
        await count_on_post(uow, known_id, "quotes_count", -1)
    post.quote_state, post.quoted_id = state, new_quoted_id
    await uow.flush()
    if new_quoted_id is not None:
        await _count(uow, post, new_quoted_id, 1)
    if tell:
        await uow.record(QuoteChanged(post.id))
    return True


async def uncount_quote(uow: UnitOfWork, post: Post) -> None:
    """Take a quote that is withdrawn off the count of what it quoted."""
    if post.quoted_id is not None:
        await _count(uow, post, post.quoted_id, -1)


async def _count(uow: UnitOfWork, post: Post, quoted_id: int, by: int) -> None:
    """Count what anybody may know: a quote that stands, in an open post (row 107)."""
    if post.quote_state in SHOWN_STATES and post.visibility in OPEN_VISIBILITIES:
        await count_on_post(uow, quoted_id, "quotes_count", by, local_only=post.local_only)


def first_quote_state(post: RemotePost) -> str:
    """Return how a remote post's quote stands before anybody looked: nothing it says proves its author's leave."""
    if post.quote_deleted:
        return "deleted"
    if post.quote_uri is None or post.quote_uri == post.id:
        return ""
    return "legacy" if post.quote_is_legacy else "pending"


async def enter_remote_quote(uow: UnitOfWork, stored: Post, post: RemotePost, *, now: datetime) -> None:
    """Write down the stamp a remote post names, and settle what needs no asking elsewhere."""
    if stored.quote_state not in ("pending", "legacy"):
        return
    if post.quote_authorization is not None and not post.quote_is_legacy:
        row = {
            "id": new_id(),
            "kind": "quote",
            "account_id": stored.account_id,
            "subject_id": stored.id,
            "subject_uri": stored.uri,
            "authorization_uri": post.quote_authorization,
            "created_at": now,
        }
        if not await insert_if_absent(uow, InteractionRequest, row):
            known = await find_request(uow, "quote", stored.id)
            if known is not None:
                known.authorization_uri, known.checked_at = post.quote_authorization, None
                await uow.flush()
    await settle_known_quote(uow, stored, tell=False)


async def refresh_remote_quote(
    uow: UnitOfWork, stored: Post, post: RemotePost, *, is_newer: bool, now: datetime
) -> None:
    """Bring the quote of an edited remote post up to date.

    Another quoted post begins anew: leave that was given for one is none for another (GHSA-8h43). And it takes a newer
    version of the post to name another.
    """
    state = first_quote_state(post)
    uri = post.quote_uri if state else None
    if uri != stored.quoted_uri or not state:
        if is_newer and (stored.quote_state or stored.quoted_uri or state):
            await _begin_anew(uow, stored, uri, state)
            await enter_remote_quote(uow, stored, post, now=now)
        return
    if post.quote_authorization is None or stored.quote_state not in ("pending", "revoked"):
        return
    if stored.quote_state == "revoked":
        request = await find_request(uow, "quote", stored.id)
        if request is None or request.authorization_uri == post.quote_authorization:
            return  # the stamp that was taken back says nothing more
        await set_quote_state(uow, stored, "pending", tell=False)
    await enter_remote_quote(uow, stored, post, now=now)


async def _begin_anew(uow: UnitOfWork, stored: Post, uri: str | None, state: str) -> None:
    await set_quote_state(uow, stored, "", tell=False)
    stored.quoted_id, stored.quoted_uri, stored.quote_state = None, uri, state
    request = await find_request(uow, "quote", stored.id)
    if request is not None:
        request.authorization_uri, request.state, request.checked_at = "", "pending", None
    await uow.flush()


def needs_check(post: Post) -> bool:
    """Say whether a remote post's quote is still to be looked into, elsewhere."""
    return not post.local and (
        post.quote_state == "pending" or (post.quote_state == "legacy" and post.quoted_id is None)
    )


async def settle_known_quote(uow: UnitOfWork, post: Post, *, tell: bool = True) -> bool:
    """Settle a quote by what is known here; return whether it is settled now, without asking anybody.

    One's own post needs no leave. Of ours counts what they gave, whatever the post says of itself (OBJ-15). A quote
    without consent data of a post whose author cares is a plain link (OBJ-12).
    """
    quoted = await find_post_by_uri(uow, post.quoted_uri) if post.quoted_uri else None
    if quoted is not None and quoted.boost_of_id is not None:
        quoted = await find_post(uow, quoted.boost_of_id)
    if quoted is None or quoted.deleted_at is not None:
        return False
    if quoted.account_id == post.account_id:
        if quoted.visibility not in OPEN_VISIBILITIES and post.visibility in OPEN_VISIBILITIES:
            return False
        await set_quote_state(uow, post, "accepted", quoted_id=quoted.id, tell=tell)
        return True
    if quoted.visibility not in OPEN_VISIBILITIES:
        return False
    if post.quote_state == "legacy":
        cares = quoted.local or "quote" in quoted.interaction_policy
        await set_quote_state(uow, post, "" if cares else "legacy", quoted_id=None if cares else quoted.id, tell=tell)
        return True
    if not quoted.local:
        return False
    given = await find_authorization_for(uow, quoted.id, "quote", post.uri)
    if given is None or given.state not in ("given", "revoked", "refused"):
        return False
    state = {"given": "accepted", "revoked": "revoked", "refused": "rejected"}[given.state]
    await set_quote_state(uow, post, state, quoted_id=quoted.id, tell=tell)
    return True


async def end_quotes_by_stamp(uow: UnitOfWork, stamp_uri: str, *, author_id: int, now: datetime) -> list[Post]:
    """Revoke every quote that rests on this stamp of this author; return the posts that it concerns."""
    ended = []
    for request in await list_requests_by_stamp(uow, stamp_uri):
        post = await find_post(uow, request.subject_id) if request.kind == "quote" else None
        quoted = await find_post(uow, post.quoted_id) if post is not None and post.quoted_id else None
        if post is None or quoted is None or quoted.account_id != author_id:
            continue
        request.state, request.decided_at = "revoked", now
        await uow.flush()
        if await set_quote_state(uow, post, "revoked"):
            ended.append(post)
    return ended


async def get_quote_of(reader: Reader, post: Post, quoting_id: int) -> Post:
    """Return the post that quotes this one with leave. Raises NotFound."""
    quoting = await find_post(reader, quoting_id)
    if quoting is None or quoting.quoted_id != post.id or quoting.deleted_at is not None:
        raise NotFound()
    return quoting
