"""Consent on the wire, without I/O: interaction policies (OBJ-16), stamps (OBJ-14) and the requests for them.

Policies are read to URIs; who those mean is the node's to say. Nothing here proves anything: who signed or served
a document is checked by whoever had it (`inbox`, `node.remote.quotes`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from federation.documents import Document, as_list, first_id, ids_of, object_of, type_of
from federation.errors import MalformedDocument
from federation.origins import is_http_uri
from federation.vocabulary import PUBLIC, is_public

SUB_POLICIES: Final[Mapping[str, str]] = {
    "quote": "canQuote",
    "like": "canLike",
    "reply": "canReply",
    "announce": "canAnnounce",
}
AUTHORIZATION_TYPES: Final[Mapping[str, str]] = {
    "quote": "QuoteAuthorization",
    "like": "LikeAuthorization",
    "reply": "ReplyAuthorization",
    "announce": "AnnounceAuthorization",
}
REQUEST_TYPES: Final[Mapping[str, str]] = {
    "QuoteRequest": "quote",
    "LikeRequest": "like",
    "ReplyRequest": "reply",
    "AnnounceRequest": "announce",
}
MAX_ENTRIES: Final = 32

Policy = dict[str, dict[str, list[str]]]
"""{"quote": {"automatic": [...], "manual": [...]}, ...}; what a post says nothing of is absent."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """An authorization as its server gives it out: `author` lets `interacting` stand beside `target`."""

    id: str
    kind: str
    author: str
    interacting: str
    target: str


def parse_policy(value: Any) -> Policy:
    """Read `interactionPolicy`, in today's words or GoToSocial's older ones; what is no policy is none."""
    document = object_of(value)
    if document is None:
        return {}
    policy: Policy = {}
    for name, key in SUB_POLICIES.items():
        sub = object_of(document.get(key))
        if sub is not None:
            policy[name] = {
                "automatic": _entries(sub, "automaticApproval", "always"),
                "manual": _entries(sub, "manualApproval", "approvalRequired"),
            }
    return policy


def parse_stamp(document: Document) -> Stamp:
    """Read an authorization. Raises MalformedDocument when it is none."""
    for kind, name in AUTHORIZATION_TYPES.items():
        if type_of(document, {name, name.replace("Authorization", "Approval")}):
            found = [_one(document, key) for key in ("id", "attributedTo", "interactingObject", "interactionTarget")]
            return Stamp(found[0], kind, *found[1:])
    raise MalformedDocument("not_a_stamp", "it is no authorization")


def _one(document: Document, key: str) -> str:
    values = as_list(document.get(key))
    uri = first_id(values[0]) if len(values) == 1 else None
    if uri is None or not is_http_uri(uri):
        raise MalformedDocument("bad_stamp", f"an authorization without one {key}")
    return uri


def _entries(sub: Document, key: str, older: str) -> list[str]:
    found = ids_of(sub.get(key) if key in sub else sub.get(older))
    uris = (PUBLIC if is_public(uri) else uri for uri in found[:MAX_ENTRIES])
    return [uri for uri in dict.fromkeys(uris) if is_http_uri(uri)]
