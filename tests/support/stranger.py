"""A foreign actor that signs, and forges: what the tests of everything that arrives are made of.

    async with FakePeer() as peer:
        alice = Stranger(peer, "alice")                  # actor document and WebFinger stand at the peer
        answer = await alice.deliver(node, alice.create(alice.note("Hello")))
        assert answer == 202

`deliver` signs as the actor would. Every part of that can be bent: another `signer`, another `key_id`, an old
date, a body changed after signing, headers left out of the signature.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from federation.documents import format_time
from federation.keys import encode_multikey, generate_ed25519_key, generate_rsa_key, load_private_key, load_public_key
from federation.proofs import sign_document
from federation.signatures import SigningKey, sign_request_rfc9421
from federation.signatures.cavage import http_date
from federation.vocabulary import AP_TYPE, AS_CONTEXT, PUBLIC
from tests.support.fake_peer import Answer, FakePeer, document
from tests.support.serving import TRUSTS_NOBODY

Document = dict[str, Any]

_numbers = count(1)


@cache
def key_pair(number: int = 0) -> tuple[str, str]:
    """Return one of a few RSA pairs (private, public), made once a run: making them is slow."""
    return generate_rsa_key()


@cache
def proof_pair(number: int = 0) -> tuple[str, str]:
    """Return one of a few Ed25519 pairs (private, public)."""
    return generate_ed25519_key()


@dataclass
class Stranger:
    """An actor at a peer."""

    peer: FakePeer
    name: str
    key_number: int = 0
    key_suffix: str = "#main-key"
    profile: Document = field(default_factory=dict)
    """Fields of the actor document that differ from the usual."""

    def __post_init__(self) -> None:
        self.publish_profile()

    @property
    def uri(self) -> str:
        return f"{self.peer.url}/users/{self.name}"

    @property
    def handle(self) -> str:
        return f"{self.name}@{self.peer.domain}"

    @property
    def key_id(self) -> str:
        return self.uri + self.key_suffix

    @property
    def followers(self) -> str:
        return f"{self.uri}/followers"

    @property
    def private_pem(self) -> str:
        return key_pair(self.key_number)[0]

    def publish_profile(self) -> None:
        """(Re)write actor document and WebFinger at the peer."""
        path = urlsplit(self.uri).path
        self.peer.routes[path] = document(self.actor())
        self.peer.routes[f"/.well-known/webfinger?resource=acct:{self.name}@{self.peer.domain}"] = document(
            {
                "subject": f"acct:{self.handle}",
                "links": [{"rel": "self", "type": AP_TYPE, "href": self.uri}],
            },
            content_type="application/jrd+json",
        )

    def rotate_key(self, number: int) -> None:
        """Serve another key under the same id from now on, and sign with it."""
        self.key_number = number
        self.publish_profile()

    @property
    def proof_key_id(self) -> str:
        return f"{self.uri}#ed25519-key"

    def publish_proof_key(self, number: int = 0, *, key_id: str | None = None, controller: str | None = None) -> None:
        """List an Ed25519 key in the actor document from now on, as FEP-521a wants it."""
        multibase = encode_multikey(load_public_key(proof_pair(number)[1]))
        key = {"id": key_id or self.proof_key_id, "type": "Multikey", "publicKeyMultibase": multibase}
        self.profile = self.profile | {"assertionMethod": [key | {"controller": controller or self.uri}]}
        self.publish_profile()

    def prove(self, activity: Document, *, now: datetime, number: int = 0, key_id: str | None = None) -> Document:
        """Return the activity with an integrity proof (FEP-8b32)."""
        key = SigningKey(key_id or self.proof_key_id, proof_pair(number)[0])
        return sign_document(activity, key=key, created=now)

    def vanish(self, status: int = 410) -> None:
        """Answer for the actor with 410 (or 404) from now on."""
        self.peer.routes[urlsplit(self.uri).path] = Answer(status=status)

    def actor(self) -> Document:
        """Return the actor document."""
        made: Document = {
            "@context": [AS_CONTEXT, "https://w3id.org/security/v1"],
            "id": self.uri,
            "type": "Person",
            "preferredUsername": self.name,
            "name": self.name.title(),
            "inbox": f"{self.uri}/inbox",
            "outbox": f"{self.uri}/outbox",
            "followers": self.followers,
            "following": f"{self.uri}/following",
            "endpoints": {"sharedInbox": f"{self.peer.url}/inbox"},
            "publicKey": {"id": self.key_id, "owner": self.uri, "publicKeyPem": key_pair(self.key_number)[1]},
        }
        return {**made, **self.profile}

    def note(
        self,
        text: str = "Hello",
        *,
        to: Sequence[str] | None = None,
        cc: Sequence[str] | None = None,
        mentions: Sequence[str] = (),
        published: datetime | None = None,
        serve: bool = True,
        **fields: Any,
    ) -> Document:
        """Make a public post, which the peer serves unless told not to. `mentions` are actor ids."""
        number = next(_numbers)
        made: Document = {
            "@context": AS_CONTEXT,
            "id": f"{self.uri}/statuses/{number}",
            "type": "Note",
            "attributedTo": self.uri,
            "to": [PUBLIC] if to is None else list(to),
            "cc": [self.followers, *mentions] if cc is None else list(cc),
            "content": f"<p>{text}</p>",
            "tag": [{"type": "Mention", "href": uri, "name": f"@{uri.rpartition('/')[2]}"} for uri in mentions],
            **fields,
        }
        if published is not None:
            made["published"] = format_time(published)
        if serve:
            self.peer.routes[urlsplit(made["id"]).path] = document(made)
        return made

    def activity(self, kind: str, what: Any, **fields: Any) -> Document:
        """Make an activity of this actor."""
        return {
            "@context": AS_CONTEXT,
            "id": f"{self.uri}/activities/{next(_numbers)}",
            "type": kind,
            "actor": self.uri,
            "object": what,
            **fields,
        }

    def create(self, note: Document, **fields: Any) -> Document:
        """Wrap a post in its Create."""
        audience: Document = {key: note[key] for key in ("to", "cc") if key in note}
        return self.activity("Create", note, **(audience | fields))

    def signed_headers(
        self,
        url: str,
        body: bytes,
        *,
        date: datetime,
        key_id: str | None = None,
        private_pem: str | None = None,
        covered: Sequence[str] = ("(request-target)", "host", "date", "digest", "content-type"),
        algorithm: str = "rsa-sha256",
        scheme: str = "cavage",
        target: str | None = None,
        host: str | None = None,
    ) -> dict[str, str]:
        """Sign a POST the way the fediverse does, or the way a forger would."""
        parts = urlsplit(url)
        if scheme == "rfc9421":
            signing = SigningKey(key_id or self.key_id, private_pem or self.private_pem)
            is_rsa = isinstance(load_private_key(signing.private_pem), RSAPrivateKey)
            label = "rsa-v1_5-sha256" if is_rsa else None if algorithm == "rsa-sha256" else algorithm
            return sign_request_rfc9421("POST", url, key=signing, body=body, now=date, algorithm=label)
        headers = {
            "host": host or parts.netloc,
            "date": http_date(date),
            "digest": "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode(),
            "content-type": AP_TYPE,
        }
        values = {"(request-target)": f"post {target or parts.path}", **headers}
        text = "\n".join(f"{name}: {values[name]}" for name in covered)
        key = load_private_key(private_pem or self.private_pem)
        assert isinstance(key, RSAPrivateKey)
        signature = base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()
        headers["signature"] = (
            f'keyId="{key_id or self.key_id}",algorithm="{algorithm}",'
            f'headers="{" ".join(covered)}",signature="{signature}"'
        )
        return headers

    async def deliver(
        self,
        to: str,
        activity: Document | bytes,
        *,
        body: bytes | None = None,
        age: timedelta = timedelta(),
        now: datetime | None = None,
        drop: Sequence[str] = (),
        change: dict[str, str] | None = None,
        **signing: Any,
    ) -> httpx.Response:
        """POST an activity to an inbox URL. `body` is sent instead of what was signed; `drop` and `change` bend
        headers after signing; `age` is how old the Date is; the rest goes to `signed_headers`."""
        raw = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
        date = (now or datetime.now().astimezone()) - age
        headers = self.signed_headers(to, raw, date=date, **signing)
        headers = {name: value for name, value in headers.items() if name.lower() not in drop} | (change or {})
        async with httpx.AsyncClient(trust_env=False, timeout=20, verify=TRUSTS_NOBODY) as http:
            return await http.post(to, content=raw if body is None else body, headers=headers)
