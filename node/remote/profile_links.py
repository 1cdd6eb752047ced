"""Links in the profiles of our own people, verified: the page links back with rel `me` (ACT-8).

A task of the FETCH lane, queued when a profile changes. Each link is fetched once, through the one guarded client,
in `SECONDS` and up to 2 MiB; a link that does not hold any more loses its mark. Other servers' people are shown
without marks: their servers' word for it would be all we have.
"""

import asyncio
from typing import Any, Final

import structlog

from federation.errors import FederationError
from federation.origins import is_http_uri
from federation.rel_me import MAX_PAGE, comparable, me_links
from node.accounts.models import Account
from node.accounts.queries import find_account_by_uri
from node.base.runtime import Runtime
from node.uris import actor_uri, profile_url

SECONDS: Final = 5.0
ROUNDS: Final = 3
"""How often it begins anew when the profile changes meanwhile."""

log = structlog.get_logger(__name__)


async def verify_profile_links(runtime: Runtime, uri: str) -> None:
    """Verify the links of a local account's fields and write down which hold."""
    for _ in range(ROUNDS):
        async with runtime.read() as reader:
            account = await find_account_by_uri(reader, uri)
        if account is None or not account.is_local or account.is_gone:
            return
        links = {value for field in account.fields if is_http_uri(value := str(field.get("value", "")))}
        holding = {link for link in sorted(links) if await _links_back(runtime, link, account)}
        if await _write_down(runtime, uri, links, holding):
            return


async def _links_back(runtime: Runtime, link: str, account: Account) -> bool:
    settings = runtime.settings
    ours = {comparable(profile_url(settings, account.username)), comparable(actor_uri(settings, account.id))}
    try:
        async with asyncio.timeout(SECONDS):
            page = await runtime.http.fetch_bytes(link, accept="text/html", limit=MAX_PAGE)
    except (FederationError, TimeoutError) as error:
        log.info("profile_link_not_read", account_id=account.id, error=type(error).__name__)
        return False
    if "html" not in page.content_type.lower():
        return False
    return bool(ours & await asyncio.to_thread(me_links, page.body, page.final_url))


async def _write_down(runtime: Runtime, uri: str, seen: set[str], holding: set[str]) -> bool:
    """Set the marks; False when the profile names a link by now that was not looked at."""
    async with runtime.write() as uow:
        account = await find_account_by_uri(uow, uri)
        if account is None:
            return True
        stamp = runtime.now().isoformat()
        fields: list[dict[str, Any]] = []
        for field in account.fields:
            value = str(field.get("value", ""))
            mark = (field.get("verified_at") or stamp) if value in holding else None
            fields.append({**field, "verified_at": mark})
        if fields != account.fields:
            account.fields = fields
            account.version += 1
        return all(value in seen for field in fields if is_http_uri(value := str(field.get("value", ""))))
