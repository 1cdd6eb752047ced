"""`rookery inspect`, over real sockets: a healthy host, and each way in which one is not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from admin.inspect import inspect
from admin.inspection.inquiry import Report, Step
from admin.serve import build_app
from federation.client import FederationClient
from federation.egress import EgressPolicy
from federation.signatures.cavage import http_date
from node.base.runtime import Runtime
from node.moderation.service import set_domain_policy
from outbox.peers import after_failure, read_health, save_health
from tests.support.certificates import Authority
from tests.support.fake_peer import Answer, FakePeer, PeerRequest, document
from tests.support.nodes import LOOPBACK, Node, World, open_node, serve_node, settle
from tests.support.redis_server import RedisServer
from tests.support.rewriting_proxy import RewritingProxy
from tests.support.serving import listen, serving
from tests.support.stranger import Stranger


def step(report: Report, name: str) -> Step:
    return next(step for step in report.steps if step.name == name)


def problems(report: Report) -> set[str]:
    return {step.name for step in report.steps if step.verdict == "problem"}


def with_date(peer: FakePeer, node: Runtime, **off: float) -> None:
    """Let a peer date its answers by a clock that is off."""
    for path, route in list(peer.routes.items()):
        assert isinstance(route, Answer)
        date = http_date(node.now() + timedelta(**off))
        peer.routes[path] = replace(route, headers=(*route.headers, ("Date", date)))


def serve_inbox(peer: FakePeer, stranger: Stranger, status: int = 202, body: bytes = b"") -> None:
    peer.routes[f"/users/{stranger.name}/inbox"] = Answer(status=status, body=body)


def serve_nodeinfo(peer: FakePeer) -> None:
    peer.routes["/.well-known/nodeinfo"] = document(
        {"links": [{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": f"{peer.url}/nodeinfo/2.0"}]}
    )
    peer.routes["/nodeinfo/2.0"] = document({"software": {"name": "example", "version": "1.2"}})


@pytest.fixture
async def healthy(peer: FakePeer, alice: Stranger) -> Stranger:
    serve_inbox(peer, alice)
    serve_nodeinfo(peer)
    return alice


async def test_a_healthy_node(world: World) -> None:
    ann, bo = await world["a"].person("ann"), await world["b"].person("bo")
    await ann.follow(bo)
    await bo.post("Hello")
    await world.settle()
    report = await inspect(world["a"].runtime, bo.handle)
    assert report.is_healthy, [(one.name, one.seen, one.lines) for one in report.steps if one.verdict == "problem"]
    assert {one.verdict for one in report.steps} <= {"ok", "info"}
    assert "rookery" in step(report, "nodeinfo").seen
    ours = "\n".join(step(report, "our_signature").lines)
    assert f"(request-target): get /users/{bo.account_id}" in ours
    assert '"@target-uri": ' in ours
    assert "POST of a View to the inbox, draft-cavage: 202" in ours
    theirs = step(report, "their_signature")
    assert theirs.verdict == "ok"
    assert any("(request-target): post /" in line for line in theirs.lines)
    assert step(report, "key").lines[0].endswith("RSA, 2048 bit")
    assert "-> delivery POST" in "\n".join(step(report, "exchanges").lines)


async def test_a_view_has_no_effect(world: World) -> None:
    """What inspect posts leaves no post, no notification and no follow behind."""
    bo = await world["b"].person("bo")
    await inspect(world["a"].runtime, bo.handle)
    await world.settle()
    assert await bo.get("/api/v1/notifications") == []
    assert await bo.home() == []


async def test_a_domain_and_an_address(runtime: Runtime, peer: FakePeer, healthy: Stranger) -> None:
    by_domain = await inspect(runtime, peer.domain)
    assert by_domain.is_healthy
    assert step(by_domain, "webfinger").verdict == "info"
    by_address = await inspect(runtime, healthy.uri)
    assert by_address.is_healthy
    assert step(by_address, "actor").verdict == "ok"
    assert "example 1.2" in step(by_address, "nodeinfo").seen


@pytest.mark.parametrize(("hours", "words"), [(3, "ahead of"), (-3, "behind")])
async def test_a_wrong_clock(runtime: Runtime, peer: FakePeer, healthy: Stranger, hours: int, words: str) -> None:
    """SIG-7: the difference is named, and with other servers to compare with, whose clock is wrong."""
    with_date(peer, runtime, hours=hours)
    report = await inspect(runtime, f"@{healthy.handle}")
    clock = step(report, "clock")
    assert clock.verdict == "problem"
    assert words in clock.seen
    assert "too few other servers" in clock.seen
    assert step(report, "actor").verdict == "ok"  # what can work goes on
    others = [await FakePeer().__aenter__() for _ in range(3)]
    try:
        for off, verdict in (({}, "theirs is likely wrong"), ({"hours": hours}, "ours is likely wrong")):
            for other in others:
                other.routes["/x"] = Answer(body=b"x")
                with_date(other, runtime, **off)
                await runtime.http.fetch_bytes(f"{other.url}/x", accept="*/*", limit=9)
            assert verdict in step(await inspect(runtime, peer.domain), "clock").seen
    finally:
        for other in others:
            await other.__aexit__(None, None, None)


@pytest.fixture
async def trusting(runtime: Runtime, tmp_path: Path) -> AsyncIterator[tuple[Runtime, Authority]]:
    """The node, but it believes a test's authority instead of the public ones."""
    authority = Authority(tmp_path)
    client = FederationClient(
        egress=EgressPolicy(insecure_networks=LOOPBACK),
        user_agent="t",
        clock=runtime.clock,
        first_party_host="x.example",
        ssl_context=authority.trusting(),
        on_exchange=runtime.exchanges.note,
    )
    yield replace(runtime, http=client), authority
    await client.aclose()


