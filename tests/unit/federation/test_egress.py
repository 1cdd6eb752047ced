"""The guard, by address, by spelling and by DNS answer (SIG-20, rows 61, 62, 63, 66)."""

import ipaddress
import socket
from typing import Any

import pytest

from federation.client import FederationClient
from federation.egress import EgressPolicy
from federation.errors import EgressRefused, FetchFailed
from tests.support.fake_peer import Answer, FakePeer
from tests.unit.federation.conftest import LOOPBACK, NOW

OPEN = EgressPolicy()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "169.254.169.254",
        "192.0.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "::8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::808:808",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "100::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
    ],
)
def test_addresses_that_are_not_the_public_internet(address: str) -> None:
    """Row 61, with every form for which Python's own flags say otherwise."""
    with pytest.raises(EgressRefused) as caught:
        OPEN.check_address(ipaddress.ip_address(address))
    assert caught.value.reason == "private_address"
    assert address in caught.value.detail or str(ipaddress.ip_address(address)) in caught.value.detail


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "93.184.216.34",
        "2606:4700::1111",
        "2a00:1450::1",
        "64:ff9b::808:808",
        "2002:808:808::1",
        "::ffff:8.8.8.8",
    ],
)
def test_addresses_of_the_public_internet(address: str) -> None:
    OPEN.check_address(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("https://0x7f.1/", "bad_uri"),
        ("https://2130706433/", "bad_uri"),
        ("https://017700000001/", "bad_uri"),
        ("https://127.1/", "bad_uri"),
        ("https://①②⑦.0.0.1/", "bad_uri"),
        ("https://localhost./", "bad_uri"),
        ("https://a@b.example/", "bad_uri"),
        ("https://[fe80::1%25eth0]/", "bad_uri"),
        ("unix:///tmp/redis.sock", "bad_uri"),
        ("https://b.example/\r\nx", "bad_uri"),
        ("https://localhost/", "private_host"),
        ("https://x.localhost/", "private_host"),
        ("https://foo.internal/", "private_host"),
        ("https://printer.local/", "private_host"),
        ("https://nas.lan/", "private_host"),
        ("https://x.home.arpa/", "private_host"),
        ("https://x.onion/", "private_host"),
        ("https://x.i2p/", "private_host"),
        ("https://redis/", "private_host"),
        ("https://127.0.0.1/", "private_address"),
        ("https://[::1]/", "private_address"),
        ("https://[::ffff:10.0.0.1]/", "private_address"),
        ("http://b.example/", "plain_http"),
        ("https://b.example:6379/", "port_refused"),
        ("https://b.example:22/", "port_refused"),
        ("https://b.example:5432/", "port_refused"),
        ("https://b.example:11211/", "port_refused"),
        ("https://b.example:25/", "port_refused"),
    ],
)
def test_targets_that_are_refused_by_their_spelling(uri: str, reason: str) -> None:
    """Rows 62 and 66, SIG-20."""
    with pytest.raises(EgressRefused) as caught:
        OPEN.check_target(uri)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "uri", ["https://b.example/", "https://b.example:80/", "https://b.example:8443/", "https://8.8.8.8/"]
)
def test_targets_that_are_let_through(uri: str) -> None:
    OPEN.check_target(uri)


