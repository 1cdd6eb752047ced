"""A delivery at the door: the checks in their order, then the row, then 202 (INB-1).

    size -> parse -> SIG-17 (a stranger takes leave) -> suspended domain -> room -> signature -> proof -> INSERT -> 202

Nothing takes effect here. What is stored is proven to be `signer_uri`'s word: of the actor, if an integrity proof in
the activity says so (SIG-22), else of whoever signed the request. Whether that one may say it is judged when the row
is processed (INB-4, SIG-23). The row is committed before the sender hears 202, so a crash
loses nothing; the nudge after it is a convenience.

Refusals are `RookeryError`s with the status of INB-2. What we merely dislike gets 202 and no effect, never 5xx.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from weakref import WeakKeyDictionary

import structlog

from federation.documents import load_document
from federation.errors import FederationError, KeyUnavailable, MalformedDocument, SignatureInvalid
from federation.followers_sync import FollowersClaim, read_claim
from federation.origins import host_of
from federation.parsing import Activity, parse_activity
from federation.signatures import SignedRequest
from inbox.backlog import require_room
from inbox.metrics import count_delivery
from inbox.models import ReceivedActivity
from node.accounts.queries import find_account_by_uri
from node.base.cache import RedisGate
from node.base.db.inserts import insert_new
from node.base.db.together import Together
from node.base.errors import BadRequest, Forbidden, NotSignedIn, RookeryError, TooLarge, TooManyRequests, Unavailable
from node.base.ids import new_id
from node.base.lanes import INBOX
from node.base.runtime import Runtime
from node.events import PeerHeard
from node.remote.arrivals import note_proven, note_refused, note_unproven
from node.remote.errors import FetchLimited
from node.remote.followers_sync import is_turn, note_claim
from node.remote.memory import memory_of
from node.remote.proofs import is_proven
from node.remote.signers import BlockedDomain, KeyAway, Signer, require_welcome, verify_request

ACCEPTED: Final = "accepted"
DUPLICATE: Final = "duplicate"
IGNORED: Final = "ignored"

_HEARD_EVERY: Final = timedelta(minutes=10)
_MAX_KIND: Final = 64

log = structlog.get_logger(__name__)


async def receive_activity(
    runtime: Runtime, request: SignedRequest, *, inbox_owner_id: int | None = None, source: str = ""
) -> str:
    """Check and store a delivery; return `accepted`, `duplicate` or `ignored`, all of which are answered with 202.

    `inbox_owner_id` is set for a personal inbox (AUD-3), `source` is the sender's address (SIG-15). Raises
    RookeryError with the status to answer.
    """
    try:
        answer = await _receive(runtime, request, inbox_owner_id, source)
    except FederationError as error:
        refusal = _refusal(runtime, error)
        count_delivery("refused" if refusal is not None else IGNORED, error.reason)
        status = 202 if refusal is None else refusal.status
        await note_refused(runtime, request, error, kind="delivery", status=status, source=source)
        log.info("delivery_refused", reason=error.reason, detail=error.detail[:300], source=source)
        if refusal is None:
            return IGNORED
        raise refusal from error
    except TooManyRequests:
        count_delivery("deferred", "backlog")
        note_unproven(runtime, request, kind="delivery", status=429, verdict="refused", reason="backlog", source=source)
        raise
    count_delivery(answer, "")
    return answer


async def _receive(runtime: Runtime, request: SignedRequest, owner_id: int | None, source: str) -> str:
    document = load_document(request.body)
    activity = parse_activity(document)
    if await _is_farewell_of_stranger(runtime, activity):
        note_unproven(
            runtime, request, kind="delivery", status=202, verdict="ignored", reason="farewell", source=source
        )
        return IGNORED
    await require_welcome(runtime, activity.actor)
    await require_room(runtime, host_of(activity.actor))
    signer = await verify_request(runtime, request, source=source)
    word_of = signer.uri
    if signer.uri != activity.actor:
        owner_id = None  # whoever passes something on says nothing of who was meant to get it (AUD-3)
        if "proof" in document and await is_proven(runtime, request.body, actor=activity.actor, brought_by=signer.host):
            word_of = activity.actor
    claim = read_claim(request.joined("collection-synchronization")) if signer.uri == activity.actor else None
    if claim is not None and not is_turn(runtime, signer.uri):
        claim = None
    is_new = await _store(runtime, activity, request.body, signer, word_of, owner_id, claim)
    answer = ACCEPTED if is_new else DUPLICATE
    note_proven(runtime, request, host=signer.host, scheme=signer.scheme, kind="delivery", answer=answer, source=source)
    await runtime.nudge(INBOX)
    return answer


async def _is_farewell_of_stranger(runtime: Runtime, activity: Activity) -> bool:
    """Say whether an actor unknown here deletes or updates itself: nothing to do, and no key to fetch (SIG-17).

    A deleted account is announced to every host that ever saw it, and its key can no longer be had.
    """
    if activity.type not in {"Delete", "Update"} or activity.object_id != activity.actor:
        return False
    async with runtime.read() as reader:
        known = await find_account_by_uri(reader, activity.actor)
    return known is None or known.deleted_at is not None


async def _store(
    runtime: Runtime,
    activity: Activity,
    body: bytes,
    signer: Signer,
    word_of: str,
    owner_id: int | None,
    claim: FollowersClaim | None,
) -> bool:
    now = runtime.now()
    values = {
        "id": new_id(),
        "signer_uri": word_of,
        "actor_uri": activity.actor,
        "activity_uri": activity.id or f"sha256:{hashlib.sha256(body).hexdigest()}",
        "kind": activity.type[:_MAX_KIND],
        "object_uri": activity.object_id or "",
        "host": signer.host,
        "inbox_owner_id": owner_id,
        "body": body.decode("utf-8-sig"),
        "received_at": now,
        "due_at": now,
        "attempts": 0,
        "outcome": "",
        "detail": "",
    }
    heard = memory_of(runtime).windows.add(("heard", signer.host, signer.scheme), now, _HEARD_EVERY) == 1
    arrival = _Arrival(runtime, values, PeerHeard(signer.host, signer.scheme) if heard else None, claim)
    await _together(runtime).take(arrival)
    return arrival.is_new


@dataclass(slots=True)
class _Arrival:
    """A delivery that has only to be stored."""

    runtime: Runtime
    row: dict[str, Any]
    heard: PeerHeard | None
    claim: FollowersClaim | None = None
    """What its sender says of its followers here (COL-10)."""
    is_new: bool = False


async def _keep(arrivals: Sequence[_Arrival]) -> int:
    """Store deliveries of one node in one transaction."""
    async with arrivals[0].runtime.write() as uow:
        fresh = await insert_new(uow, ReceivedActivity, [arrival.row for arrival in arrivals])
        for arrival in arrivals:
            arrival.is_new = arrival.row["id"] in fresh
            if arrival.heard is not None:
                await uow.record(arrival.heard)
            if arrival.claim is not None:
                await note_claim(uow, arrival.row["actor_uri"], arrival.claim, runtime=arrival.runtime)
    return len(arrivals)


_TOGETHER: "WeakKeyDictionary[RedisGate, Together[_Arrival]]" = WeakKeyDictionary()
"""One a node and process, as `node.remote.memory`."""


def _together(runtime: Runtime) -> Together[_Arrival]:
    found = _TOGETHER.get(runtime.gate)
    if found is None:
        publishing = runtime.publishing
        found = Together(_keep, give_way=publishing.give_way, is_wanted=publishing.__bool__)
        _TOGETHER[runtime.gate] = found
    return found


def _refusal(runtime: Runtime, error: FederationError) -> RookeryError | None:
    """Return what to answer (INB-2); None where the operator wants a blocked domain to hear 202."""
    if isinstance(error, BlockedDomain):
        return Forbidden("This domain is blocked here.") if runtime.settings.blocked_inbox_status == 403 else None
    if isinstance(error, SignatureInvalid | KeyUnavailable):
        return NotSignedIn(f"The signature was not accepted: {error.reason}. {error.detail[:300]}")
    if isinstance(error, FetchLimited) and error.reason == "host_limited":
        return TooManyRequests("Too many keys of this host at once.", retry_after=error.retry_after)
    if isinstance(error, FetchLimited | KeyAway):
        return Unavailable("The key of this signature cannot be had right now. Please try again later.")
    if isinstance(error, MalformedDocument) and error.reason == "too_large":
        return TooLarge("An activity may have 1 MiB at most.")
    return BadRequest(f"This is not an activity: {error.detail[:300]}")
