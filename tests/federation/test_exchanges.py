"""The log of exchanges: what crossed the wire can be explained afterwards (attacks.md, "Drop": one counted, reasoned
rejection), in bounded room and without secrets."""

import dataclasses
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

import admin.jobs
from federation.client import FederationClient
from federation.egress import EgressPolicy
from federation.errors import EgressRefused, FetchFailed
from federation.exchanges import Exchange, plain_signing_string, plain_url
from node.base import exchange_log
from node.base.cache import RedisGate, open_redis
from node.base.exchange_log import ExchangeLog
from node.base.runtime import Runtime
from node.base.work import drain_lane
from node.moderation.service import set_domain_policy
from tests.support.doors import Door
from tests.support.fake_peer import Answer, FakePeer
from tests.support.nodes import Node, World
from tests.support.stranger import Stranger, key_pair

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def line(host: str, **more: object) -> Exchange:
    values: dict[str, object] = {"at": NOW, "direction": "in", "kind": "delivery", "host": host, **more}
    return Exchange(**values)  # type: ignore[arg-type]


async def lines(runtime: Runtime, host: str) -> list[tuple[str, str, int | None, str, str]]:
    found = await runtime.exchanges.read(host)
    assert found is not None
    return [(one.direction, one.kind, one.status, one.verdict, one.reason) for one in found]


async def test_a_delivery_and_the_fetches_it_caused_are_kept(door: Door, alice: Stranger) -> None:
    await door.person("bob")
    await door.send(alice, alice.create(alice.note("Hello", mentions=[f"{door.url}/users/2"])))
    found = await lines(door.runtime, alice.peer.domain)
    assert ("in", "delivery", 202, "accepted", "") in found
    assert ("out", "document", 200, "accepted", "") in found
    assert ("out", "webfinger", 200, "accepted", "") in found
    (evidence,) = await door.runtime.exchanges.read_evidence(alice.peer.domain)
    assert evidence.proven
    assert evidence.signing_string.startswith("(request-target): post /inbox\nhost: ")
    assert evidence.seen_host == door.runtime.settings.web_host


@pytest.mark.parametrize(
    ("bent", "reason"),
    [
        ({"drop": ("signature",)}, "missing_signature"),  # row 1
        ({"body": b'{"type":"Like","actor":"https://x.example/a","object":"https://x.example/b"}'}, "digest_mismatch"),
        ({"private_pem": key_pair(7)[0]}, "signature_mismatch"),
        ({"covered": ("(request-target)", "date", "digest")}, "too_little_covered"),  # row 6
        ({"host": "other.example"}, "wrong_host"),  # row 6
        ({"algorithm": "none"}, "unknown_algorithm"),  # row 9
    ],
)
async def test_every_refusal_has_its_reason_and_is_counted(
    door: Door, alice: Stranger, bent: dict[str, object], reason: str
) -> None:
    """Rows 1, 3, 6, 9: one counted, reasoned rejection under the claimed host."""
    answer = await alice.deliver(door.inbox, alice.create(alice.note()), now=door.runtime.now(), **bent)  # type: ignore[arg-type]
    assert answer.status_code == 401
    host = "(unknown)" if reason == "missing_signature" else alice.peer.domain
    assert ("in", "delivery", 401, "refused", reason) in await lines(door.runtime, host)
    counts = await door.runtime.exchanges.read_counts()
    assert counts["in", "delivery", "refused", reason] == 1


async def test_a_blocked_domain_is_named(door: Door, alice: Stranger) -> None:
    """Row 47: the refusal of a blocked domain is on record, and nothing was asked of it."""
    async with door.runtime.write() as uow:
        await set_domain_policy(uow, door.runtime.settings, alice.peer.domain, "suspend", now=door.runtime.now())
    await door.send(alice, alice.create(alice.note()), expect=403)
    assert await lines(door.runtime, alice.peer.domain) == [("in", "delivery", 403, "refused", "blocked_domain")]
    assert alice.peer.requests == []


async def test_a_clock_error_is_named(door: Door, alice: Stranger) -> None:
    """Row 7: the clock error is named, as skew is a common honest fault."""
    await door.send(alice, alice.create(alice.note()), expect=401, age=timedelta(hours=-2))
    (first, *_) = await door.runtime.exchanges.read(alice.peer.domain) or []
    assert first.reason == "clock_skew"
    assert "clock" in first.detail


