"""HTTP signatures, both schemes, both ways: draft-cavage-12 as the fediverse uses it, and RFC 9421.

    sign_request, sign_request_rfc9421   headers for a request that leaves (SIG-1..3, SIG-10)
    read_wish                            what a peer that refused us wants signed instead (SIG-13)
    inspect_signature                    what a request claims, without a key (which key to fetch)
    verify_signature                     whether the claim holds (SIG-4..8, SIG-11)

Verification goes in two steps because the key has to be fetched in between. `inspect_signature` already
refuses what no key could save: no signature, too little covered (a signature that leaves out the body's
digest proves nothing about the body), a digest that does not fit the body. So a forged request costs no
fetch. Fetching keys, and whether the key's owner is the activity's actor, is the caller's part (SIG-14..17,
SIG-23); replays are harmless because activities are deduplicated by id (SIG-9).

A request that carries `Signature-Input` is judged by RFC 9421 alone; otherwise the draft's rules apply. LD
signatures (SIG-21) are not read anywhere.
"""

from federation.signatures.cavage import sign_request
from federation.signatures.request import SignatureClaim, SignedRequest, SigningKey
from federation.signatures.rfc9421 import SignatureWish, read_wish, sign_request_rfc9421
from federation.signatures.verification import inspect_signature, verify_signature

__all__ = [
    "SignatureClaim",
    "SignatureWish",
    "SignedRequest",
    "SigningKey",
    "inspect_signature",
    "read_wish",
    "sign_request",
    "sign_request_rfc9421",
    "verify_signature",
]
