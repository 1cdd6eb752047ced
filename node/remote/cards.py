"""Looking at the pages that posts link to, once for the whole node (`node.cards`). The CARDS lane.

Through the one guarded client, as a guest who takes little: one GET of HTML, cut at `MAX_PAGE`, in `SECONDS`; one of a
picture, which is drawn anew and kept here; at most `PER_HOST_A_MINUTE` pages of a host in a minute. Nothing of what
comes is shown as it came. Who is named as the author counts only where that account lists the page's own host (attack
row 46).
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import update

from federation.errors import EgressRefused, FederationError, FetchGone, MalformedDocument
from federation.origins import host_of, parse_handle
from node.accounts.models import Account
from node.accounts.queries import find_local_account
from node.accounts.rules import local_or_domain
from node.base.db.claims import claim_due
from node.base.errors import Invalid, RookeryError
from node.base.lanes import CARDS
from node.base.runtime import Runtime
from node.base.work import drain
from node.cards.models import LinkCard
from node.cards.queries import READY, count_asked, find_card, has_due_cards, list_linking_posts
from node.cards.reading import PageFacts, read_page, with_oembed
from node.cards.rules import FRESH, NOTHING_FOR, PER_HOST_A_MINUTE, WAITS, may_claim, secure
from node.events import LinkCardReady
from node.media.images import encode
from node.media.storage import new_key, write_file
from node.moderation.queries import policy_book
from node.posts.cards import show_card
from node.remote.actors import resolve_handle

SECONDS: Final = 25.0
PICTURE_SECONDS: Final = 20.0
MAX_PAGE: Final = 1024 * 1024
MAX_OEMBED: Final = 64 * 1024
MAX_PICTURE: Final = 8 * 1024 * 1024
BATCH: Final = 16
CONCURRENCY: Final = 4
ACCEPT: Final = "text/html, application/xhtml+xml;q=0.9"
PICTURES: Final = "image/avif,image/webp,image/png,image/jpeg,image/gif;q=0.9"

_LEASE: Final = timedelta(minutes=5)
_WORK_SECONDS: Final = 40.0
_WANTED: Final = (LinkCard.wanted.is_(True),)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    """A page's picture, as it is kept here."""

    key: str
    width: int
    height: int
    blurhash: str


async def is_due(runtime: Runtime, now: Any) -> bool:
    """Say whether any page is to be looked at."""
    async with runtime.read() as reader:
        return await has_due_cards(reader, now)


@drain(CARDS, seconds=120, is_due=is_due, patient=True)
async def look_at_due(runtime: Runtime) -> bool:
    """Look at the pages that are due; True when time ran out with work left."""
    stop_at = time.monotonic() + _WORK_SECONDS
    while time.monotonic() < stop_at:
        async with runtime.write() as uow:
            ids = await claim_due(uow, LinkCard, now=runtime.now(), lease=_LEASE, limit=BATCH, where=_WANTED)
        if not ids:
            return False
        turns = asyncio.Semaphore(CONCURRENCY)
        await asyncio.gather(*(_in_turn(turns, runtime, card_id) for card_id in ids))
    return True


async def _in_turn(turns: asyncio.Semaphore, runtime: Runtime, card_id: int) -> None:
    async with turns:
        async with runtime.read() as reader:
            card = await find_card(reader, card_id)
            posted = card is not None and bool(await list_linking_posts(reader, card_id, limit=1))
        if card is None:
            return
        if not posted:  # edited or deleted meanwhile: nobody waits for it
            await _settle(runtime, card_id, {"wanted": False, "due_at": runtime.now()})
            return
        if not await _take_turn(runtime, card):
            return
        try:
            await look_at(runtime, card)
        except FederationError as error:
            for_good = isinstance(error, FetchGone | EgressRefused)
            await _failed(runtime, card, error.reason, for_good=for_good)
        except (TimeoutError, RookeryError) as error:
            await _failed(runtime, card, type(error).__name__, for_good=False)
        except Exception as error:  # a page that trips us must not come back for ever (row 114)
            log.exception("link_card_failed", host=card.host)
            await _failed(runtime, card, type(error).__name__, for_good=False)


async def _take_turn(runtime: Runtime, card: LinkCard) -> bool:
    """Note that the host is asked now; False, and later, when it was asked enough within a minute."""
    now = runtime.now()
    async with runtime.write() as uow:
        asked = await count_asked(uow, card.host, now - timedelta(minutes=1))
        values: dict[str, Any] = {"asked_at": now}
        if asked >= PER_HOST_A_MINUTE:
            values = {"due_at": now + timedelta(minutes=1), "attempts": LinkCard.attempts - 1}
        await uow.write(
            update(LinkCard).where(LinkCard.id == card.id).values(**values).execution_options(synchronize_session=False)
        )
    return asked < PER_HOST_A_MINUTE


