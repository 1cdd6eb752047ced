"""Remote actors as parsed documents, and what a test recorded as events. For the tests of the lower slices."""

from typing import Any

from sqlalchemy import select

from federation.keys import generate_rsa_key
from federation.origins import parse_handle
from federation.parsing import RemoteActor, parse_actor
from node.accounts.models import Account
from node.accounts.service import upsert_remote_account
from node.base.db.event_log import Event, EventRow, event_of
from node.base.runtime import Runtime
from tests.support import make

OTHER_PEM = generate_rsa_key()[1]
"""Another key than that of the test accounts."""


def actor_document(name: str = "alice", host: str = "good.test", **fields: Any) -> dict[str, Any]:
    """Return the document of an actor with one key."""
    uri = f"https://{host}/users/{name}"
    return {
        "id": uri,
        "type": "Person",
        "preferredUsername": name,
        "inbox": f"{uri}/inbox",
        "followers": f"{uri}/followers",
        "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": make.test_key_pair()[1]},
        **fields,
    }


def actor(name: str = "alice", host: str = "good.test", **fields: Any) -> RemoteActor:
    """Return a parsed actor."""
    return parse_actor(actor_document(name, host, **fields))


async def store(runtime: Runtime, parsed: RemoteActor, *, handle: str | None = None) -> Account:
    """Store an actor; `handle` is what WebFinger confirmed."""
    verified = parse_handle(handle) if handle else None
    async with runtime.write() as uow:
        return await upsert_remote_account(uow, parsed, handle=verified, now=runtime.now())


async def stranger(runtime: Runtime, name: str = "alice", host: str = "good.test", **fields: Any) -> Account:
    """Store an actor under its confirmed handle."""
    return await store(runtime, actor(name, host, **fields), handle=f"@{name}@{host}")


async def recorded(runtime: Runtime) -> list[Event]:
    """Return the events that wait for the relay, oldest first."""
    async with runtime.read() as reader:
        return [event_of(row.name, row.payload) for row in await reader.scalars(select(EventRow).order_by(EventRow.id))]


async def fresh(runtime: Runtime, account: Account | int) -> Account:
    """Return the account as the database has it now."""
    async with runtime.read() as reader:
        found = await reader.scalar(
            select(Account).where(Account.id == (account if isinstance(account, int) else account.id))
        )
        assert isinstance(found, Account)
        return found
