"""Every SELECT over authorizations and interaction requests, and over posts that quote."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import and_, bindparam, exists, or_, select

from node.accounts.models import Account
from node.accounts.queries import is_ours
from node.accounts.relations import follows
from node.base.db.prepared import PreparedEntities
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.posts.consent_models import Authorization, InteractionRequest
from node.posts.consent_rules import Relation
from node.posts.models import Mention, Post
from node.posts.rules import visible_to

SHOWN_STATES: Final = ("accepted", "legacy")
"""Of a quote that is drawn with what it quotes."""
_REQUEST: Final = PreparedEntities(
    select(InteractionRequest).where(
        InteractionRequest.kind == bindparam("kind"), InteractionRequest.subject_id == bindparam("subject_id")
    )
)


async def find_authorization(reader: Reader, authorization_id: int) -> Authorization | None:
    """Return what one of ours was asked, by its id."""
    found: Authorization | None = await reader.scalar(select(Authorization).where(Authorization.id == authorization_id))
    return found


async def find_authorization_for(reader: Reader, post_id: int, kind: str, interacting_uri: str) -> Authorization | None:
    """Return what was asked for this interaction with this post."""
    found: Authorization | None = await reader.scalar(
        select(Authorization).where(
            Authorization.post_id == post_id,
            Authorization.kind == kind,
            Authorization.interacting_uri == interacting_uri,
        )
    )
    return found


async def list_waiting(reader: Reader, account_id: int, *, limit: int = 40) -> list[Authorization]:
    """Return the quotes that somebody is asked to allow, newest first."""
    return list(
        await reader.scalars(
            select(Authorization)
            .where(Authorization.account_id == account_id, Authorization.state == "waiting")
            .order_by(Authorization.id.desc())
            .limit(limit)
        )
    )


async def find_request(reader: Reader, kind: str, subject_id: int) -> InteractionRequest | None:
    """Return what somebody needs leave for, by kind and what they did."""
    found = await reader.entities(_REQUEST, {"kind": kind, "subject_id": subject_id})
    return found[0] if found else None


async def find_request_by_id(reader: Reader, request_id: int) -> InteractionRequest | None:
    """Return a request by its id."""
    found: InteractionRequest | None = await reader.scalar(
        select(InteractionRequest).where(InteractionRequest.id == request_id)
    )
    return found


async def find_request_by_uri(reader: Reader, uri: str) -> InteractionRequest | None:
    """Return a request of ours by its own id; "" is nobody's."""
    if not uri:
        return None
    found: InteractionRequest | None = await reader.scalar(
        select(InteractionRequest).where(InteractionRequest.uri == uri).limit(1)
    )
    return found


async def list_requests_about(reader: Reader, subject_uri: str) -> list[InteractionRequest]:
    """Return the requests for what has this id, of our own people."""
    return list(
        await reader.scalars(
            select(InteractionRequest)
            .join(Account, Account.id == InteractionRequest.account_id)
            .where(InteractionRequest.subject_uri == subject_uri, is_ours())
            .order_by(InteractionRequest.id)
        )
    )


async def list_requests_by_stamp(reader: Reader, uri: str) -> list[InteractionRequest]:
    """Return what rests on a stamp."""
    return list(await reader.scalars(select(InteractionRequest).where(InteractionRequest.authorization_uri == uri)))


async def list_requests(reader: Reader, kinds: Collection[str], ids: Collection[int]) -> list[InteractionRequest]:
    """Return the requests of these kinds for these posts of whoever asks."""
    return list(
        await reader.scalars(
            select(InteractionRequest).where(InteractionRequest.subject_id.in_(ids), InteractionRequest.kind.in_(kinds))
        )
    )


async def list_stale_quotes(reader: Reader, ids: Collection[int], *, before: datetime) -> list[str]:
    """Return the ids of remote posts whose stamps were last confirmed before then, or could not be had (OBJ-15)."""
    return list(
        await reader.scalars(
            select(Post.uri)
            .join(InteractionRequest, InteractionRequest.subject_id == Post.id)
            .where(
                Post.id.in_(ids),
                Post.local.is_(False),
                InteractionRequest.kind == "quote",
                InteractionRequest.authorization_uri != "",
                or_(
                    and_(Post.quote_state == "accepted", InteractionRequest.checked_at < before),
                    and_(Post.quote_state == "pending", InteractionRequest.checked_at.is_(None)),
                ),
            )
        )
    )


async def list_quote_ids(reader: Reader, post_id: int, viewer_id: int | None, page: Page) -> list[int]:
    """Return a page of the posts that quote a post with leave, as far as the viewer may see them."""
    statement = select(Post.id).where(
        Post.quoted_id == post_id, Post.quote_state.in_(SHOWN_STATES), visible_to(viewer_id)
    )
    return page.newest_first(list(await reader.scalars(page.apply(statement, Post.id.expression))))


async def list_relations(reader: Reader, account_id: int, ids: Collection[int]) -> dict[int, Relation]:
    """Return what an account is to posts and their authors, by post."""
    me = select(Account.uri).where(Account.id == account_id).scalar_subquery()
    named = exists(select(Mention.post_id).where(Mention.post_id == Post.id, Mention.account_id == account_id))
    author = Post.account_id.expression
    rows = await reader.execute(
        select(Post.id, Post.account_id, me, follows(account_id, author), follows(author, account_id), named).where(
            Post.id.in_(list(ids))
        )
    )
    return {
        row[0]: Relation(
            uri=row[2],
            is_author=row[1] == account_id,
            follows_author=bool(row[3]),
            followed_by_author=bool(row[4]),
            is_mentioned=bool(row[5]),
        )
        for row in rows
    }


async def read_relation(reader: Reader, account: Account, post: Post) -> Relation:
    """Return what an account is to a post and its author."""
    return (await list_relations(reader, account.id, [post.id]))[post.id]
