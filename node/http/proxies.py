"""Who really called, when a proxy of ours stands in between.

Only a peer inside `settings.trusted_proxies` is believed: its `X-Forwarded-For` is read from the right, past
further trusted proxies, to the first address that is not ours; `X-Forwarded-Proto` gives the scheme. Anybody
else's forwarding headers mean nothing (a caller could otherwise choose the address we limit and log).
"""

import ipaddress
from collections.abc import Iterable, Sequence

from node.base.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Headers = Iterable[tuple[bytes, bytes]]


def parse_address(text: str) -> Address | None:
    """Return the address in `text`, IPv4 unwrapped from IPv6; None when it is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def is_trusted(address: Address | None, networks: Sequence[Network]) -> bool:
    """Whether `address` lies in one of the networks."""
    return address is not None and any(address in network for network in networks)


def real_client(peer: str, headers: Headers, networks: Sequence[Network]) -> tuple[str, str | None]:
    """Return the caller's address and, where a trusted proxy names one, the scheme it was reached by."""
    if not networks or not is_trusted(parse_address(peer), networks):
        return peer, None
    forwarded: list[str] = []
    scheme: str | None = None
    for name, value in headers:
        if name == b"x-forwarded-for":
            forwarded += value.decode("latin-1").split(",")
        elif name == b"x-forwarded-proto":
            said = value.decode("latin-1").rpartition(",")[2].strip().lower()
            scheme = said if said in ("http", "https") else scheme
    client = peer
    for entry in reversed(forwarded):
        address = parse_address(entry)
        if address is None:
            break  # nothing to the left of nonsense can be believed
        client = str(address)
        if not is_trusted(address, networks):
            break
    return client, scheme


def network_of(address: str) -> str:
    """Return what one caller is limited by: an IPv4 address, or the /64 of an IPv6 one."""
    parsed = parse_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed) if parsed is not None else address
