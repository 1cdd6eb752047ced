"""Keys of our own actors: RSA for HTTP signatures, Ed25519 for integrity proofs. Remote actors' public keys are found
with `queries.find_key`.

Called by delivery (as the author), by fetching (as the node, SIG-18), by the actor documents, and where accounts of
ours are made.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from federation.keys import encode_multikey, generate_ed25519_key, load_public_key
from federation.signatures import SigningKey
from node import uris
from node.accounts.models import Account, AccountKey
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import NotFound
from node.base.ids import new_id
from node.base.settings import Settings
from node.uris import INSTANCE_ACTOR_ID, PROOF_KEY_FRAGMENT

KeyPair = tuple[str, str]
"""(private PEM, public PEM), as `federation.keys` makes it."""

_SIGNS_PROOFS = AccountKey.key_id.endswith(PROOF_KEY_FRAGMENT, autoescape=True)


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """What an actor document says of keys (ACT-1); `multikey` is None for an account that has no Ed25519 key yet."""

    key_id: str
    public_pem: str
    multikey: str | None


async def signing_key(reader: Reader, account_id: int) -> SigningKey:
    """Return the newest RSA key of a local account. Raises NotFound for everybody else.

    A deleted account keeps its key: its Delete is still to be signed (MOD-1).
    """
    key: AccountKey | None = await reader.scalar(
        select(AccountKey)
        .where(AccountKey.account_id == account_id, AccountKey.private_pem != "", ~_SIGNS_PROOFS)
        .order_by(AccountKey.id.desc())
        .limit(1)
    )
    if key is None:
        raise NotFound(f"Account {account_id} has no key to sign with")
    return SigningKey(key_id=key.key_id, private_pem=key.private_pem)


async def instance_signing_key(reader: Reader) -> SigningKey:
    """Return the key of the node itself."""
    return await signing_key(reader, INSTANCE_ACTOR_ID)


async def find_proof_key(reader: Reader, account_id: int) -> SigningKey | None:
    """Return the Ed25519 key of a local account, which signs its proofs (SIG-22)."""
    key: AccountKey | None = await reader.scalar(
        select(AccountKey).where(AccountKey.account_id == account_id, AccountKey.private_pem != "", _SIGNS_PROOFS)
    )
    return None if key is None else SigningKey(key_id=key.key_id, private_pem=key.private_pem)


async def published_keys(reader: Reader, account_id: int) -> PublishedKeys:
    """Return what everybody may know of a local account's keys."""
    rows = (
        await reader.execute(
            select(AccountKey.key_id, AccountKey.public_pem)
            .where(AccountKey.account_id == account_id, AccountKey.private_pem != "")
            .order_by(AccountKey.id)
        )
    ).all()
    proof_pem = next((pem for key_id, pem in rows if key_id.endswith(PROOF_KEY_FRAGMENT)), None)
    key_id, public_pem = [row for row in rows if not row[0].endswith(PROOF_KEY_FRAGMENT)][-1]
    return PublishedKeys(key_id, public_pem, None if proof_pem is None else encode_multikey(load_public_key(proof_pem)))


def add_keys(uow: UnitOfWork, settings: Settings, account_id: int, pair: KeyPair, *, now: datetime) -> None:
    """Give an account of ours its keys: the RSA pair it is handed and a new Ed25519 pair, which costs nothing."""
    uow.add(_row(uris.key_id(settings, account_id), account_id, pair, now))
    uow.add(_row(uris.proof_key_id(settings, account_id), account_id, generate_ed25519_key(), now))


async def add_missing_proof_keys(uow: UnitOfWork, settings: Settings, *, now: datetime, limit: int = 500) -> bool:
    """Give Ed25519 keys to accounts of ours from before there were any; True while there may be more (ACT-1)."""
    has_one = exists(select(AccountKey.id).where(AccountKey.account_id == Account.id, _SIGNS_PROOFS))
    lacking = await uow.scalars(
        select(Account.id).where(Account.domain == "", Account.deleted_at.is_(None), ~has_one).limit(limit)
    )
    for account_id in lacking:
        uow.add(_row(uris.proof_key_id(settings, account_id), account_id, generate_ed25519_key(), now))
    await uow.flush()
    return len(lacking) == limit


def _row(key_id: str, account_id: int, pair: KeyPair, now: datetime) -> AccountKey:
    return AccountKey(
        id=new_id(), account_id=account_id, key_id=key_id, private_pem=pair[0], public_pem=pair[1], fetched_at=now
    )