async def look_at(runtime: Runtime, card: LinkCard) -> None:
    """Fetch a page and write down what it says. Raises FederationError, TimeoutError."""
    async with asyncio.timeout(SECONDS):
        page = await runtime.http.fetch_bytes(await _asked(runtime, card.url), accept=ACCEPT, limit=MAX_PAGE, cut=True)
    if "html" not in page.content_type.lower():
        await _nothing(runtime, card, "not_html")
        return
    facts = await asyncio.to_thread(read_page, page.body, page.content_type, page.final_url)
    if facts.oembed_url and not (facts.title and facts.image_url):
        facts = await _ask_oembed(runtime, facts)
    if not facts.title:
        await _nothing(runtime, card, "no_title")
        return
    picture = await _picture(runtime, facts)
    author = await _author(runtime, facts.creator, page.final_url)
    now = runtime.now()
    values = {
        "state": READY,
        "wanted": False,
        "due_at": now + FRESH,
        "attempts": 0,
        "fetched_at": now,
        "detail": "",
        "page_url": facts.url,
        "title": facts.title,
        "description": facts.description,
        "language": facts.language,
        "author_name": facts.author_name,
        "author_url": facts.author_url,
        "author_id": None if author is None else author.id,
        "provider_name": facts.provider_name,
        "published_at": facts.published_at,
        "image_key": picture.key if picture else "",
        "image_width": picture.width if picture else 0,
        "image_height": picture.height if picture else 0,
        "image_description": facts.image_description if picture else "",
        "blurhash": picture.blurhash if picture else "",
    }
    async with runtime.write() as uow:
        await _write(uow, card.id, values)
        await show_card(uow, card.id, ready=True)
        await uow.record(LinkCardReady(card.id))


async def _asked(runtime: Runtime, url: str) -> str:
    """Return the address that is asked: https, but for hosts in the operator's insecure networks."""
    if url.startswith("https:"):
        return url
    host = host_of(url).partition(":")[0]
    return url if await runtime.http.egress.uses_plain_http(host) else secure(url)


async def _ask_oembed(runtime: Runtime, facts: PageFacts) -> PageFacts:
    try:
        async with asyncio.timeout(SECONDS):
            answer = await runtime.http.fetch_bytes(
                await _asked(runtime, facts.oembed_url), accept="application/json", limit=MAX_OEMBED
            )
    except (FederationError, TimeoutError):
        return facts
    return with_oembed(facts, answer.body) if "json" in answer.content_type.lower() else facts


async def _picture(runtime: Runtime, facts: PageFacts) -> Picture | None:
    """Return our copy of the page's picture, drawn anew; None when there is none to be had."""
    if not facts.image_url:
        return None
    try:
        book = await policy_book(runtime)
        if book.rejects_media(host_of(facts.image_url)):
            return None
        async with asyncio.timeout(PICTURE_SECONDS):
            url = await _asked(runtime, facts.image_url)
            answer = await runtime.http.fetch_bytes(url, accept=PICTURES, limit=MAX_PICTURE)
        encoded = await encode(runtime, answer.body, "upload")
    except (FederationError, RookeryError, Invalid, TimeoutError) as error:
        log.info("card_picture_refused", host=host_of(facts.image_url), reason=type(error).__name__)
        return None
    data, extension = (encoded.small, "webp") if encoded.small is not None else (encoded.original, encoded.extension)
    width, height = encoded.small_size or (encoded.width, encoded.height)
    key = new_key(extension)
    await asyncio.to_thread(write_file, runtime.settings.media_dir, key, data)
    return Picture(key, width, height, encoded.blurhash)


async def _author(runtime: Runtime, creator: str, page_url: str) -> Account | None:
    """Return the account that a page names, if that account names the page's host too (attack row 46)."""
    if not creator:
        return None
    try:
        handle = parse_handle(creator)
    except MalformedDocument:
        return None
    if handle.domain is None:
        return None
    try:
        if not local_or_domain(runtime.settings, handle.domain):
            async with runtime.read() as reader:
                account = await find_local_account(reader, handle.username)
        else:
            account = await resolve_handle(runtime, handle)
    except (FederationError, RookeryError, TimeoutError):
        return None
    if account is None or account.is_gone or not may_claim(page_url, account.attribution_domains):
        return None
    return account


async def _nothing(runtime: Runtime, card: LinkCard, why: str) -> None:
    """Write down that there is nothing to show."""
    now = runtime.now()
    values = {"state": "none", "wanted": False, "due_at": now + NOTHING_FOR, "fetched_at": now, "detail": why}
    async with runtime.write() as uow:
        await _write(uow, card.id, values)
        await show_card(uow, card.id, ready=False)


async def _failed(runtime: Runtime, card: LinkCard, reason: str, *, for_good: bool) -> None:
    """Try again later, or leave it; a card that was there stays."""
    now = runtime.now()
    if not for_good and card.attempts <= len(WAITS):
        values: dict[str, Any] = {"due_at": now + WAITS[card.attempts - 1], "detail": reason[:300]}
    else:
        state = READY if card.state == READY else "failed"
        values = {"state": state, "wanted": False, "due_at": now + NOTHING_FOR, "detail": reason[:300]}
    await _settle(runtime, card.id, values)


async def _settle(runtime: Runtime, card_id: int, values: dict[str, Any]) -> None:
    async with runtime.write() as uow:
        await _write(uow, card_id, values)


async def _write(uow: Any, card_id: int, values: dict[str, Any]) -> None:
    await uow.write(
        update(LinkCard).where(LinkCard.id == card_id).values(**values).execution_options(synchronize_session=False)
    )
