"""Whom a text written here mentions: the accounts behind its handles, asked for at their servers if need be.

Called by the doors before a post is published, so that no fetch ever happens inside a transaction. Not being
found is no error: the handle stays plain text.
"""

import asyncio
from typing import Final

import structlog

from federation.errors import FederationError
from federation.origins import Handle
from node.accounts.models import Account
from node.accounts.rules import fold_username
from node.base.runtime import Runtime
from node.remote.actors import resolve_handle
from node.remote.queries import list_accounts_named
from node.text.writing import FoundHandle, find_handles

MAX_LOOK_UPS: Final = 10
LOOK_UP_SECONDS: Final = 8.0

log = structlog.get_logger(__name__)


async def resolve_mentions(runtime: Runtime, text: str, author: Account) -> dict[str, Account]:
    """Return the accounts a text mentions, keyed by `FoundHandle.key`.

    A handle without a domain means one of ours. At most 10 unknown handles are asked for, in at most 8 s.
    """
    handles = find_handles(text)
    if not handles:
        return {}
    wanted = {handle.key: _name(runtime, handle) for handle in handles}
    async with runtime.read() as reader:
        _, known = await list_accounts_named(reader, uris=(), handles=frozenset(wanted.values()))
    found = {key: known[name] for key, name in wanted.items() if name in known}
    missing = [handle for handle in handles if handle.key not in found and wanted[handle.key][1]][:MAX_LOOK_UPS]
    if missing:
        found.update(await _look_up(runtime, missing))
    return found


async def _look_up(runtime: Runtime, handles: list[FoundHandle]) -> dict[str, Account]:
    async def one(handle: FoundHandle) -> tuple[str, Account | None]:
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                account = await resolve_handle(runtime, Handle(handle.username, handle.domain))
        except (FederationError, TimeoutError) as error:
            log.info("mention_not_found", handle=handle.key, error=type(error).__name__)
            account = None
        return handle.key, None if account is None or account.is_gone else account

    results = await asyncio.gather(*(one(handle) for handle in handles))
    return {key: account for key, account in results if account is not None}


def _name(runtime: Runtime, handle: FoundHandle) -> tuple[str, str]:
    domain = "" if handle.domain in runtime.settings.local_domains else handle.domain
    return fold_username(handle.username), domain
