"""The client over real sockets: what it believes, follows, signs, caps and refuses (INB-5, SIG-20, DLV-7, DLV-8)."""

import asyncio
import contextlib
import gzip
import time
from typing import Any

import httpx
import pytest

from federation.answers import retry_after
from federation.client import FederationClient
from federation.egress import EgressPolicy
from federation.errors import (
    EgressRefused,
    FederationError,
    FetchFailed,
    FetchGone,
    FetchRefused,
    FetchUnchanged,
    MalformedDocument,
    OriginMismatch,
)
from federation.keys import load_public_key
from federation.signatures import SignedRequest, SigningKey, inspect_signature, verify_signature
from federation.signatures.request import Scheme
from federation.transport import GuardedTransport
from tests.support.fake_peer import Answer, FakePeer, PeerRequest, document, redirect
from tests.unit.federation.conftest import LOOPBACK, NOW, PUBLIC_PEM


def check_signed(request: PeerRequest, *, host: str, target: str | None = None) -> None:
    """Verify what the peer received, as a strict peer would."""
    signed = SignedRequest(
        request.method, target or request.target, request.headers, request.body, frozenset({host}), scheme="http"
    )
    verify_signature(inspect_signature(signed), load_public_key(PUBLIC_PEM), request=signed, now=NOW)


async def reason_of(awaitable: Any, kind: type[FederationError] = FederationError) -> str:
    with pytest.raises(kind) as caught:
        await awaitable
    return caught.value.reason


async def test_a_document_from_its_owner(client: FederationClient, signer: SigningKey) -> None:
    """INB-5, SIG-18: signed GET, right Accept and User-Agent, no cookies sent back."""
    async with FakePeer() as peer:
        uri = f"{peer.url}/notes/1?a=%7E&b=ü"
        peer.routes["/notes/1"] = document({"id": uri, "type": "Note"}, headers=(("Set-Cookie", "a=b"),))
        fetched = await client.fetch_document(uri + "#part", signer=signer)
        await client.fetch_document(uri, signer=signer)
        assert fetched.document["type"] == "Note"
        assert fetched.final_uri == uri
        first, second = peer.requests
        assert first.target == "/notes/1?a=%7E&b=%C3%BC"
        check_signed(first, host=peer.domain)
        assert first.header("user-agent") == "Rookery/test"
        assert first.header("accept").startswith("application/activity+json, application/ld+json;")
        assert second.header("cookie") is None
        assert second.connection == first.connection


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/html", "text/plain", "application/octet-stream", "image/png", "application/ld+json"],
)
async def test_uploads_do_not_pass_for_documents(client: FederationClient, content_type: str) -> None:
    """INB-5, row 19: an uploaded file with a Note in it has any type but the right ones."""
    async with FakePeer() as peer:
        uri = f"{peer.url}/media/f.json"
        peer.routes["/media/f.json"] = document({"id": uri}, content_type=content_type)
        assert await reason_of(client.fetch_document(uri, signer=None), FetchFailed) == "wrong_content_type"


async def test_another_id_is_fetched_from_its_owner(client: FederationClient) -> None:
    """INB-5, row 17: same host and other host; the first body never counts."""
    async with FakePeer() as evil, FakePeer() as good:
        note = f"{good.url}/notes/1"
        good.routes["/notes/1"] = document({"id": note, "content": "true"})
        for liar in (evil, good):
            liar.routes["/x"] = document({"id": note, "content": "false"})
            fetched = await client.fetch_document(f"{liar.url}/x", signer=None)
            assert fetched.document["content"] == "true"
            assert fetched.final_uri == note


async def test_an_id_that_its_host_does_not_confirm(client: FederationClient) -> None:
    """INB-5, row 17: the second answer must name itself; nothing is asked a third time."""
    async with FakePeer() as evil, FakePeer() as good:
        evil.routes["/x"] = document({"id": f"{good.url}/a"})
        good.routes["/a"] = document({"id": f"{good.url}/b"})
        assert await reason_of(client.fetch_document(f"{evil.url}/x", signer=None), OriginMismatch) == "id_mismatch"
        assert [request.target for request in good.requests] == ["/a"]
        for broken in ({}, {"id": None}, {"id": 5}, {"id": "urn:x"}, {"id": "https://a@b.example/"}):
            evil.routes["/y"] = document(broken)
            assert await reason_of(client.fetch_document(f"{evil.url}/y", signer=None), OriginMismatch) == "id_mismatch"


