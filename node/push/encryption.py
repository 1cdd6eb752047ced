"""From words to what goes to a push service: the two encodings that apps read (client-api behaviour 22).

`aes128gcm` is the standard (RFC 8291); `aesgcm` the draft before it, with its parameters in two headers, which is what
an app gets that did not ask for the standard.
"""

from datetime import datetime
from os import urandom
from typing import Final
from urllib.parse import urlsplit

import http_ece
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from node.push.models import PushSubscription
from node.push.rules import TTL, from_base64, to_base64
from node.push.vapid import VapidKey

_SALT: Final = 16


def encrypted(
    subscription: PushSubscription,
    words: bytes,
    *,
    key: VapidKey,
    contact: str,
    urgency: str,
    topic: str,
    now: datetime,
) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of one push."""
    point, secret = from_base64(subscription.p256dh), from_base64(subscription.auth)
    ephemeral, salt = generate_private_key(SECP256R1()), urandom(_SALT)
    parts = urlsplit(subscription.endpoint)
    statement = key.statement(f"{parts.scheme}://{parts.netloc}", contact, now=now)
    headers = {
        "Content-Type": "application/octet-stream",
        "TTL": str(int(TTL.total_seconds())),
        "Urgency": urgency,
        "Topic": topic,
    }
    encoding = "aes128gcm" if subscription.standard else "aesgcm"
    body: bytes = http_ece.encrypt(
        words, salt=salt, private_key=ephemeral, dh=point, auth_secret=secret, version=encoding
    )
    headers["Content-Encoding"] = encoding
    if subscription.standard:
        headers["Authorization"] = f"vapid t={statement},k={key.public}"
    else:
        public = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        headers["Authorization"] = f"WebPush {statement}"
        headers["Encryption"] = f"salt={to_base64(salt)}"
        headers["Crypto-Key"] = f"dh={to_base64(public)};p256ecdsa={key.public}"
    return body, headers