@pytest.mark.parametrize(
    ("made", "words", "advice"),
    [
        ({"days": (-9, -2)}, "the certificate has expired on", "renew"),
        ({"days": (2, 9)}, "not valid yet before", "clock of this machine"),
        ({"names": ("other.example",)}, "for another name (other.example)", "this name"),
        ({"self_signed": True}, "self-signed", "authority"),
        ({"names": ("other.example",), "days": (-9, -2)}, "for another name", "renew"),
        ({"unknown": True}, "from an authority that nobody here knows", "full chain"),
    ],
)
async def test_a_bad_certificate(
    trusting: tuple[Runtime, Authority], tmp_path: Path, made: dict[str, object], words: str, advice: str
) -> None:
    """Expired, not yet valid, wrong name, self-signed, unknown authority: each in plain words, all at once."""
    node, authority = trusting
    if made.pop("unknown", False):
        (tmp_path / "other").mkdir()
        authority = Authority(tmp_path / "other")
    names = made.pop("names", ("localhost", "127.0.0.1"))
    async with FakePeer(tls=authority.server(*names, **made)) as peer:  # type: ignore[misc, arg-type]
        for target in (f"https://localhost:{peer.port}/users/alice", f"@alice@localhost:{peer.port}"):
            report = await inspect(node, target)
            assert problems(report) == {"connection"}
            found = step(report, "connection")
            assert words in found.seen
            assert advice in found.advice
            assert any(line.startswith("valid:") for line in found.lines)
            assert step(report, "webfinger").verdict == "skipped"
        assert peer.requests == []


async def test_a_good_certificate(trusting: tuple[Runtime, Authority]) -> None:
    node, authority = trusting
    async with FakePeer(tls=authority.server("localhost")) as peer:
        peer.host = "localhost"
        alice = Stranger(peer, "alice")
        serve_inbox(peer, alice)
        serve_nodeinfo(peer)
        report = await inspect(node, alice.uri)
        assert report.is_healthy
        assert "TLSv1" in step(report, "connection").seen


async def test_nobody_listens(runtime: Runtime, peer: FakePeer) -> None:
    async with FakePeer() as gone:
        domain = gone.domain
    report = await inspect(runtime, domain)
    assert problems(report) == {"connection"}
    assert "nobody listens there" in step(report, "connection").seen


async def test_no_address(runtime: Runtime) -> None:
    report = await inspect(runtime, "@ann@no-such-name.invalid")
    assert problems(report) == {"dns"}
    assert step(report, "connection").verdict == "skipped"