async def test_an_open_redirect_lends_no_identity(client: FederationClient) -> None:
    """Row 18: the final URL decides, even when the evil body names the redirect itself."""
    async with FakePeer() as good, FakePeer() as evil:
        uri = f"{good.url}/redirect?u=evil"
        good.routes["/redirect"] = redirect(f"{evil.url}/x")
        evil.routes["/x"] = document({"id": uri, "content": "false"})
        assert await reason_of(client.fetch_document(uri, signer=None), OriginMismatch) == "id_mismatch"


async def test_redirects_are_signed_anew_for_each_host(client: FederationClient, signer: SigningKey) -> None:
    """SIG-20, row 69."""
    async with FakePeer() as first, FakePeer() as second:
        uri = f"{second.url}/users/bo"
        first.routes["/@bo"] = redirect(uri, status=301)
        second.routes["/users/bo"] = document({"id": uri})
        fetched = await client.fetch_document(f"{first.url}/@bo", signer=signer)
        assert fetched.final_uri == uri
        check_signed(first.requests[0], host=first.domain)
        check_signed(second.requests[0], host=second.domain)
        assert first.requests[0].header("signature") != second.requests[0].header("signature")


async def test_at_most_three_redirects(client: FederationClient) -> None:
    async with FakePeer() as peer:
        for step in range(5):
            peer.routes[f"/{step}"] = redirect(f"/{step + 1}")
        peer.routes["/5"] = Answer(body=b"end")
        fetched = await client.fetch_bytes(f"{peer.url}/2", accept="*/*", limit=10)
        assert fetched.body == b"end"
        assert await reason_of(client.fetch_bytes(f"{peer.url}/1", accept="*/*", limit=10)) == "too_many_redirects"
        peer.routes["/self"] = redirect("/self")
        assert await reason_of(client.fetch_bytes(f"{peer.url}/self", accept="*/*", limit=10)) == "too_many_redirects"


@pytest.mark.parametrize(
    "target",
    [
        "http://10.0.0.1/x",
        "https://169.254.169.254/",
        "file:///etc/passwd",
        "http://93.184.216.34/",
        "//[::ffff:10.0.0.1]/",
    ],
)
async def test_each_hop_is_checked(client: FederationClient, target: str) -> None:
    """SIG-20, row 61: a redirect into private space, to plain http, or out of http altogether."""
    async with FakePeer() as peer:
        peer.routes["/x"] = redirect(target)
        with pytest.raises((EgressRefused, FetchFailed)) as caught:
            await client.fetch_bytes(f"{peer.url}/x", accept="*/*", limit=10)
        assert caught.value.reason in {"private_address", "bad_uri", "plain_http", "dns_failed"}


async def test_without_insecure_networks_loopback_is_out_of_reach(signer: SigningKey) -> None:
    """SIG-20: the same peer, the default policy; not a packet arrives."""
    closed = FederationClient(
        egress=EgressPolicy(), user_agent="t", clock=lambda: NOW, first_party_host="social.example"
    )
    async with FakePeer() as peer:
        for url in (
            peer.url,
            f"https://127.0.0.1:{peer.port}",
            f"https://localhost:{peer.port}",
            f"https://[::1]:{peer.port}",
        ):
            with pytest.raises(EgressRefused):
                await closed.fetch_bytes(url, accept="*/*", limit=10)
            with pytest.raises(EgressRefused):
                await closed.post_activity(f"{url}/inbox", b"{}", signer=signer)
        assert peer.connections == 0
    await closed.aclose()


async def test_never_to_ourselves() -> None:
    """Row 62: our own public host name."""
    async with FakePeer() as peer:
        ours = FederationClient(egress=LOOPBACK, user_agent="t", clock=lambda: NOW, first_party_host=peer.domain)
        assert await reason_of(ours.fetch_bytes(f"{peer.url}/x", accept="*/*", limit=10), EgressRefused) == "own_host"
        assert peer.connections == 0
        await ours.aclose()


