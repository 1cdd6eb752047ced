"""Who asks for one of our documents, and may they (SIG-19, MOD-2).

In mode "open" anybody may read what is public; a signature is only checked where the answer depends on it. In modes
"signed" and "allowlist" nothing but the node's own actor and a person's stub is served without one. In all of them a
request that names a key of a shut out domain gets 403 (in "allowlist" those are all that the operator has not listed,
see `node.moderation.rules`), and what a signer may not see is as absent as what never was: 404.
"""

from dataclasses import dataclass

from quart import request

from federation.errors import FederationError
from federation.origins import host_of
from federation.signatures import inspect_signature
from node.accounts.models import Account
from node.accounts.queries import find_account_by_uri, find_key_owner
from node.base.errors import Forbidden, NotSignedIn, Unavailable
from node.base.runtime import Runtime
from node.follows.queries import is_block_between
from node.http.context import client_address
from node.http.signatures import signed_request
from node.moderation.queries import is_suspended_domain
from node.remote.arrivals import note_proven, note_refused, note_unproven
from node.remote.errors import FetchLimited
from node.remote.signers import BlockedDomain, KeyAway, verify_request


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Whoever asks. `uri` is the proven actor, `account` the row we have of it; both None for a stranger."""

    signed: bool = False
    """Whether the request carries a signature, proven or not: its answer is for nobody else's cache (row 49)."""

    uri: str | None = None
    account: Account | None = None
    claimed_id: int | None = None
    """Whose key an unproven signature names: good enough to refuse by, for nothing else."""

    @property
    def account_id(self) -> int | None:
        """What visibility is judged by."""
        return None if self.account is None else self.account.id


def must_sign(runtime: Runtime) -> bool:
    """Whether this node shows people's documents to those only who prove who they are (SIG-19)."""
    return runtime.settings.fetch_mode != "open"


def is_signed() -> bool:
    """Whether this request carries a signature of either scheme."""
    headers = request.headers
    return (
        "Signature" in headers
        or "Signature-Input" in headers
        or headers.get("Authorization", "")[:10].lower() == "signature "
    )


async def glance(runtime: Runtime) -> Onlooker:
    """Say who asks for something public: proven only where the node wants signatures. Raises Forbidden, NotSignedIn."""
    if must_sign(runtime):
        return await look(runtime, required=True)
    if not is_signed():
        return Onlooker()
    incoming = signed_request(runtime, request, b"")
    note_unproven(
        runtime, incoming, kind="read", status=200, verdict="accepted", reason="not_judged", source=client_address()
    )
    try:
        key_id = inspect_signature(incoming).key_id
        host = host_of(key_id)
    except FederationError:
        return Onlooker(signed=True)  # a public document is nothing to lie for
    async with runtime.read() as reader:
        if await is_suspended_domain(reader, host, settings=runtime.settings):
            raise Forbidden()
        return Onlooker(signed=True, claimed_id=await find_key_owner(reader, key_id))


async def look(runtime: Runtime, *, required: bool) -> Onlooker:
    """Verify who asks. Without a good signature: NotSignedIn where one is required, else a stranger.

    Raises Forbidden for a suspended domain or actor, Unavailable when the key cannot be had at the moment.
    """
    if not is_signed():
        if required:
            raise NotSignedIn("This server answers signed requests only.")
        return Onlooker()
    incoming, source = signed_request(runtime, request, b""), request.remote_addr or ""
    try:
        signer = await verify_request(runtime, incoming, source=source)
        note_proven(runtime, incoming, host=signer.host, scheme=signer.scheme, kind="read", source=source)
    except BlockedDomain as error:
        await note_refused(runtime, incoming, error, kind="read", status=403, source=source)
        raise Forbidden() from error
    except (KeyAway, FetchLimited) as error:
        await note_refused(runtime, incoming, error, kind="read", status=503, source=source)
        raise Unavailable("The key of this signature cannot be had right now.") from error
    except FederationError as error:
        await note_refused(runtime, incoming, error, kind="read", status=401 if required else 200, source=source)
        if required:
            raise NotSignedIn(f"The signature was not accepted: {error.reason}.") from error
        return Onlooker(signed=True)
    async with runtime.read() as reader:
        account = await find_account_by_uri(reader, signer.uri)
    if account is not None and account.is_gone:
        raise Forbidden()
    return Onlooker(signed=True, uri=signer.uri, account=account)


async def is_kept_out(runtime: Runtime, onlooker: Onlooker, owner_id: int) -> bool:
    """Whether an onlooker and the owner of something stand on two sides of a block (attack row 49)."""
    id_ = onlooker.account_id or onlooker.claimed_id
    if id_ is None or id_ == owner_id:
        return False
    async with runtime.read() as reader:
        return await is_block_between(reader, id_, owner_id)
