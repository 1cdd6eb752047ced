"""Calls that come twice: the first answer again for the same `Idempotency-Key` (client-api 8, for every unsafe call).

A call with a key is claimed by a row before its handler runs, so of two at once one waits for the other's answer. The
answer is kept in the row for an hour, for the same person, method and path; another body under the same key is a
mistake of the app and told so. An answer that is a refusal is not kept: nothing was done, so the call may be mended
and sent again. All of it stands in SQL, so a lost Redis changes nothing.

Who claims says so by process (`_PROCESS`). A claim whose process is gone, or that is a minute old, is taken over by
the repeat: what the first try had committed is committed, and services are safe to run twice for the same row. What
writes its key in the transaction of its own effect knows better than that, and is marked with `keeps_own_keys`:
posts (`node/posts/idempotency.py`).

The handler of a call with a key goes on when the app hangs up: a phone that lost its network asks again.
"""

import asyncio
import hashlib
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, Final, TypeVar, cast

import orjson
from quart import Quart, Response, current_app, g, request
from sqlalchemy import delete, update

from node.base.db.inserts import insert_if_absent
from node.base.errors import BadRequest, Conflict, Invalid, TooManyRequests
from node.base.runtime import Runtime
from node.http.context import runtime
from node.http.models import KeyedCall
from node.http.parameters import Parameters, parameters
from node.http.principals import Guard, check_guard, guard_of
from node.http.queries import count_keyed_calls, find_keyed_call

H = TypeVar("H", bound=Callable[..., Any])

UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LONGEST_KEY = 255
LIFE = timedelta(hours=1)
LEASE = timedelta(minutes=1)
"""How long a claim is believed whose process cannot be asked after, since it runs on another machine."""
MOST_KEPT = 1_000
"""Calls with a key, by person, within `LIFE` (attack row 59)."""
PATIENCE = 15.0
"""Seconds that a repeat waits for the first answer."""
LOOKS = (0.02, 0.05, 0.1, 0.25, 0.5)
"""Seconds between looks for it; the last goes on."""

_PROCESS = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(8)}"
_running: set[asyncio.Task[Any]] = set()


@dataclass(frozen=True, slots=True)
class Call:
    """One call with a key."""

    id: str
    account_id: int
    asked: str


def keeps_own_keys(handler: H) -> H:
    """Mark a route whose service writes the key in the transaction of its effect, or whose answer is a secret that
    may lie nowhere: then there are no repeats."""
    handler.keeps_own_keys = True  # type: ignore[attr-defined]
    return handler


def install(app: Quart) -> None:
    """Let every unsafe route of the API know its repeats. After all routes are added."""
    for rule in app.url_map.iter_rules():
        handler = cast("Callable[..., Awaitable[Any]]", app.view_functions[rule.endpoint])
        is_unsafe = rule.rule.startswith("/api/") and not rule.websocket and not UNSAFE.isdisjoint(rule.methods or ())
        if is_unsafe and not getattr(handler, "keeps_own_keys", False) and not getattr(handler, "knows_repeats", False):
            app.view_functions[rule.endpoint] = _knowing_repeats(handler)


