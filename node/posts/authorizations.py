"""Leave that our people give: their policy answers who asks, or they do, and they can take it back (OBJ-14).

Called by the doors and the inbox. A door commits; whoever is to hear of it hears by the recorded event.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update

from node.accounts.models import Account
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import Forbidden
from node.base.ids import new_id
from node.events import AuthorizationDecided, AuthorizationRevoked, QuoteChanged
from node.follows.queries import is_block_between
from node.posts.consent_models import Authorization
from node.posts.consent_queries import find_authorization_for
from node.posts.models import Post
from node.posts.queries import find_post_by_uri
from node.posts.quotes import quote_allowance, set_quote_state, settle_known_quote


async def answer_request(
    uow: UnitOfWork, kind: str, requester: Account, post: Post, *, interacting_uri: str, request_uri: str, now: datetime
) -> Authorization:
    """Answer what a remote account asks of a post of ours, by its author's policy, or let the author decide.

    Asked again, it answers as before: what was taken back or refused is not to be had by asking twice (GHSA-q4g8).
    Forbidden when another asked with this id, unless the post is known to be the requester's.
    """
    state = await _first_state(uow, kind, requester, post)
    values = {
        "id": new_id(),
        "kind": kind,
        "account_id": post.account_id,
        "post_id": post.id,
        "interacting_uri": interacting_uri,
        "requester_id": requester.id,
        "request_uri": request_uri,
        "state": state,
        "created_at": now,
    }
    await insert_if_absent(uow, Authorization, values)
    row = await find_authorization_for(uow, post.id, kind, interacting_uri)
    assert row is not None
    if row.requester_id != requester.id:
        # Somebody of the same server asked with this post's id before it was known here: its author comes first.
        stored = await find_post_by_uri(uow, interacting_uri)
        if stored is None or stored.account_id != requester.id:
            raise Forbidden()
        row.requester_id, row.state = requester.id, state
    row.request_uri = request_uri or row.request_uri
    await uow.flush()
    if row.state != "waiting":
        await _tell(uow, row)
    return row


async def _first_state(reader: Reader, kind: str, requester: Account, post: Post) -> str:
    if await is_block_between(reader, requester.id, post.account_id):
        return "refused"
    if kind != "quote":
        return "given"  # nobody here limits anything else
    allowed = await quote_allowance(reader, requester, post)
    return {"denied": "refused", "manual": "waiting"}.get(allowed, "given")


async def decide(uow: UnitOfWork, authorization: Authorization, *, give: bool, now: datetime) -> bool:
    """Let the author of a post answer what waits for them; return whether it still waited."""
    changed = await uow.write(
        update(Authorization)
        .where(Authorization.id == authorization.id, Authorization.state == "waiting")
        .values(state="given" if give else "refused", decided_at=now)
        .execution_options(synchronize_session="fetch")
    )
    if changed:
        await _tell(uow, authorization)
    return bool(changed)


async def _tell(uow: UnitOfWork, row: Authorization) -> None:
    await uow.record(AuthorizationDecided(row.id))
    post = await find_post_by_uri(uow, row.interacting_uri) if row.kind == "quote" else None
    if post is not None and post.deleted_at is None and post.quote_state in ("pending", "accepted", "rejected"):
        await settle_known_quote(uow, post)


async def revoke(uow: UnitOfWork, post: Post, quoting: Post, *, now: datetime) -> bool:
    """Take back the leave that one of ours gave to quote `post`; return whether it stood. For good."""
    if quoting.account_id == post.account_id or quoting.quote_state not in ("accepted", "legacy", "pending"):
        return False
    values = {
        "id": new_id(),
        "kind": "quote",
        "account_id": post.account_id,
        "post_id": post.id,
        "interacting_uri": quoting.uri,
        "requester_id": quoting.account_id,
        "state": "refused",
        "created_at": now,
    }
    await insert_if_absent(uow, Authorization, values)
    row = await find_authorization_for(uow, post.id, "quote", quoting.uri)
    assert row is not None
    if row.state == "given":
        row.state, row.decided_at = "revoked", now
        await uow.flush()
        await uow.record(AuthorizationRevoked(row.id))
    return await set_quote_state(uow, quoting, "revoked")


async def set_quote_policy(uow: UnitOfWork, post: Post, policy: Mapping[str, Any]) -> bool:
    """Change who may quote a post of ours; what was allowed before stays. Return whether that is news."""
    if post.interaction_policy == policy:
        return False
    post.interaction_policy = dict(policy)
    await uow.flush()
    await uow.record(QuoteChanged(post.id))
    return True
