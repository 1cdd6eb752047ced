"""What can go wrong between two servers.

    FederationError
    |- MalformedDocument      the bytes or the document cannot be what they claim (answer 400)
    |- SignatureInvalid       a signature is missing, wrong, stale or covers too little (answer 401)
    |- KeyUnavailable         the key that a signature names cannot be had or is not its owner's (401)
    |- OriginMismatch         one host speaks for another (drop)
    |- EgressRefused          we will not send a packet there (SIG-20)
    |- DiscoveryFailed        a handle or link leads to nobody, or to somebody else
    '- FetchFailed            we asked and got no usable answer; carries status and retry_after
       |- FetchGone           404 or 410, see .status
       |- FetchUnchanged      304: what was fetched before still holds
       '- FetchRefused        401 or 403

`reason` is a short stable word for metrics, the exchange log and tests; `detail` is a sentence for the
operator. Neither goes to the public unread: the door decides what to answer.
"""


class FederationError(Exception):
    """Root of the tree; `reason` is machine-readable and stable, `detail` is for people."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail or reason.replace("_", " ")


class MalformedDocument(FederationError):
    """The input cannot be read as what it claims to be; the sender is told 400."""


class SignatureInvalid(FederationError):
    """A request's signature does not prove what it must prove; the sender is told 401."""


class KeyUnavailable(FederationError):
    """The public key a signature names cannot be fetched, read, or tied to its owner."""


class OriginMismatch(FederationError):
    """A document or key from one origin claims to speak for another."""


class EgressRefused(FederationError):
    """The guard does not let a request leave for this address, host, port or scheme."""


class DiscoveryFailed(FederationError):
    """A handle or URL leads to nobody, or does not confirm who it belongs to."""


class FetchFailed(FederationError):
    """A request left (or tried to) and brought back nothing usable.

    `status` is the HTTP status when there was one; `retry_after` the peer's wish in seconds, clamped.
    """

    def __init__(
        self, reason: str, detail: str = "", *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(reason, detail)
        self.status = status
        self.retry_after = retry_after


class FetchGone(FetchFailed):
    """The peer says 404 (not found) or 410 (gone for good)."""


class FetchUnchanged(FetchFailed):
    """The peer says that nothing changed since the version we told it we have (304)."""


class FetchRefused(FetchFailed):
    """The peer wants another signature, or wants nothing from us (401, 403)."""
