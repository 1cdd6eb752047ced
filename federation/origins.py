"""Who a URI belongs to: parsing of origins, hosts, domains and handles, strict and in one place.

Every decision of the kind "may this host say that?" compares what is parsed here, never strings (attack rows
22 and 23). A spelling that two parsers could read differently (userinfo, a backslash, a control character,
percent signs or fullwidth letters in the host, an empty label, a trailing dot, `127.1`) is refused, not
repaired. A domain may carry a port in every place where a domain may stand: `localhost:3000`,
`127.0.0.2:8001`.

Pure and cached; called by parsing, signatures, egress, client, and by inbox and node for their checks.
Which addresses may be contacted is not decided here but in `egress`.
"""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NoReturn
from urllib.parse import quote

import idna

from federation.errors import MalformedDocument, OriginMismatch
from federation.vocabulary import MAX_URI

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_URI = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(?:#.*)?", re.S)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\\x80-\x9f\u2028\u2029\ud800-\udfff]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_USERNAME = re.compile(r"[A-Za-z0-9_.~!$&'*+=:-]{1,2048}")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a URI; two documents are of one hand only if these three are equal."""

    scheme: str
    host: str
    port: int

    @property
    def host_port(self) -> str:
        """The host as it stands in a Host header or a handle: the scheme's default port is left out."""
        return self.host if self.port == _DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host_port}"


@dataclass(frozen=True, slots=True)
class Handle:
    """`@username@domain`; the domain is None where a handle was written without one."""

    username: str
    domain: str | None

    @property
    def acct(self) -> str:
        """Return `user@domain`, or the bare user name of a local handle."""
        return self.username if self.domain is None else f"{self.username}@{self.domain}"

    def __str__(self) -> str:
        return f"@{self.acct}"


@lru_cache(maxsize=8192)
def split_uri(uri: str) -> tuple[Origin, str]:
    """Split into origin and request target (path and query, raw, without fragment).

    Raises MalformedDocument (`bad_uri`) for anything but an unambiguous http or https URI. Non-ASCII letters
    of the target are percent-encoded as they will stand on the request line; nothing else is touched (SIG-8).
    """
    if len(uri) > MAX_URI or len(uri.encode("utf-8", "surrogatepass")) > MAX_URI:  # an index holds bytes
        raise MalformedDocument("bad_uri", f"a URI of {len(uri)} characters; at most {MAX_URI} are read")
    if _FORBIDDEN.search(uri):
        raise MalformedDocument("bad_uri", "a URI with a control character, space or backslash")
    match = _URI.fullmatch(uri)
    scheme = match["scheme"].lower() if match else ""
    if match is None or scheme not in _DEFAULT_PORTS:
        raise MalformedDocument("bad_uri", f"not an http(s) URI: {uri[:100]!r}")
    host, port = _split_authority(match["authority"])
    target = match["rest"]
    if not target.startswith("/"):
        target = "/" + target
    if not target.isascii():
        target = quote(target, safe="/?:@!$&'()*+,;=%-._~[]|{}^`\"<>")
    return Origin(scheme, host, port or _DEFAULT_PORTS[scheme]), target


def parse_origin(uri: str) -> Origin:
    """Return the origin of an http(s) URI; MalformedDocument (`bad_uri`) if it has no clear one."""
    return split_uri(uri)[0]


def same_origin(a: str, b: str) -> bool:
    """Say whether two URIs share scheme, host and port; False when either cannot be read."""
    try:
        return parse_origin(a) == parse_origin(b)
    except MalformedDocument:
        return False


def require_same_origin(a: str, b: str, *, what: str) -> None:
    """Raise OriginMismatch unless both URIs share an origin; `what` names the pair for the operator."""
    if not same_origin(a, b):
        raise OriginMismatch("origin_mismatch", f"{what}: {a[:200]} and {b[:200]} are of different origins")


def is_http_uri(value: str) -> bool:
    """Say whether a string is an http(s) URI that `split_uri` accepts."""
    try:
        split_uri(value)
    except MalformedDocument:
        return False
    return True


def host_of(uri: str) -> str:
    """Return `host`, or `host:port` where the port is not the scheme's own; lower case, punycode."""
    return parse_origin(uri).host_port


def without_fragment(uri: str) -> str:
    """Return the URI up to its `#`."""
    return uri.partition("#")[0]


