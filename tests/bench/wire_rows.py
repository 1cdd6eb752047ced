"""Federation: what arrives and what goes out."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any

import httpx
import orjson
from sqlalchemy import delete, func, insert, select

from federation.keys import generate_rsa_key
from federation.origins import host_of
from federation.signatures import SigningKey, sign_request
from federation.vocabulary import AP_TYPE, PUBLIC
from inbox.models import ReceivedActivity
from node.accounts.models import Account, AccountKey
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.follows.models import Follow
from outbox.models import Delivery
from tests.bench.dead_hosts import thousand_hosts
from tests.bench.filling import remote_values
from tests.bench.load import Request, authorised, drive
from tests.bench.pace import LOOKS, bare_hypercorn
from tests.bench.stage import Stage
from tests.bench.table import Row


async def inbox(stage: Stage, runtime: Runtime) -> list[Row]:
    """Inbox: signed deliveries accepted and processed"""
    strangers = await strangers_here(stage, runtime, 10, followed=True)
    total = 400
    requests = [signed_note(stage, *strangers[number % len(strangers)], number) for number in range(total)]
    await drive(stage.url, requests[:20], times=20, clients=4)
    await stage.quiet()
    async with bare_hypercorn() as bare:
        await bare.look(LOOKS)
        before_web, before = stage.cost("web"), stage.cost()
        started = time.perf_counter()
        timing = await drive(stage.url, requests[20:], times=total - 20, clients=16)
        accepted = (stage.cost("web") - before_web).each(total - 20)
        while await _undone(runtime):
            await asyncio.sleep(0.05)
        processed = (total - 20) / (time.perf_counter() - started)
        await bare.look(LOOKS)
        await stage.quiet()
        both = (stage.cost() - before).each(total - 20)
    return [
        Row("inbox: accepted", f"{timing.per_second:.0f}/s, p95 {timing.p95:.0f} ms"),
        bare.spent(accepted).row("inbox: CPU to accept", 2),
        bare.spent(both).row("inbox: CPU accepted and processed", 8),
        Row("inbox: processed", f"{processed:.0f}/s", ">= 150/s", processed >= 150),
    ]


async def _undone(runtime: Runtime) -> int:
    async with runtime.read() as reader:
        waiting = select(func.count()).where(ReceivedActivity.done_at.is_(None), ReceivedActivity.parked_at.is_(None))
        return int(await reader.scalar(waiting))


def signed_note(stage: Stage, account: dict[str, Any], key: SigningKey, number: int, words: str = "") -> Request:
    """Return the delivery of a public note to the shared inbox, with these words besides."""
    note = f"{account['uri']}/notes/{number}"
    now = datetime.now(UTC)
    audience = {"to": [PUBLIC], "cc": [account["followers_url"]]}
    body = orjson.dumps(
        {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{note}/activity",
            "type": "Create",
            "actor": account["uri"],
            **audience,
            "object": {
                "id": note,
                "type": "Note",
                "attributedTo": account["uri"],
                "content": f"<p>Delivered note {number} about <b>rooks</b> and what they do at dusk. {words}</p>",
                "published": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
                **audience,
            },
        }
    )
    headers = sign_request("POST", f"{stage.url}/inbox", key=key, body=body, now=now)
    return Request("/inbox", "POST", headers | {"Content-Type": AP_TYPE}, body.decode(), expect=202)


async def delivery(stage: Stage, runtime: Runtime) -> list[Row]:
    """Delivery: signed posts to many hosts"""
    hosts, posts = 100, 10
    arrived = 0

    async def sink(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length")
                )
                await reader.readexactly(length)
                arrived += 1
                writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    first = await asyncio.start_server(sink, "127.0.10.1", 0)
    port = first.sockets[0].getsockname()[1]
    servers = [first] + [await asyncio.start_server(sink, f"127.0.10.{n + 1}", port) for n in range(1, hosts)]
    await strangers_here(stage, runtime, hosts, inbox=lambda number: f"http://127.0.10.{number + 1}:{port}")
    await stage.quiet()
    async with bare_hypercorn() as bare:
        await bare.look(LOOKS)
        before, started = stage.cost(), time.perf_counter()
        async with _author(stage) as http:
            for number in range(posts):
                said = await http.post("/api/v1/statuses", json={"status": f"To everybody {number}"})
                assert said.status_code == 200
        while arrived < hosts * posts and time.perf_counter() - started < 120:
            await asyncio.sleep(0.02)
        rate = arrived / (time.perf_counter() - started)
        await bare.look(LOOKS)
        await stage.quiet()
        spent = (stage.cost() - before).each(max(arrived, 1))
    async with runtime.read() as reader:
        left = await reader.scalar(select(func.count()).select_from(Delivery))
    for server in servers:
        server.close()
    await _let_go(stage, runtime)
    return [
        Row(f"delivery: {arrived} of {hosts * posts} arrived, {left} left", f"{rate:.0f}/s"),
        bare.spent(spent).row("delivery: CPU a signed POST, publishing included", 2.5),
    ]


async def dead_hosts(stage: Stage, runtime: Runtime) -> list[Row]:
    """Delivery to 1 000 hosts of which 500 are dead"""
    posts, apart = 8, 4.0
    async with thousand_hosts() as hosts:
        await strangers_here(stage, runtime, len(hosts.bases), inbox=lambda number: hosts.bases[number])
        await stage.quiet()
        said: list[float] = []
        async with _author(stage) as http:
            for number in range(posts):
                said.append(time.perf_counter())
                answer = await http.post("/api/v1/statuses", json={"status": f"This is post no. {number} of them"})
                assert answer.status_code == 200
                await asyncio.sleep(apart)
        until = time.perf_counter() + 60
        while sum(map(len, hosts.arrivals.values())) < posts * hosts.living and time.perf_counter() < until:
            await asyncio.sleep(0.1)
    await _let_go(stage, runtime)
    late = [sorted(when - said[number] for when in hosts.arrivals.get(number, {}).values()) for number in range(posts)]
    took = sorted(seconds for each in late for seconds in each)
    missing = posts * hosts.living - len(took)
    p95 = took[int((len(took) + missing) * 0.95)] if missing < len(took) * 0.05 else float("inf")
    first = late[0][int(len(late[0]) * 0.95)] if late[0] else float("inf")
    return [
        Row(f"dead hosts: {len(took)} of {posts * hosts.living} reached the living, p50", f"{median(took):.2f} s"),
        Row("dead hosts: living hosts p95", f"{p95:.2f} s", "< 5 s", p95 < 5),
        Row("dead hosts: p95 of the first post, when nothing was known", f"{first:.2f} s", "< 5 s", first < 5),
    ]


async def strangers_here(
    stage: Stage, runtime: Runtime, count: int, *, followed: bool = False, inbox: Callable[[int], str] | None = None
) -> list[tuple[dict[str, Any], SigningKey]]:
    """Store remote actors whose keys we hold; `followed` by ten of ours each, else following the author."""
    private, public = generate_rsa_key()
    now = runtime.now()
    made = []
    async with runtime.write() as uow:
        for number in range(count):
            id_ = new_id()
            base = inbox(number) if inbox else f"http://127.0.9.{number + 101}:9"
            values = remote_values(stage.settings, id_, f"s{id_}", base, now)
            await uow.execute(insert(Account).values(values))
            key_id = f"{values['uri']}#main-key"
            key = {"id": new_id(), "account_id": id_, "key_id": key_id, "public_pem": public, "private_pem": ""}
            await uow.execute(insert(AccountKey).values(key | {"fetched_at": now}))
            readers = stage.filled.account_ids[-10:]
            for follower, followee in [(reader, id_) for reader in readers] if followed else [(id_, stage.author_id)]:
                row = {"id": new_id(), "follower_id": follower, "followee_id": followee}
                row["host"] = None if followed else host_of(values["uri"])
                await uow.execute(insert(Follow).values(row | {"created_at": now, "accepted_at": now}))
            made.append((values, SigningKey(key_id, private)))
    return made


async def _let_go(stage: Stage, runtime: Runtime) -> None:
    """Take away the author's followers elsewhere and what waits for them: a node that is kept costs what it did."""
    async with runtime.write() as uow:
        await uow.execute(delete(Delivery))
        await uow.execute(delete(Follow).where(Follow.followee_id == stage.author_id, Follow.host.is_not(None)))


def _author(stage: Stage) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=stage.url, headers=authorised(stage.author_token), trust_env=False, timeout=60)