async def test_a_401_with_a_query_is_tried_without_it(client: FederationClient, signer: SigningKey) -> None:
    """SIG-8: a peer that forgets the query when it verifies."""

    def forgetful(request: PeerRequest) -> Answer:
        try:
            check_signed(request, host=peer.domain, target=request.path)
        except FederationError:
            return Answer(status=401)
        return document({"id": f"{peer.url}{request.target}"})

    async with FakePeer() as peer:
        peer.routes["/p"] = forgetful
        fetched = await client.fetch_document(f"{peer.url}/p?x=1", signer=signer)
        assert fetched.document["id"] == f"{peer.url}/p?x=1"
        assert len(peer.requests) == 2
        peer.routes["/q"] = Answer(status=401)
        with pytest.raises(FetchRefused):
            await client.fetch_document(f"{peer.url}/q", signer=signer)
        assert len(peer.requests) == 3


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (404, FetchGone, "not_found"),
        (410, FetchGone, "gone"),
        (401, FetchRefused, "unauthorised"),
        (403, FetchRefused, "forbidden"),
        (500, FetchFailed, "http_status"),
        (202, FetchFailed, "http_status"),
        (304, FetchUnchanged, "unchanged"),
        (302, FetchFailed, "http_status"),
    ],
)
async def test_statuses_are_errors_of_ours(client: FederationClient, status: int, kind: type, reason: str) -> None:
    async with FakePeer() as peer:
        peer.routes["/x"] = Answer(status=status)
        with pytest.raises(kind) as caught:
            await client.fetch_document(f"{peer.url}/x", signer=None)
        assert (caught.value.reason, caught.value.status) == (reason, status)


async def test_retry_after_is_carried(client: FederationClient) -> None:
    """DLV-7, row 57."""
    async with FakePeer() as peer:
        peer.routes["/x"] = Answer(status=429, headers=(("Retry-After", "120"),))
        with pytest.raises(FetchFailed) as caught:
            await client.fetch_bytes(f"{peer.url}/x", accept="*/*", limit=10)
        assert caught.value.retry_after == 120


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1e9", None),
        ("0", 1),
        ("120", 120),
        ("9" * 30, 86400),
        ("9" * 500, None),
        ("Fri, 02 Jan 2026 03:05:05 GMT", 60),
        ("Fri, 02 Jan 2099 03:05:05 GMT", 86400),
        ("Fri, 02 Jan 1999 03:05:05 GMT", 1),
        ("Fri, 99 Jan 2026 03:05:05", None),
    ],
)
def test_retry_after(text: str | None, seconds: float | None) -> None:
    """DLV-7, row 57."""
    assert retry_after(text, NOW) == seconds


async def test_sizes_are_capped_after_decompression(client: FederationClient) -> None:
    """GEN-6, row 55: plain, lying and gzip bodies."""
    bomb = gzip.compress(b"0" * 50_000_000)
    packed = (("Content-Encoding", "gzip"),)
    async with FakePeer() as peer:
        peer.routes |= {
            "/fits": Answer(body=b"x" * 1000),
            "/big": Answer(body=b"x" * 1001),
            "/bomb": Answer(body=bomb, headers=packed),
            "/packed": Answer(body=gzip.compress(b"y" * 1000), headers=packed),
            "/broken": Answer(body=b"no gzip", headers=packed),
            "/other": Answer(body=b"zzz", headers=(("Content-Encoding", "br"),)),
        }

        def get(path: str) -> Any:
            return client.fetch_bytes(f"{peer.url}{path}", accept="*/*", limit=1000)

        assert (await get("/fits")).body == b"x" * 1000
        assert (await get("/packed")).body == b"y" * 1000
        assert await reason_of(get("/big")) == "too_large"
        assert await reason_of(get("/bomb")) == "too_large"
        assert await reason_of(get("/broken")) == "bad_encoding"
        assert await reason_of(get("/other")) == "bad_encoding"


async def test_documents_are_read_strictly(client: FederationClient) -> None:
    """Rows 27 and 30 by way of a fetch."""
    async with FakePeer() as peer:
        for body in (b'{"id":1,"id":2}', b"[]", b"nonsense", b'"x"'):
            peer.routes["/x"] = Answer(body=body, content_type="application/activity+json")
            with pytest.raises(MalformedDocument):
                await client.fetch_document(f"{peer.url}/x", signer=None)