class Names:
    """A resolver that answers from a table, in place of the system's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0
        monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", self.getaddrinfo)

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> list[Any]:
        found = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if not found:
            raise socket.gaierror("no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


@pytest.mark.parametrize(
    "answer",
    [
        ["10.0.0.1"],
        ["8.8.8.8", "10.0.0.1"],
        ["8.8.8.8", "::1"],
        ["fe80::1%eth0"],
        ["64:ff9b::7f00:1"],
        ["8.8.8.8"] * 500,
    ],
)
async def test_one_private_answer_refuses_all(monkeypatch: pytest.MonkeyPatch, answer: list[str]) -> None:
    """Row 63: A public and AAAA private, a CNAME to private (which looks the same here), too many records."""
    Names(monkeypatch, answer)
    with pytest.raises(EgressRefused) as caught:
        await OPEN.resolve_and_check("b.example", 443)
    assert caught.value.reason in {"private_address", "too_many_addresses"}


async def test_public_answers_are_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, ["8.8.8.8", "2606:4700::1111", "8.8.8.8"])
    assert list(map(str, await OPEN.resolve_and_check("b.example", 443))) == ["8.8.8.8", "2606:4700::1111"]
    with pytest.raises(EgressRefused) as caught:
        await OPEN.resolve_and_check("b.example", 80, scheme="http")
    assert caught.value.reason == "plain_http"


async def test_a_name_without_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, [])
    with pytest.raises(FetchFailed) as caught:
        await OPEN.resolve_and_check("b.example", 443)
    assert caught.value.reason == "dns_failed"


async def test_names_in_insecure_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """ROOKERY_INSECURE_PEERS: http and every port, for those networks only; all answers must lie there."""
    Names(monkeypatch, ["127.0.0.1"])
    assert await LOOPBACK.uses_plain_http("b.test")
    await LOOPBACK.resolve_and_check("b.test", 6379, scheme="http")
    Names(monkeypatch, ["127.0.0.1", "8.8.8.8"])
    with pytest.raises(EgressRefused):
        await LOOPBACK.resolve_and_check("b.test", 8001, scheme="http")
    Names(monkeypatch, ["8.8.8.8"])
    assert not await LOOPBACK.uses_plain_http("b.test")
    Names(monkeypatch, ["10.0.0.1"])
    with pytest.raises(EgressRefused):
        await LOOPBACK.resolve_and_check("b.test", 8001, scheme="http")
    Names(monkeypatch, ["8.8.8.8"])
    with pytest.raises(EgressRefused) as caught:
        await LOOPBACK.resolve_and_check("foo.internal", 443)
    assert caught.value.reason == "private_host"


async def test_localhost_is_never_asked_of_a_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch, ["8.8.8.8"])
    with pytest.raises(EgressRefused):
        await OPEN.resolve_and_check("localhost", 443)
    assert list(map(str, await LOOPBACK.resolve_and_check("localhost", 80, scheme="http"))) == ["127.0.0.1", "::1"]
    assert names.asked == 0


async def test_the_operators_list_opens_a_name_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 61: exceptions only by the admin's list."""
    listed = EgressPolicy(allow_hosts=frozenset({"nas.lan"}))
    Names(monkeypatch, ["192.168.1.5"])
    listed.check_target("https://nas.lan/")
    assert list(map(str, await listed.resolve_and_check("nas.lan", 443))) == ["192.168.1.5"]
    for host in ("other.example", "x.nas.lan"):
        with pytest.raises(EgressRefused):
            await listed.resolve_and_check(host, 443)
    with pytest.raises(EgressRefused):
        listed.check_target("https://nas.lan:6379/")


async def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 63: a second, different answer is never asked for, let alone used."""
    async with FakePeer() as peer:
        names = Names(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
        client = FederationClient(egress=LOOPBACK, user_agent="t", clock=lambda: NOW, first_party_host="x.example")
        peer.routes["/x"] = Answer(body=b"here")
        url = f"http://rebinding.test:{peer.port}/x"
        assert (await client.fetch_bytes(url, accept="*/*", limit=9)).body == b"here"
        assert names.asked == 1
        assert peer.requests[0].header("host") == f"rebinding.test:{peer.port}"
        await client.aclose()


async def test_a_public_name_that_turns_private_gets_no_packet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 63: the spelling is fine, the answer is not."""
    async with FakePeer() as peer:
        Names(monkeypatch, ["127.0.0.1"])
        client = FederationClient(egress=OPEN, user_agent="t", clock=lambda: NOW, first_party_host="x.example")
        with pytest.raises(EgressRefused) as caught:
            await client.fetch_bytes(f"https://evil.test:{peer.port}/", accept="*/*", limit=9)
        assert caught.value.reason == "private_address"
        assert peer.connections == 0
        await client.aclose()