async def test_a_host_header_that_a_proxy_rewrote_is_found_out(door: Door, alice: Stranger) -> None:
    """The signature is held against what may have been sent: that names the part which differs."""
    await door.send(alice, alice.create(alice.note()))
    body = json.dumps(alice.create(alice.note())).encode()
    headers = alice.signed_headers(door.inbox, body, date=door.runtime.now())
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(door.inbox, content=body, headers=headers | {"host": "backend:8000"})
    assert answer.status_code == 401
    newest, _ = await door.runtime.exchanges.read_evidence(alice.peer.domain)
    assert newest.seen_host == "backend:8000"
    assert f"it fits for Host {door.runtime.settings.web_host}" in newest.differs


async def test_what_is_dropped_after_202_says_why(door: Door, alice: Stranger) -> None:
    """Row 2: an honest signature of another actor's activity is answered 202 at most, and has no effect."""
    eve = Stranger(alice.peer, "eve")
    await alice.deliver(door.inbox, eve.activity("Like", f"{door.url}/users/2/statuses/1"), now=door.runtime.now())
    await door.settle()
    found = await door.runtime.exchanges.read(alice.peer.domain)
    assert any(one.kind == "processing" and one.verdict == "refused" and one.reason for one in found or [])


async def test_claims_push_nothing_out_that_is_proven(door: Door, alice: Stranger) -> None:
    """Whoever names a host without proof writes into a ring of its own."""
    await door.send(alice, alice.create(alice.note()))
    for _ in range(60):
        door.runtime.exchanges.note(line(alice.peer.domain, proven=False, reason="signature_mismatch"))
    found = await door.runtime.exchanges.read(alice.peer.domain, limit=500) or []
    assert sum(not one.proven for one in found) == exchange_log.LENGTHS["claimed"]
    assert any(one.proven and one.direction == "in" for one in found)