async def test_slow_peers_are_left(client: FederationClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIG-20, row 55: a silent one, and one that drips bytes for ever, by the total deadline."""
    monkeypatch.setattr("federation.client.TOTAL_SECONDS", 0.3)
    async with FakePeer() as peer:
        peer.routes["/silent"] = Answer(delay=60)
        peer.routes["/drip"] = Answer(body=b"x" * 100, drip=0.6)
        for path in ("/silent", "/drip"):
            started = time.monotonic()
            assert await reason_of(client.fetch_bytes(f"{peer.url}{path}", accept="*/*", limit=1000)) == "timeout"
            assert time.monotonic() - started < 20


async def test_dead_ends_are_errors_of_ours(client: FederationClient, signer: SigningKey) -> None:
    async with FakePeer() as peer:
        peer.routes["/x"] = Answer(hang_up=True)
        assert await reason_of(client.fetch_bytes(f"{peer.url}/x", accept="*/*", limit=9)) == "connection_broken"
        assert len(peer.requests) == 2  # once more, in case the connection had only grown old
    assert await reason_of(client.fetch_bytes(f"{peer.url}/x", accept="*/*", limit=9)) == "connect_failed"
    assert await reason_of(client.post_activity(f"{peer.url}/x", b"{}", signer=signer)) == "connect_failed"


async def test_a_delivery(client: FederationClient, signer: SigningKey) -> None:
    """SIG-1, DLV-2: the body as given, signed with its digest; the answer reported, whatever it is."""
    async with FakePeer() as peer:
        for status in (202, 400, 404, 500):
            peer.routes["/inbox"] = Answer(status=status, body=b"why " * 40_000)
            result = await client.post_activity(f"{peer.url}/inbox", b'{"a":1}', signer=signer)
            assert result.status == status
            assert result.body_excerpt.startswith("why why")
            assert len(result.body_excerpt) == 500
        request = peer.requests[0]
        assert request.body == b'{"a":1}'
        assert request.header("content-type") == "application/activity+json"
        check_signed(request, host=peer.domain)


async def test_a_delivery_by_rfc9421(client: FederationClient, signer: SigningKey) -> None:
    """SIG-10: one scheme a request, never both."""
    async with FakePeer() as peer:
        peer.routes["/inbox"] = Answer(status=202)
        await client.post_activity(f"{peer.url}/inbox", b"{}", signer=signer, scheme="rfc9421")
        check_signed(peer.requests[0], host=peer.domain)
        assert peer.requests[0].header("digest") is None


@pytest.mark.parametrize(("scheme", "covered_in"), [("cavage", "signature"), ("rfc9421", "signature-input")])
async def test_further_headers_of_a_delivery_are_signed(
    client: FederationClient, signer: SigningKey, scheme: Scheme, covered_in: str
) -> None:
    """COL-9: what says who follows is as proven as the body."""
    async with FakePeer() as peer:
        peer.routes["/inbox"] = Answer(status=202)
        more = {"Collection-Synchronization": 'collectionId="x"'}
        await client.post_activity(f"{peer.url}/inbox", b"{}", signer=signer, scheme=scheme, more=more)
        request = peer.requests[0]
        assert request.header("collection-synchronization") == 'collectionId="x"'
        assert "collection-synchronization" in (request.header(covered_in) or "")
        check_signed(request, host=peer.domain)


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_delivery_follows_no_moved_inbox(client: FederationClient, signer: SigningKey, status: int) -> None:
    """DLV-8."""
    async with FakePeer() as peer:
        peer.routes["/inbox"] = redirect("/elsewhere", status=status)
        result = await client.post_activity(f"{peer.url}/inbox", b"{}", signer=signer)
        assert result.status == status
        assert len(peer.requests) == 1


async def test_a_delivery_follows_307_once_and_stays_on_the_host(client: FederationClient, signer: SigningKey) -> None:
    """DLV-8: signed anew for the new path; a loop ends; another host gets nothing."""
    async with FakePeer() as peer, FakePeer(host="127.0.0.2") as other:
        peer.routes["/inbox"] = redirect("/new", status=308)
        peer.routes["/new"] = Answer(status=202)
        assert (await client.post_activity(f"{peer.url}/inbox", b"{}", signer=signer)).status == 202
        check_signed(peer.requests[1], host=peer.domain)
        assert peer.requests[1].body == b"{}"
        peer.routes["/loop"] = redirect("/loop", status=307)
        assert (await client.post_activity(f"{peer.url}/loop", b"{}", signer=signer)).status == 307
        assert len(peer.asked("/loop")) == 2
        peer.routes["/away"] = redirect(f"{other.url}/inbox", status=307)
        assert (await client.post_activity(f"{peer.url}/away", b"{}", signer=signer)).status == 307
        assert not other.requests


async def test_few_requests_at_a_time_to_one_host(client: FederationClient, signer: SigningKey) -> None:
    """DLV-7: two POSTs and four GETs to one host; others are not held up by it."""
    running: dict[str, int] = {"POST": 0, "GET": 0}
    most: dict[str, int] = {"POST": 0, "GET": 0}

    async def slow(request: PeerRequest) -> Answer:
        running[request.method] += 1
        most[request.method] = max(most[request.method], running[request.method])
        await asyncio.sleep(0.03)
        running[request.method] -= 1
        return Answer(status=200)

    async with FakePeer() as peer:
        peer.routes["/x"] = slow
        await asyncio.gather(
            *(client.post_activity(f"{peer.url}/x", b"{}", signer=signer) for _ in range(8)),
            *(client.fetch_bytes(f"{peer.url}/x", accept="*/*", limit=9) for _ in range(12)),
        )
        assert most == {"POST": 2, "GET": 4}
        assert peer.connections <= 6
    assert len(client._posts) == len(client._gets) == 0


async def test_the_environment_has_no_say(client: FederationClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 66: proxy variables are not looked at."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with FakePeer() as peer:
        peer.routes["/x"] = Answer(body=b"direct")
        assert (await client.fetch_bytes(f"{peer.url}/x", accept="*/*", limit=9)).body == b"direct"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/a\r\nSET x 1",
        "http://127.0.0.1:1/\nX: y",
        "unix:///tmp/redis.sock",
        "http+unix://x/",
        "http://127.0.0.1:1/ a",
    ],
)
async def test_nothing_is_smuggled_into_a_request(client: FederationClient, url: str) -> None:
    """Row 66: CR and LF in a path, and other schemes."""
    assert await reason_of(client.fetch_bytes(url, accept="*/*", limit=9), EgressRefused) == "bad_uri"


async def test_where_discovery_goes(client: FederationClient) -> None:
    """Loopback of development is asked over http, everybody else over https."""
    assert await client.base_url_for("127.0.0.2:8001") == "http://127.0.0.2:8001"
    assert await client.base_url_for("localhost:3000") == "http://localhost:3000"
    assert await client.base_url_for("93.184.216.34") == "https://93.184.216.34"


async def test_many_origins_at_once_share_a_small_pool(signer: SigningKey) -> None:
    """DLV-7: who closes the least used connections meets others who ask for them and close them too."""
    async with contextlib.AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(FakePeer(host=f"127.0.0.{n + 2}")) for n in range(8)]
        made = FederationClient(
            egress=LOOPBACK,
            user_agent="Rookery/test",
            clock=lambda: NOW,
            first_party_host="social.example",
            max_connections=4,
        )
        stack.push_async_callback(made.aclose)
        for peer in peers:
            peer.routes["/inbox"] = Answer(status=202)
        posts = [made.post_activity(f"{peer.url}/inbox", b"{}", signer=signer) for peer in peers * 6]
        assert {result.status for result in await asyncio.gather(*posts)} == {202}


async def test_dead_origins_are_not_kept() -> None:
    """Nothing stays in memory for each of thousands of servers that are gone."""
    transport = GuardedTransport(LOOPBACK, max_connections=4)
    async with httpx.AsyncClient(transport=transport) as http, FakePeer(host="127.0.0.1") as peer:
        port = peer.url.rpartition(":")[2]
        for number in range(12):
            with pytest.raises(FetchFailed):
                await http.get(f"http://127.0.1.{number}:{port}/")
        assert len(transport._pools) == 2  # half as many as there are connections
