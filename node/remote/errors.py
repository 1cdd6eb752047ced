"""Errors of bringing things in that are ours and not the wire's.

FederationError
'- FetchLimited       we have fetched enough for this caller or host; try again later
"""

from typing import Final

from federation.errors import FederationError, FetchFailed

_LASTING: Final = frozenset({"wrong_content_type", "too_large", "bad_encoding", "too_many_redirects"})


class FetchLimited(FederationError):
    """A budget is used up: `source_limited` (one sender made us fetch in vain) or `host_limited`."""

    def __init__(self, reason: str, detail: str = "", *, retry_after: float) -> None:
        super().__init__(reason, detail)
        self.retry_after = retry_after


def is_passing(error: FederationError) -> bool:
    """Say whether a failure may be over soon: no answer, too busy, broken inside. Everything else stands."""
    if isinstance(error, FetchLimited):
        return True
    if not isinstance(error, FetchFailed) or error.reason in _LASTING:
        return False
    return error.status is None or error.status in {408, 425, 429} or error.status >= 500
