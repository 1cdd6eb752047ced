"""Storing actors of other servers: `upsert_remote_account`, part of the service. Fetching them is `node/remote`.

Identity is the actor's id. The handle is a claim that `node/remote` has verified (DISC-4) before it is passed in;
a name that an actor merely announces changes nothing (attack row 37). Every string is sanitised here, on the way
in (row 75), and once more when it is shown.
"""

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import delete, select, update

from federation.errors import KeyUnavailable
from federation.keys import decode_multikey, load_public_key, public_pem
from federation.origins import Handle, host_of
from federation.parsing import ActorKey, RemoteActor
from node.accounts.models import Account, AccountKey
from node.accounts.names import note_names
from node.accounts.queries import find_account_by_handle, find_account_by_uri, find_domain_policy
from node.accounts.rules import fold_username, freed_name
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Forbidden
from node.base.ids import new_id
from node.emojis.service import learned_references
from node.events import SearchConsentChanged
from node.text.lookalikes import plain_line
from node.text.sanitising import clean_html, clean_text

log = structlog.get_logger(__name__)


async def upsert_remote_account(
    uow: UnitOfWork, actor: RemoteActor, *, handle: Handle | None, now: datetime
) -> Account:
    """Store an actor as its origin describes it, keys included; return its row.

    `handle` is the verified handle, or None: a new actor is then shown by its id's host and unconfirmed, a known
    one keeps the name it has (row 37). Changes the profile's version only when something people see changed.
    Raises Forbidden for an id of our own, and for one whose deletion was announced (tombstone wins, row 115).
    """
    account = await find_account_by_uri(uow, actor.id)
    if account is None:
        account = await _insert(uow, actor, handle, now)
    if account.is_local or account.deleted_at is not None:
        raise Forbidden("This actor cannot be stored")
    if handle is not None and handle.domain:
        await _confirm(uow, account, handle.username, handle.domain)
    seen = _profile_values(actor)
    seen["emojis"] = await learned_references(uow, host_of(actor.id), actor.emojis, now=now)
    if account.indexable != actor.indexable:
        await uow.record(SearchConsentChanged(account.id))
    if any(getattr(account, name) != value for name, value in seen.items()):
        account.version += 1
    for name, value in (seen | _address_values(actor)).items():
        setattr(account, name, value)
    account.fetched_at = now
    await _apply_policy(uow, account)
    await uow.flush()
    await note_names(uow, account)
    await _store_keys(uow, account.id, actor.keys, now)
    return account


async def set_reported_counts(
    uow: UnitOfWork,
    account_id: int,
    *,
    followers: int | None = None,
    following: int | None = None,
    posts: int | None = None,
) -> None:
    """Store the counts a remote actor's collections report; None leaves one as it is. Nothing for our own."""
    given = {"followers_count": followers, "following_count": following, "posts_count": posts}
    values = {name: max(0, min(count, 2**53)) for name, count in given.items() if count is not None}
    if values:
        await uow.write(update(Account).where(Account.id == account_id, Account.domain != "").values(**values))


async def _insert(uow: UnitOfWork, actor: RemoteActor, handle: Handle | None, now: datetime) -> Account:
    """Insert the actor's row under a name nobody has yet; `_confirm` gives it a verified one."""
    account_id = new_id()
    host = host_of(actor.id)
    username = actor.preferred_username
    is_verified = handle is not None and handle.domain is not None
    if is_verified or await find_account_by_handle(uow, username, host) is not None:
        username = freed_name(username, account_id)
    created = min(actor.published, now) if actor.published is not None else now
    values = {
        "id": account_id,
        "username": username,
        "username_folded": fold_username(username),
        "domain": host,
        "handle_confirmed": False,
        "uri": actor.id,
        "url": actor.url,
        "created_at": created,
        **_address_values(actor),
    }
    await insert_if_absent(uow, Account, values)  # on a race the other's row is as good
    stored = await find_account_by_uri(uow, actor.id)
    assert stored is not None
    return stored


