"""When an inbox is not where it was: find its actor's new one (DLV-8), or see whether the actor is gone (DLV-3)."""

from collections.abc import Collection
from datetime import datetime

import structlog
from sqlalchemy import or_, select

from federation.errors import FederationError
from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import RookeryError
from node.base.runtime import Runtime
from node.remote.actors import fetch_actor
from node.remote.tasks import ACTOR, queue_fetch

log = structlog.get_logger(__name__)


async def find_new_inbox(runtime: Runtime, inbox_url: str) -> str | None:
    """Fetch an actor who had this inbox and return where it takes mail now, or None when that is no other place."""
    async with runtime.read() as reader:
        found = await reader.execute(
            select(Account.uri, Account.shared_inbox_url == inbox_url)
            .where(
                Account.domain != "",
                Account.deleted_at.is_(None),
                or_(Account.inbox_url == inbox_url, Account.shared_inbox_url == inbox_url),
            )
            .limit(1)
        )
        row = found.first()
    if row is None:
        return None
    uri, was_shared = row
    try:
        account = await fetch_actor(runtime, uri, force=True)
    except (FederationError, RookeryError) as error:
        log.info("moved_inbox_not_found", actor=uri, reason=str(error))
        return None
    new = (account.shared_inbox_url or account.inbox_url) if was_shared else account.inbox_url
    return new if new and new != inbox_url else None


async def look_again(uow: UnitOfWork, inbox_urls: Collection[str], *, now: datetime) -> None:
    """Queue a look at the actors whose personal inbox answered 410: their own answer decides."""
    for uri in await uow.scalars(
        select(Account.uri).where(Account.inbox_url.in_(inbox_urls), Account.domain != "", Account.deleted_at.is_(None))
    ):
        await queue_fetch(uow, ACTOR, uri=uri, now=now)