async def test_invented_hosts_cost_invented_hosts(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 15: bounded in hosts and in entries; a flood of names leaves what is proven alone."""
    monkeypatch.setitem(exchange_log.HOSTS, "claimed", 5)
    runtime.exchanges.note(line("good.example"))
    for number in range(40):
        runtime.exchanges.note(line(f"h{number}.evil.example", proven=False, at=NOW + timedelta(seconds=number)))
        await runtime.exchanges.flush()
    assert len(await runtime.exchanges.read_hosts("claimed")) == 5
    assert await runtime.exchanges.read_hosts("proven") == ["good.example"]
    assert await runtime.exchanges.read("h1.evil.example") == []
    ttl = await runtime.gate.redis.ttl("{exchanges}:claimed:h39.evil.example")
    assert 0 < ttl <= exchange_log.KEEP_SECONDS


async def test_our_deliveries_and_their_end(world: World) -> None:
    ann, bo = await world["a"].person("ann"), await world["b"].person("bo")
    await ann.follow(bo)
    await world.settle()
    found = await lines(world["a"].runtime, world["b"].runtime.settings.web_host)
    assert ("out", "delivery", 202, "accepted", "") in found
    assert ("in", "delivery", 202, "accepted", "") in found
    clocks = await world["a"].runtime.exchanges.read_clocks(world["a"].runtime.now())
    assert [abs(sample.ahead) < 60 for sample in clocks] == [True]


async def test_reads_do_not_push_refusals_out(node: Node, alice: Stranger) -> None:
    """Signed reads of what is public come in numbers; what was refused stays to be seen."""
    ann = await node.person("ann")
    assert (await alice.deliver(f"{node.url}/inbox", alice.create(alice.note()), drop=["date"])).status_code == 401
    headers = alice.signed_headers(ann.uri, b"", date=node.runtime.now())
    for _ in range(25):
        await node.http.get(ann.uri, headers={**headers, "accept": "application/activity+json"})
    found = [reason for *_, reason in await lines(node.runtime, alice.peer.domain)]
    assert found == ["not_judged", "header_absent"]
    counts = await node.runtime.exchanges.read_counts()
    assert counts["in", "read", "accepted", "not_judged"] == 25


async def test_invented_statuses_make_no_metric(runtime: Runtime, peer: FakePeer) -> None:
    """Row 15's like: labels are words of ours."""
    for status, reason in ((404, "http_404"), (418, "http_4xx"), (599, "http_5xx")):
        peer.routes["/x"] = Answer(status=status)
        with pytest.raises(FetchFailed):
            await runtime.http.fetch_bytes(f"{peer.url}/x", accept="*/*", limit=9)
        assert (await runtime.exchanges.read_counts())[
            "out", "document", "refused" if status < 500 else "failed", reason
        ]


async def test_failed_fetches_have_their_reason(runtime: Runtime, peer: FakePeer) -> None:
    """Row 55 and its like: each way to fail is a word."""
    peer.routes["/broken"] = Answer(status=500)
    peer.routes["/hang"] = Answer(hang_up=True)
    peer.routes["/page"] = Answer(body=b"<p>", content_type="text/html")
    for path in ("/broken", "/hang", "/page", "/missing?token=s3cret&page=2"):
        with pytest.raises(FetchFailed):
            await runtime.http.fetch_document(peer.url + path, signer=None)
    found = await runtime.exchanges.read(peer.domain) or []
    assert {one.reason for one in found} == {"http_500", "connection_broken", "wrong_content_type", "http_404", ""}
    assert not any("s3cret" in one.url for one in found)
    assert any(one.url.endswith("/missing?token=(hidden)&page=2") for one in found)


async def test_a_refused_address_is_on_record(runtime: Runtime, peer: FakePeer) -> None:
    """Row 61: the log says why no packet left."""
    guarded = FederationClient(
        egress=EgressPolicy(),
        user_agent="t",
        clock=runtime.clock,
        first_party_host="x.example",
        on_exchange=runtime.exchanges.note,
    )
    with pytest.raises(EgressRefused):
        await guarded.fetch_bytes("https://127.0.0.1/x", accept="*/*", limit=9)
    await guarded.aclose()
    assert await lines(runtime, "127.0.0.1") == [("out", "document", None, "refused", "private_address")]


async def test_without_redis_nothing_fails_and_memory_is_bounded(runtime: Runtime) -> None:
    gate = RedisGate(open_redis("unix:///nowhere/redis.sock"))
    away = ExchangeLog(gate)
    for number in range(exchange_log.WAITING + 500):
        away.note(line(f"h{number}.example"))
    await away.flush()
    await away.flush()
    assert await away.read("h1.example") is None
    await away.close()
    await gate.redis.aclose()


async def test_many_lines_at_once_stay_in_order_and_are_counted_once(runtime: Runtime) -> None:
    """Also where Redis goes away half way: the rest waits."""
    gate = _Stumbling(runtime.gate.redis)
    log = ExchangeLog(gate)
    moments = [NOW + timedelta(seconds=number) for number in range(3 * exchange_log.AT_ONCE + 7)]
    for at in moments:
        log.note(line("busy.example", at=at))
    await log.flush()
    assert await runtime.gate.redis.llen("{exchanges}:proven:busy.example") == exchange_log.LENGTHS["proven"]
    assert sum((await runtime.exchanges.read_counts()).values()) == len(moments)
    written = await runtime.exchanges.read("busy.example", limit=500) or []
    assert written[0].at == moments[exchange_log.AT_ONCE - 1]
    found = await log.read("busy.example", limit=500) or []
    assert [one.at for one in found] == moments[: -exchange_log.LENGTHS["proven"] - 1 : -1]
    assert sum((await log.read_counts()).values()) == len(moments)


class _Stumbling(RedisGate):
    """Redis is away at the second call."""

    calls = 0

    async def call(self, use: Callable[[Redis], Awaitable[Any]], *, waits: bool = False) -> Any:
        self.calls += 1
        return None if self.calls == 2 else await super().call(use, waits=waits)


async def test_a_worker_writes_its_lines_when_a_drain_ends(runtime: Runtime) -> None:
    """Between two jobs the loop of a worker stands still, and its timers with it."""
    runtime.exchanges.note(line("good.example"))
    assert admin.jobs
    await drain_lane(runtime, "relay")
    assert await runtime.gate.redis.llen("{exchanges}:proven:good.example") == 1


def test_secrets_do_not_come_along() -> None:
    url = "https://a.example/x?access_token=abc&resource=acct:b@c.example&X-Amz-Signature=def"
    assert plain_url(url) == (
        "https://a.example/x?access_token=(hidden)&resource=acct:b@c.example&X-Amz-Signature=(hidden)"
    )
    text = "(request-target): get /x?code=abc\nauthorization: Bearer abc\ncookie: a=abc\nhost: a.example"
    assert "abc" not in plain_signing_string(text)
    assert "host: a.example" in plain_signing_string(text)
    parameters = '"@signature-params": ("@method");created=1795240074;keyid="https://a.example/k"'
    assert plain_signing_string(parameters) == parameters
    kept = {field.name for field in dataclasses.fields(Exchange)}
    assert not kept & {"signature", "headers", "body"}
