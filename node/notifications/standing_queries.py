"""What is to be known before somebody is notified: the SELECTs behind `rules.may_notify` and `policies.decide`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, cast

from sqlalchemy import BigInteger, bindparam, exists, func, literal, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.accounts.relations import FOLLOWS, follows
from node.auth.models import User
from node.base.db.base import UtcDateTime
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.notifications.models import (
    Notification,
    NotificationBudget,
    NotificationGroup,
    NotificationPermission,
    NotificationPolicy,
    NotificationRequest,
)
from node.notifications.policies import RULES, Policy, Sender, Verdict
from node.notifications.priorities import Budget
from node.notifications.queries import STAFF, mutes, shuns
from node.notifications.rules import Standing
from node.posts.models import Mention, Post
from node.posts.rules import thread_muted_by, visible_to

MOST_ANCESTORS: Final = 100
"""How far up a thread we look for a mention."""


@dataclass(frozen=True, slots=True)
class Case:
    """Two people, what stands between them, and what the recipient wants."""

    standing: Standing
    policy: Policy
    sender: Sender


_SENDER: Any = aliased(Account)
_USER: Any = aliased(User)
_PARENT: Any = aliased(Post)
_SINCE = FOLLOWS.alias()
"""Made once: making them costs more than the query."""


async def read_case(
    reader: Reader, *, account_id: int, from_account_id: int, post_id: int, now: datetime
) -> Case | None:
    """Return what the rules ask of one sender; None when one of the two is unknown."""
    cases = await read_cases(
        reader, account_id=account_id, from_account_ids=[from_account_id], post_id=post_id, now=now
    )
    return cases.get(from_account_id)


async def read_cases(
    reader: Reader, *, account_id: int, from_account_ids: Iterable[int], post_id: int, now: datetime
) -> dict[int, Case]:
    """Return what the rules ask, by sender, in one query; a sender who is unknown is left out."""
    given = {"account": account_id, "senders": list(from_account_ids), "post": post_id, "now": now}
    return {row[0]: _case_of(row, account_id, post_id) for row in await reader.rows(_cases(), given)}


def _case_of(row: Sequence[Any], account_id: int, post_id: int) -> Case:
    sender_id, is_local, gone, sender_gone, shunned, muted, visible, thread_muted, followed, *rest = row
    follower_since, created_at, limited, permitted, is_staff, is_private, *verdicts = rest
    return Case(
        Standing(
            recipient_is_local=bool(is_local),
            recipient_gone=bool(gone),
            is_self=account_id == sender_id,
            sender_gone=bool(sender_gone),
            block_between=bool(shunned),
            muted=bool(muted),
            thread_muted=bool(thread_muted),
            post_visible=post_id == 0 or bool(visible),
        ),
        _policy_of(verdicts),
        Sender(
            followed=bool(followed),
            follower_since=follower_since,
            created_at=created_at,
            limited=bool(limited),
            permitted=bool(permitted),
            is_staff=bool(is_staff),
            speaks_privately=bool(is_private),
        ),
    )


@cache
def _cases() -> Prepared:
    """Made once: it is asked of every like of a post that goes round, and making it costs more than running it."""
    account: Any = bindparam("account", type_=BigInteger)
    sender: Any = _SENDER.id.expression
    post: Any = bindparam("post", type_=BigInteger)
    now: Any = bindparam("now", type_=UtcDateTime())
    return Prepared(
        select(
            _SENDER.id,
            Account.domain == "",
            ~is_present(),
            ~is_present(_SENDER),
            shuns(account, sender),
            mutes(account, sender, now),
            exists(select(Post.id).where(Post.id == post, visible_to(account))),
            exists(select(Post.id).where(Post.id == post, thread_muted_by(account, Post.thread_id))),
            follows(account, sender),
            select(_SINCE.c.accepted_at)
            .where(_SINCE.c.follower_id == sender, _SINCE.c.followee_id == account)
            .scalar_subquery(),
            _SENDER.created_at,
            _SENDER.silenced_at.is_not(None),
            exists(
                select(NotificationPermission.account_id).where(
                    NotificationPermission.account_id == account, NotificationPermission.from_account_id == sender
                )
            ),
            exists(select(_USER.account_id).where(_USER.account_id == sender, _USER.role.in_(STAFF))),
            exists(select(Post.id).where(Post.id == post, Post.visibility == "direct", Post.account_id == sender)),
            *(getattr(NotificationPolicy, name) for name in RULES),
        )
        .select_from(Account)
        .join(_SENDER, _SENDER.id.in_(bindparam("senders", expanding=True)))
        .outerjoin(NotificationPolicy, NotificationPolicy.account_id == Account.id)
        .where(Account.id == account)
    )


async def find_policy(reader: Reader, account_id: int) -> Policy:
    """Return what somebody has decided, or the defaults."""
    row = await reader.scalar(select(NotificationPolicy).where(NotificationPolicy.account_id == account_id))
    return Policy() if row is None else _policy_of([getattr(row, name) for name in RULES])


def _policy_of(verdicts: list[str | None]) -> Policy:
    if verdicts[0] is None:
        return Policy()
    return Policy(**dict(zip(RULES, cast(list[Verdict], verdicts), strict=True)))


async def answers_a_mention(reader: Reader, post_id: int, *, account_id: int, sender_id: int) -> bool:
    """Whether a post answers, over any number of steps, one in which `account_id` itself named `sender_id`.

    What a post claims to answer is not asked, but which posts of ours stand above it (attack row 110).
    """
    chain = (
        select(Post.id, Post.account_id, Post.in_reply_to_id, literal(0).label("depth"))
        .where(Post.id == post_id)
        .cte("chain", recursive=True)
    )
    chain = chain.union_all(
        select(_PARENT.id, _PARENT.account_id, _PARENT.in_reply_to_id, chain.c.depth + 1)
        .join(chain, _PARENT.id == chain.c.in_reply_to_id)
        .where(chain.c.depth < MOST_ANCESTORS)
    )
    found = await reader.scalar(
        select(Mention.post_id)
        .join(chain, Mention.post_id == chain.c.id)
        .where(chain.c.account_id == account_id, Mention.account_id == sender_id, Mention.silent.is_(False))
        .limit(1)
    )
    return found is not None


async def find_budget(reader: Reader, account_id: int) -> Budget | None:
    """Return what somebody has used up of the hour."""
    rows = await reader.rows(_BUDGET, {"account": account_id})
    return Budget(*rows[0]) if rows else None


_BUDGET: Final = Prepared(
    select(NotificationBudget.began_at, NotificationBudget.used).where(
        NotificationBudget.account_id == bindparam("account")
    )
)


async def has_group(reader: Reader, account_id: int, group_key: str) -> bool:
    """Whether there is such a group, with anything in it that has a row."""
    return bool(group_key and await reader.rows(_GROUP, {"account": account_id, "group": group_key}))


_GROUP: Final = Prepared(
    select(NotificationGroup.kind).where(
        NotificationGroup.account_id == bindparam("account"),
        NotificationGroup.group_key == bindparam("group"),
        exists(
            select(Notification.id).where(
                Notification.account_id == bindparam("account"), Notification.group_key == bindparam("group")
            )
        ),
    )
)


async def list_told(
    reader: Reader, account_id: int, kind: str, from_account_ids: Sequence[int], post_id: int
) -> set[int]:
    """Return of which senders there is this very notification."""
    given = {"account": account_id, "kind": kind, "senders": from_account_ids, "post": post_id}
    return {row[0] for row in await reader.rows(_TOLD, given)}


_TOLD: Final = Prepared(
    select(Notification.from_account_id).where(
        Notification.account_id == bindparam("account"),
        Notification.kind == bindparam("kind"),
        Notification.from_account_id.in_(bindparam("senders", expanding=True)),
        Notification.post_id == bindparam("post"),
    )
)


async def count_held(reader: Reader, account_id: int, from_account_id: int, *, limit: int) -> int:
    """Return how much of one sender is held back, at most `limit`."""
    held = (
        select(Notification.id)
        .where(
            Notification.account_id == account_id,
            Notification.from_account_id == from_account_id,
            Notification.filtered.is_(True),
        )
        .limit(limit)
    )
    return int(await reader.scalar(select(func.count()).select_from(held.subquery())) or 0)


async def count_requests(reader: Reader, account_id: int, *, limit: int) -> int:
    """Return how many senders wait for somebody's word, at most `limit`."""
    waiting = select(NotificationRequest.id).where(NotificationRequest.account_id == account_id).limit(limit)
    return int(await reader.scalar(select(func.count()).select_from(waiting.subquery())) or 0)
