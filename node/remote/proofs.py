"""Whose word a document is by its own integrity proofs, whoever brought it (SIG-22, SIG-23, row 34).

The proof is judged with a key that its actor publishes, known here or fetched within the limits of
`node.remote.keys`. What a proof cannot be checked for right now is not proven, and not refused either: its bearer is
then treated like anybody who brings another's words. Called by `inbox`.
"""

from datetime import timedelta
from typing import Final

from federation.errors import SignatureInvalid
from federation.keys import PublicKey
from federation.proofs import ProofClaim, check_proof, inspect_proofs, load_exact
from node.base.runtime import Runtime
from node.remote.errors import FetchLimited
from node.remote.keys import find_known_key
from node.remote.signers import KeyAway, fetch_named_key

REMEMBERED: Final = timedelta(days=29)
"""How old a proof may be in another's hands: less than activities are remembered (INB-3), so that nothing that took
effect once can be brought a second time."""


async def is_proven(runtime: Runtime, raw: bytes, *, actor: str, brought_by: str = "") -> bool:
    """Say whether a document, as it was received, carries proofs of this actor and all of them hold.

    False for none, for old ones and where a key cannot be had at the moment. Raises SignatureInvalid,
    MalformedDocument or KeyUnavailable for a proof that is wrong. `raw` has passed `load_document`.
    """
    now = runtime.now()
    claims = inspect_proofs(load_exact(raw), actor=actor, now=now)
    if not claims or any(claim.created < now - REMEMBERED for claim in claims):
        return False
    for claim in claims:
        if not await _holds(runtime, claim, actor, brought_by):
            return False
    return True


async def _holds(runtime: Runtime, claim: ProofClaim, actor: str, brought_by: str) -> bool:
    known = await find_known_key(runtime, claim.key_id)
    if known is not None and known.owner_uri == actor and _fits(claim, known.public_key):
        return True
    source = f"proofs of {brought_by}" if brought_by else ""
    try:
        fetched = await fetch_named_key(runtime, claim.key_id, source=source, refresh=known is not None)
    except (KeyAway, FetchLimited):
        return False
    if fetched.owner_uri != actor:
        raise SignatureInvalid("proof_key", f"{claim.key_id[:200]} is not a key of {actor[:200]}")
    check_proof(claim, fetched.public_key)
    return True


def _fits(claim: ProofClaim, key: PublicKey) -> bool:
    try:
        check_proof(claim, key)
    except SignatureInvalid:
        return False  # maybe the key has changed
    return True