def normalise_domain(domain: str) -> str:
    """Return a domain in the form that is stored and compared: lower case, punycode, port if not 443.

    Raises MalformedDocument (`bad_domain`).
    """
    if not domain or len(domain) > 260 or _FORBIDDEN.search(domain) or re.search(r"[/?#]", domain):
        raise MalformedDocument("bad_domain", f"not a domain: {domain[:100]!r}")
    try:
        return parse_origin(f"https://{domain}").host_port
    except MalformedDocument as error:
        raise MalformedDocument("bad_domain", f"not a domain: {domain[:100]!r} ({error.detail})") from error


def parse_handle(text: str) -> Handle:
    """Read `@user@domain`, `user@domain`, `acct:user@domain` or a bare `@user`; domains may carry a port.

    Raises MalformedDocument (`bad_handle`). The user name keeps its case, the domain is normalised.
    """
    stripped = text.strip()
    if stripped[:5].lower() == "acct:":
        stripped = stripped[5:]
    username, separator, domain = stripped.removeprefix("@").rpartition("@")
    if not separator:
        username, domain = domain, ""
    if not _USERNAME.fullmatch(username) or (separator and not domain):
        raise MalformedDocument("bad_handle", f"not a handle: {text[:100]!r}")
    if not separator:
        return Handle(username, None)
    try:
        return Handle(username, normalise_domain(domain))
    except MalformedDocument as error:
        raise MalformedDocument("bad_handle", f"not a handle: {text[:100]!r} ({error.detail})") from error


def is_subdomain_of(host: str, policy_domain: str) -> bool:
    """Say whether a policy for one domain reaches a host: itself and everything below it (MOD-2).

    A policy without a port reaches every port of the host; one with a port only that port. Addresses have no
    subdomains.
    """
    host, policy_domain = host.lower(), policy_domain.lower()
    if host == policy_domain:
        return True
    name, _ = split_port(host)
    policy_name, policy_port = split_port(policy_domain)
    if policy_port is not None:
        return False
    return name == policy_name or (name.endswith("." + policy_name) and not is_ip_literal(name))


def split_port(domain: str) -> tuple[str, int | None]:
    """Split a normalised `host[:port]`; an IPv6 address keeps its brackets."""
    name, separator, port = domain.rpartition(":")
    if separator and port.isdigit() and not domain.endswith("]"):
        return name, int(port)
    return domain, None


def is_ip_literal(host: str) -> bool:
    """Say whether a normalised host is an address and not a name."""
    return literal_address(host) is not None


def literal_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a normalised host spells out, or None for a name."""
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def _split_authority(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise MalformedDocument("bad_uri", "a URI with user information before its host")
    if authority.startswith("["):
        literal, bracket, tail = authority[1:].partition("]")
        if not bracket or (tail and not tail.startswith(":")):
            raise MalformedDocument("bad_uri", f"not a host: {authority[:100]!r}")
        if "%" in literal:  # a zone ("%25eth0") names a link of this machine; it has no place in an id
            _refuse(authority)
        try:
            address = ipaddress.IPv6Address(literal)
        except ValueError:
            _refuse(authority)
        return f"[{address}]", _port(tail[1:], given=bool(tail))
    name, colon, port_text = authority.partition(":")
    return _host(name), _port(port_text, given=bool(colon))


def _host(name: str) -> str:
    host = name.lower()
    if not host.isascii():
        if any(dot in host for dot in "\u3002\uff0e\uff61"):
            _refuse(name)
        try:
            # Without UTS 46 mapping: fullwidth and other look-alike letters are errors, not translated.
            host = idna.encode(host).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            _refuse(name)
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        _refuse(name)
    if _NUMBER.fullmatch(labels[-1]):
        # What ends in a number is an address for some resolvers (127.1, 0x7f.1): only dotted quads are read.
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            _refuse(name)
    return host


def _port(text: str, *, given: bool) -> int | None:
    if not given:
        return None
    if not _PORT.fullmatch(text) or int(text) > 65_535:
        raise MalformedDocument("bad_uri", f"not a port: {text[:20]!r}")
    return int(text)


def _refuse(host: str) -> NoReturn:
    raise MalformedDocument("bad_uri", f"not a host: {host[:100]!r}")
