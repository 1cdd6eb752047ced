"""What is thrown away when it is over, in small transactions so that nobody waits for the writer.

What is over is looked for by a reader, and the writer is asked only where there is something: on SQLite one writes at a
time, and to look through a table of a million rows takes seconds. Each rule says for how long something is kept and
why. The scheduler runs them every few minutes; running them twice at once is harmless. Posts are never pruned here, and
of the accounts only those that were never confirmed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, inspect, select, tuple_

from inbox.models import ReceivedActivity, Tombstone
from node.announcements.queries import list_unended
from node.announcements.service import end_due
from node.auth.activity import week_of
from node.auth.factor_models import SignInStep
from node.auth.leaving import drop_unconfirmed, list_unconfirmed
from node.auth.models import ActiveWeek, OAuthApp, OAuthCode, OAuthToken, OneTimeLink, SignUpNetwork, WebSession
from node.base.db.stream_log import KEPT, StreamEntry
from node.base.ids import floor_id
from node.base.runtime import Runtime
from node.blocks.models import Mute
from node.cards.models import LinkCard, PostLink
from node.completion.models import Completion
from node.completion.rules import THREAD
from node.http.models import KeyedCall
from node.mail.models import OutgoingMail
from node.media.service import prune_media
from node.posts.models import IdempotencyKey
from node.remote.models import FetchTask
from node.trends.day_queries import KEPT_DAYS, day_number
from node.trends.models import TrendDay
from node.trends.rules import KINDS
from node.trends.trust import NEWCOMER
from outbox.models import Delivery, OutgoingActivity
from outbox.outcomes import KEPT_FOR

BATCH = 100
MAX_BATCHES = 200
"""At most this many batches of one rule in one run; the rest waits for the next."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `table` for which `over(now)` holds are deleted."""

    name: str
    table: Any
    over: Callable[[datetime], Sequence[ColumnElement[bool]]]