async def test_an_address_that_is_not_public(redis_server: RedisServer) -> None:
    """Row 61: said in words, and no packet is sent."""
    async with open_node(redis_server, insecure_peers=()) as guarded, FakePeer() as peer:
        report = await inspect(guarded, f"https://127.0.0.1:{peer.port}/users/ann")
        assert problems(report) == {"address"}
        assert "no packet is sent there" in step(report, "address").seen
        assert peer.connections == 0


async def test_a_missing_webfinger(runtime: Runtime, peer: FakePeer, healthy: Stranger) -> None:
    del peer.routes[f"/.well-known/webfinger?resource=acct:{healthy.handle}"]
    report = await inspect(runtime, f"@{healthy.handle}")
    assert problems(report) == {"webfinger"}
    found = step(report, "webfinger")
    assert "WebFinger is missing" in found.seen
    assert "/.well-known" in found.advice


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"subject": "acct:eve@other.invalid"}, "does not confirm it"),
        ({"links": []}, "has no ActivityPub actor"),
        ({"subject": "nobody"}, "a subject without a domain"),
    ],
)
async def test_a_wrong_webfinger(
    runtime: Runtime, peer: FakePeer, healthy: Stranger, answer: dict[str, object], words: str
) -> None:
    """Rows 70 and 71: another subject, no self link, nonsense."""
    given = {
        "subject": f"acct:{healthy.handle}",
        "links": [{"rel": "self", "type": "application/activity+json", "href": healthy.uri}],
        **answer,
    }
    peer.routes[f"/.well-known/webfinger?resource=acct:{healthy.handle}"] = document(given)
    report = await inspect(runtime, f"@{healthy.handle}")
    assert "webfinger" in problems(report)
    assert words in step(report, "webfinger").seen


async def test_a_split_domain(
    runtime: Runtime, peer: FakePeer, healthy: Stranger, trusting: tuple[Runtime, Authority], tmp_path: Path
) -> None:
    """DISC-2: the handle's domain leads to another host; what is wrong with that one is found too."""
    async with FakePeer() as front:
        resource = f"/.well-known/webfinger?resource=acct:alice@{front.domain}"

        def lead(to: str) -> None:
            front.routes[resource] = document(
                {
                    "subject": f"acct:alice@{front.domain}",
                    "links": [{"rel": "self", "type": "application/activity+json", "href": to}],
                }
            )

        lead(healthy.uri)
        serve_nodeinfo(front)
        report = await inspect(runtime, f"@alice@{front.domain}")
        assert report.is_healthy
        assert "a split domain" in step(report, "webfinger").seen
        node, authority = trusting
        async with FakePeer(tls=authority.server("127.0.0.1", days=(-9, -2))) as stale:
            lead(f"{stale.url}/users/alice")
            found = step(await inspect(node, f"@alice@{front.domain}"), "actor")
            assert found.verdict == "problem"
            assert f"the documents stand at {stale.domain}" in found.seen
            assert "the certificate has expired" in found.seen


async def test_a_blocked_domain(runtime: Runtime, peer: FakePeer, healthy: Stranger) -> None:
    """Row 47: said first, and nothing is sent there."""
    async with runtime.write() as uow:
        await set_domain_policy(
            uow, runtime.settings, peer.domain, "suspend", private_comment="spam", now=runtime.now()
        )
    report = await inspect(runtime, f"@{healthy.handle}")
    assert problems(report) == {"policy"}
    assert "blocked here" in step(report, "policy").seen
    assert "spam" in step(report, "policy").seen
    assert f"rookery domain remove {peer.domain}" in step(report, "policy").advice
    assert step(report, "connection").verdict == "skipped"
    assert peer.connections == 0


async def test_a_limited_domain(runtime: Runtime, peer: FakePeer, healthy: Stranger) -> None:
    async with runtime.write() as uow:
        await set_domain_policy(uow, runtime.settings, peer.domain, "silence", now=runtime.now())
    report = await inspect(runtime, f"@{healthy.handle}")
    assert report.is_healthy
    assert step(report, "policy").verdict == "warning"