async def _confirm(uow: UnitOfWork, account: Account, username: str, domain: str) -> None:
    """Give the account a verified handle; whoever had it before is freed of it (DISC-4)."""
    if account.handle_confirmed and (account.username, account.domain) == (username, domain):
        return
    holder = await find_account_by_handle(uow, username, domain)
    if holder is not None and holder.id != account.id:
        if holder.is_local:
            raise Forbidden("This handle is one of ours")
        log.info("handle_moved", handle=f"{username}@{domain}", from_account=holder.id, to_account=account.id)
        holder.username = freed_name(holder.username, holder.id)
        holder.username_folded = fold_username(holder.username)
        holder.handle_confirmed = False
        holder.version += 1
        await uow.flush()  # before the name is taken: the unique key looks at each statement
        await note_names(uow, holder)
    account.username, account.username_folded = username, fold_username(username)
    account.domain, account.handle_confirmed = domain, True
    account.version += 1
    await uow.flush()


async def _apply_policy(uow: UnitOfWork, account: Account) -> None:
    """Let the policy for its domain reach an actor that is stored after the policy was made (MOD-2)."""
    if account.suspended_at is not None:
        return
    policy = await find_domain_policy(uow, (host_of(account.uri), account.domain))
    if policy is not None and policy[0] == "suspend":
        account.suspended_at = policy[1]
    elif policy is not None and policy[0] == "silence" and account.silenced_at is None:
        account.silenced_at = policy[1]


def _profile_values(actor: RemoteActor) -> dict[str, Any]:
    """What people see of the actor, sanitised."""
    return {
        "url": actor.url,
        "actor_type": actor.type,
        "display_name": plain_line(clean_text(actor.name))[:2048],
        "note": clean_html(actor.summary_html),
        "fields": [
            {"name": clean_text(name), "value": clean_html(value), "verified_at": None} for name, value in actor.fields
        ],
        "avatar_url": actor.icon_url or "",
        "header_url": actor.image_url or "",
        "locked": actor.locked,
        "bot": actor.is_bot,
        "discoverable": actor.discoverable,
        "indexable": actor.indexable,
        "memorial": actor.memorial,
        "moved_to_uri": actor.moved_to or "",
        "suspended_by_origin": actor.suspended,
    }


def _address_values(actor: RemoteActor) -> dict[str, Any]:
    """Where the actor is reached."""
    return {
        "inbox_url": actor.inbox,
        "shared_inbox_url": actor.shared_inbox or "",
        "outbox_url": actor.outbox or "",
        "followers_url": actor.followers or "",
        "following_url": actor.following or "",
        "featured_url": actor.featured or "",
        "featured_tags_url": actor.featured_tags or "",
        "also_known_as": list(actor.also_known_as),
        "attribution_domains": list(actor.attribution_domains),
    }


async def _store_keys(uow: UnitOfWork, account_id: int, keys: tuple[ActorKey, ...], now: datetime) -> None:
    """Store the listed keys and forget those no longer listed (row 14). A key id stays with its first owner (row 13).

    An actor that lists no usable key keeps what it had: a stub document must not lock it out.
    """
    usable = {key.id: pem for key in keys if (pem := _pem_of(key)) is not None}
    if not usable:
        return
    await uow.write(
        delete(AccountKey).where(AccountKey.account_id == account_id, AccountKey.key_id.not_in(list(usable)))
    )
    known = {
        row.key_id: row for row in await uow.scalars(select(AccountKey).where(AccountKey.key_id.in_(list(usable))))
    }
    for key_id, pem in usable.items():
        row = known.get(key_id)
        if row is None:
            values = {"id": new_id(), "account_id": account_id, "key_id": key_id, "public_pem": pem, "fetched_at": now}
            await insert_if_absent(uow, AccountKey, values)
        elif row.account_id == account_id:
            row.public_pem, row.fetched_at = pem, now
        else:
            log.warning("key_id_conflict", key_id=key_id, owner=row.account_id, claimed_by=account_id)
    await uow.flush()


def _pem_of(key: ActorKey) -> str | None:
    """Return the key as SPKI PEM; None for one we do not trust (attack row 9)."""
    try:
        return public_pem(load_public_key(key.pem) if key.pem is not None else decode_multikey(key.multibase or ""))
    except KeyUnavailable as error:
        log.info("key_refused", key_id=key.id, reason=error.reason)
        return None
