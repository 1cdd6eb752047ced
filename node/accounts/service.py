"""Use cases of accounts: make one of ours, change its profile. The door to the rest of the service as well.

`remote.py` stores actors of other servers, `standing.py` suspends and deletes. Who may call what is decided at the
doors.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from federation.keys import generate_rsa_key
from node import uris
from node.accounts.keys import KeyPair, add_keys
from node.accounts.models import Account
from node.accounts.names import note_names
from node.accounts.profile import ProfileChange, checked_change, with_marks
from node.accounts.queries import find_account, get_account, list_keys
from node.accounts.remote import set_reported_counts, upsert_remote_account
from node.accounts.rules import MAX_DISPLAY_NAME, check_username, fold_username
from node.accounts.standing import (
    delete_account,
    mark_remote_gone,
    silence_account,
    suspend_account,
    unsuspend_account,
)
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Forbidden, Invalid
from node.base.ids import new_id
from node.base.settings import Settings
from node.emojis.service import local_references
from node.events import ProfileUpdated, SearchConsentChanged
from node.uris import INSTANCE_ACTOR_ID

__all__ = [
    "ProfileChange",
    "create_local_account",
    "delete_account",
    "ensure_instance_actor",
    "mark_remote_gone",
    "set_reported_counts",
    "silence_account",
    "suspend_account",
    "unsuspend_account",
    "update_profile",
    "upsert_remote_account",
]


async def ensure_instance_actor(
    uow: UnitOfWork, settings: Settings, now: datetime, *, key_pair: KeyPair | None = None
) -> Account:
    """Make the row that stands for the node itself if it is missing (DISC-8); return it.

    Follows a change of `public_url`, since its URIs stand on nothing else.
    """
    found = await find_account(uow, INSTANCE_ACTOR_ID)
    if found is None:
        pair: KeyPair = key_pair if key_pair is not None else await asyncio.to_thread(generate_rsa_key)
        values = _local_values(settings, INSTANCE_ACTOR_ID, uris.instance_actor_name(settings)) | {
            "url": f"{settings.public_url}/about",
            "actor_type": "Application",
            "locked": True,
            "bot": True,
            "created_at": now,
        }
        if await insert_if_absent(uow, Account, values):
            add_keys(uow, settings, INSTANCE_ACTOR_ID, pair, now=now)
            await uow.flush()
        return await get_account(uow, INSTANCE_ACTOR_ID, include_gone=True)
    actor_name = uris.instance_actor_name(settings)
    if (found.uri, found.username) != (uris.instance_actor_uri(settings), actor_name):
        for name, value in _local_values(settings, INSTANCE_ACTOR_ID, actor_name).items():
            setattr(found, name, value)
        found.url = f"{settings.public_url}/about"
        for key in await list_keys(uow, INSTANCE_ACTOR_ID):
            key.key_id = f"{found.uri}#{key.key_id.rpartition('#')[2]}"
        await uow.flush()
    return found


async def create_local_account(
    uow: UnitOfWork,
    settings: Settings,
    username: str,
    *,
    now: datetime,
    key_pair: KeyPair,
    display_name: str = "",
    may_be_reserved: bool = False,
    actor_type: str = "Person",
) -> Account:
    """Make an account of ours. `key_pair` is made by the door, in a thread, before the transaction opens.

    Raises Invalid for a name that is malformed, reserved (unless `may_be_reserved`: the command line), taken, or
    was ever taken: the name of a deleted account is never given to somebody else (attack row 73).
    """
    check_username(username, may_be_reserved=may_be_reserved)
    account_id = new_id()
    values = _local_values(settings, account_id, username) | {
        "display_name": display_name.strip()[:MAX_DISPLAY_NAME],
        "actor_type": actor_type,
        "bot": actor_type == "Service",
        "created_at": now,
    }
    if not await insert_if_absent(uow, Account, values):
        raise Invalid(fields={"username": ["has already been taken"]})
    add_keys(uow, settings, account_id, key_pair, now=now)
    await uow.flush()
    account = await get_account(uow, account_id)
    await note_names(uow, account)
    return account


async def update_profile(uow: UnitOfWork, settings: Settings, account_id: int, change: ProfileChange) -> Account:
    """Change what others see of a local account, and tell them (ACT-5). Raises Invalid, NotFound.

    Only what `change` names is touched; a change that changes nothing tells nobody.
    """
    account = await get_account(uow, account_id)
    if not account.is_local:
        raise Forbidden()
    wanted = checked_change(change)
    if "fields" in wanted:
        wanted["fields"] = with_marks(wanted["fields"], account.fields)
    values = {name: value for name, value in wanted.items() if getattr(account, name) != value}
    if not values:
        return account
    values["emojis"] = await local_references(uow, _texts(account, values))
    for name, value in values.items():
        setattr(account, name, value)
    account.version += 1
    await uow.flush()
    if "display_name" in values:
        await note_names(uow, account)
    await uow.record(ProfileUpdated(account_id))
    if "indexable" in values:
        await uow.record(SearchConsentChanged(account_id))
    return account


def _texts(account: Account, values: Mapping[str, Any]) -> list[str]:
    """Return the texts of a profile as they will be, in which custom emoji may stand."""
    fields = values.get("fields", account.fields)
    words = [str(field.get(part, "")) for field in fields for part in ("name", "value")]
    return [values.get("display_name", account.display_name), values.get("note", account.note), *words]


def _local_values(settings: Settings, account_id: int, username: str) -> dict[str, object]:
    return {
        "id": account_id,
        "username": username,
        "username_folded": fold_username(username),
        "domain": "",
        "uri": uris.actor_uri(settings, account_id),
        "url": uris.profile_url(settings, username),
        "inbox_url": uris.inbox_uri(settings, account_id),
        "shared_inbox_url": uris.shared_inbox_uri(settings),
        "outbox_url": uris.outbox_uri(settings, account_id),
        "followers_url": uris.followers_uri(settings, account_id),
        "following_url": uris.following_uri(settings, account_id),
        "featured_url": uris.featured_uri(settings, account_id),
    }