@pytest.fixture
async def behind(redis_server: RedisServer) -> AsyncIterator[tuple[Node, RewritingProxy]]:
    """A node behind a proxy that rewrites Host, unless a test mends it."""
    async with RewritingProxy() as proxy:
        listener, url = listen()
        proxy.backend = int(url.rpartition(":")[2])
        async with (
            open_node(redis_server, public_url=proxy.url) as runtime,
            serving(build_app(runtime), listener),
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as http,
        ):
            yield Node(runtime, proxy.url, http), proxy


async def test_a_proxy_of_theirs_rewrites_host(redis_server: RedisServer, behind: tuple[Node, RewritingProxy]) -> None:
    """Their inbox believes no signature; what they say tells which Host they saw."""
    other, proxy = behind
    bo = await other.person("bo")
    async with serve_node(redis_server) as ours:
        report = await inspect(ours.runtime, bo.handle)
        assert problems(report) == {"our_signature"}
        found = step(report, "our_signature")
        assert f"it saw Host backend:8000 where we asked for {other.runtime.settings.web_host}" in found.seen
        assert "proxy of theirs rewrites Host" in found.advice
        proxy.host = ""
        assert (await inspect(ours.runtime, bo.handle)).is_healthy


async def test_a_proxy_of_ours_rewrites_host(redis_server: RedisServer, behind: tuple[Node, RewritingProxy]) -> None:
    """Seen from both sides: what they sent was refused for the Host that arrived, and our own outside shows it."""
    ours, proxy = behind
    ann = await ours.person("ann")
    async with serve_node(redis_server) as theirs:
        bo = await theirs.person("bo")
        proxy.host = ""
        await bo.resolve(ann.handle)
        proxy.host = "backend:8000"
        await bo.follow(ann)
        await settle(theirs.runtime)
        report = await inspect(ours.runtime, bo.handle)
        found = step(report, "their_signature")
        assert found.verdict == "problem"
        assert "wrong_host" in found.seen
        assert "The proxy before this node rewrites Host" in found.advice
        assert "Host: backend:8000" in found.lines
        rebuilt = ("  host: backend:8000", '  "@target-uri": http://backend:8000/')  # by whichever scheme came last
        assert any(line.startswith(rebuilt) for line in found.lines)
    own = await inspect(ours.runtime, ann.handle)
    assert problems(own) == {"host_header"}
    assert "backend:8000 arrives here" in step(own, "host_header").seen
    proxy.host = ""
    mended = await inspect(ours.runtime, ours.runtime.settings.domain)
    assert mended.is_healthy, [(one.name, one.seen) for one in mended.steps]


async def test_our_own_outside(node: Node) -> None:
    ann = await node.person("ann")
    report = await inspect(node.runtime, f"@ann@{node.runtime.settings.domain}")
    assert report.is_healthy
    assert "the one we sign with" in step(report, "key").seen
    assert step(report, "webfinger").verdict == "ok"
    assert ann.uri in step(report, "actor").seen
    assert problems(await inspect(node.runtime, f"@nobody@{node.runtime.settings.domain}")) == {"person"}


async def test_a_host_that_wants_signatures_takes_one_scheme(
    runtime: Runtime, peer: FakePeer, healthy: Stranger
) -> None:
    """SIG-13, SIG-18: which of the two the host takes is shown."""

    def modern(request: PeerRequest) -> Answer:
        signed = request.header("signature-input") is not None
        return document(healthy.actor()) if signed else Answer(status=401, body=b'{"error":"sign, please"}')

    peer.routes[f"/users/{healthy.name}"] = modern
    found = step(await inspect(runtime, healthy.uri), "our_signature")
    assert found.verdict == "ok"
    assert "takes RFC 9421;" in found.seen
    peer.routes[f"/users/{healthy.name}/inbox"] = Answer(status=403, body=b"blocked")
    found = step(await inspect(runtime, healthy.uri), "our_signature")
    assert found.verdict == "problem"
    assert "they say: blocked" in found.lines


