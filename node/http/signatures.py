"""A request as it stood on the wire, for the check of its signature. Called by the doors of inbox and outbox."""

from quart import Request

from federation.signatures import SignedRequest
from node.base.runtime import Runtime


def signed_request(runtime: Runtime, incoming: Request, body: bytes) -> SignedRequest:
    """Return the request as it stood on the wire: raw target, every header line, the configured host (SIG-11)."""
    scope = incoming.scope
    raw_path = scope.get("raw_path") or incoming.path.encode("ascii", "replace")
    target = bytes(raw_path).partition(b"?")[0]
    query = bytes(scope.get("query_string") or b"")
    if query:
        target += b"?" + query
    return SignedRequest(
        method=incoming.method,
        raw_target=target.decode("latin-1"),
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
        body=body,
        expected_hosts=frozenset({runtime.settings.web_host}),
        scheme="https" if runtime.settings.secure else "http",
    )
