"""What asks for consent and what gives it: QuoteRequest, its answer, authorizations (OBJ-13, OBJ-14, OBJ-16)."""

from federation.consent import AUTHORIZATION_TYPES
from federation.documents import Document
from federation.vocabulary import AS_CONTEXT, CONSENT_CTX, POST_CTX, PUBLIC


def quote_request(uri: str, actor: str, *, quoted_uri: str, author_uri: str, note: Document) -> Document:
    """Ask the author of `quoted_uri` to be quoted by `note`, which is inlined so that nothing need be fetched."""
    inner = {key: value for key, value in note.items() if key != "@context"}
    return {
        "@context": [*POST_CTX, CONSENT_CTX],
        "id": uri,
        "type": "QuoteRequest",
        "actor": actor,
        "to": [author_uri],
        "object": quoted_uri,
        "instrument": inner,
    }


def request_as_received(kind: str, uri: str, actor: str, *, target_uri: str, interacting_uri: str) -> Document:
    """Write the request that an answer answers, by its ids alone."""
    document: Document = {"type": f"{kind.title()}Request"}
    if uri:
        document["id"] = uri
    return document | {"actor": actor, "object": target_uri, "instrument": interacting_uri}


def accept_request(uri: str, actor: str, request: Document, *, stamp_uri: str) -> Document:
    """Accept a request; `result` is the stamp."""
    return _answer("Accept", uri, actor, request) | {"result": stamp_uri}


def reject_request(uri: str, actor: str, request: Document) -> Document:
    """Refuse a request."""
    return _answer("Reject", uri, actor, request)


def authorization_document(uri: str, kind: str, author_uri: str, *, interacting_uri: str, target_uri: str) -> Document:
    """Write a stamp: ids only, nothing embedded (OBJ-14)."""
    return {
        "@context": [AS_CONTEXT, CONSENT_CTX],
        "id": uri,
        "type": AUTHORIZATION_TYPES[kind],
        "attributedTo": author_uri,
        "interactingObject": interacting_uri,
        "interactionTarget": target_uri,
    }


def delete_of_authorization(uri: str, actor: str) -> Document:
    """Take a stamp back: a Delete of its id."""
    return {
        "@context": [AS_CONTEXT, CONSENT_CTX],
        "id": f"{uri}#delete",
        "type": "Delete",
        "actor": actor,
        "to": [PUBLIC],
        "object": uri,
    }


def _answer(kind: str, uri: str, actor: str, request: Document) -> Document:
    return {
        "@context": [AS_CONTEXT, CONSENT_CTX],
        "id": uri,
        "type": kind,
        "actor": actor,
        "to": [str(request["actor"])],
        "object": request,
    }
