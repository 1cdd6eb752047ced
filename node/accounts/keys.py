"""Signing keys of our own actors. Remote actors' public keys are found with `queries.find_key`.

Called by delivery (as the author), by fetching (as the node, SIG-18) and by the actor documents.
"""

from sqlalchemy import select

from federation.signatures import SigningKey
from node.accounts.models import AccountKey
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.uris import INSTANCE_ACTOR_ID


async def signing_key(reader: Reader, account_id: int) -> SigningKey:
    """Return the newest private key of a local account. Raises NotFound for everybody else.

    A deleted account keeps its key: its Delete is still to be signed (MOD-1).
    """
    key: AccountKey | None = await reader.scalar(
        select(AccountKey)
        .where(AccountKey.account_id == account_id, AccountKey.private_pem != "")
        .order_by(AccountKey.id.desc())
        .limit(1)
    )
    if key is None:
        raise NotFound(f"Account {account_id} has no key to sign with")
    return SigningKey(key_id=key.key_id, private_pem=key.private_pem)


async def instance_signing_key(reader: Reader) -> SigningKey:
    """Return the key of the node itself."""
    return await signing_key(reader, INSTANCE_ACTOR_ID)
