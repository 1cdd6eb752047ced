"""Integrity proofs on what our people say to everybody (SIG-22): whoever brings it, a reader can tell it is theirs.

Made once, when the activity is serialised. What is for few carries none: a proof would let any of them show it
around as signed. Called by `address`.
"""

from datetime import datetime
from typing import Any, Final

from federation.documents import Document
from federation.proofs import sign_document
from federation.signatures import SigningKey
from federation.vocabulary import PUBLIC
from node.accounts.keys import find_proof_key
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime

_KINDS: Final = frozenset({"Create", "Update", "Delete", "Announce", "Like", "Undo"})
_KEYS_KEPT, _KEYS_SECONDS = 2_000, 300.0


async def with_proof(
    runtime: Runtime, reader: Reader, document: Document, *, author_id: int, now: datetime
) -> Document:
    """Return the activity with a proof of its author, or as it is where it is not for everybody."""
    if not runtime.settings.integrity_proofs or document["type"] not in _KINDS or not _is_open(document):
        return document
    key = await _key(runtime, reader, author_id)
    return document if key is None else sign_document(document, key=key, created=now)


def _is_open(activity: Document) -> bool:
    """Whether it is addressed to everybody; a like, which names its post only, says nothing that is not counted."""
    said: Any = activity["object"] if activity["type"] == "Undo" else activity
    if isinstance(said, dict) and said.get("type") == "Like":
        return True
    return PUBLIC in (*activity.get("to", ()), *activity.get("cc", ()))


async def _key(runtime: Runtime, reader: Reader, account_id: int) -> SigningKey | None:
    cache = runtime.caches.get("proof_keys", size=_KEYS_KEPT, seconds=_KEYS_SECONDS)
    key: SigningKey | None = cache.get(account_id)
    if key is None:
        key = await find_proof_key(reader, account_id)
        if key is not None:
            cache.put(account_id, key)
    return key