async def test_a_host_that_is_paused(runtime: Runtime, peer: FakePeer, healthy: Stranger) -> None:
    """DLV-5: the breaker's state, with the last error."""
    now = runtime.now()
    async with runtime.write() as uow:
        health = (await read_health(uow, [peer.domain]))[peer.domain]
        for _ in range(5):
            health = after_failure(health, now=now, error="HTTP 502")
        await save_health(uow, {peer.domain: health}, now=now)
    found = step(await inspect(runtime, f"@{healthy.handle}"), "delivery")
    assert found.verdict == "problem"
    assert "paused for " in found.seen
    assert "last error: HTTP 502" in found.lines


async def test_a_post(world: World) -> None:
    ann, bo = await world["a"].person("ann"), await world["b"].person("bo")
    post = await bo.post("Hello")
    uri = post["uri"]
    assert "not stored here" in step(await inspect(world["a"].runtime, uri), "post").seen
    await ann.resolve(uri)
    stored = await inspect(world["a"].runtime, uri)
    assert stored.is_healthy
    assert "seen by everybody" in step(stored, "post").seen
    await bo.call("DELETE", f"/api/v1/statuses/{post['id']}")
    assert "410" in step(await inspect(world["a"].runtime, uri), "actor").seen


@pytest.mark.parametrize("target", ["", "not a handle", "https://", "@a@b@c", "http://user@x.example/", "gopher://x"])
async def test_what_cannot_be_read(runtime: Runtime, target: str) -> None:
    report = await inspect(runtime, target)
    assert problems(report) == {"spelling"}
    assert len(report.steps) == 1


async def test_a_document_with_another_id_and_type(runtime: Runtime, peer: FakePeer, healthy: Stranger) -> None:
    """Row 17: what calls itself otherwise; a page; an inner name that betrays a proxy."""
    path = f"/users/{healthy.name}"
    peer.routes[path] = document({**healthy.actor(), "id": "http://localhost:3000/users/alice"})
    found = step(await inspect(runtime, healthy.uri), "actor")
    assert found.verdict == "problem"
    assert "a proxy of theirs rewrites Host" in found.advice
    peer.routes[path] = Answer(body=b"<p>Hello", content_type="text/html")
    found = step(await inspect(runtime, healthy.uri), "actor")
    assert "not as ActivityPub" in found.seen


async def test_an_allowlist_without_the_domain(redis_server: RedisServer, peer: FakePeer, healthy: Stranger) -> None:
    """MOD-2: with fetch mode allowlist nothing is sent to whoever has no rule."""
    async with open_node(redis_server, fetch_mode="allowlist") as node:
        report = await inspect(node, f"@{healthy.handle}")
        assert problems(report) == {"policy"}
        assert f"rookery domain accept {peer.domain}" in step(report, "policy").advice
        assert peer.connections == 0
        async with node.write() as uow:
            await set_domain_policy(uow, node.settings, peer.domain, "noop", now=node.now())
        assert (await inspect(node, f"@{healthy.handle}")).is_healthy


async def test_nothing_foreign_steers_a_terminal(runtime: Runtime, peer: FakePeer, healthy: Stranger) -> None:
    """Row 74: escape sequences and direction marks of the other server do not reach the operator's screen."""
    evil = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m"
    peer.routes["/nodeinfo/2.0"] = document({"software": {"name": evil, "version": evil}})
    serve_inbox(peer, healthy, 401, evil.encode())
    peer.routes[f"/users/{healthy.name}"] = document({**healthy.actor(), "type": ["Person", evil], "movedTo": evil})
    report = await inspect(runtime, f"@{healthy.handle}")
    text = "".join(one.seen + one.advice + "".join(one.lines) for one in report.steps)
    assert text.isprintable()
    assert "owned" in text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"nul",
        b'{"links": 5}',
        b'{"links": [{"rel": 1, "href": []}], "subject": {}}',
        b"\xff\xfe",
        b"{" * 5000,
    ],
)
async def test_nonsense_is_a_finding_and_no_crash(
    runtime: Runtime, peer: FakePeer, healthy: Stranger, body: bytes
) -> None:
    """Row 30: whatever the other server answers with, inspect goes through."""
    for path in list(peer.routes):
        peer.routes[path] = Answer(body=body, content_type="application/activity+json")
    for target in (f"@{healthy.handle}", healthy.uri, peer.domain):
        report = await inspect(runtime, target)
        assert step(report, "exchanges").verdict == "info"
