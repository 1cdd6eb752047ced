"""How others find us: WebFinger, host-meta, NodeInfo (DISC-1 to DISC-9). Never a signature asked, open to every page.

Handles stand on `settings.domain`, documents on `settings.public_url`; both domains are answered for, always with
the same subject and the same actor (DISC-2).
"""

import mimetypes
from typing import Any, Final

from sqlalchemy import bindparam, select

from federation.documents import Document
from federation.errors import MalformedDocument
from federation.origins import parse_handle
from federation.vocabulary import AP_TYPE
from federation.writing import NodeInfoFacts, WebFingerFacts, nodeinfo_document, webfinger_document
from node.accounts.models import Account
from node.accounts.rules import fold_username
from node.auth.models import User
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.base.errors import BadRequest, Gone, NotFound
from node.base.ids import MAX_ID
from node.base.runtime import VERSION, Runtime
from node.base.settings import Settings
from node.site.service import site_facts
from node.uris import INSTANCE_ACTOR_ID, actor_uri, instance_actor_uri, media_url, profile_url

MAX_RESOURCE: Final = 2_048
MAX_STAFF: Final = 20
_NAMED: Final = select(
    Account.id, Account.username, Account.avatar_key, Account.waiting, Account.suspended_at, Account.deleted_at
).where(Account.domain == "")
_BY_NAME: Final = Prepared(_NAMED.where(Account.username_folded == bindparam("name")))
_BY_ID: Final = Prepared(_NAMED.where(Account.id == bindparam("account_id")))

SERVICE_REL: Final = "https://www.w3.org/ns/activitystreams#Service"


async def webfinger(runtime: Runtime, resource: str) -> Document:
    """Return the JRD of whoever `resource` names: a handle in any spelling, an actor id, a profile URL (DISC-1).

    BadRequest for what names nobody at all, NotFound for a stranger, Gone for somebody who left for good.
    """
    resource = resource.strip()
    settings = runtime.settings
    if not resource or len(resource) > MAX_RESOURCE or "\x00" in resource:
        raise BadRequest("WebFinger needs a resource, such as acct:ann@example.com.")
    if resource.rstrip("/") == settings.public_url:
        return _service(settings)
    async with runtime.read() as reader:
        account = await _named(reader, settings, resource)
    if account is None or account.waiting:
        raise NotFound()
    if account.deleted_at is not None:
        raise Gone()
    return webfinger_document(_facts(account, settings))


async def _named(reader: Reader, settings: Settings, resource: str) -> Any | None:
    """Return the row of one of ours, gone or not."""
    if resource.lower().startswith(("http://", "https://")):
        return await _by_url(reader, settings, resource)
    try:
        handle = parse_handle(resource)
    except MalformedDocument as error:
        raise BadRequest("That is not a handle or an address of this server.") from error
    if handle.domain is None:
        raise BadRequest("A handle needs its domain, such as acct:ann@example.com.")
    if handle.domain not in settings.local_domains:
        return None
    return await _by_name(reader, handle.username)


async def _by_url(reader: Reader, settings: Settings, url: str) -> Any | None:
    """Find an account by its actor id or profile URL, compared as this node would write them."""
    base, path = settings.public_url, ""
    if url.lower().startswith(base + "/"):
        path = url[len(base) :].rstrip("/")
    if path == "/actor":
        return await _by_id(reader, INSTANCE_ACTOR_ID)
    if path.startswith("/@") and "/" not in path[1:]:
        return await _by_name(reader, path[2:])
    number = path.removeprefix("/users/")
    if number != path and number.isascii() and number.isdigit() and len(number) < 20 and int(number) <= MAX_ID:
        return await _by_id(reader, int(number))
    return None


async def _by_name(reader: Reader, username: str) -> Any | None:
    rows = await reader.rows(_BY_NAME, {"name": fold_username(username)})
    return rows[0] if rows else None


async def _by_id(reader: Reader, account_id: int) -> Any | None:
    rows = await reader.rows(_BY_ID, {"account_id": account_id})
    return rows[0] if rows else None


def _facts(account: Any, settings: Settings) -> WebFingerFacts:
    is_node = account.id == INSTANCE_ACTOR_ID
    shows_avatar = bool(account.avatar_key) and account.suspended_at is None
    return WebFingerFacts(
        username=account.username,
        domain=settings.domain,
        actor_uri=actor_uri(settings, account.id),
        profile_url=f"{settings.public_url}/about" if is_node else profile_url(settings, account.username),
        web_origin=settings.public_url,
        avatar_url=media_url(settings, account.avatar_key) if shows_avatar else None,
        avatar_type=(mimetypes.guess_type(account.avatar_key)[0] or "image/jpeg") if shows_avatar else None,
    )


def _service(settings: Settings) -> Document:
    """Return the JRD of the server itself (DISC-9, FEP-d556)."""
    return {
        "subject": f"{settings.public_url}/",
        "links": [{"rel": SERVICE_REL, "type": AP_TYPE, "href": instance_actor_uri(settings)}],
    }


async def nodeinfo(runtime: Runtime, version: str) -> Document:
    """Return NodeInfo 2.0 or 2.1 (DISC-6). Raises NotFound for any other version."""
    if version not in ("2.0", "2.1"):
        raise NotFound()
    settings = runtime.settings
    facts = await site_facts(runtime)
    async with runtime.read() as reader:
        staff = await _staff(reader, settings)
    return nodeinfo_document(
        NodeInfoFacts(
            software_version=VERSION,
            repository=f"{settings.public_url}/about",
            open_registrations=settings.registrations in ("open", "approval"),
            node_name=settings.site_name,
            node_description=settings.site_description,
            users_total=facts.people,
            users_active_month=facts.active_month,
            users_active_halfyear=facts.active_half_year,
            local_posts=facts.posts,
            staff_accounts=staff,
        ),
        version=version,
    )


async def _staff(reader: Reader, settings: Settings) -> tuple[str, ...]:
    ids = await reader.scalars(
        select(User.account_id)
        .join(Account, Account.id == User.account_id)
        .where(User.role == "admin", Account.suspended_at.is_(None), Account.deleted_at.is_(None))
        .order_by(User.account_id)
        .limit(MAX_STAFF)
    )
    return tuple(actor_uri(settings, account_id) for account_id in ids)