RULES = (
    # INB-3: an activity is remembered for 30 days, so that a replay within them is known. Its id says when it came.
    Rule(
        "received_activities",
        ReceivedActivity,
        lambda now: (
            ReceivedActivity.done_at.is_not(None),
            ReceivedActivity.id < floor_id(now - timedelta(days=30)),
        ),
    ),
    # What failed too often is kept as long, with its reason, for the operator.
    Rule(
        "parked_activities",
        ReceivedActivity,
        lambda now: (
            ReceivedActivity.parked_at.is_not(None),
            ReceivedActivity.done_at.is_(None),
            ReceivedActivity.parked_at < now - timedelta(days=30),
        ),
    ),
    Rule("tombstones", Tombstone, lambda now: (Tombstone.expires_at < now,)),
    Rule("web_sessions", WebSession, lambda now: (WebSession.expires_at < now,)),
    Rule("sign_in_steps", SignInStep, lambda now: (SignInStep.expires_at < now,)),
    Rule("one_time_links", OneTimeLink, lambda now: (OneTimeLink.expires_at < now - timedelta(days=7),)),
    Rule("oauth_codes", OAuthCode, lambda now: (OAuthCode.expires_at < now - timedelta(days=1),)),
    # Anybody may register an app; one that nobody ever let in is not kept for ever.
    Rule(
        "oauth_apps",
        OAuthApp,
        lambda now: (
            OAuthApp.created_at < now - timedelta(days=30),
            ~exists(select(OAuthToken.id).where(OAuthToken.app_id == OAuthApp.id)),
            ~exists(select(OAuthCode.id).where(OAuthCode.app_id == OAuthApp.id)),
        ),
    ),
    # Twelve weeks are told (`GET /api/v1/instance/activity`).
    Rule(
        "active_weeks",
        ActiveWeek,
        lambda now: (ActiveWeek.week < week_of(now) - 13,),
    ),
    Rule(
        "trend_days",
        TrendDay,
        lambda now: (TrendDay.kind.in_(KINDS), TrendDay.day < day_number(now) - KEPT_DAYS),
    ),
    Rule(
        "sign_up_networks",
        SignUpNetwork,
        lambda now: (SignUpNetwork.account_id < floor_id(now - NEWCOMER),),
    ),
    Rule("mutes", Mute, lambda now: (Mute.expires_at.is_not(None), Mute.expires_at < now)),
    Rule(
        "idempotency_keys",
        IdempotencyKey,
        lambda now: (IdempotencyKey.created_at < now - timedelta(days=1),),
    ),
    # What a repeated call is answered with; a claim that was never answered goes with them.
    Rule(
        "keyed_calls",
        KeyedCall,
        lambda now: (KeyedCall.claimed_at < now - timedelta(hours=1),),
    ),
    # What rested for a week because its host was away (DLV-5); what is claimed is dropped then by whoever claims it.
    Rule(
        "deliveries",
        Delivery,
        lambda now: (
            Delivery.id < floor_id(now - KEPT_FOR),
            Delivery.created_at < now - KEPT_FOR,
            Delivery.due_at.is_(None),
        ),
    ),
    # Bodies that every recipient has had. A day is left so that a delivery just being planned finds its activity.
    Rule(
        "outgoing_activities",
        OutgoingActivity,
        lambda now: (
            OutgoingActivity.id < floor_id(now - timedelta(days=1)),  # of its event, which may have waited for long
            OutgoingActivity.created_at < now - timedelta(days=1),
            ~exists(select(Delivery.id).where(Delivery.activity_id == OutgoingActivity.id)),
        ),
    ),
    # What streams told; its newest row stays, since the next one counts on from there.
    Rule(
        "stream_entries",
        StreamEntry,
        lambda now: (
            StreamEntry.id < floor_id(now - KEPT),
            StreamEntry.id < select(func.max(StreamEntry.id)).scalar_subquery(),
        ),
    ),
    Rule(
        "outgoing_mails",
        OutgoingMail,
        lambda now: (OutgoingMail.parked_at.is_not(None), OutgoingMail.parked_at < now - timedelta(days=30)),
    ),
    # An account's row stays: it says where its outbox goes on.
    Rule(
        "completions",
        Completion,
        lambda now: (Completion.kind == THREAD, Completion.finished_at < now - timedelta(days=1)),
    ),
    # A page that no post links to any more; its picture goes with the next sweep of files.
    Rule(
        "link_cards",
        LinkCard,
        lambda now: (
            LinkCard.created_at < now - timedelta(days=30),
            LinkCard.wanted.is_(False),
            ~exists(select(PostLink.post_id).where(PostLink.card_id == LinkCard.id)),
        ),
    ),
    Rule(
        "fetch_tasks",
        FetchTask,
        lambda now: (FetchTask.parked_at.is_not(None), FetchTask.parked_at < now - timedelta(days=30)),
    ),
)


async def prune(runtime: Runtime) -> dict[str, int]:
    """Delete what is over and return how many rows of which table, without zeros."""
    removed = {rule.name: await _apply(runtime, rule) for rule in RULES}
    now = runtime.now()
    async with runtime.read() as reader:
        unconfirmed = await list_unconfirmed(reader, now=now, limit=BATCH)
        has_ended = bool(await list_unended(reader, now=now))
    removed["unconfirmed_accounts"] = 0
    for account_id in unconfirmed:
        async with runtime.write() as uow:
            removed["unconfirmed_accounts"] += await drop_unconfirmed(uow, account_id, now=now)
    if has_ended:
        async with runtime.write() as uow:
            await end_due(uow, now=now)
    return {name: count for name, count in removed.items() if count} | await prune_media(runtime)


async def _apply(runtime: Runtime, rule: Rule) -> int:
    key = inspect(rule.table).primary_key
    removed = 0
    for _ in range(MAX_BATCHES):
        over = rule.over(runtime.now())
        async with runtime.read() as reader:
            found = (await reader.execute(select(*key).where(*over).limit(BATCH))).all()
        if not found:
            break
        async with runtime.write() as uow:
            removed += await uow.write(
                delete(rule.table)
                .where(tuple_(*key).in_(found), *over)  # unless they have come to life since
                .execution_options(synchronize_session=False)
            )
        if len(found) < BATCH:
            break
    return removed
