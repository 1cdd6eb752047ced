"""Trends of other servers that operators chose: asked for now and then, kept with the server's name, shown as theirs.

Three conditional requests every `EVERY` to each of at most `MOST_PEERS`, less often while a server fails; at most
`MAX_BYTES` each. What a blocked domain says is neither asked for nor shown, nor what our moderators excluded, nor a
post that is known here and whose author does not want to be found, whichever server says it. Nothing of it counts for
trends here, and a post of theirs is fetched from its own server when somebody opens it, as any pasted address is.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, update

from federation.answers import Validators
from federation.errors import FederationError, FetchUnchanged
from federation.origins import host_of
from federation.trend_parsing import PooledTrend, parse_trends
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.runtime import Runtime
from node.base.settings import Settings
from node.moderation.queries import policy_book
from node.moderation.service import checked_domain, log_decision
from node.text.writing import fold_hashtag, shown_hashtag
from node.trends.models import TrendPeer
from node.trends.pool_queries import find_due_peer, list_peers, list_withheld_uris
from node.trends.rules import KINDS
from node.trends.ruling_queries import read_rulings

MOST_PEERS: Final = 20
EVERY: Final = timedelta(minutes=15)
LONGEST_WAIT: Final = timedelta(days=1)
STALE: Final = timedelta(hours=6)
"""After this long without an answer nothing of a server is shown."""
MAX_BYTES: Final = 512 * 1024
SECONDS: Final = 15.0
CACHED_SECONDS: Final = 60
PATHS: Final = {"tags": "tags", "links": "links", "posts": "statuses"}


async def add_peer(uow: UnitOfWork, settings: Settings, domain: str, *, actor_id: int | None, now: datetime) -> None:
    """Show the trends of a server too. Raises Invalid for what is no other server, and beyond `MOST_PEERS`."""
    domain = checked_domain(settings, domain)
    if len(await list_peers(uow)) >= MOST_PEERS:
        raise Invalid(fields={"domain": [f"There are {MOST_PEERS} already; remove one first."]})
    if await insert_if_absent(uow, TrendPeer, {"domain": domain, "created_at": now, "due_at": now}):
        await log_decision(uow, "trend.pool", target_kind="domain", target=domain, actor_id=actor_id, now=now)


async def remove_peer(uow: UnitOfWork, domain: str, *, actor_id: int | None, now: datetime) -> bool:
    """Show the trends of a server no more; return whether they were shown."""
    removed = await uow.write(delete(TrendPeer).where(TrendPeer.domain == domain))
    if removed:
        await log_decision(uow, "trend.unpool", target_kind="domain", target=domain, actor_id=actor_id, now=now)
    return bool(removed)


async def pooled_trends(runtime: Runtime) -> dict[str, dict[str, list[PooledTrend]]]:
    """Return what is talked about elsewhere, by server and kind; nothing of one that is blocked or has gone silent, and
    nothing that may not trend here."""
    cache = runtime.caches.get("trend_pool", size=1, seconds=CACHED_SECONDS)
    found: dict[str, dict[str, list[PooledTrend]]] | None = cache.get("")
    if found is None:
        now = runtime.now()
        book = await policy_book(runtime)
        async with runtime.read() as reader:
            peers = await list_peers(reader)
            rulings = await read_rulings(reader)
            said = {
                peer.domain: {kind: [PooledTrend(**entry) for entry in peer.body.get(kind, ())] for kind in KINDS}
                for peer in peers
                if peer.fetched_at is not None and peer.fetched_at > now - STALE and not book.is_suspended(peer.domain)
            }
            uris = {trend.url for by_kind in said.values() for trend in by_kind["posts"]}
            withheld = await list_withheld_uris(reader, uris)
        found = {
            domain: {
                "tags": [
                    replace(tag, name=shown_hashtag(tag.name))
                    for tag in by_kind["tags"]
                    if rulings.settles("tags", 0, name=fold_hashtag(tag.name)) is not False
                ],
                "links": [
                    link for link in by_kind["links"] if rulings.find("publisher", host_of(link.url)) is not False
                ],
                "posts": [
                    post
                    for post in by_kind["posts"]
                    if post.url not in withheld and not book.is_suspended(host_of(post.url))
                ],
            }
            for domain, by_kind in said.items()
        }
        cache.put("", found)
    return found


async def ask_one(runtime: Runtime) -> bool:
    """Ask a server that is due, if any; return whether one was. Moving its time on first keeps others off it."""
    now = runtime.now()
    async with runtime.write() as uow:
        peer = await find_due_peer(uow, now)
        if peer is None:
            return False
        taken = await uow.write(
            update(TrendPeer)
            .where(TrendPeer.domain == peer.domain, TrendPeer.due_at <= now)
            .values(due_at=now + EVERY, asked_at=now)
            .execution_options(synchronize_session=False)
        )
    if taken:
        await _ask(runtime, peer.domain, peer.body, peer.failures)
    return bool(taken)


async def _ask(runtime: Runtime, domain: str, known: Mapping[str, Any], failures: int) -> None:
    body, versions = dict(known), dict(known.get("versions", {}))
    try:
        async with asyncio.timeout(SECONDS):
            base = await runtime.http.base_url_for(domain)
            for kind, path in PATHS.items():
                version = Validators(*versions[kind]) if kind in versions else None
                url = f"{base}/api/v1/trends/{path}?limit=10"
                try:
                    answer = await runtime.http.fetch_bytes(
                        url, accept="application/json", limit=MAX_BYTES, known=version
                    )
                except FetchUnchanged:
                    continue
                body[kind] = [asdict(trend) for trend in parse_trends(kind, answer.body)]
                versions[kind] = [answer.validators.etag, answer.validators.last_modified]
    except (FederationError, TimeoutError) as error:
        detail = f"{type(error).__name__}: {error}"[:300]
        wait = min(EVERY * 2 ** min(failures + 1, 10), LONGEST_WAIT)
        await _write(runtime, domain, failures=failures + 1, detail=detail, due_at=runtime.now() + wait)
    else:
        body["versions"] = versions
        await _write(runtime, domain, failures=0, detail="", body=body, fetched_at=runtime.now())


async def _write(runtime: Runtime, domain: str, **values: Any) -> None:
    async with runtime.write() as uow:
        await uow.write(
            update(TrendPeer)
            .where(TrendPeer.domain == domain)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
