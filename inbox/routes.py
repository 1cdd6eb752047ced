"""The doors: `POST /inbox`, `POST /users/<id>/inbox` and the instance actor's inbox (INB-1).

Only HTTP here: media type, size, whose inbox, and the raw request for the signature check, nothing re-encoded.
What is checked in which order is told in `receive`.
"""

from typing import Final

from quart import Blueprint, Request, Response, request

from federation.vocabulary import AP_TYPE, MAX_BODY
from inbox.receive import receive_activity
from node.accounts.queries import find_account
from node.base.errors import BadRequest, Gone, NotFound, RookeryError, TooLarge
from node.base.runtime import Runtime
from node.http.context import client_address
from node.http.context import runtime as current_runtime
from node.http.signatures import signed_request
from node.uris import INSTANCE_ACTOR_ID

blueprint = Blueprint("inbox", __name__)

_MEDIA_TYPES: Final = frozenset({AP_TYPE, "application/ld+json", "application/json"})


class UnsupportedMediaType(RookeryError):
    """A body that is no JSON of ours (INB-1)."""

    status = 415
    default_message = f"An inbox takes {AP_TYPE}."


@blueprint.post("/inbox")
async def shared_inbox() -> Response:
    """Take a delivery for whomever it concerns here."""
    return await _deliver(current_runtime(), inbox_owner_id=None)


@blueprint.post("/actor/inbox")
async def instance_inbox() -> Response:
    """Take a delivery for the node itself."""
    return await _deliver(current_runtime(), inbox_owner_id=None)


@blueprint.post("/users/<account_id>/inbox")
async def personal_inbox(account_id: str) -> Response:
    """Take a delivery for one person: 404 for nobody, 410 for somebody who left (INB-2)."""
    runtime = current_runtime()
    owner_id = int(account_id) if account_id.isascii() and account_id.isdigit() and len(account_id) < 20 else 0
    async with runtime.read() as reader:
        owner = await find_account(reader, owner_id) if owner_id < 2**63 else None
    if owner is None or not owner.is_local:
        raise NotFound()
    if owner.deleted_at is not None:
        raise Gone()
    return await _deliver(runtime, inbox_owner_id=owner.id if owner.id != INSTANCE_ACTOR_ID else None)


async def _deliver(runtime: Runtime, *, inbox_owner_id: int | None) -> Response:
    _check_media_type(request.headers.get("Content-Type", ""), request.headers.get("Content-Encoding", ""))
    body = await _read_body(request)
    await receive_activity(
        runtime,
        signed_request(runtime, request, body),
        inbox_owner_id=inbox_owner_id,
        source=client_address(),
    )
    return Response(b"", status=202, content_type="text/plain; charset=utf-8")


def _check_media_type(content_type: str, encoding: str) -> None:
    if content_type.partition(";")[0].strip().lower() not in _MEDIA_TYPES:
        raise UnsupportedMediaType()
    if encoding.strip().lower() not in {"", "identity"}:
        raise UnsupportedMediaType("An inbox takes bodies without a content encoding.")  # row 31


async def _read_body(incoming: Request) -> bytes:
    """Read at most 1 MiB, however much is announced or sent (GEN-6, row 31)."""
    announced = incoming.content_length
    if announced is not None and announced > MAX_BODY:
        raise TooLarge("An activity may have 1 MiB at most.")
    body = bytearray()
    async for chunk in incoming.body:
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLarge("An activity may have 1 MiB at most.")
    if not body:
        raise BadRequest("An empty body is no activity.")
    return bytes(body)
