"""Flag: another server asks our moderators to look at somebody (MOD-3).

The object is an id, an object, or a list of them. Only ids are read, and only what stands here under that id is
linked: posts that come along are never looked at (attack row 26). About whom: one of ours, or somebody elsewhere
who answered one of ours. Who reported is not kept, only their server's domain.
"""

from dataclasses import dataclass
from typing import Final

from federation.documents import ids_of, natural_text
from federation.origins import host_of
from inbox.context import Context
from inbox.outcomes import Ignored, Refused
from node.accounts.models import Account
from node.accounts.queries import list_accounts, list_accounts_by_uri
from node.base.db.unit_of_work import UnitOfWork
from node.moderation.queries import find_policy
from node.posts.queries import find_post, list_posts_by_uri
from node.reports.queries import count_from_host
from node.reports.rules import MAX_COMMENT, MAX_POSTS, PER_HOST, WINDOW
from node.reports.service import take_report
from node.text.sanitising import html_to_text
from node.uris import INSTANCE_ACTOR_ID

MAX_NAMED: Final = MAX_POSTS * 2


@dataclass(frozen=True, slots=True)
class Verified:
    target: Account
    host: str
    post_ids: tuple[int, ...]
    comment: str


async def verify(context: Context) -> Verified:
    """Return what is reported, as far as it stands here. Raises Ignored when that is nobody of ours."""
    await context.actor()
    host = host_of(context.activity.actor)
    named = ids_of(context.activity.raw.get("object"))[:MAX_NAMED]
    if not named:
        raise Refused("no_object", "a Flag of nothing")
    async with context.runtime.read() as reader:
        policy = await find_policy(reader, host)
        if policy is not None and policy.reject_reports:
            raise Ignored("reports_rejected", host)
        people = await list_accounts_by_uri(reader, named)
        posts = [post for post in (await list_posts_by_uri(reader, named)).values() if post.deleted_at is None]
        target = next((found for uri in named if (found := people.get(uri)) is not None and _is_ours(found)), None)
        if target is None:
            authors = await list_accounts(reader, {post.account_id for post in posts})
            for post in posts:
                parent = None if post.in_reply_to_id is None else await find_post(reader, post.in_reply_to_id)
                if _is_ours(authors[post.account_id]) or (parent is not None and parent.local):
                    target = authors[post.account_id]
                    break
    if target is None:
        raise Ignored("not_ours", "it reports nobody here and nobody who answered anybody here")
    linked = tuple(post.id for post in posts if post.account_id == target.id and post.boost_of_id is None)
    return Verified(target, host, linked[:MAX_POSTS], _comment(context))


async def receive(uow: UnitOfWork, context: Context, verified: Verified) -> None:
    """Keep the report, unless its server has brought too many within the hour."""
    if await count_from_host(uow, verified.host, since=context.now - WINDOW) >= PER_HOST:
        raise Ignored("too_many_reports", verified.host)
    await take_report(
        uow,
        verified.target,
        host=verified.host,
        post_ids=verified.post_ids,
        comment=verified.comment,
        now=context.now,
    )


def _is_ours(account: Account) -> bool:
    return account.is_local and account.deleted_at is None and account.id != INSTANCE_ACTOR_ID


def _comment(context: Context) -> str:
    """Return the words of the report: Mastodon sends `content`, Lemmy `summary`."""
    raw = context.activity.raw
    said = natural_text(raw, "content")[0] or natural_text(raw, "summary")[0] or ""
    return html_to_text(said[: MAX_COMMENT * 4])[:MAX_COMMENT]
