"""Where a request of ours may go: the guard against being sent to our own house (SIG-20, rows 61-66).

Every outbound connection of the program passes here twice: `check_target` judges the spelling of the URI
before anything happens, and `resolve_and_check` judges every address of the name at the moment of connecting.
The connection then goes to a checked address and nowhere else, so a second, different DNS answer finds
nobody listening to it (row 63).

An address passes when it is global unicast after unwrapping the ways to write an IPv4 address inside IPv6
(mapped, NAT64, 6to4); Teredo and the old compatible form never pass. Python's own `is_global` says yes to
`::127.0.0.1`, `64:ff9b::7f00:1`, `2002:7f00:1::`, `224.0.0.1` and `fec0::1`, so it is only one of the questions
asked here.

Ports: 443, 80, and any from 1024 up that an id names, except those where databases and caches listen. Plain
http leaves only for `insecure_networks` (ROOKERY_INSECURE_PEERS: development and tests), where private
addresses and every port are allowed too. `allow_hosts` is the operator's list of names that may lie on
private addresses; https and the port rule still hold for them.
"""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from typing import Final

from federation.errors import EgressRefused, FetchFailed, MalformedDocument
from federation.origins import Origin, literal_address, parse_origin

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAX_ANSWERS: Final = 64
_DANGEROUS_PORTS: Final = frozenset(
    {
        1433, 1521, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 4369, 5432, 5672, 5984, 6000, 6379, 6380,
        7000, 7001, 8086, 9042, 9092, 9200, 9300, 11211, 15672, 25672, 26379, 27017, 27018, 50000,
    }
)  # fmt: skip
_LOOPBACK_NAMES: Final = ("localhost",)
_PRIVATE_SUFFIXES: Final = (
    "internal", "local", "lan", "intranet", "corp", "private", "home.arpa", "arpa", "onion", "i2p",
)  # fmt: skip
_LOOPBACKS: Final[tuple[Address, ...]] = (
    ipaddress.IPv4Address("127.0.0.1"),
    ipaddress.IPv6Address("::1"),
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_REFUSED_NETWORKS: Final[tuple[Network, ...]] = tuple(
    map(
        ipaddress.ip_network,
        (
            "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15",
            "64:ff9b:1::/48", "100::/64", "2001::/23", "fec0::/10", "5f00::/16", "3fff::/20",
        ),
    )
)  # fmt: skip
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What this node allows beyond the public internet: nothing, unless the operator says so."""

    insecure_networks: tuple[Network, ...] = ()
    allow_hosts: frozenset[str] = frozenset()

    def is_insecure(self, address: Address) -> bool:
        """Say whether an address lies in a network of development and tests."""
        return any(address in network for network in self.insecure_networks)

    def check_address(self, address: Address, *, host: str = "") -> None:
        """Raise EgressRefused (`private_address`) unless packets may go to this address."""
        if self.is_insecure(address):
            return
        if host and host in self.allow_hosts and not (address.is_multicast or address.is_unspecified):
            return
        reason = _why_not_global(address)
        if reason:
            raise EgressRefused("private_address", f"{host or address} is at {address}: {reason}")

    def check_target(self, uri: str) -> Origin:
        """Judge scheme, host spelling and port of a URI; return its origin.

        EgressRefused: `bad_uri`, `plain_http`, `private_host`, `private_address`, `port_refused`.
        """
        try:
            origin = parse_origin(uri)
        except MalformedDocument as error:
            raise EgressRefused("bad_uri", error.detail) from error
        self.check_origin(origin)
        return origin

    def check_origin(self, origin: Origin) -> None:
        """Judge an origin; like `check_target`."""
        if self._may_be_insecure(origin.host):
            return
        if origin.scheme != "https":
            raise EgressRefused("plain_http", f"{origin} is not https")
        address = literal_address(origin.host)
        if address is not None:
            self.check_address(address, host=origin.host)
        elif origin.host not in self.allow_hosts:
            _check_name(origin.host)
        self.check_port(origin.port)

    def check_port(self, port: int) -> None:
        """Raise EgressRefused (`port_refused`) for a port where no web server of a peer would be."""
        if port not in {80, 443} and (port < 1024 or port in _DANGEROUS_PORTS):
            raise EgressRefused("port_refused", f"port {port} is not one of a federated server")

    async def resolve_and_check(self, host: str, port: int, *, scheme: str = "https") -> list[Address]:
        """Resolve a host and return its addresses, refusing all of them if any one is private (row 63).

        Plain http passes only when every address is in an insecure network. FetchFailed (`dns_failed`) when
        the name has no address.
        """
        literal = literal_address(host)
        addresses = await self.resolve(host, port)
        for address in addresses:
            self.check_address(address, host=host)
        if not all(self.is_insecure(address) for address in addresses):
            if scheme != "https":
                raise EgressRefused("plain_http", f"{host} is asked for without TLS")
            if literal is None and host not in self.allow_hosts:
                _check_name(host)
            self.check_port(port)
        return addresses

    async def resolve(self, host: str, port: int) -> list[Address]:
        """Return the addresses of a host, not judged yet; FetchFailed (`dns_failed`) when there is none."""
        literal = literal_address(host)
        if literal is not None:
            return [literal]
        if not _is_loopback_name(host):
            return await _resolve(host, port)
        # RFC 6761: never asked of a resolver, and only of use where loopback is let in.
        addresses = [address for address in _LOOPBACKS if self.is_insecure(address)]
        if not addresses:
            raise EgressRefused("private_host", f"{host} is this machine")
        return addresses

    async def uses_plain_http(self, host: str) -> bool:
        """Say whether a host lies in the insecure networks, where discovery goes over http."""
        if not self.insecure_networks:
            return False
        try:
            await self.resolve_and_check(host, 80, scheme="http")
        except (EgressRefused, FetchFailed):
            return False
        return True

    def _may_be_insecure(self, host: str) -> bool:
        """Say whether a host could turn out to be in the insecure networks; addresses decide on connecting."""
        if not self.insecure_networks:
            return False
        address = literal_address(host)
        return address is None or self.is_insecure(address)


def _why_not_global(address: Address) -> str:
    """Return why an address is not global unicast, or an empty string when it is."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            why = _why_not_global(inner)
            return f"it carries {inner}, {why}" if why else ""
        if address not in _GLOBAL_UNICAST:
            return "it is outside global unicast"
    if any(address in network for network in _REFUSED_NETWORKS):
        return "it is set aside for special use"
    if (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or address.is_private
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
    ):
        return "it is private, local or reserved"
    return ""


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to, if it is of a form that has one."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _check_name(host: str) -> None:
    if "." not in host:
        raise EgressRefused("private_host", f"{host} is not a full domain name")
    if _is_loopback_name(host):
        raise EgressRefused("private_host", f"{host} is this machine")
    for suffix in _PRIVATE_SUFFIXES:
        if host.endswith("." + suffix) or host == suffix:
            raise EgressRefused("private_host", f"names under .{suffix} are not on the public internet")


def _is_loopback_name(host: str) -> bool:
    return host in _LOOPBACK_NAMES or host.endswith(".localhost")


async def _resolve(host: str, port: int) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        answers = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise FetchFailed("dns_failed", f"the name {host} has no address") from error
    if len(answers) > _MAX_ANSWERS:
        raise EgressRefused("too_many_addresses", f"{host} has {len(answers)} addresses")
    found: dict[Address, None] = {}
    for answer in answers:
        text = str(answer[4][0])
        if "%" in text:
            raise EgressRefused("private_address", f"{host} is at the link-local address {text}")
        found[ipaddress.ip_address(text)] = None
    if not found:
        raise FetchFailed("dns_failed", f"the name {host} has no address")
    return list(found)
