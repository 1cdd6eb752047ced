"""Making the followers a remote actor has here agree with what its server knows (FEP-8fcf, COL-10).

A delivery that says otherwise than we know queues one run, at most one an actor in ten minutes. The run fetches the
list, signed, and believes it only when its digest is the one that was delivered: a list that was cut, or has changed
meanwhile, removes nobody. Called by the inbox (`note_claim`) and the FETCH lane (`sync_followers`).
"""

import json
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import or_, update

from federation.documents import Document
from federation.errors import MalformedDocument
from federation.followers_sync import FollowersClaim, followers_digest
from federation.lists_parsing import item_ids, parse_list
from federation.origins import same_origin
from node.accounts.models import Account
from node.accounts.queries import list_accounts_by_uri
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.events import Unfollowed
from node.follows.models import Follow
from node.follows.queries import list_local_follows
from node.follows.service import accept_follow, reject_follow
from node.remote.documents import fetch_document
from node.remote.memory import memory_of
from node.remote.models import FetchTask
from node.remote.tasks import FOLLOWERS, queue_fetch
from node.uris import INSTANCE_ACTOR_ID, follow_uri

EVERY: Final = timedelta(minutes=10)
MAX_PAGES: Final = 10
_MAX_CLAIM: Final = 2_000

log = structlog.get_logger(__name__)


def is_turn(runtime: Runtime, actor_uri: str) -> bool:
    """Whether what is said of this actor's followers is worth a note: once in ten minutes in this process."""
    return memory_of(runtime).windows.add(("followers_sync", actor_uri), runtime.now(), EVERY) == 1


async def note_claim(uow: UnitOfWork, actor_uri: str, claim: FollowersClaim, *, runtime: Runtime) -> None:
    """Queue a look at what a delivery of this actor said of its followers here."""
    said = json.dumps([claim.collection, claim.url, claim.digest])
    if len(said) > _MAX_CLAIM:
        return
    if not await queue_fetch(uow, FOLLOWERS, uri=actor_uri, now=runtime.now(), budget_key=said):
        await uow.write(
            update(FetchTask)
            .where(FetchTask.kind == FOLLOWERS, FetchTask.uri == actor_uri)
            .values(budget_key=said)
            .execution_options(synchronize_session=False)
        )


async def sync_followers(runtime: Runtime, account: Account, said: str) -> bool:
    """Compare, and where we differ take over what the actor's server lists; return whether anything was changed.

    Raises FederationError when the list cannot be had.
    """
    claim = FollowersClaim(*json.loads(said))
    if account.is_local or account.is_gone or claim.collection != account.followers_url:
        return False
    if not same_origin(claim.url, account.uri):
        raise MalformedDocument("foreign_list", "the list of followers is of another server")
    async with runtime.read() as reader:
        before = await list_local_follows(reader, account.id)
    if followers_digest(uri for uri, follow in before.items() if follow.accepted_at is not None) == claim.digest:
        return False
    if not await _begin(runtime, account):
        return False
    listed = await _listed(runtime, claim.url)
    if listed is None or followers_digest(listed) != claim.digest:
        log.info("followers_list_not_believed", actor=account.uri, complete=listed is not None)
        return False
    async with runtime.write() as uow:
        return await _agree(uow, runtime, account, set(listed))


async def _begin(runtime: Runtime, account: Account) -> bool:
    """Note that a run begins; False while the last one was less than ten minutes ago, in whichever process."""
    now = runtime.now()
    async with runtime.write() as uow:
        begun = await uow.write(
            update(Account)
            .where(
                Account.id == account.id,
                or_(Account.followers_synced_at.is_(None), Account.followers_synced_at <= now - EVERY),
            )
            .values(followers_synced_at=now)
            .execution_options(synchronize_session=False)
        )
    return begun > 0


async def _agree(uow: UnitOfWork, runtime: Runtime, account: Account, listed: set[str]) -> bool:
    held: dict[str, Follow] = await list_local_follows(uow, account.id)
    changed = False
    for uri, follow in held.items():
        if uri not in listed and follow.accepted_at is not None:
            changed |= await reject_follow(uow, follow)
        elif uri in listed and follow.accepted_at is None:
            changed |= await accept_follow(uow, follow, now=runtime.now())
    strange = await list_accounts_by_uri(uow, listed - held.keys())
    for follower in strange.values():
        if follower.is_local and not follower.is_gone and follower.id != INSTANCE_ACTOR_ID:
            number = new_id()
            uri = follow_uri(runtime.settings, number)
            await uow.record(Unfollowed(number, uri, follower.id, account.id))
            changed = True
    return changed


async def _listed(runtime: Runtime, url: str) -> list[str] | None:
    """Return the ids of ours that a list holds; None when it goes on beyond what we read, or names others."""
    own = f"{runtime.settings.public_url}/"
    found: list[str] = []
    place: Document | str = url
    for _ in range(MAX_PAGES + 1):
        if isinstance(place, str):
            if not same_origin(place, url):
                return None
            place = (await fetch_document(runtime, place)).document
        page = parse_list(place)
        found += item_ids(page.items)
        if page.more is None:
            return found if all(uri.startswith(own) for uri in found) else None
        place = page.more
    return None
