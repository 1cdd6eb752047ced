"""From an activity to its deliveries: what the rest of the world is told, and who (DLV-1, DLV-2).

Called by the effects that send, before the transaction that ends an event; `store` is called in it. The activity is
serialised once; its row carries the event's id and its own deterministic `uri`, so a repeated event adds nothing, and
the ids order what is about one object.
"""

from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, select

from federation.documents import Document
from node.accounts.models import Account
from node.accounts.queries import find_account, list_accounts
from node.base.db.inserts import insert_new, insert_where_absent
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.base.lanes import DELIVER, DELIVER_SLOW
from node.posts.models import Post
from node.posts.queries import find_post
from node.posts.rules import OPEN_VISIBILITIES
from outbox.event_queries import PostFacts, list_mention_ids
from outbox.models import Delivery, OutgoingActivity
from outbox.occasion import Outgoing, Sending, facts_of
from outbox.peers import read_health
from outbox.proving import with_proof
from outbox.queries import list_suspended_hosts
from outbox.recipients import Recipients, by_host, list_inboxes
from outbox.resting import list_marked

_KNOWN: Final = Prepared(select(OutgoingActivity.id).where(OutgoingActivity.uri == bindparam("uri")))


async def inboxes_of(on: Sending, to: Recipients) -> Sequence[str]:
    """Return the inboxes of `to`."""
    if to not in on.inboxes:
        on.inboxes[to] = await list_inboxes(on.reader, to, now=on.now)
    return on.inboxes[to]


async def send(
    on: Sending,
    document: Document,
    to: Recipients,
    *,
    object_key: str,
    urgent: bool = False,
    known_as: str = "",
    as_it_came: str = "",
    not_to: frozenset[str] = frozenset(),
) -> None:
    """Have an activity stored with the end of the event, and its deliveries.

    Left out are suspended domains (MOD-2), hosts that have been unavailable for days (DLV-5) and those of `not_to`.
    Only the end of a follow goes to a suspended domain too: it shall not believe that the follow still stands. An
    activity is stored once under its id, or under `known_as` where the same goes to one person before it goes to
    everybody. `as_it_came` is the text of another's activity that is only passed on; `document` then needs no more
    than its id and type.
    """
    hosts = by_host(await inboxes_of(on, to))
    for host in (on.runtime.settings.web_host, *not_to):
        hosts.pop(host, None)
    health = await read_health(on.reader, hosts)
    barred: set[str] = set()
    if not to.despite_suspension:
        barred = await list_suspended_hosts(on.reader, hosts, settings=on.runtime.settings)
    reached = {host: urls for host, urls in hosts.items() if health[host].takes_new(on.now) and host not in barred}
    if not reached:
        return
    if as_it_came:
        body = as_it_came
    else:
        proven = await with_proof(on.runtime, on.reader, document, author_id=to.author_id, now=on.now)
        body = orjson.dumps(proven).decode()
    activity = {
        "id": on.event_id,
        "uri": known_as or str(document["id"]),
        "account_id": to.author_id,
        "kind": str(document["type"]),
        "object_key": object_key,
        "to_followers": to.followers,
        "body": body,
        "created_at": on.now,
    }
    deliveries: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "account_id": to.author_id,
            "inbox_url": url,
            "host": host,
            "object_key": object_key,
            "urgent": urgent,
            "slow": health[host].is_failing,
            "created_at": on.now,
            "due_at": health[host].first_due(on.now),
            "attempts": 0,
            "last_error": "",
        }
        for host, urls in reached.items()
        for url in urls
    ]
    on.outgoing.append(Outgoing(activity, deliveries))


async def store(uow: UnitOfWork, outgoing: Outgoing) -> set[str]:
    """Insert an activity and its deliveries, unless they are there; return the lanes in which these wait."""
    activity = outgoing.activity
    if await insert_new(uow, OutgoingActivity, [activity]):
        activity_id = activity["id"]
    else:
        ((activity_id,),) = await uow.rows(_KNOWN, {"uri": activity["uri"]})
    rows = [{**delivery, "activity_id": activity_id} for delivery in outgoing.deliveries]
    if resting := [row for row in rows if row["due_at"] is None]:
        paused = await list_marked(uow, {row["host"] for row in resting})
        for row in resting:
            row["due_at"] = None if row["host"] in paused else activity["created_at"]
    await insert_where_absent(uow, Delivery, rows)
    return {DELIVER_SLOW if row["slow"] else DELIVER for row in rows}


async def standing(on: Sending, post_id: int) -> Post | None:
    """Return a post of ours that may still be told of; one that is only for people here never may."""
    post = await find_post(on.reader, post_id)
    if post is None or not post.local or post.local_only or post.deleted_at is not None:
        return None
    author = await find_account(on.reader, post.account_id)
    return None if author is None or author.is_gone else post


async def named_in(on: Sending, post: Post | PostFacts) -> set[int]:
    """Return whom a post of ours is addressed to by name, and whom it quotes before everybody (DLV-1)."""
    facts = await facts_of(on, post.id)
    named = set(await list_mention_ids(on.reader, post.id)) if facts is None or facts.names else set()
    quotes = post.quoted_id is not None and post.visibility in OPEN_VISIBILITIES
    quoted = await find_post(on.reader, post.quoted_id) if quotes and post.quoted_id is not None else None
    return named if quoted is None else named | {quoted.account_id}


def audience_of(
    post: Post | PostFacts, named: set[int], *, involved: bool = False, voters_of: int | None = None
) -> Recipients:
    """Return who gets what is said of a post: whom it names, the followers unless it is direct, and who had to do
    with it."""
    return Recipients(
        author_id=post.account_id,
        account_ids=frozenset(named),
        followers=post.visibility != "direct",
        involved_with=post.id if involved else None,
        voters_of=voters_of,
        personal=post.visibility == "direct",
    )


def to_one(author: Account, other: Account, *, farewell: bool = False) -> Recipients:
    """Return the one person an activity is for, blocked or not; `farewell` reaches suspended servers too."""
    return Recipients(
        author_id=author.id,
        account_ids=frozenset({other.id}),
        personal=True,
        despite_blocks=True,
        despite_suspension=farewell,
    )


async def pair(on: Sending, first_id: int, second_id: int) -> tuple[Account | None, Account | None]:
    """Return two accounts, in this order."""
    found = await list_accounts(on.reader, {first_id, second_id})
    return found.get(first_id), found.get(second_id)