def _knowing_repeats(handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(handler)
    async def knowing(**path: Any) -> Any:
        principal = g.get("principal")
        if "Idempotency-Key" not in request.headers or principal is None or principal.account_id is None:
            return await handler(**path)
        if request.method not in UNSAFE or (key := _key()) is None:
            return await handler(**path)
        check_guard(principal, guard_of(handler) or Guard())  # no token hears an answer that it may not ask for
        call = await _call(principal.account_id, key)
        answer = await _claim(runtime(), call)
        if answer is not None:
            return answer
        work = asyncio.create_task(_answered(runtime(), call, handler, path))
        _running.add(work)
        work.add_done_callback(_let_go)
        return await asyncio.shield(work)

    knowing.knows_repeats = True  # type: ignore[attr-defined]
    return knowing


def _let_go(work: asyncio.Task[Any]) -> None:
    _running.discard(work)
    if not work.cancelled():
        work.exception()  # whoever waited has it; nobody may be left to


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > LONGEST_KEY:
        raise BadRequest(f"Idempotency-Key must be at most {LONGEST_KEY} characters")
    return key or None


async def _call(account_id: int, key: str) -> Call:
    named = "\0".join((str(account_id), request.method, request.path.rstrip("/"), key))
    return Call(
        hashlib.sha256(named.encode("utf-8", "replace")).hexdigest(), account_id, await _digest(await parameters())
    )


async def _digest(sent: Parameters) -> str:
    """Return a digest of what was sent: the same for the same form, whatever boundary it was packed with."""

    def digest() -> str:
        found = hashlib.sha256(orjson.dumps(sorted(sent.pairs())))
        for name, file in sorted(sent.files.items()):
            found.update(name.encode("utf-8", "replace"))
            found.update(hashlib.file_digest(file.stream, "sha256").digest())  # type: ignore[arg-type]
            file.stream.seek(0)
        return found.hexdigest()

    return await asyncio.to_thread(digest) if sent.files else digest()


async def _claim(node: Runtime, call: Call) -> Response | None:
    """Claim a call, or return the answer that it had. Waits while another has it.

    Raises Invalid for another body, Conflict for one that takes too long, TooManyRequests.
    """
    waited, looks = 0.0, iter(LOOKS)
    pause = 0.0
    while True:
        row = await _try(node, call)
        if row is None:
            return None
        if row.asked != call.asked:
            raise Invalid("This Idempotency-Key was used for something else")
        if row.status:
            return Response(
                row.body,
                status=row.status,
                content_type=row.content_type,
                headers={"Idempotency-Replayed": "true"},
            )
        if waited >= PATIENCE:
            raise Conflict("The first request with this Idempotency-Key is still under way. Please try again.")
        pause = next(looks, pause)
        await asyncio.sleep(pause)
        waited += pause


async def _try(node: Runtime, call: Call) -> KeyedCall | None:
    """Claim a call and return None, or return the row of whoever has it."""
    now = node.now()
    async with node.read() as reader:
        row = await find_keyed_call(reader, call.id)
    if row is not None and row.claimed_at > now - LIFE and (row.status or not _is_abandoned(node, row)):
        return row
    async with node.write() as uow:
        if row is not None:
            mine = {"asked": call.asked, "claimed_by": _PROCESS, "claimed_at": now, "status": 0, "body": b""}
            taken = await uow.write(
                update(KeyedCall)
                .where(
                    KeyedCall.id == call.id,
                    KeyedCall.claimed_by == row.claimed_by,
                    KeyedCall.claimed_at == row.claimed_at,
                    KeyedCall.status == row.status,
                )
                .values(**mine)
                .execution_options(synchronize_session=False)
            )
            if taken:
                return None
        else:
            if await count_keyed_calls(uow, call.account_id, since=now - LIFE) >= MOST_KEPT:
                raise TooManyRequests("Too many requests with an Idempotency-Key", retry_after=60)
            values = {
                "id": call.id,
                "account_id": call.account_id,
                "asked": call.asked,
                "claimed_by": _PROCESS,
                "claimed_at": now,
                "status": 0,
                "content_type": "",
                "body": b"",
            }
            if await insert_if_absent(uow, KeyedCall, values):
                return None
    async with node.read() as reader:
        # gone again: whoever had it was refused, so the next look claims it
        return await find_keyed_call(reader, call.id) or KeyedCall(asked=call.asked, status=0)


def _is_abandoned(node: Runtime, row: KeyedCall) -> bool:
    """Whether whoever claimed a call cannot answer it any more."""
    if row.claimed_at <= node.now() - LEASE:
        return True
    if row.claimed_by == _PROCESS:
        return False
    host, _, rest = row.claimed_by.partition(":")
    pid = rest.partition(":")[0]
    if host != _PROCESS.partition(":")[0] or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return True  # a process before this one had our number
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


async def _answered(
    node: Runtime, call: Call, handler: Callable[..., Awaitable[Any]], path: dict[str, Any]
) -> Response:
    """Run the handler and keep what it answers; let the claim go if it refuses."""
    kept = False
    try:
        response = cast(Response, await current_app.make_response(await handler(**path)))
        if response.status_code < 300:
            body = await response.get_data(as_text=False)
            answer = {"status": response.status_code, "content_type": response.content_type or "", "body": body}
            await _finish(node, update(KeyedCall).where(*_mine(call)).values(**answer))
            kept = True
        return response
    finally:
        if not kept:
            await _finish(node, delete(KeyedCall).where(*_mine(call)))


def _mine(call: Call) -> tuple[Any, ...]:
    return KeyedCall.id == call.id, KeyedCall.claimed_by == _PROCESS, KeyedCall.status == 0


async def _finish(node: Runtime, statement: Any) -> None:
    async with node.write() as uow:
        await uow.write(statement.execution_options(synchronize_session=False))
