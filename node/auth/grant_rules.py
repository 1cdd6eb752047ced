"""What an app may register and ask for: redirect addresses, scopes, PKCE. Pure; `apps` and `codes` act on it."""

import base64
import hashlib
import re
from collections.abc import Sequence
from hmac import compare_digest
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit

from node.auth.rules import parse_scopes, scopes_within
from node.base.errors import GrantRefused, Invalid

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
"""The redirect of apps that nothing can be sent back to: the code is shown, to be copied."""

MAX_NAME = 60
MAX_ADDRESS = 2_000
MAX_REDIRECTS = 20
DEFAULT_SCOPES = "read"

RESPONSE_MODES = ("query", "fragment", "form_post")

_ADDRESS = re.compile(r"[!#-;=?-\[\]_a-z~]+")
"""ASCII that needs no quoting in a header or page: no blank, quote, angle bracket, backslash or control character."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_NEVER = frozenset({"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source", "urn"})
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def check_redirects(addresses: Sequence[str]) -> list[str]:
    """Return an app's redirect addresses, each once. Raises Invalid for none, too many, or one no code may go to."""
    found = list(dict.fromkeys(line.strip() for given in addresses for line in given.split("\n") if line.strip()))
    if not found:
        raise Invalid(fields={"redirect_uris": ["Redirect URI can't be blank"]})
    if len(found) > MAX_REDIRECTS:
        raise Invalid(fields={"redirect_uris": [f"At most {MAX_REDIRECTS} redirect URIs can be registered"]})
    if not all(is_redirect(address) for address in found):
        raise Invalid(fields={"redirect_uris": ["Redirect URI must be an absolute address that a code may be sent to"]})
    return found


def is_redirect(address: str) -> bool:
    """Whether a code may be sent there: https, http on the same machine, an app's own scheme, or out of band (row 103).

    An address with a fragment is none: the answer would go behind it, unseen by the app's server.
    """
    if address == OUT_OF_BAND:
        return True
    scheme, colon, rest = address.partition(":")
    scheme = scheme.lower()
    if len(address) > MAX_ADDRESS or not _ADDRESS.fullmatch(address) or "#" in address:
        return False
    if not colon or not rest or not _SCHEME.fullmatch(scheme) or scheme in _NEVER:
        return False
    if scheme in ("http", "https"):
        host = _host_of(address)
        return bool(host) and (scheme == "https" or _is_this_machine(host))
    return True


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def answer_address(redirect_uri: str, answer: Sequence[tuple[str, str]], *, response_mode: str = "query") -> str:
    """Return where the browser goes with `answer`; what the app registered stays as it is, letter by letter."""
    if response_mode == "fragment":
        return f"{redirect_uri}#{urlencode(answer)}"
    if "?" not in redirect_uri:
        joint = "?"
    else:
        joint = "" if redirect_uri.endswith(("?", "&")) else "&"
    return f"{redirect_uri}{joint}{urlencode(answer)}"


def asked_scopes(text: str | None, allowed: str) -> frozenset[str]:
    """Return the scopes an app asks for, `read` by default. Raises GrantRefused for more than `allowed` (row 93)."""
    try:
        granted = parse_scopes(allowed)
        if text is None or not text.strip():
            wanted = parse_scopes(DEFAULT_SCOPES)
            return wanted if scopes_within(wanted, granted) else granted
        wanted = parse_scopes(text)
    except Invalid as problem:
        raise GrantRefused("invalid_scope", problem.message) from None
    if not scopes_within(wanted, granted):
        raise GrantRefused("invalid_scope", "The app asks for more than it registered for.")
    return wanted


def check_challenge(challenge: str, method: str) -> str:
    """Return a PKCE challenge, "" for none. Raises GrantRefused for any method but S256: `plain` protects nothing."""
    if not challenge and not method:
        return ""
    if method != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise GrantRefused("invalid_request", "The code challenge must be one of the method S256.")
    return challenge


def verifier_fits(verifier: str, challenge: str) -> bool:
    """Whether this is the verifier behind the challenge; without a challenge there must be none (no downgrade)."""
    if not challenge or not verifier:
        return not challenge and not verifier
    digest = hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return bool(_VERIFIER.fullmatch(verifier)) and compare_digest(made, challenge)
