"""WebAuthn's messages: what a browser is asked, and whether what it answers holds. Pure; `passkeys` acts on it.

A passkey belongs to the host of `public_url`, and answers count from that origin alone. Attestation is not asked for:
whose make a key is, is nobody's business here.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, cast
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from node.auth.factor_models import Passkey
from node.base.errors import Invalid
from node.base.settings import Settings

MAX_ANSWER = 20_000
REFUSED = "This passkey was not accepted. Try again, or use another way."
_TRANSPORTS = frozenset(transport.value for transport in AuthenticatorTransport)
_TIMEOUT_MS = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """What is kept of a passkey that was just made."""

    credential_id: str
    public_key: str
    sign_count: int
    transports: list[str]


def host_of(settings: Settings) -> str | None:
    """Return the host passkeys are made for; None where browsers make none: the node is known by an address only."""
    host = urlsplit(settings.public_url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return host or None
    return None


def creation_options(
    settings: Settings,
    *,
    account_id: int,
    username: str,
    display_name: str,
    challenge: str,
    existing: Iterable[Passkey],
) -> dict[str, Any]:
    """Return what a browser is asked that shall make a passkey."""
    options = webauthn.generate_registration_options(
        rp_id=_host(settings),
        rp_name=settings.site_name,
        user_id=hashlib.sha256(f"passkeys of {account_id}".encode()).digest(),
        user_name=f"{username}@{settings.domain}",
        user_display_name=display_name or username,
        challenge=base64url_to_bytes(challenge),
        timeout=_TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=[_descriptor(passkey) for passkey in existing],
    )
    return cast("dict[str, Any]", json.loads(webauthn.options_to_json(options)))


def request_options(
    settings: Settings, *, challenge: str, allowed: Iterable[Passkey] = (), is_alone: bool
) -> dict[str, Any]:
    """Return what a browser is asked that shall use a passkey. `is_alone`: no password came before it, so the person
    has to prove to the passkey who they are."""
    wish = UserVerificationRequirement.REQUIRED if is_alone else UserVerificationRequirement.DISCOURAGED
    options = webauthn.generate_authentication_options(
        rp_id=_host(settings),
        challenge=base64url_to_bytes(challenge),
        timeout=_TIMEOUT_MS,
        allow_credentials=[_descriptor(passkey) for passkey in allowed],
        user_verification=wish,
    )
    return cast("dict[str, Any]", json.loads(webauthn.options_to_json(options)))


def read_answer(text: str) -> dict[str, Any]:
    """Return a browser's answer as the object it is. Raises Invalid."""
    try:
        answer = json.loads(text[: MAX_ANSWER + 1]) if len(text) <= MAX_ANSWER else None
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
        raise Invalid(REFUSED)
    return answer


def check_new(settings: Settings, answer: Mapping[str, Any], *, challenge: str) -> NewPasskey:
    """Return the passkey that a browser made. Raises Invalid."""
    try:
        made = webauthn.verify_registration_response(
            credential=dict(answer),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_host(settings),
            expected_origin=settings.public_url,
        )
    except Exception as error:  # the library reads CBOR, certificates and keys, and each may fail in its own way
        raise Invalid(REFUSED) from error
    response = answer.get("response")
    named = response.get("transports") if isinstance(response, dict) else None
    return NewPasskey(
        credential_id=bytes_to_base64url(made.credential_id),
        public_key=bytes_to_base64url(made.credential_public_key),
        sign_count=made.sign_count,
        transports=sorted(_TRANSPORTS.intersection(map(str, named))) if isinstance(named, list) else [],
    )


def check_use(
    settings: Settings, passkey: Passkey, answer: Mapping[str, Any], *, challenge: str, is_alone: bool
) -> int:
    """Return the passkey's new count of uses if the answer is its own. Raises Invalid."""
    try:
        used = webauthn.verify_authentication_response(
            credential=dict(answer),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_host(settings),
            expected_origin=settings.public_url,
            credential_public_key=base64url_to_bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=is_alone,
        )
    except Exception as error:  # as above
        raise Invalid(REFUSED) from error
    return int(used.new_sign_count)


def _host(settings: Settings) -> str:
    host = host_of(settings)
    if host is None:
        raise Invalid("Passkeys need a server with a name, and this one is known by its address only.")
    return host


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(
        id=base64url_to_bytes(passkey.credential_id),
        transports=[AuthenticatorTransport(each) for each in passkey.transports if each in _TRANSPORTS] or None,
    )
